# SPDX-License-Identifier: Apache-2.0
"""
Whatever number stands in a message that anybody may publish, nobody who reads it ends of it.

Every number of a message in turn takes the extremes of its type, beside sound ones. What a robot
then says itself has to be readable for the others.
"""

import copy
import dataclasses
import math
import random
import time
import typing

from live.hand_bus import HandBus, TYPES
import pytest
from swarm_coordination.cli import status as status_verb
from swarm_coordination.configuration import find_swarm_file, load_swarm
from swarm_coordination.control.controller import FormationController
from swarm_coordination.live.air import AirOptions
from swarm_coordination.live.carrier import Carrier, CarrierOptions
from swarm_coordination.live.conversions import (
    MessageMaker,
    MessageRefused,
    table_from,
    target_from,
)
from swarm_coordination.live.listening import Listening
from swarm_coordination.live.observer import Handlers, Observer
from swarm_coordination.live.robot_shell import RobotShell
from swarm_coordination.live.topics import MESH, RADIO, WORLD
from swarm_coordination.live.watching import WatchFeed
from swarm_coordination.live.world import LiveWorld, WorldPeriods
from swarm_coordination.robot.believing import Believing, gate
from swarm_coordination.robot.coordinator import Coordinator
from swarm_coordination.scenario.schema import RadioSettings, WorldSettings
from swarm_coordination.simulation.radio import Radio
from swarm_coordination.station.metrics import Collector
from swarm_coordination.station.scene import scene
from swarm_coordination.station.watch import SwarmWatch
from swarm_coordination.storage.provision import make_cluster, write_provision
from swarm_coordination.storage.store import Storage
from swarm_coordination.units import NS_PER_MS, NS_PER_S
from swarm_coordination.views import FormationTarget, Mode, Pose
from swarm_coordination.wire.codec import WireCodec

MAKE = MessageMaker(TYPES)
SWARM = load_swarm(find_swarm_file(None)).first(3)
AT = Pose(1.0, 2.0, 0.0, 0.5)
FLOATS = {
    'float64': (math.nan, math.inf, -math.inf, 1e306, -1e306, 1e13, 150.0),
    'float32': (math.nan, math.inf, -math.inf, 3e38, -3e38),
}


def hostile(message):
    """Yield copies of a message, each with one number of it at an extreme; and which."""
    for path, values in _numbers(message, ()):
        for value in values:
            changed = copy.deepcopy(message)
            at = changed
            for step in path[:-1]:
                at = at[step] if isinstance(step, int) else getattr(at, step)
            if isinstance(path[-1], int):
                at[path[-1]] = value
            else:
                setattr(at, path[-1], value)
            yield (path, value), changed


def _numbers(message, path):
    hints = typing.get_type_hints(type(message), include_extras=True)
    for field in dataclasses.fields(message):
        held, here = getattr(message, field.name), (*path, field.name)
        if dataclasses.is_dataclass(held):
            yield from _numbers(held, here)
        elif isinstance(held, list):
            for number, one in list(enumerate(held))[:9]:  # of a covariance some
                if dataclasses.is_dataclass(one):
                    yield from _numbers(one, (*here, number))
                elif isinstance(one, float):
                    yield (*here, number), FLOATS['float32']
        elif isinstance(held, int | float) and not isinstance(held, bool):
            yield here, _extremes(hints[field.name])


def _extremes(hint):
    name = str(typing.get_args(hint)[-1])
    if 'float' in name:
        return FLOATS[name]
    bits = int(''.join(filter(str.isdigit, name)))
    return (0, 2**bits - 1) if name.startswith('u') else (-2**(bits - 1), 2**(bits - 1) - 1)


def stamped(kind, bus):
    """Return a message with the time in its header."""
    message = kind()
    message.header.stamp = bus.clock.stamp()
    return message


