# SPDX-License-Identifier: Apache-2.0
"""Every robot has the chain map -> odom -> base_link, each link said once, by us or by others."""

import math
from types import SimpleNamespace

import pytest
from swarm_coordination.configuration.swarm import read_swarm
from swarm_coordination.errors import ConfigurationError
from swarm_coordination.live import own_frames
from swarm_coordination.live.conversions import MessageMaker
from swarm_coordination.live.frames import compose
from swarm_coordination.live.own_frames import (
    ODOMETRY_WAIT_NS,
    OwnFrames,
    TF_PERIOD_NS,
    TOGETHER_NS,
)
from swarm_coordination.live.stamps import AHEAD_MAX_NS, stamp_of, time_of
from swarm_coordination.units import NS_PER_S
from swarm_coordination.views import Pose

START = Pose(2.0, 1.0, 0.0, 0.5)
ROBOT = read_swarm({
    'all': {}, 'robot_types': {'any': {'kind': 'quadrotor'}},
    'robots': {'robot1': {'type': 'any', 'start': {'x_m': 2.0, 'y_m': 1.0, 'yaw_rad': 0.5}}},
}, 'test').robot('robot1')
WHOLE = {('map', 'robot1/odom'), ('robot1/odom', 'robot1/base_link')}
ORIGIN = pytest.approx((0.0, 0.0, 0.0, 0.0))
# Of the ROS clock, as far from the core's as it is on a host.
EPOCH_NS = 1_700_000_000 * NS_PER_S
UNSET = SimpleNamespace(sec=0, nanosec=0)
TILTED = SimpleNamespace(x=0.0, y=math.sin(0.2), z=0.0, w=math.cos(0.2))  # pitch 0.4 rad


def stamped(**fields):
    """Return a message with a header."""
    return SimpleNamespace(header=SimpleNamespace(), **fields)


class Bus:
    """A bus in virtual time that keeps what is said on tf, as it stands, with its stamps."""

    def __init__(self):
        plain = dict.fromkeys(('Quaternion', 'Vector3', 'Transform', 'TFMessage'), SimpleNamespace)
        self.types = SimpleNamespace(**plain, TransformStamped=stamped, Odometry=None)
        self.time, self.links, self.said, self.odometry = NS_PER_S, {}, [], None
        self.counts, self.newest = {'/tf': 0, '/tf_static': 0}, None
        self.clock = SimpleNamespace(
            now=lambda: self.time, stamp=self.stamp,
            age_ns=lambda stamp: EPOCH_NS + self.time - stamp.sec * NS_PER_S - stamp.nanosec)

    def stamp(self, age_ns=0):
        """Return the stamp of something that old."""
        seconds, nanoseconds = divmod(EPOCH_NS + self.time - age_ns, NS_PER_S)
        return SimpleNamespace(sec=seconds, nanosec=nanoseconds)

    def publisher(self, kind, topic, profile):
        assert profile.latched is (topic == '/tf_static')

        def publish(message):
            self.counts[topic] += 1
            for one in message.transforms:
                self.newest = one
                at, turned = one.transform.translation, one.transform.rotation
                pose = Pose(at.x, at.y, at.z, 2.0 * math.atan2(turned.z, turned.w))
                self.links[one.header.frame_id, one.child_frame_id] = pose

        return publish

    def subscribe(self, kind, topic, profile, take):
        assert topic == 'odom'
        self.odometry = take

    def say(self, text, level='info'):
        self.said.append(text)

    def drive(self, counted, frame='robot1/odom', base='robot1/base_link', stamp=None,
              turned=None):
        """Have the robot's driver say where it is by its wheels."""
        at = SimpleNamespace(x=counted.x, y=counted.y, z=counted.z)
        turned = turned or MessageMaker(self.types).yaw_to_quaternion(counted.yaw)
        inner = SimpleNamespace(pose=SimpleNamespace(position=at, orientation=turned))
        header = SimpleNamespace(frame_id=frame, stamp=stamp or self.stamp())
        self.odometry(SimpleNamespace(header=header, child_frame_id=base, pose=inner))


def observe(frames, bus, pose, stamp=None):
    """Hand over a pose as the carrier does."""
    stamp = stamp or bus.stamp()
    frames.observe(pose, time_of(bus.clock, stamp), stamp_of(bus.clock, stamp))


@pytest.fixture
def bus():
    """Give a ``Bus``."""
    return Bus()


def test_a_robot_whose_pose_comes_whole_says_both_links_and_they_lead_to_its_pose(bus):
    frames = OwnFrames(bus, ROBOT, 'pose', 'pose')
    assert bus.links == {('map', 'robot1/odom'): ORIGIN}  # before any pose, for late joiners
    pose = Pose(4.0, -3.0, 1.5, 2.0)
    observe(frames, bus, pose)
    assert set(bus.links) == WHOLE
    odom, base = (bus.links[link] for link in sorted(WHOLE))
    assert compose(odom, base) == pytest.approx(pose)


