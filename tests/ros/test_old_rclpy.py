# SPDX-License-Identifier: Apache-2.0
"""Nodes run on what Humble's rclpy has: no ``event_handler``, no EventsExecutor."""

import pytest
from ros.support import Ground
from swarm_coordination.ros import qos
from swarm_msgs import msg as swarm

pytestmark = pytest.mark.ros
# rclpy of Humble (3.3) has event callbacks in `qos_event` alone, and one executor for us.
AS_ON_HUMBLE = """
import sys, warnings
warnings.simplefilter('ignore', DeprecationWarning)
import rclpy.lifecycle, rclpy.node, rclpy.qos_event
for name in ('rclpy.event_handler', 'rclpy.experimental', 'rclpy.experimental.events_executor'):
    sys.modules[name] = None
from swarm_coordination.ros import executor, robot_main
assert executor.EventsExecutor is None
sys.exit(robot_main.main())
"""


def test_a_robot_comes_up_and_leads_itself_with_humbles_rclpy(run):
    source, storage = run.swarm_file(), run.storage() / 'robot1'
    run.start_nodes('world_main', '-p', f'swarm_file:={source}')
    process = run.start(
        'robot', '-c', AS_ON_HUMBLE, '--ros-args', '-r', '__ns:=/robot1',
        '-p', f'swarm_file:={source}', '-p', f'storage_dir:={storage}')
    ground = Ground(run)
    ground.watch(swarm.RobotStatus, '/robot1/status', qos.STATUS)

    def leads():
        return ground.seen['/robot1/status'] and ground.newest('/robot1/status').quorum

    assert run.spin(lambda: leads() or process.poll() is not None, 60.0)
    assert process.poll() is None, run.log('robot').read_text()
    assert ground.newest('/robot1/status').leader_name == 'robot1'
