# SPDX-License-Identifier: Apache-2.0
"""What the launch files start, tried by ``launch_test`` (package launch_testing), file by file."""

import os
from pathlib import Path
import subprocess
import sys

import pytest

for package in ('launch', 'launch_ros', 'launch_testing'):
    pytest.importorskip(package, reason=f'the ROS package {package} is missing: source ROS 2')

pytestmark = [pytest.mark.ros, pytest.mark.timeout(240)]
HERE = Path(__file__).resolve().parent


@pytest.mark.parametrize(
    'path', sorted(HERE.glob('launched_*.py')), ids=lambda path: path.stem)
def test_what_a_launch_file_starts_comes_up_and_ends_well(path, domain, tmp_path):
    # In a process of its own, as a user calls it: launch wants the main thread and its signals,
    # and the plugin for pytest that comes along knows none of the newer pytests.
    paths = [str(HERE.parent), *os.environ.get('PYTHONPATH', '').split(os.pathsep)]
    done = subprocess.run(
        [sys.executable, '-m', 'launch_testing.launch_test', str(path)],
        env={**os.environ, 'SWARM_TEST_FOLDER': str(tmp_path),
             'PYTHONPATH': os.pathsep.join(paths)},
        capture_output=True, text=True, check=False, timeout=220)
    assert done.returncode == 0, done.stdout + done.stderr
