# SPDX-License-Identifier: Apache-2.0
"""A pose in map is composed of odometry and the place of its frame, by REP-105, or refused."""

import math
from types import SimpleNamespace

import pytest
from swarm_coordination.live.conversions import MessageRefused
from swarm_coordination.live.frames import compose, MapToOdom, odometry_pose, origin_of
from swarm_coordination.views import Pose

ORIGIN = Pose(0.0, 0.0, 0.0, 0.0)


def posed(x, y, yaw):
    """Return position and orientation as messages have them."""
    return (SimpleNamespace(x=x, y=y, z=0.0),
            SimpleNamespace(x=0.0, y=0.0, z=math.sin(yaw / 2), w=math.cos(yaw / 2)))


def link(parent, child, x=0.0, y=0.0, yaw=0.0):
    """Return a transform."""
    at, rotation = posed(x, y, yaw)
    return SimpleNamespace(
        header=SimpleNamespace(frame_id=parent), child_frame_id=child,
        transform=SimpleNamespace(translation=at, rotation=rotation))


def odometry(frame, x=0.0, y=0.0, yaw=0.0):
    """Return an odometry message."""
    at, rotation = posed(x, y, yaw)
    return SimpleNamespace(
        header=SimpleNamespace(frame_id=frame),
        pose=SimpleNamespace(pose=SimpleNamespace(position=at, orientation=rotation)))


def test_a_step_forward_of_a_robot_that_began_looking_north_is_a_step_north():
    start = Pose(2.0, 1.0, 0.0, math.pi / 2)
    assert compose(start, Pose(1.0, 0.0, 0.3, 0.0)) == pytest.approx((2.0, 2.0, 0.3, math.pi / 2))


def test_headings_stay_within_one_turn():
    turned = compose(Pose(0.0, 0.0, 0.0, 3.0), Pose(0.0, 0.0, 0.0, 3.0))
    assert turned.yaw == pytest.approx(6.0 - math.tau)


def test_a_composition_undone_is_the_pose():
    parent, child = Pose(1.0, -2.0, 0.5, 0.7), Pose(-3.0, 4.0, 0.1, -2.0)
    cosine, sine = math.cos(parent.yaw), math.sin(parent.yaw)
    back = Pose(-(cosine * parent.x + sine * parent.y), sine * parent.x - cosine * parent.y,
                -parent.z, -parent.yaw)
    assert compose(back, compose(parent, child)) == pytest.approx(child)


def test_a_frame_stands_where_what_it_has_inside_is_what_is_seen_of_it_from_outside():
    start = Pose(3.0, 1.0, 0.0, 1.0)
    assert origin_of(start, ORIGIN) == pytest.approx(start)
    true, counted = Pose(-2.0, 5.0, 0.1, -2.8), Pose(4.0, -1.0, 0.0, 1.9)
    assert compose(origin_of(true, counted), counted) == pytest.approx(true)


def test_odometry_is_placed_by_the_newest_transform_of_its_own_frame():
    where = MapToOdom('robot1')
    where.take([link('map', 'robot2/odom', 9.0), link('map', 'robot1/odom', 5.0, 1.0)])
    where.take([link('map', 'robot2/odom', 8.0)])
    assert where.place(Pose(1.0, 0.0, 0.0, 0.0)) == pytest.approx((6.0, 1.0, 0.0, 0.0))
    where.take([link('map', '/robot1/odom', 0.0, 0.0, math.pi)])
    assert where.place(Pose(1.0, 0.0, 0.0, 0.0))[:2] == pytest.approx((-1.0, 0.0))


def test_a_start_pose_is_good_from_the_start():
    where = MapToOdom('robot1', Pose(4.0, 0.0, 0.0, 0.0))
    assert where.place(ORIGIN) == pytest.approx((4.0, 0.0, 0.0, 0.0))


def test_nothing_is_placed_before_a_transform_is_known():
    where = MapToOdom('robot1')
    where.take([link('map', 'robot2/odom')])
    with pytest.raises(MessageRefused, match='no_transform'):
        where.place(ORIGIN)


def test_an_odom_frame_below_another_frame_than_map_is_refused():
    where = MapToOdom('robot1', ORIGIN)
    with pytest.raises(MessageRefused, match='wrong_frame'):
        where.take([link('world', 'robot1/odom')])


def test_a_transform_that_is_no_rotation_or_not_finite_is_refused():
    bad = link('map', 'robot1/odom')
    bad.transform.rotation.w = 0.0
    far = link('map', 'robot1/odom', math.inf)
    for one, reason in ((bad, 'bad_orientation'), (far, 'not_finite')):
        with pytest.raises(MessageRefused, match=reason):
            MapToOdom('robot1').take([one])


@pytest.mark.parametrize('frame', ['map', 'robot2/odom', '', 'base_link'])
def test_odometry_in_another_frame_is_refused(frame):
    with pytest.raises(MessageRefused, match='wrong_frame'):
        odometry_pose(odometry(frame), 'robot1')


def test_odometry_in_its_own_frame_is_taken():
    assert odometry_pose(odometry('robot1/odom', 1.0, 2.0), 'robot1')[:2] == (1.0, 2.0)
