# SPDX-License-Identifier: Apache-2.0
"""What a run has written for itself goes with it, however it ends."""

import os
import signal
import subprocess
import sys

import pytest

WORDS = """
import os, signal, sys, time
from swarm_coordination.live.run_folder import run_folder
folder = run_folder('swarm_test_')
(folder / 'file').write_text('kept while it runs')
if os.fork() == 0:
    sys.exit()  # a child that ends as Python does
os.wait()
print((folder / 'file').read_text(), flush=True)
{}
"""


@pytest.mark.parametrize('end', ['', 'raise SystemExit(1)', 'time.sleep(600)'])
def test_a_run_folder_lasts_as_long_as_its_process(tmp_path, end):
    env = {**os.environ, 'TMPDIR': str(tmp_path)}
    process = subprocess.Popen(
        [sys.executable, '-c', WORDS.format(end)], env=env, text=True, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL)
    assert process.stdout.readline() == 'kept while it runs\n'
    if 'sleep' in end:
        assert [path.name[:11] for path in tmp_path.iterdir()] == ['swarm_test_']
        process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_leaves_the_next_one_removes_and_nothing_that_is_in_use(tmp_path):
    env = {**os.environ, 'TMPDIR': str(tmp_path)}
    (tmp_path / 'swarm_of_somebody').mkdir()  # without our file

    def start(end):
        process = subprocess.Popen(
            [sys.executable, '-c', WORDS.format(end)], env=env, text=True, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL)
        process.stdout.readline()
        return process

    lives, killed = start('time.sleep(600)'), start('time.sleep(600)')
    try:
        killed.kill()
        killed.communicate(timeout=60)
        assert len(list(tmp_path.iterdir())) == 3
        start('').communicate(timeout=60)
        (kept,) = tmp_path.glob('swarm_test_*')
        assert (kept / 'file').exists()
        assert (tmp_path / 'swarm_of_somebody').exists()
    finally:
        lives.terminate()
        lives.communicate(timeout=60)
