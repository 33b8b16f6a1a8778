# SPDX-License-Identifier: Apache-2.0
"""A plain DDS robot reads its pose from three sources and heeds fence and battery, as ROS's do."""

import math
import time

import pytest
from swarm_coordination.configuration import load_swarm
from swarm_coordination.dds import robot
from swarm_coordination.dds.bus import CycloneBus
from swarm_coordination.dds.loop import CycloneLoop
from swarm_coordination.live.carrier import CarrierOptions
from swarm_coordination.live.conversions import MessageMaker
from swarm_coordination.live.provisioning import provision_swarm
from swarm_coordination.live.robot_shell import RobotShell
from swarm_coordination.live.transforms import TF, TF_STATIC
from swarm_coordination.recording.replay import replay
from swarm_coordination.recording.start import disk_of
from swarm_coordination.storage.store import Storage
from swarm_coordination.transport import profiles
from swarm_coordination.transport.messages import messages
from swarm_coordination.units import NS_PER_MS
from swarm_coordination.vehicles.safety import SafetyOptions
from swarm_coordination.views import Pose

pytestmark = pytest.mark.dds
TYPES = messages()
MAKE = MessageMaker(TYPES)
AT_REST = (0.0, 0.0, 0.0)
FILE = """
all: {{control: {{yaw_rate_max_radps: 10.0}}}}
robot_types: {{one: {{kind: {kind}}}}}
robots:
  robot1: {{type: one, start: {{x_m: 0.0, y_m: 0.0, yaw_rad: 1.5707963267948966}}}}
"""


