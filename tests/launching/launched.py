# SPDX-License-Identifier: Apache-2.0
"""What the tests run by ``launch_test`` share: launch files, and the processes they started."""

import os
from pathlib import Path
import time

from launch import LaunchDescription
from launch.actions import IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch_testing.actions import ReadyToTest

FILES = Path(__file__).resolve().parent.parent.parent / 'launch'
# The folder of one test.
FOLDER = Path(os.environ.get('SWARM_TEST_FOLDER', '.'))
# A busy host starts Python processes slowly.
PATIENCE_S = 60.0
ONE = """
all: {}
robot_types: {holonomic: {kind: holonomic}}
robots: {robot1: {type: holonomic, start: {x_m: 0.0, y_m: 0.0}}}
"""


def one_robot():
    """Write a swarm file of one robot; return its path."""
    path = FOLDER / 'one.yaml'
    path.write_text(ONE)
    return path


def launched(name, **arguments):
    """Return what ``launch_test`` starts: a launch file of this package, with arguments."""
    words = [(key, str(value)) for key, value in arguments.items()]
    file = PythonLaunchDescriptionSource(str(FILES / f'{name}.launch.py'))
    return LaunchDescription([
        IncludeLaunchDescription(file, launch_arguments=words), ReadyToTest(),
    ])


def started(proc_info, name):
    """Return the processes of that name that were started so far, in this order."""
    found = [one.process_details for one in proc_info.processes()]
    return [one for one in found if one['name'].rpartition('-')[0] == name]


def wait_for(condition, what):
    """Wait until ``condition()`` holds."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f'waited in vain for {what}'
        time.sleep(0.05)