def test_where_a_driver_says_odom_to_base_link_the_robot_joins_its_odometry_to_map(bus):
    frames = OwnFrames(bus, ROBOT, 'pose', 'map_to_odom')
    assert bus.links == {}
    observe(frames, bus, START)
    assert bus.links == {}  # nothing is known of the odometry
    counted = Pose(1.0, 2.0, 0.0, -1.0)
    bus.drive(counted)
    observe(frames, bus, START)
    assert set(bus.links) == {('map', 'robot1/odom')}
    assert compose(bus.links['map', 'robot1/odom'], counted) == pytest.approx(START)


def test_odometry_that_has_stopped_says_nothing_of_where_its_frame_is(bus):
    frames = OwnFrames(bus, ROBOT, 'pose', 'map_to_odom')
    bus.drive(Pose(1.0, 2.0, 0.0, -1.0))
    bus.time += TOGETHER_NS + 1
    observe(frames, bus, START)
    assert bus.links == {}


@pytest.mark.parametrize(('source', 'others'), [
    ('tf', set()), ('start', {('map', 'robot1/odom')})])
def test_where_a_driver_says_only_odometry_the_robot_says_it_as_a_link(bus, source, others):
    frames = OwnFrames(bus, ROBOT, source, 'odom_to_base')
    assert set(bus.links) == others
    counted = Pose(1.0, 2.0, 0.0, -1.0)
    bus.drive(counted)
    observe(frames, bus, compose(START, counted))
    assert set(bus.links) == others | {('robot1/odom', 'robot1/base_link')}
    assert bus.links['robot1/odom', 'robot1/base_link'] == pytest.approx(counted)


@pytest.mark.parametrize('said', ['none', 'pose'])
def test_one_that_composes_its_pose_leaves_odometrys_link_to_its_driver(bus, said):
    observe(OwnFrames(bus, ROBOT, 'tf', said), bus, START)
    assert bus.links == {}
    observe(OwnFrames(bus, ROBOT, 'start', said), bus, START)
    assert bus.links == {('map', 'robot1/odom'): pytest.approx(START)}


def test_one_that_is_told_to_say_nothing_says_nothing(bus):
    observe(OwnFrames(bus, ROBOT, 'pose', 'none'), bus, START)
    assert bus.links == {}


@pytest.mark.parametrize('source', ['tf', 'start'])
def test_a_link_that_the_pose_is_composed_by_cannot_be_found_from_it(bus, source):
    with pytest.raises(ConfigurationError, match='publish_tf.*pose_source ' + source):
        OwnFrames(bus, ROBOT, source, 'map_to_odom')


def test_without_messages_for_transforms_only_one_that_has_to_say_some_is_refused(bus):
    bus.types.TFMessage = None
    for source in ('pose', 'start'):
        observe(OwnFrames(bus, ROBOT, source, 'none'), bus, START)
    with pytest.raises(ConfigurationError, match='tf2_msgs'):
        OwnFrames(bus, ROBOT, 'pose', 'pose')


def test_transforms_are_no_more_often_than_listeners_need_them(bus):
    frames = OwnFrames(bus, ROBOT, 'pose', 'pose')
    for _ in range(200):  # a motion capture at 1 kHz, for 0.2 s
        observe(frames, bus, START)
        bus.time += TF_PERIOD_NS // 50
    assert bus.counts == {'/tf': 4, '/tf_static': 1}


def test_odometry_in_another_frame_is_said_now_and_then_and_moves_nothing(bus):
    OwnFrames(bus, ROBOT, 'tf', 'odom_to_base')
    for _ in range(5):
        bus.drive(START, 'robot2/odom')
    assert bus.links == {}
    assert len(bus.said) == 1
    assert "'robot2/odom'" in bus.said[0]
    assert own_frames.PUBLISHED[0] == 'none'


@pytest.mark.parametrize('waited', ['pose', 'odometry'])
def test_what_has_waited_in_a_backlog_is_not_joined_with_what_is_fresh(bus, waited):
    frames = OwnFrames(bus, ROBOT, 'pose', 'map_to_odom')
    bus.time += 10 * NS_PER_S
    old, fresh = bus.stamp(5 * NS_PER_S), bus.stamp()
    bus.drive(Pose(5.0, 0.0, 0.0, 0.0), stamp=old if waited == 'odometry' else fresh)
    observe(frames, bus, Pose(0.0, 0.0, 0.0, 0.0), old if waited == 'pose' else fresh)
    assert bus.links == {}
    assert '5.000 s apart' in frames.trouble(bus.time)