@pytest.fixture
def robot(tmp_path):
    """
    Give what starts a robot: it returns its bus, and a codec that reads its frames.

    ``whole``: with its controller, as a plain DDS process; else the half of a coordinator node.
    """
    shells = []

    def start(whole=True, **given):
        bus, own, options = HandBus(), SWARM.robots[0], CarrierOptions(**given)
        (provision,) = make_cluster([own.name], random.Random(1))
        write_provision(tmp_path, provision)
        codec = WireCodec(provision.key, provision.cluster_id, own.settings.config_hash)
        storage, recovered = Storage.recover(tmp_path)
        if whole:
            made = RobotShell(bus, bus, own, storage, recovered, options)
        else:
            core = Coordinator(recovered, own.settings, codec, random.Random(1), bus.time_ns)
            believing = Believing(core, gate(own.settings.control))
            made = Carrier(
                bus, bus, own, core, believing.observe, storage, 1, options,
                lambda out, now: None,
            )
        shells.append(made)
        return bus, codec

    yield start
    for shell in shells:
        shell.close()


def frames_of(bus, codec):
    """Let a beacon be sent, read all frames as another robot does; return how many."""
    for _ in range(4):
        bus.turn(60 * NS_PER_MS)
    frames = [message for topic, message in bus.said if topic == MESH]
    bus.said.clear()
    for frame in frames:
        codec.decode(bytes(frame.data))  # raises FrameError
    return len(frames)


@pytest.mark.parametrize('whole', [True, False])
@pytest.mark.parametrize('source', ['pose', 'start', 'tf'])
def test_a_robot_speaks_on_whatever_its_localisation_says(robot, source, whole):
    bus, codec = robot(
        whole, pose_source=source, publish_tf='pose' if source == 'pose' else 'odom_to_base')
    name, spoken, cases = SWARM.robots[0].name, 0, 0
    deadline = time.monotonic() + 60.0
    while not frames_of(bus, codec):  # not before the start is on disk
        assert time.monotonic() < deadline
        time.sleep(0.001)
    pose, odometry = MAKE.pose_to(AT, None), MAKE.odometry_to(AT, (0.1, 0.2, 0.0), name, None)
    link = MAKE.transforms_to([('map', f'{name}/odom', AT)], None)
    given = {'odom': odometry, 'battery_state': TYPES.BatteryState(percentage=0.5)}
    if source == 'pose':
        given['pose'] = pose
    if source == 'tf':
        given['/tf'] = link
    for topic, message in given.items():
        for case, bad in hostile(message):
            for sound_topic, sound in given.items():
                if topic != sound_topic:
                    now = copy.deepcopy(sound)
                    if hasattr(now, 'header'):
                        now.header.stamp = bus.clock.stamp()
                    bus.hear(sound_topic, now)
            if hasattr(bad, 'header') and 'stamp' not in case[0]:
                bad.header.stamp = bus.clock.stamp()
            bus.hear(topic, bad)
            if topic != 'pose' and source == 'pose':
                now = copy.deepcopy(pose)
                now.header.stamp = bus.clock.stamp()
                bus.hear('pose', now)  # takes the velocity along
            spoken += frames_of(bus, codec) > 0
            cases += 1
    assert spoken == cases > 50


def test_the_radio_of_a_simulation_may_say_what_it_will(robot):
    bus, _ = robot(air=AirOptions(radio_filter=True))
    state = TYPES.swarm.RadioState(
        names=list(SWARM.names), reception=[1.0] * 9, reference_bytes=300, revision=1)
    for _, bad in hostile(state):
        bus.hear(RADIO, bad)
        bus.hear(MESH, TYPES.swarm.MeshFrame(sender=SWARM.names[1], data=bytes(8_999)))
        bus.turn(NS_PER_MS)


def test_a_controller_flies_by_no_table_or_target_that_it_cannot_use():
    control = SWARM.robots[0].settings.control
    row = TYPES.swarm.NeighborState(
        storage_id=2, name='robot2', position=TYPES.Point(x=1.0), velocity=TYPES.Vector3(),
        liveness=0, heard=True, links=[1], epoch=3, mission_epoch=3, same_configuration=True,
        slot=[TYPES.Point(x=1.0)], goal=[TYPES.Point(x=2.0)])
    table = TYPES.swarm.NeighborTable(storage_id=1, epoch=3, neighbors=[row])
    target = MAKE.target_to(
        FormationTarget(0, Mode.FLY, 3, 0, 2, (1.0, 1.0, 0.0), (0.1, 0.0, 0.0), 0.0, None, 1),
        TYPES.Time())
    now = NS_PER_S
    core = FormationController(1, control, now, SWARM.area)
    both = ((table_from, core.table, table), (target_from, core.target, target))
    for hit, _, given in both:
        for case, bad in hostile(given):
            for read, take, sound in both:
                message = bad if read is hit else copy.deepcopy(sound)
                if 'monotonic_ns' not in case[0]:
                    message.monotonic_ns = now
                try:
                    take(read(message), now)
                except MessageRefused:
                    assert message is bad
            core.observe(Pose(0.0, 0.0, 0.0, 0.0), (0.0, 0.0, 0.0), now)
            command = core.update(now).command
            assert all(map(math.isfinite, command)), case
            now += 100 * NS_PER_MS


