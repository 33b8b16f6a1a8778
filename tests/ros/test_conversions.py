# SPDX-License-Identifier: Apache-2.0
"""Messages become values of the core and back, by REP-103 and REP-105."""

import math

from builtin_interfaces.msg import Time
from geometry_msgs.msg import PoseStamped, Quaternion
from nav_msgs.msg import Odometry
import pytest
from rclpy.serialization import deserialize_message, serialize_message
from ros.support import MAKE
from swarm_coordination.live import conversions as convert
from swarm_coordination.robot.outputs import CommittedEntry, RobotEvent, RobotStatus
from swarm_coordination.views import (
    FormationTarget,
    Liveness,
    Mode,
    NeighborState,
    NeighborTable,
    Pose,
    VelocityCommand,
)

pytestmark = pytest.mark.ros
STAMP = Time(sec=1)
TABLE = NeighborTable(
    12_345_678_901_234, 2**61 + 1, 7,
    (
        NeighborState(
            2**61 + 3, 'robot2', (1.001, -2.002, 0.0), (0.1, 0.2, 0.0), -3.1, 7, math.inf,
            Liveness.SUSPECT, True, (5, 2**61 + 1), 1.234, 6, False,
            (1.5, 0.25, 0.0), (7.0, -1.0, 0.0),
        ),
    ),
)
TARGET = FormationTarget(
    99, Mode.SEEK, 4, -1, 5, (1.5, 2.5, 0.0), (0.3, 0.0, 0.0), 0.7, (9.0, 8.0, 0.0), 2
)
STATUS = RobotStatus(
    5, 'robot1', 2**61, 3, 3, 9, 2**61, 'robot1', True, 11, 10, 12, 2**63 + 1, Mode.FLY, 'patrol',
    8, 2, 5, 4.321, ('robot1', 'robot2'), 1, 100, 200, 3, 40_000, True,
    ('robot1', 'robot2'), ('robot3',), 7, 4, 3,
)


def through_the_wire(message):
    """Return what a subscriber would get."""
    return deserialize_message(serialize_message(message), type(message))


def test_a_table_comes_back_exactly_as_it_went():
    assert convert.table_from(through_the_wire(MAKE.table_to(TABLE, STAMP))) == TABLE


def test_a_neighbour_without_a_slot_comes_back_without_one():
    row = TABLE.neighbors[0]._replace(slot=None, goal=None)
    back = convert.table_from(
        through_the_wire(MAKE.table_to(TABLE._replace(neighbors=(row,)), STAMP))
    )
    assert back.neighbors == (row,)


def test_a_table_of_more_than_the_message_holds_is_cut_silent_and_old_rows_first():
    row = TABLE.neighbors[0]
    rows = [row._replace(robot=k, age_s=0.01 * k, liveness=Liveness.ALIVE) for k in range(1, 71)]
    rows[2] = rows[2]._replace(liveness=Liveness.SILENT)
    crowded = TABLE._replace(neighbors=tuple(rows))
    back = convert.table_from(through_the_wire(MAKE.table_to(crowded, STAMP)))
    assert [kept.robot for kept in back.neighbors] == [1, 2, *range(4, 66)]


def test_links_beyond_the_bound_of_the_message_are_cut():
    row = TABLE.neighbors[0]._replace(links=tuple(range(1, 41)))
    back = convert.table_from(
        through_the_wire(MAKE.table_to(TABLE._replace(neighbors=(row,)), STAMP))
    )
    assert back.neighbors[0].links == tuple(range(1, 25))


def test_a_status_with_more_names_than_the_message_holds_is_sent_all_the_same():
    names = [f'robot{k}' for k in range(70)]
    message = MAKE.status_to(
        STATUS._replace(alive=tuple(names)), STAMP, heard=names, formation_error_m=0.0,
        process_nonce=1,
    )
    assert through_the_wire(message).alive == through_the_wire(message).heard == names[:64]


def test_a_target_comes_back_exactly_as_it_went():
    assert convert.target_from(through_the_wire(MAKE.target_to(TARGET, STAMP))) == TARGET


def test_a_status_comes_back_exactly_as_it_went():
    message = MAKE.status_to(
        STATUS, STAMP, heard=['robot2'], formation_error_m=math.nan, process_nonce=1
    )
    assert convert.status_from(through_the_wire(message)) == STATUS


