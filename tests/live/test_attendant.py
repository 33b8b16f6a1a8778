# SPDX-License-Identifier: Apache-2.0
"""What an ended parent leaves is ended by the mark that it carries, and nobody else is."""

import os
from pathlib import Path
import signal
import subprocess
import sys

from live.processes import gone, wait_for
import psutil
import pytest
from swarm_coordination.live import attendant

ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# A parent with an attendant, and a child that has children of its own, one of them deaf and in a
# session of its own, as Gazebo's server is. At SIGINT the parent ends well, as a launch does.
PARENT = """
import os, signal, subprocess, sys, time
from swarm_coordination.live import attendant
signal.signal(signal.SIGINT, lambda *_: sys.exit(0))
mark = os.environ['SWARM_LAUNCH'] = sys.argv[1]
print(attendant.begin(mark, 0.3).pid, flush=True)
subprocess.Popen(['sh', '-c', 'sleep 300 & wait'])
subprocess.Popen(['sh', '-c', "trap '' INT TERM HUP; sleep 300 & wait"], start_new_session=True)
time.sleep(300)
"""


class Parent:
    """A parent, the attendant, and all that the parent has started once that is there."""

    def __init__(self, mark):
        self.mark = mark
        self.process = subprocess.Popen(
            [sys.executable, '-c', PARENT, mark], stdout=subprocess.PIPE, text=True,
            env={**os.environ, 'PYTHONPATH': os.pathsep.join(sys.path)})
        self.attendant = psutil.Process(int(self.process.stdout.readline()))
        whole = psutil.Process(self.process.pid)
        assert wait_for(lambda: len(whole.children(recursive=True)) >= 5, 20.0)
        self.below = whole.children(recursive=True)
        assert wait_for(lambda: all(_ignores(self.attendant.pid, one) for one in ENDS), 20.0)

    def end(self, number):
        """End the parent by a signal."""
        self.process.send_signal(number)
        self.process.wait(20.0)


@pytest.fixture
def parent(request):
    """Give a ``Parent``."""
    made = Parent(f'test_{os.getpid()}_{request.node.name}')
    yield made
    made.process.kill()
    made.process.wait()
    made.process.stdout.close()
    if made.attendant.is_running():
        made.attendant.kill()
    attendant.end(made.mark, 0.1)


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGKILL])
def test_however_a_parent_ends_nothing_of_it_is_left_and_nobody_elses_ends(parent, number):
    other = subprocess.Popen(['sleep', '300'], env={**os.environ, attendant.MARK: 'another'})
    try:
        parent.end(number)
        assert wait_for(lambda: gone(parent.below), 60.0)
        assert gone([parent.attendant])  # nor does it stay itself
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_it_stays_for_as_long_as_its_parent_whatever_it_is_sent(parent):
    for number in ENDS:
        parent.attendant.send_signal(number)
    assert not gone([parent.attendant])
    # None of the terminal's signals reach it, and it holds no pipe open that the parent leaves.
    assert os.getsid(parent.attendant.pid) == parent.attendant.pid
    assert {str(Path(f'/proc/{parent.attendant.pid}/fd/{fd}').resolve()) for fd in range(3)} == {
        '/dev/null'}
    parent.end(signal.SIGKILL)
    assert wait_for(lambda: gone(parent.below), 60.0)


def test_it_runs_no_module_that_lies_in_the_working_folder(tmp_path, monkeypatch):
    (tmp_path / 'psutil.py').write_text(f'open({str(tmp_path / "ran")!r}, "w").close()')
    monkeypatch.chdir(tmp_path)
    # Found by a relative entry, which holds elsewhere; the stray colon is the folder itself.
    source = os.path.relpath(Path(attendant.__file__).parents[2])
    monkeypatch.setenv('PYTHONPATH', os.pathsep.join(['', source]))
    begun = attendant.begin(f'here_{os.getpid()}', 0.1)
    try:
        assert wait_for(lambda: begun.poll() is not None or all(
            _ignores(begun.pid, one) for one in ENDS), 60.0)
        assert begun.poll() is None
        assert not (tmp_path / 'ran').exists()
        assert psutil.Process(begun.pid).environ()['PYTHONPATH'] == os.path.abspath(source)
    finally:
        begun.kill()
        begun.wait()


DEAF = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print('ready', flush=True)
time.sleep(300)
"""


def test_what_does_not_heed_the_request_is_made_to_end():
    mark = f'deaf_{os.getpid()}'
    deaf = subprocess.Popen([sys.executable, '-c', DEAF], stdout=subprocess.PIPE, text=True,
                            env={**os.environ, attendant.MARK: mark})
    deaf.stdout.readline()
    attendant.end(mark, 0.2)
    deaf.wait(20.0)
    deaf.stdout.close()


def _ignores(pid, number):
    """Whether a process ignores a signal, by the kernel's own word (proc(5))."""
    fields = dict(line.split(':\t', 1) for line in
                  Path(f'/proc/{pid}/status').read_text().splitlines() if ':\t' in line)
    return bool(int(fields['SigIgn'], 16) >> (number - 1) & 1)
