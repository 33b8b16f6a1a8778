# SPDX-License-Identifier: Apache-2.0
"""What a killed parent leaves is ended by the mark that it carries, and nobody else is."""

import os
from pathlib import Path
import signal
import subprocess
import sys

from live.processes import gone, wait_for
import psutil
from swarm_coordination.live import attendant

# A parent with an attendant, and a child that has children of its own.
PARENT = """
import os, signal, subprocess, sys, time
os.environ['SWARM_LAUNCH'] = sys.argv[1]
subprocess.Popen([sys.executable, '-m', 'swarm_coordination.live.attendant', str(os.getpid())])
subprocess.Popen(['sh', '-c', 'sleep 300 & sleep 300'])
print('ready', flush=True)
time.sleep(300)
"""


def start(mark):
    """Start a parent; return it, and all that it started once that is there."""
    parent = subprocess.Popen(
        [sys.executable, '-c', PARENT, mark], stdout=subprocess.PIPE, text=True,
        env={**os.environ, 'PYTHONPATH': os.pathsep.join(sys.path)})
    parent.stdout.readline()
    whole = psutil.Process(parent.pid)
    assert wait_for(lambda: len(whole.children(recursive=True)) >= 4, 20.0)
    return parent, whole.children(recursive=True)


def test_what_a_killed_parent_leaves_ends_and_nobody_elses():
    other = subprocess.Popen(['sleep', '300'], env={**os.environ, attendant.MARK: 'another'})
    parent, below = start(f'test_{os.getpid()}')
    try:
        parent.kill()
        parent.wait()
        assert wait_for(lambda: gone(below), 30.0)
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()
        attendant.end(f'test_{os.getpid()}')
        parent.stdout.close()


DEAF = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print('ready', flush=True)
time.sleep(300)
"""


def test_what_does_not_heed_the_request_is_made_to_end(monkeypatch):
    monkeypatch.setattr(attendant, 'PATIENCE_S', 0.2)
    mark = f'deaf_{os.getpid()}'
    deaf = subprocess.Popen([sys.executable, '-c', DEAF], stdout=subprocess.PIPE, text=True,
                            env={**os.environ, attendant.MARK: mark})
    deaf.stdout.readline()
    attendant.end(mark)
    deaf.wait(20.0)
    deaf.stdout.close()


def test_a_terminal_that_is_closed_does_not_keep_it_from_its_work():
    parent, below = start(f'test_hup_{os.getpid()}')
    try:
        for one in below:
            if 'swarm_coordination.live.attendant' in one.cmdline():
                assert wait_for(lambda one=one: _ignores(one.pid, signal.SIGHUP), 20.0)
                one.send_signal(signal.SIGHUP)
        parent.kill()
        parent.wait()
        assert wait_for(lambda: gone(below), 30.0)
    finally:
        attendant.end(f'test_hup_{os.getpid()}')
        parent.stdout.close()


def _ignores(pid, number):
    """Whether a process ignores a signal, by the kernel's own word (proc(5))."""
    fields = dict(line.split(':\t', 1) for line in
                  Path(f'/proc/{pid}/status').read_text().splitlines() if ':\t' in line)
    return bool(int(fields['SigIgn'], 16) >> (number - 1) & 1)
