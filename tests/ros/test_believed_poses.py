# SPDX-License-Identifier: Apache-2.0
"""A robot of ROS nodes tells the others no pose that its controller does not believe."""

import math
import time

from geometry_msgs.msg import PoseStamped
import pytest
from ros.support import bring_up, Ground, MAKE
from std_msgs.msg import Bool
from swarm_coordination.live.conversions import table_from
from swarm_coordination.ros import qos
from swarm_coordination.ros.controller_node import ControllerNode
from swarm_coordination.ros.coordinator_node import CoordinatorNode
from swarm_coordination.storage.provision import read_provision
from swarm_coordination.views import FormationTarget, Mode, NeighborTable, Pose
from swarm_msgs import msg as swarm

pytestmark = pytest.mark.ros
AT_REST = (0.0, 0.0, 0.0)
TWO_ROBOTS = """
all: {}
robot_types: {one: {kind: holonomic}}
robots:
  robot1: {type: one, start: {x_m: 0.0, y_m: 0.0}}
  robot2: {type: one, start: {x_m: 3.0, y_m: 0.0}}
"""


class Places:
    """Where localisation says that robots are, 50 times a second."""

    def __init__(self, run, ground, **at):
        self.at = {name: Pose(x, 0.0, 0.0, 0.0) for name, x in at.items()}
        node, due = ground.node, [0]
        publishers = {
            name: node.create_publisher(PoseStamped, f'/{name}/pose', qos.STATE_OFFERED)
            for name in at
        }

        def send():
            due[0] = time.monotonic_ns() + 20_000_000
            for name, publish in publishers.items():
                stamp = node.get_clock().now().to_msg()
                publish.publish(MAKE.pose_to(self.at[name], stamp))

        run.runners[-1].at(lambda: due[0], send)


def test_what_is_not_believed_of_a_pose_ages_at_the_others(run):
    source = run.folder / 'two.yaml'
    source.write_text(TWO_ROBOTS)
    storage = run.storage(('robot1', 'robot2'))
    nodes = [
        bring_up(CoordinatorNode(
            run.runner(name, swarm_file=source, storage_dir=storage / name, fence_x_max_m=20.0)))
        for name in ('robot1', 'robot2')
    ]
    ground = Ground(run)
    ground.watch(swarm.NeighborTable, '/robot2/neighbors', qos.TABLE)
    places = Places(run, ground, robot1=0.0, robot2=3.0)

    def row():
        newest = ground.newest('/robot2/neighbors')
        return next(iter(table_from(newest).neighbors), None) if newest is not None else None

    def age_s():
        return row().age_s

    assert run.spin(row)
    assert run.spin(lambda: age_s() < 0.3)
    # Further than it could fly while this test may last: never believed.
    places.at['robot1'] = Pose(1000.0, 0.0, 0.0, 0.0)
    assert run.spin(lambda: age_s() > 0.7)
    assert row().position[0] == 0.0
    # But long enough for more than an outlier: it stops the swarm.
    assert run.spin(lambda: nodes[0].part.core.lift_command() != '')
    places.at['robot1'] = Pose(0.0, 0.0, 0.0, 0.0)
    assert run.spin(lambda: age_s() < 0.3)
    verdict = ground.node.create_publisher(Bool, '/robot1/pose_frozen', qos.TABLE_OFFERED)
    frozen = [True]
    run.runners[-1].at(lambda: 0, lambda: verdict.publish(Bool(data=frozen[0])))
    assert run.spin(lambda: age_s() > 0.7)
    frozen[0] = False
    assert run.spin(lambda: age_s() < 0.3)


def test_one_outlier_beyond_the_fence_stops_nobody(run):
    node = bring_up(CoordinatorNode(run.runner(
        'robot1', swarm_file=run.swarm_file(), storage_dir=run.storage() / 'robot1',
        fence_x_max_m=5.0)))
    carrier, clock = node.part._carrier, node.part.clock
    carrier._on_pose(Pose(0.0, 0.0, 0.0, 0.0), AT_REST, clock.now())
    carrier._on_pose(Pose(40.0, 0.0, 0.0, 0.0), AT_REST, clock.now())
    assert carrier.pose.x == 0.0
    assert node.part.core.lift_command() == ''
    # As of a minute later, when it could have flown there, it is no outlier any more.
    carrier._on_pose(Pose(40.0, 0.0, 0.0, 0.0), AT_REST, clock.now() + 60_000_000_000)
    assert carrier.pose.x == 40.0
    assert node.part.core.lift_command() != ''


def test_a_controller_tells_its_coordinator_that_its_pose_is_frozen_until_it_moves(run):
    source, storage = run.swarm_file(), run.storage() / 'robot1'
    bring_up(ControllerNode(run.runner('robot1', swarm_file=source, storage_dir=storage)))
    ground = Ground(run)
    ground.watch(Bool, '/robot1/pose_frozen', qos.TABLE)
    places = Places(run, ground, robot1=0.0)
    tables = ground.node.create_publisher(
        swarm.NeighborTable, '/robot1/neighbors', qos.TABLE_OFFERED)
    targets = ground.node.create_publisher(
        swarm.FormationTarget, '/robot1/target', qos.TABLE_OFFERED)
    storage_id, due = read_provision(storage).storage_id, [0]

    def aim():
        now = time.monotonic_ns()
        due[0] = now + 50_000_000
        stamp = ground.node.get_clock().now().to_msg()
        tables.publish(MAKE.table_to(NeighborTable(now, storage_id, 1, ()), stamp))
        target = FormationTarget(now, Mode.FLY, 1, 0, 1, (9.0, 0.0, 0.0), AT_REST, 0.0)
        targets.publish(MAKE.target_to(target, stamp))

    told = ground.seen['/robot1/pose_frozen']
    assert run.spin(lambda: len(told) > 3)
    assert not any(message.data for message in told)
    run.runners[-1].at(lambda: due[0], aim)
    assert run.spin(lambda: told[-1].data)
    before = len(told)
    places.at['robot1'] = Pose(0.1, 0.0, 0.0, 0.0)
    assert run.spin(lambda: not all(message.data for message in told[before:]))


def test_commands_are_turned_by_no_heading_that_was_refused(run):
    node = bring_up(ControllerNode(run.runner(
        'robot1', swarm_file=run.swarm_file(), storage_dir=run.storage() / 'robot1')))
    part, commands = node.part, []
    part._cmd_vel, now = commands.append, part._clock.now()
    part._on_pose(Pose(0.0, 0.0, 0.0, math.pi / 2), (1.0, 0.0, 0.0), now)
    part._on_pose(Pose(40.0, 0.0, 0.0, 0.0), AT_REST, now)
    part._on_deadline()
    (twist,) = commands  # braking eastward, which is to the right of a robot that looks north
    assert twist.linear.x == pytest.approx(0.0, abs=1e-9)
    assert twist.linear.y < -0.5