def test_a_station_shows_whatever_robots_say_of_themselves():
    watch = SwarmWatch(SWARM.names, 4.0, SWARM.area)
    feed, collector = WatchFeed(watch, lambda name, error: None), Collector()
    shown = TYPES.swarm.RobotStatus(name='robot1', storage_id=1, role=3, quorum=True, mode=1)
    target = MAKE.target_to(
        FormationTarget(0, Mode.FLY, 3, 0, 2, (1.0, 1.0, 0.0), (0.1, 0.0, 0.0), 0.0, None, 1),
        TYPES.Time())
    given = ((feed.status, shown), (feed.pose, MAKE.pose_to(AT, TYPES.Time())),
             (feed.target, target))
    for take, message in given:
        for case, bad in hostile(message):
            for name in SWARM.names[:2]:
                feed.status(name, shown)
                take(name, bad)
            picture = watch.picture(time.monotonic_ns())
            assert status_verb.lines(picture)
            points = [point for shape in scene(picture) for point in shape.points]
            assert all(math.isfinite(x) for point in points for x in point), case
            list(collector.collect())
            collector.picture = picture


def test_who_watches_a_run_takes_whatever_robots_and_world_say():
    bus, seen = HandBus(), []
    observer = Observer(dict.fromkeys(SWARM.names, bus), bus, Handlers(
        *[lambda *what: seen.append(what)] * 4))
    radio = Radio(RadioSettings(model='log_distance'), 4.0, SWARM.names)
    world = TYPES.swarm.WorldState(
        names=list(SWARM.names), positions=[TYPES.Point(x=float(k)) for k in range(3)],
        velocities=[TYPES.Vector3() for _ in range(3)], yaws=[0.0] * 3,
        closest_m=1.0, closest_first='robot1', closest_second='robot2')
    shown = TYPES.swarm.RobotStatus(name='robot1', storage_id=1, role=3, quorum=True, mode=1)
    given = {WORLD: world, '/robot1/status': shown, '/robot1/log': TYPES.swarm.LogEntry(),
             '/robot1/events': TYPES.swarm.MissionEvent(kind='leader')}
    for topic, message in given.items():
        for case, bad in hostile(message):
            bus.hear(WORLD, world)
            bus.hear(topic, bad)
            radio.place(observer.truth)
            chances = [chance for row in radio.matrix() for chance in row]
            assert all(0.0 <= chance <= 1.0 for chance in chances), case
    assert seen


def test_a_world_moves_nobody_by_a_command_that_is_none():
    bus = HandBus()
    world = LiveWorld(
        bus, SWARM.robots, RadioSettings(), WorldSettings(), 1, WorldPeriods())
    twist = TYPES.Twist(linear=TYPES.Vector3(x=0.5), angular=TYPES.Vector3(z=0.1))
    for case, bad in hostile(twist):
        bus.hear(f'/{SWARM.names[0]}/cmd_vel', bad)
        bus.time_ns += 100 * NS_PER_MS
        world.step()
        poses = [m for topic, m in bus.said if topic.endswith('/pose')]
        at = [getattr(m.pose.position, axis) for m in poses for axis in 'xyz']
        assert at, case
        assert all(abs(value) < 1000.0 for value in at), case
        bus.said.clear()


def test_whoever_listens_for_ages_takes_any_stamp():
    bus = HandBus()
    listening = Listening(bus, SWARM.names)
    for case, bad in hostile(stamped(TYPES.PoseStamped, bus)):
        bus.hear('/robot1/pose', bad)
        assert math.isfinite(listening.pose_ages_s['robot1']), case
