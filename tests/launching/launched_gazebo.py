# SPDX-License-Identifier: Apache-2.0
"""
``launch_test`` of gazebo.launch.py, beside stand-ins for ros_gz's programs.

The programs do nothing but write down what they were given, and stay: what is tested is what is
started, with what, and what becomes of it when it dies.
"""

import os
import signal
import unittest

from launch_testing import post_shutdown_test
from launch_testing.asserts import assertExitCodes
from launching.launched import FOLDER, launched, started, wait_for
from launching.stand_ins import ros_gz
from rclpy.node import Node
from swarm_coordination.ros.executor import Runner
import yaml


def generate_test_description():
    """Start two robots' world, headless."""
    os.environ['AMENT_PREFIX_PATH'] = (
        f'{ros_gz(FOLDER)}{os.pathsep}{os.environ["AMENT_PREFIX_PATH"]}')
    return launched('gazebo', robots=2, gui='false', gazebo_world='gap')


def given(program):
    """Return the words that a program was called with, each time that it was."""
    path = FOLDER / f'{program}.calls'
    return yaml.safe_load(path.read_text()) if path.exists() else []


class TestGazebo(unittest.TestCase):
    """While it runs."""

    def test_1_the_world_the_models_and_the_bridge_are_those_of_the_swarm_file(self):
        wait_for(lambda: len(given('create')) == 2 and given('gazebo')
                 and given('parameter_bridge'), 'all programs')
        (words,) = given('gazebo')
        assert words[:2] == ['-s', '-r']  # headless, running
        assert words[2].endswith('gap.sdf')
        names = [call[call.index('-name') + 1] for call in given('create')]
        assert sorted(names) == ['robot1', 'robot2']
        assert all(call[call.index('-world') + 1] == 'gap' for call in given('create'))

    def test_1_the_node_that_is_radio_and_bases_comes_up(self):
        runner = Runner()
        looking = Node('looking', context=runner.context)
        runner.add(looking)
        try:
            wait_for(lambda: 'gazebo_world' in looking.get_node_names(), 'the node gazebo_world')
        finally:
            runner.close()

    def test_2_a_bridge_that_dies_is_started_again(self, proc_info):
        (bridge,) = started(proc_info, 'parameter_bridge')
        os.kill(bridge['pid'], signal.SIGKILL)
        wait_for(lambda: len(given('parameter_bridge')) == 2, 'another bridge')


@post_shutdown_test()
class TestTheEnd(unittest.TestCase):
    """Once the launch was asked to end."""

    def test_gazebo_ended_well_and_the_models_were_made_once(self, proc_info):
        assertExitCodes(proc_info, process='gazebo-', strict_proc_matching=False)
        assert len(given('create')) == 2

    def test_so_did_the_one_node_that_is_radio_and_bases(self, proc_info):
        assert len(started(proc_info, 'gazebo_world')) == 1
        assertExitCodes(proc_info, process='gazebo_world', strict_proc_matching=False)