class Field:
    """One robot, which starts at the origin looking north, and somebody beside it."""

    def __init__(self, domain, folder):
        self.domain, self.folder = domain, folder
        self.loops, self.shell, self.seen = [], None, {}
        self.bus = self.join('')
        self.clock = self.bus.clock

    def join(self, namespace):
        """Return a bus of one more participant."""
        self.loops.append(CycloneLoop(self.domain))
        return CycloneBus(self.loops[-1].participant, namespace)

    def fly(self, kind='holonomic', record_dir='', **options):
        """Start the robot."""
        source = self.folder / 'swarm.yaml'
        source.write_text(FILE.format(kind=kind))
        provision_swarm(self.folder, ('robot1',))
        bus, disk = self.join('robot1'), disk_of(self.folder / 'robot1')
        self.shell = RobotShell(
            bus, self.loops[-1], load_swarm(source).robot('robot1'),
            *Storage.recover(self.folder / 'robot1'), CarrierOptions(**options), record_dir, disk)

    def watch(self, kind, topic, profile):
        """Keep what is said on a topic of the robot."""
        seen = self.seen[topic] = []
        self.bus.subscribe(kind, f'/robot1/{topic}', profile, seen.append)

    def repeat(self, publish, make):
        """Publish what ``make()`` returns, 50 times a second."""
        due = [0]

        def send():
            due[0] = time.monotonic_ns() + 20_000_000
            publish(make())

        self.loops[0].at(lambda: due[0], send)

    def until(self, condition, seconds=20.0):
        """Serve everybody until the condition holds; return whether it came to hold."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not condition():
            for loop in self.loops:
                loop.spin_once(0.002)
        return bool(condition())

    def close(self):
        """End the robot, leave the domain."""
        if self.shell is not None:
            self.shell.close()
        for loop in self.loops:
            loop.close()


@pytest.fixture
def field(domain, tmp_path):
    """Give a ``Field``."""
    made = Field(domain, tmp_path)
    yield made
    made.close()


def odometry(field, frame='robot1/odom'):
    """Let the robot be 1 m ahead of where its odometry began."""
    def make():
        message = MAKE.odometry_to(
            Pose(1.0, 0.0, 0.0, 0.0), AT_REST, 'robot1', field.clock.stamp())
        message.header.frame_id = frame
        return message

    field.repeat(
        field.bus.publisher(TYPES.Odometry, '/robot1/odom', profiles.STATE_OFFERED), make)


def place(field):
    """Return where the robot says that it is."""
    at = field.seen['pose'][-1].pose.position
    return at.x, at.y


def test_a_pose_is_composed_of_odometry_and_the_start_of_the_swarm_file(field):
    field.watch(TYPES.PoseStamped, 'pose', profiles.STATE)
    odometry(field)
    field.fly(pose_source='start')
    assert field.until(lambda: field.seen['pose'])
    assert place(field) == pytest.approx((0.0, 1.0))


def test_a_pose_is_composed_of_odometry_and_the_transform_of_its_frame(field):
    field.watch(TYPES.PoseStamped, 'pose', profiles.STATE)
    odometry(field)
    link = ('map', 'robot1/odom', Pose(5.0, 2.0, 0.0, math.pi))
    field.bus.publisher(TYPES.TFMessage, TF_STATIC, profiles.TF_STATIC)(
        MAKE.transforms_to([link], field.clock.stamp()))
    field.fly(pose_source='tf')
    assert field.until(lambda: field.seen['pose'])
    assert place(field) == pytest.approx((4.0, 2.0))


def test_the_pose_that_a_differential_robot_publishes_is_that_of_its_base(field):
    field.watch(TYPES.PoseStamped, 'pose', profiles.STATE)
    odometry(field)
    field.fly('differential', pose_source='start')
    assert field.until(lambda: field.seen['pose'])
    assert place(field) == pytest.approx((0.0, 1.0))


def test_a_robot_whose_pose_comes_whole_says_where_its_frames_are(field):
    def links(topic):
        return {(one.header.frame_id, one.child_frame_id)
                for message in field.seen[topic] for one in message.transforms}

    for topic, profile in ((TF, profiles.TF), (TF_STATIC, profiles.TF_STATIC)):
        seen = field.seen[topic] = []
        field.bus.subscribe(TYPES.TFMessage, topic, profile, seen.append)
    stamps = []

    def pose():
        stamps.append(field.clock.stamp())
        return MAKE.pose_to(Pose(1.0, 2.0, 0.0, 0.0), stamps[-1])

    field.repeat(
        field.bus.publisher(TYPES.PoseStamped, '/robot1/pose', profiles.STATE_OFFERED), pose)
    field.fly(publish_tf='pose')
    assert field.until(lambda: links(TF) and links(TF_STATIC))
    assert links(TF_STATIC) == {('map', 'robot1/odom')}
    assert links(TF) == {('robot1/odom', 'robot1/base_link')}
    assert all(one.header.stamp in stamps for said in field.seen[TF] for one in said.transforms)


def test_odometry_in_another_frame_moves_nothing(field):
    field.watch(TYPES.PoseStamped, 'pose', profiles.STATE)
    field.watch(TYPES.swarm.RobotStatus, 'status', profiles.STATUS)
    odometry(field, 'map')
    field.fly(pose_source='start')
    assert field.until(lambda: len(field.seen['status']) > 20)
    assert field.seen['pose'] == []


def test_a_low_battery_takes_the_robot_off_the_roster_and_then_lands_it(field):
    field.watch(TYPES.Bool, 'land', profiles.EVENTS)
    field.watch(TYPES.swarm.RobotStatus, 'status', profiles.STATUS)
    field.watch(TYPES.swarm.LogEntry, 'log', profiles.LOG)
    charge = [0.25]
    publish = field.bus.publisher(
        TYPES.BatteryState, '/robot1/battery_state', profiles.STATE_OFFERED)
    field.repeat(publish, lambda: TYPES.BatteryState(percentage=charge[0]))
    field.fly(safety=SafetyOptions(battery_leave=0.3, battery_land=0.1))

    def left():
        return [entry for entry in field.seen['log'] if 'roster_remove' in entry.command]

    assert field.until(left)
    assert field.seen['land'] == []
    charge[0] = 0.05
    assert field.until(lambda: field.seen['land'])
    assert field.seen['land'][0].data
    told = len(field.seen['status'])
    assert field.until(lambda: len(field.seen['status']) > told + 10)
    assert len(left()) == len(field.seen['land']) == 1


def test_a_robot_beyond_its_fence_stops_the_swarm_once(field):
    field.watch(TYPES.swarm.MissionEvent, 'events', profiles.EVENTS)
    poses = field.bus.publisher(TYPES.PoseStamped, '/robot1/pose', profiles.STATE_OFFERED)
    field.watch(TYPES.swarm.RobotStatus, 'status', profiles.STATUS)
    field.repeat(poses, lambda: MAKE.pose_to(Pose(5.2, 0.0, 0.0, 0.0), field.clock.stamp()))
    field.fly(safety=SafetyOptions(fence_x_max_m=5.0))

    def stops():
        return [event for event in field.seen['events'] if event.kind == 'stop']

    assert field.until(stops)
    told = len(field.seen['status'])
    assert field.until(lambda: len(field.seen['status']) > told + 10)
    assert len(stops()) == 1


def test_what_both_halves_were_asked_is_fed_back_to_the_same_outputs(field, tmp_path):
    field.watch(TYPES.swarm.RobotStatus, 'status', profiles.STATUS)
    odometry(field)
    field.fly(pose_source='start', record_dir=str(tmp_path / 'calls'))
    seen = field.seen['status']
    assert field.until(lambda: seen and seen[-1].commit_index > 0 and len(seen) > 20)
    field.shell.close()
    paths = sorted((tmp_path / 'calls').glob('*.mcap'))
    assert [path.name.split('-')[1] for path in paths] == ['controller', 'coordinator']
    for path in paths:
        found = replay(path)
        assert found.difference == 0
        assert found.compared > 30


def test_frames_and_poses_gather_for_a_fifth_of_a_beacons_period(domain, tmp_path, monkeypatch):
    source = tmp_path / 'swarm.yaml'
    slow = '{mesh: {beacon_period_s: 0.04}, control: {yaw_rate_max_radps: 10.0}}'
    source.write_text(FILE.format(kind='holonomic').replace(
        '{control: {yaw_rate_max_radps: 10.0}}', slow))
    provision_swarm(tmp_path, ('robot1',))
    gathered = []

    def begun(_domain, begin):
        loop = CycloneLoop(domain)
        begin(loop)()
        gathered.append(loop.participant.gather_ns)
        loop.close()

    monkeypatch.setattr(robot, 'run_on_dds', begun)
    robot.run_robot(source, 'robot1', tmp_path / 'robot1', domain, CarrierOptions())
    assert gathered == [8 * NS_PER_MS]
