# SPDX-License-Identifier: Apache-2.0
"""A child ends with its parent: at once, or well where it has something to do first."""

import os
import signal
import subprocess
import sys

from live.processes import gone, wait_for
import psutil
import pytest
from swarm_coordination.live.lifetime import die_with_parent
from swarm_coordination.live.lifetime import PARENT as PARENT_NAME

PARENT = """
import os, subprocess, sys, time
from swarm_coordination.live.lifetime import bound_to_this_process
child = subprocess.Popen(
    [sys.executable, '-c', sys.argv[1], *sys.argv[2:]], env=bound_to_this_process(os.environ))
time.sleep(300)
"""
CHILD = """
import pathlib, signal, sys, time
from swarm_coordination.live.lifetime import die_with_parent
file, patience_s, deaf = pathlib.Path(sys.argv[1]), float(sys.argv[2]), sys.argv[3] == 'deaf'
if sys.argv[3] == 'elsewhere':
    sys.platform = 'darwin'
def ends(*_):
    file.write_text('ended well')
    sys.exit()
signal.signal(signal.SIGTERM, signal.SIG_IGN if deaf else ends)
die_with_parent(patience_s)
file.write_text('begun')
time.sleep(300)
"""


@pytest.mark.parametrize(('patience_s', 'kind', 'said'), [
    (0.0, 'heeds', 'begun'), (30.0, 'heeds', 'ended well'), (0.3, 'deaf', 'begun'),
    (0.0, 'elsewhere', 'begun'), (30.0, 'elsewhere', 'ended well')])
def test_a_child_ends_with_its_parent(tmp_path, patience_s, kind, said):
    file = tmp_path / 'said'
    parent = subprocess.Popen(
        [sys.executable, '-c', PARENT, CHILD, str(file), str(patience_s), kind],
        env={**os.environ, 'PYTHONPATH': os.pathsep.join(sys.path)})
    try:
        assert wait_for(lambda: file.exists() and file.read_text() == 'begun', 30.0)
        below = psutil.Process(parent.pid).children()
        assert len(below) == 1
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        assert wait_for(lambda: gone(below), 20.0)
        assert file.read_text() == said
    finally:
        parent.kill()
        parent.wait()


@pytest.mark.parametrize('parent', ['abc', '-1', '9' * 5000])
def test_a_parent_that_is_no_number_is_told_in_one_line(monkeypatch, parent):
    monkeypatch.setenv(PARENT_NAME, parent)
    with pytest.raises(SystemExit, match='is not the number of a process'):
        die_with_parent()