def test_what_is_of_one_time_is_joined_however_late_it_comes_and_stamped_with_that_time(bus):
    frames = OwnFrames(bus, ROBOT, 'pose', 'map_to_odom')
    bus.time += 10 * NS_PER_S
    counted, stamp = Pose(1.0, 2.0, 0.0, -1.0), bus.stamp(5 * NS_PER_S)
    bus.drive(counted, stamp=bus.stamp(5 * NS_PER_S - TOGETHER_NS))
    observe(frames, bus, START, stamp)
    assert compose(bus.links['map', 'robot1/odom'], counted) == pytest.approx(START)
    assert bus.newest.header.stamp == stamp
    assert frames.trouble(bus.time) == ''


def test_a_link_by_a_pose_or_odometry_is_stamped_as_they_are(bus):
    stamp = bus.stamp(NS_PER_S)
    observe(OwnFrames(bus, ROBOT, 'pose', 'pose'), bus, START, stamp)
    assert (bus.newest.child_frame_id, bus.newest.header.stamp) == ('robot1/base_link', stamp)
    OwnFrames(bus, ROBOT, 'tf', 'odom_to_base')
    bus.drive(START, stamp=bus.stamp(2 * NS_PER_S))
    assert bus.newest.header.stamp == bus.stamp(2 * NS_PER_S)


def test_what_has_no_stamp_is_of_its_receipt(bus):
    OwnFrames(bus, ROBOT, 'tf', 'odom_to_base')
    bus.drive(START, stamp=UNSET)
    assert bus.newest.header.stamp == bus.stamp()
    frames = OwnFrames(bus, ROBOT, 'pose', 'map_to_odom')
    bus.drive(START)
    observe(frames, bus, START, UNSET)
    assert bus.links['map', 'robot1/odom'] == ORIGIN
    assert bus.newest.header.stamp == bus.stamp()


@pytest.mark.parametrize('length', [1.0, 1.005])
def test_odometry_is_passed_on_as_the_driver_says_it_tilt_and_height_too(bus, length):
    OwnFrames(bus, ROBOT, 'tf', 'odom_to_base')
    turned = SimpleNamespace(**{axis: length * value for axis, value in vars(TILTED).items()})
    bus.drive(Pose(1.0, 2.0, 3.0, 0.0), turned=turned)
    said = bus.newest.transform
    assert vars(said.translation) == {'x': 1.0, 'y': 2.0, 'z': 3.0}
    assert vars(said.rotation) == pytest.approx(vars(TILTED))  # of unit length, as tf2 demands


@pytest.mark.parametrize(('frame', 'base'), [
    ('odom', 'robot1/base_link'), ('robot1/odom', 'base_link'), ('odom', 'base_link')])
def test_a_chain_that_the_drivers_own_link_would_not_join_is_refused_and_reported(
    bus, frame, base
):
    frames = OwnFrames(bus, ROBOT, 'pose', 'map_to_odom')
    bus.drive(START, frame, base)
    observe(frames, bus, START)
    assert bus.links == {}
    for told in (frames.trouble(bus.time), bus.said[0]):
        assert f"'{frame}' -> '{base}'" in told
        assert "have to be 'robot1/odom' -> 'robot1/base_link'" in told
    bus.time += ODOMETRY_WAIT_NS + 1
    bus.drive(START)
    observe(frames, bus, START)
    assert set(bus.links) == {('map', 'robot1/odom')}
    assert frames.trouble(bus.time) == ''


def test_a_driver_without_prefixes_is_enough_where_the_robot_says_its_link(bus):
    frames = OwnFrames(bus, ROBOT, 'tf', 'odom_to_base')
    bus.drive(START, 'odom', 'base_link')
    assert set(bus.links) == {('robot1/odom', 'robot1/base_link')}
    assert frames.trouble(bus.time) == ''


@pytest.mark.parametrize(('source', 'said'), [('pose', 'map_to_odom'), ('tf', 'odom_to_base')])
def test_odometry_that_does_not_come_is_reported_until_it_does(bus, source, said):
    frames = OwnFrames(bus, ROBOT, source, said)
    assert 'no odometry' in frames.trouble(bus.time)
    bus.drive(START)
    bus.time += ODOMETRY_WAIT_NS
    assert frames.trouble(bus.time) == ''
    bus.time += 1
    assert said in frames.trouble(bus.time)


def test_odometry_from_the_future_is_refused_and_reported(bus):
    frames = OwnFrames(bus, ROBOT, 'tf', 'odom_to_base')
    bus.drive(START, stamp=bus.stamp(-AHEAD_MAX_NS - 1))
    assert bus.links == {}
    assert 'ahead of the ROS clock' in frames.trouble(bus.time)


@pytest.mark.parametrize('said', ['none', 'pose'])
def test_a_robot_that_needs_no_odometry_has_nothing_to_report_of_it(bus, said):
    assert OwnFrames(bus, ROBOT, 'pose', said).trouble(bus.time) is None
