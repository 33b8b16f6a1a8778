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
from swarm_coordination.live.own_frames import OwnFrames, TF_PERIOD_NS, TOGETHER_NS
from swarm_coordination.units import NS_PER_S
from swarm_coordination.views import Pose

START = Pose(2.0, 1.0, 0.0, 0.5)
ROBOT = read_swarm({
    'all': {}, 'robot_types': {'any': {'kind': 'quadrotor'}},
    'robots': {'robot1': {'type': 'any', 'start': {'x_m': 2.0, 'y_m': 1.0, 'yaw_rad': 0.5}}},
}, 'test').robot('robot1')
WHOLE = {('map', 'robot1/odom'), ('robot1/odom', 'robot1/base_link')}
ORIGIN = pytest.approx((0.0, 0.0, 0.0, 0.0))


def stamped(**fields):
    """Return a message with a header."""
    return SimpleNamespace(header=SimpleNamespace(), **fields)


class Bus:
    """A bus in virtual time that keeps what is said on tf, as it stands."""

    def __init__(self):
        plain = dict.fromkeys(('Quaternion', 'Vector3', 'Transform', 'TFMessage'), SimpleNamespace)
        self.types = SimpleNamespace(**plain, TransformStamped=stamped, Odometry=None)
        self.time, self.links, self.said, self.odometry = NS_PER_S, {}, [], None
        self.counts = {'/tf': 0, '/tf_static': 0}
        self.clock = SimpleNamespace(now=lambda: self.time, stamp=lambda: self.time)

    def publisher(self, kind, topic, profile):
        assert profile.latched is (topic == '/tf_static')

        def publish(message):
            self.counts[topic] += 1
            for one in message.transforms:
                at, turned = one.transform.translation, one.transform.rotation
                pose = Pose(at.x, at.y, at.z, 2.0 * math.atan2(turned.z, turned.w))
                self.links[one.header.frame_id, one.child_frame_id] = pose

        return publish

    def subscribe(self, kind, topic, profile, take):
        assert topic == 'odom'
        self.odometry = take

    def say(self, text, level='info'):
        self.said.append(text)

    def drive(self, counted, frame='robot1/odom'):
        """Have the robot's driver say where it is by its wheels."""
        at = SimpleNamespace(x=counted.x, y=counted.y, z=counted.z)
        turned = MessageMaker(self.types).yaw_to_quaternion(counted.yaw)
        inner = SimpleNamespace(pose=SimpleNamespace(position=at, orientation=turned))
        self.odometry(SimpleNamespace(header=SimpleNamespace(frame_id=frame), pose=inner))


@pytest.fixture
def bus():
    """Give a ``Bus``."""
    return Bus()


def test_a_robot_whose_pose_comes_whole_says_both_links_and_they_lead_to_its_pose(bus):
    frames = OwnFrames(bus, ROBOT, 'pose', 'pose')
    assert bus.links == {('map', 'robot1/odom'): ORIGIN}  # before any pose, for late joiners
    pose = Pose(4.0, -3.0, 1.5, 2.0)
    frames.observe(pose)
    assert set(bus.links) == WHOLE
    odom, base = (bus.links[link] for link in sorted(WHOLE))
    assert compose(odom, base) == pytest.approx(pose)


def test_where_a_driver_says_odom_to_base_link_the_robot_joins_its_odometry_to_map(bus):
    frames = OwnFrames(bus, ROBOT, 'pose', 'map_to_odom')
    assert bus.links == {}
    frames.observe(START)
    assert bus.links == {}  # nothing is known of the odometry
    counted = Pose(1.0, 2.0, 0.0, -1.0)
    bus.drive(counted)
    frames.observe(START)
    assert set(bus.links) == {('map', 'robot1/odom')}
    assert compose(bus.links['map', 'robot1/odom'], counted) == pytest.approx(START)


def test_odometry_that_has_stopped_says_nothing_of_where_its_frame_is(bus):
    frames = OwnFrames(bus, ROBOT, 'pose', 'map_to_odom')
    bus.drive(Pose(1.0, 2.0, 0.0, -1.0))
    bus.time += TOGETHER_NS + 1
    frames.observe(START)
    assert bus.links == {}


@pytest.mark.parametrize(('source', 'others'), [
    ('tf', set()), ('start', {('map', 'robot1/odom')})])
def test_where_a_driver_says_only_odometry_the_robot_says_it_as_a_link(bus, source, others):
    frames = OwnFrames(bus, ROBOT, source, 'odom_to_base')
    assert set(bus.links) == others
    counted = Pose(1.0, 2.0, 0.0, -1.0)
    bus.drive(counted)
    frames.observe(compose(START, counted))
    assert set(bus.links) == others | {('robot1/odom', 'robot1/base_link')}
    assert bus.links['robot1/odom', 'robot1/base_link'] == pytest.approx(counted)


@pytest.mark.parametrize('said', ['none', 'pose'])
def test_one_that_composes_its_pose_leaves_odometrys_link_to_its_driver(bus, said):
    OwnFrames(bus, ROBOT, 'tf', said).observe(START)
    assert bus.links == {}
    OwnFrames(bus, ROBOT, 'start', said).observe(START)
    assert bus.links == {('map', 'robot1/odom'): pytest.approx(START)}


def test_one_that_is_told_to_say_nothing_says_nothing(bus):
    OwnFrames(bus, ROBOT, 'pose', 'none').observe(START)
    assert bus.links == {}


@pytest.mark.parametrize('source', ['tf', 'start'])
def test_a_link_that_the_pose_is_composed_by_cannot_be_found_from_it(bus, source):
    with pytest.raises(ConfigurationError, match='publish_tf.*pose_source ' + source):
        OwnFrames(bus, ROBOT, source, 'map_to_odom')


def test_without_messages_for_transforms_only_one_that_has_to_say_some_is_refused(bus):
    bus.types.TFMessage = None
    for source in ('pose', 'start'):
        OwnFrames(bus, ROBOT, source, 'none').observe(START)
    with pytest.raises(ConfigurationError, match='tf2_msgs'):
        OwnFrames(bus, ROBOT, 'pose', 'pose')


def test_transforms_are_no_more_often_than_listeners_need_them(bus):
    frames = OwnFrames(bus, ROBOT, 'pose', 'pose')
    for _ in range(200):  # a motion capture at 1 kHz, for 0.2 s
        frames.observe(START)
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