def test_entries_and_events_come_back_exactly_as_they_went():
    entry = CommittedEntry(3, 2, 2**61, 1, 1500, '{"kind":"hold"}', False, 'duplicate')
    event = RobotEvent(17, 'leader', 'follower in term 2', 2)
    assert convert.entry_from(through_the_wire(MAKE.entry_to(entry))) == entry
    message = MAKE.event_to(event, 'robot1', STAMP)
    assert convert.event_from(through_the_wire(message)) == event


@pytest.mark.parametrize('yaw', [0.0, 1.0, -1.0, 3.14, -3.14, math.pi / 2])
def test_yaw_survives_the_quaternion(yaw):
    quaternion = MAKE.yaw_to_quaternion(yaw)
    assert convert.quaternion_to_yaw(quaternion) == pytest.approx(yaw, abs=1e-12)


@pytest.mark.parametrize('bad', [(0.0, 0.0, 0.0, 0.0), (0.0, 0.0, 0.0, 2.0),
                                 (math.nan, 0.0, 0.0, 1.0)])
def test_what_is_no_rotation_is_refused(bad):
    x, y, z, w = bad
    with pytest.raises(convert.MessageRefused, match='bad_orientation'):
        convert.quaternion_to_yaw(Quaternion(x=x, y=y, z=z, w=w))


def test_north_in_map_is_forward_for_a_robot_that_looks_north():
    twist = MAKE.twist_to(VelocityCommand(0.0, 1.0, 0.0, 0.2), math.pi / 2)
    assert twist.linear.x == pytest.approx(1.0)
    assert twist.linear.y == pytest.approx(0.0, abs=1e-12)
    assert twist.angular.z == 0.2


def test_a_twist_rotated_there_and_back_is_the_command():
    command = VelocityCommand(0.3, -0.8, 0.1, -0.4)
    back = convert.command_from(MAKE.twist_to(command, 2.1), 2.1)
    assert back == pytest.approx(command)


def test_odometry_speaks_of_base_link():
    north = Pose(0.0, 0.0, 0.0, math.pi / 2)
    message = MAKE.odometry_to(north, (0.0, 1.0, 0.0), 'robot1', STAMP)
    assert message.child_frame_id == 'robot1/base_link'
    velocity = convert.base_velocity_from(message, 'robot1/base_link')
    assert velocity == pytest.approx((1.0, 0.0, 0.0))


@pytest.mark.parametrize('frame', ['', 'odom', '/map', 'robot1/map'])
def test_a_pose_in_another_frame_than_map_is_refused(frame):
    message = PoseStamped()
    message.header.frame_id = frame
    message.pose.orientation.w = 1.0
    with pytest.raises(convert.MessageRefused, match='wrong_frame'):
        convert.pose_from(message)


def test_odometry_of_another_body_is_refused():
    message = Odometry()
    message.child_frame_id = 'robot2/base_link'
    with pytest.raises(convert.MessageRefused, match='wrong_frame'):
        convert.base_velocity_from(message, 'robot1/base_link')


@pytest.mark.parametrize('field', ['x', 'y', 'z'])
def test_a_position_that_is_not_finite_is_refused(field):
    message = MAKE.pose_to(Pose(0.0, 0.0, 0.0, 0.0), STAMP)
    setattr(message.pose.position, field, math.inf)
    with pytest.raises(convert.MessageRefused, match='not_finite'):
        convert.pose_from(message)


def test_an_unknown_mode_or_liveness_is_refused():
    target = MAKE.target_to(TARGET, STAMP)
    target.mode = 77
    table = MAKE.table_to(TABLE, STAMP)
    table.neighbors[0].liveness = 9
    status = MAKE.status_to(
        STATUS, STAMP, heard=[], formation_error_m=math.nan, process_nonce=1
    )
    status.mode = 77
    with pytest.raises(convert.MessageRefused, match='bad_value'):
        convert.status_from(status)
    with pytest.raises(convert.MessageRefused, match='bad_value'):
        convert.target_from(target)
    with pytest.raises(convert.MessageRefused, match='bad_value'):
        convert.table_from(table)
