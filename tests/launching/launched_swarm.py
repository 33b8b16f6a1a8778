# SPDX-License-Identifier: Apache-2.0
"""``launch_test``: a robot and its world come up, it comes back when killed, and all ends well."""

import os
import signal
import unittest

from launch_testing import post_shutdown_test
from launch_testing.asserts import assertExitCodes
from launching.launched import FOLDER, launched, one_robot, PATIENCE_S, started, wait_for


def generate_test_description():
    """Start one robot in the embedded world."""
    return launched(
        'swarm', robots=1, swarm_file=one_robot(), storage_dir=FOLDER / 'robots')


class TestTheSwarm(unittest.TestCase):
    """While it runs."""

    def test_a_robot_leads_and_one_that_is_killed_comes_back(self, proc_info, proc_output):
        proc_output.assertWaitFor('leader in term 1', timeout=PATIENCE_S)
        (robot,) = started(proc_info, 'robot1')
        assert len(started(proc_info, 'world')) == 1
        os.kill(robot['pid'], signal.SIGKILL)
        wait_for(lambda: len(started(proc_info, 'robot1')) == 2, 'the robot to be started again')
        # With its disk: a later term than the one it has led in.
        proc_output.assertWaitFor('leader in term 2', timeout=PATIENCE_S)


@post_shutdown_test()
class TestTheEnd(unittest.TestCase):
    """Once the launch was asked to end."""

    def test_whoever_was_not_killed_ended_well(self, proc_info):
        first, last = (info for info in proc_info if 'robot1' in info.process_name)
        assert {first.returncode, last.returncode} == {-signal.SIGKILL, 0}
        assertExitCodes(proc_info, process='world', strict_proc_matching=False)
