# SPDX-License-Identifier: Apache-2.0
"""A robot beyond its fence stops the swarm; one with a low battery leaves it and lands."""

from geometry_msgs.msg import PoseStamped
import pytest
from ros.support import bring_up, Ground, MAKE
from sensor_msgs.msg import BatteryState
from std_msgs.msg import Bool
from swarm_coordination.errors import ConfigurationError
from swarm_coordination.ros import qos
from swarm_coordination.ros.coordinator_node import CoordinatorNode
from swarm_coordination.views import Pose
from swarm_msgs import msg as swarm

pytestmark = pytest.mark.ros


def coordinator(run, **parameters):
    """Return an active coordinator of a swarm of one."""
    runner = run.runner(
        'robot1', swarm_file=run.swarm_file(), storage_dir=run.storage() / 'robot1', **parameters)
    return bring_up(CoordinatorNode(runner))


def test_a_robot_that_leaves_its_fence_stops_the_swarm_once(run):
    node = coordinator(run, fence_x_max_m=5.0)
    ground = Ground(run)
    ground.watch(swarm.MissionEvent, '/robot1/events', qos.EVENTS)
    poses = ground.node.create_publisher(PoseStamped, '/robot1/pose', 10)
    at = [0.0]

    def send():
        stamp = ground.node.get_clock().now().to_msg()
        poses.publish(MAKE.pose_to(Pose(at[0], 0.0, 0.0, 0.0), stamp))

    run.runners[-1].at(lambda: 0, send)
    run.spin(lambda: False, 1.0)
    assert node.part.core.lift_command() == ''
    at[0] = 5.2
    assert run.spin(lambda: node.part.core.lift_command() != '')
    first = node.part.core.lift_command()
    run.spin(lambda: False, 0.5)
    assert node.part.core.lift_command() == first  # not again at every pose
    stops = [e for e in ground.seen['/robot1/events'] if e.kind == 'stop']
    assert len(stops) == 1


def test_a_low_battery_takes_the_robot_off_the_roster_and_then_lands_it(run):
    node = coordinator(run, battery_leave=0.3, battery_land=0.1)
    ground = Ground(run)
    ground.watch(Bool, '/robot1/land', qos.DESCRIPTION)
    ground.watch(swarm.LogEntry, '/robot1/log', qos.LOG)
    battery = ground.node.create_publisher(BatteryState, '/robot1/battery_state', 10)
    charge = [0.8]
    run.runners[-1].at(lambda: 0, lambda: battery.publish(BatteryState(percentage=charge[0])))

    def left():
        return [e for e in ground.seen['/robot1/log'] if 'roster_remove' in e.command]

    run.spin(lambda: False, 1.5)
    assert left() == []
    charge[0] = 0.25
    assert run.spin(left)
    assert str(node.part.core.storage_id) in left()[0].command
    assert ground.seen['/robot1/land'] == []
    charge[0] = 0.05
    assert run.spin(lambda: ground.seen['/robot1/land'])
    assert ground.newest('/robot1/land').data
    run.spin(lambda: False, 0.5)
    assert len(left()) == len(ground.seen['/robot1/land']) == 1


def test_a_fence_inside_out_refuses_to_start(run):
    with pytest.raises(ConfigurationError, match='fence_x_min_m'):
        coordinator(run, fence_x_min_m=5.0, fence_x_max_m=-5.0)
