# SPDX-License-Identifier: Apache-2.0
# Copyright Swarm Coordination contributors
"""
How far one machine carries: robots as processes, standing in a grid, more and more of them.

Neighbours stand 6 m apart, as formations are flown in docs/evaluation.md (0.6 of the range);
``--spacing 1.6`` has up to some forty of them in one hop.

Each number runs alone in a network namespace (root) so that the counters of its loopback
interface are ours: beacons at 5 Hz, control at 10 Hz. Printed for each: CPU and memory (PSS) of a
robot, bytes on the wire and in frames, the rates that came about (median and least of the
robots), bytes and time until all count all as alive, and the time until the leader's death has
been made good.

Rates, in a second: *beacons* that a robot gets of each other robot in its range (how often those
have made one, by the heartbeats heard here, times the part of their frames that it took);
*cmd_vel* and *poses* of each robot, as they arrive here. They are measured after CPU and bytes,
for as long: to be heard here, too, is more work for all.

*World*: CPU of the simulated world, which gives all of them their poses and takes their commands.
No robot does that on a real machine, so it goes first where both want a processor.

Usage: python bench/dds.py [--backend dds|ros] [--spacing M] [--seconds S] [N ...]
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Mapping, Sequence
import ctypes
from dataclasses import dataclass, field
import math
import os
from pathlib import Path
import statistics
import subprocess
import sys
import tempfile
import time

from swarm_coordination.cli.demo import connect
from swarm_coordination.configuration import config_folder, load_swarm
from swarm_coordination.errors import FrameError, SwarmError
from swarm_coordination.live import topics
from swarm_coordination.live.backend import Run
from swarm_coordination.live.bus import Bus
from swarm_coordination.live.domain import claimed_domain, environment, local_environment
from swarm_coordination.live.fleet import Fleet
from swarm_coordination.live.observer import Handlers, Observer
from swarm_coordination.live.provisioning import provision_swarm
from swarm_coordination.robot.outputs import RobotStatus
from swarm_coordination.scenario.loading import load_scenario, scenario_folder
from swarm_coordination.scenario.run import RunOptions
from swarm_coordination.storage.provision import read_provision
from swarm_coordination.transport import profiles
from swarm_coordination.units import ns_to_seconds
from swarm_coordination.wire.codec import WireCodec
import yaml

SETTINGS = {
    'mesh': {'beacon_period_s': 0.2, 'byte_budget_per_s': 30_000},
    'consensus': {'heartbeat_period_s': 0.2, 'election_timeout_min_s': 1.0,
                  'election_timeout_max_s': 2.0},
    'control': {'period_s': 0.1, 'hold_s': 0.3, 'kept_range_m': 9.0},
}
SPACING_M = 6.0
# Of the world's process, before robots; without root it runs as they do.
PRECEDENCE = -5
# Statuses for those who watch come twice a second, and at once when something happens.
SELDOM = {'dds': ['--status-period', '0.5'], 'ros': ['-p', 'status_period_s:=0.5']}
MEASURED_S = 15.0
RATES = ('beacons', 'cmd_vel', 'poses')
APART_S = 0.3
START_TIMEOUT_S = 120.0
TAKEN_TIMEOUT_S = 30.0
# Writers have found new readers after milliseconds; where both cores are taken, after a second.
MATCHED_S = 2.0
NEWNET = 0x40000000
# Of a topic's messages that wait while the benchmark sees to others: a second of them.
ROOM = 20
POSES = profiles.STATE
# Minutes together, on two busy cores too; docs/scaling.md has more.
COUNTS = {'dds': (5, 10, 20, 40), 'ros': (5, 10)}


def swarm_file(folder: Path, count: int, spacing_m: float) -> Path:
    """Write a swarm file of ``count`` robots in a grid, all in range of their neighbours."""
    side = math.ceil(math.sqrt(count))
    document = {
        'all': SETTINGS,
        'robot_types': {'holonomic': {'kind': 'holonomic'}},
        'robots': {
            f'robot{n + 1}': {'type': 'holonomic', 'start': {
                'x_m': spacing_m * (n % side), 'y_m': spacing_m * (n // side)}}
            for n in range(count)
        },
    }
    path = folder / 'swarm.yaml'
    path.write_text(yaml.safe_dump(document, sort_keys=False))
    return path


def unicast_profile(folder: Path) -> str:
    """
    Write a profile of Cyclone's for whoever watches; return its address.

    A topic with two readers who take multicast is sent to all on it: with ours, forty robots would
    receive each other's poses and commands.
    """
    text = (config_folder() / 'dds' / 'loopback.xml').read_text()
    path = folder / 'watching.xml'
    path.write_text(text.replace('<AllowMulticast>true<', '<AllowMulticast>spdp<'))
    return path.as_uri()


def wire_bytes() -> int:
    """Return the bytes that the loopback interface has carried."""
    for line in Path('/proc/net/dev').read_text().splitlines():
        name, _, values = line.partition(':')
        if name.strip() == 'lo':
            return int(values.split()[0])
    return 0


@dataclass
class Window:
    """What is known at one moment of a measurement."""

    at_s: float
    beats: dict[str, int]
    counts: Counter[tuple[str, str]]
    statuses: dict[str, RobotStatus]


@dataclass
class Heard:
    """What arrives at the benchmark: heartbeats of each robot, and how many of its messages."""

    codec: WireCodec
    beats: dict[str, int] = field(default_factory=dict)  # the newest heartbeat
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)  # by (topic, robot)

    def listen(self, bus: Bus, names: Sequence[str]) -> None:
        """Subscribe to the mesh, and to commands and poses of robots."""
        types = bus.types
        # Reliable ones as their writers offer them; room for those that come while we look away.
        kinds = (('cmd_vel', types.Twist, profiles.COMMAND), ('pose', types.PoseStamped, POSES))
        for name in names:
            for topic, kind, profile in kinds:
                count = self._counter(topic, name)
                bus.subscribe(kind, f'/{name}/{topic}', profile._replace(depth=ROOM), count)
        bus.subscribe(types.swarm.MeshFrame, topics.MESH, profiles.MESH, self._on_frame)

    def window(self, statuses: Mapping[str, RobotStatus]) -> Window:
        """Return what is known now."""
        return Window(
            time.monotonic(), dict(self.beats), self.counts.copy(), dict(statuses)
        )

    def _counter(self, topic: str, name: str):
        def count(_message: object) -> None:
            self.counts[topic, name] += 1
        return count

    def _on_frame(self, message) -> None:
        try:
            frame = self.codec.decode(bytes(message.data))
        except FrameError:
            return
        sender = frame.header.sender
        for part in frame.fragments:
            if part.owner == sender and part.beacon is not None:
                newest = max(self.beats.get(sender.name, 0), part.beacon.heartbeat)
                self.beats[sender.name] = newest


def rates(
    first: Window, last: Window, near: Mapping[str, Sequence[str]]
) -> dict[str, list[float]]:
    """
    Return what came about of RATES for each robot, in a second.

    ``near``: the others in a robot's range. Counters of a robot are of the moment of its status.
    """
    names, passed = sorted(near), last.at_s - first.at_s
    made = {name: (last.beats.get(name, 0) - first.beats.get(name, 0)) / passed for name in names}

    def counted(name: str, what: str) -> float:
        if name not in first.statuses or name not in last.statuses:
            return 0.0  # it has never reported, or is gone
        before, after = first.statuses[name], last.statuses[name]
        lasted = ns_to_seconds(after.time_ns - before.time_ns)
        return (getattr(after, what) - getattr(before, what)) / lasted if lasted > 0.0 else 0.0

    sent = {name: counted(name, 'frames_sent') for name in names}
    found: dict[str, list[float]] = {what: [] for what in RATES}
    for name in names:
        offered = sum(sent[other] for other in near[name])
        taken = min(1.0, counted(name, 'frames_received') / offered) if offered else 0.0
        others = [made[other] for other in near[name]] or [0.0]
        found['beacons'].append(taken * statistics.mean(others))
        for what, topic in (('cmd_vel', 'cmd_vel'), ('poses', 'pose')):
            counts = last.counts[topic, name] - first.counts[topic, name]
            found[what].append(counts / passed)
    return found


def leader_of(known: Mapping[str, RobotStatus]) -> str:
    """Return whom most of the robots follow as a leader with a quorum; '' where there is none."""
    followed = Counter(status.leader_name for status in known.values() if status.quorum)
    followed.pop('', None)
    for name, count in followed.most_common(1):
        return name if 2 * count > len(known) else ''
    return ''


def seen(known: Mapping[str, RobotStatus]) -> str:
    """Return what the robots report, in one line: for who has to find out why nobody leads."""
    alive = Counter(len(status.alive) for status in known.values())
    leaders = Counter(status.leader_name for status in known.values())
    terms = Counter(status.term for status in known.values())
    return (f'{len(known)} report; alive as they count: {dict(sorted(alive.items()))}; '
            f'leaders: {dict(leaders)}; terms: {dict(sorted(terms.items()))}; '
            f'{sum(status.quorum for status in known.values())} know of a quorum')


def shown(seconds: float) -> str:
    """Return a span as the table has it."""
    if math.isnan(seconds):
        return 'no leader'
    if seconds > TAKEN_TIMEOUT_S:
        return f'more than {TAKEN_TIMEOUT_S:.0f} s'
    return f'{seconds:.2f} s'


def measure(count: int, backend: str, spacing_m: float, seconds: float) -> str:
    """Fly ``count`` robots, measured for so long, and return a row of the table."""
    with tempfile.TemporaryDirectory() as name, claimed_domain(os.getpid()) as domain:
        folder = Path(name)
        source = swarm_file(folder, count, spacing_m)
        # Localisation at the rate of the control: the world is no part of the measurement.
        played = folder / 'scenario.yaml'
        played.write_text((scenario_folder() / 'smoke.yaml').read_text()
                          + '\nworld: {step_ms: 100, command_timeout_s: 1.0}\n')
        scenario = load_scenario(played)
        swarm = load_swarm(source)
        # The first seven vote, as by default.
        provision_swarm(folder / 'disks', swarm.names)
        surroundings = local_environment(domain, folder, os.environ)
        fleet = Fleet(surroundings)
        with environment({**surroundings, 'CYCLONEDDS_URI': unicast_profile(folder)}):
            carrier = connect(backend)(domain, RunOptions(scenario, swarm, 1, folder))
            try:
                run = Run(scenario.source, str(source), swarm.names, 1, True)
                return _measure(run, folder, fleet, carrier, backend, in_range(swarm), seconds)
            finally:
                fleet.end()
                carrier.close()


def in_range(swarm) -> dict[str, list[str]]:
    """Return for each robot of a swarm file the others within its range."""
    places = {robot.name: robot.start[:3] for robot in swarm.robots}
    range_m = swarm.robots[0].settings.control.range_m
    return {
        name: [other for other, there in places.items()
               if other != name and math.dist(place, there) < range_m]
        for name, place in places.items()
    }


def _measure(run, folder, fleet, carrier, backend, near, seconds):
    observer = Observer(
        {name: carrier.robot_bus(name) for name in run.robots}, carrier.world_bus(),
        Handlers(lambda *_: None, lambda *_: None, lambda *_: None, lambda *_: None),
    )
    provision = read_provision(folder / 'disks' / run.robots[0])
    heard = Heard(WireCodec(provision.key, provision.cluster_id, 0))

    def until(condition, seconds=START_TIMEOUT_S):
        began = time.monotonic()
        while not condition():
            if time.monotonic() - began > seconds:
                return math.nan
            carrier.spin_until(time.monotonic() + 0.05)
        return time.monotonic() - began

    count = len(run.robots)
    known = observer.statuses
    world = ['nice', '-n', str(PRECEDENCE), *carrier.world_command(run)]
    fleet.start('world', world, folder / 'world.log')
    until(lambda: len(observer.truth) == count)
    before, began = wire_bytes(), time.monotonic()
    for name in run.robots:
        command = carrier.robot_command(run, name, folder / 'disks' / name)
        command += SELDOM[backend]
        fleet.start(name, command, folder / f'{name}.log')
        # One by one, as robots are switched on: all at once the processors are taken by imports,
        # for as long as it takes to lose every election.
        carrier.spin_until(time.monotonic() + APART_S)
    until(lambda: len(known) == count)
    started_s = time.monotonic() - began
    met = until(lambda: all(len(s.alive) == count for s in known.values())
                and leader_of(known) != '')
    seen_s, discovery = time.monotonic() - began, wire_bytes() - before
    if math.isnan(met):
        print(f'{count} robots, {seen_s:.0f} s after the first was started: {seen(known)}',
              file=sys.stderr)
    for name in ('world', *run.robots):
        fleet.begin_measuring(name)
    sent = {name: status.bytes_sent for name, status in known.items()}
    wire, began = wire_bytes(), time.monotonic()
    carrier.spin_until(began + seconds)
    passed = time.monotonic() - began
    wire = (wire_bytes() - wire) / passed / count
    frames = statistics.mean(
        (status.bytes_sent - sent[name]) / passed for name, status in known.items()
    )
    measured = fleet.figures()
    figures = [measured[name] for name in run.robots]
    heard.listen(carrier.robot_bus(run.robots[0]), run.robots)
    carrier.spin_until(time.monotonic() + MATCHED_S)
    first = heard.window(known)
    carrier.spin_until(first.at_s + seconds)
    came = rates(first, heard.window(known), near)
    taken_s = followed_s = math.nan
    if math.isnan(until(lambda: leader_of(known) != '', TAKEN_TIMEOUT_S)):
        print(f'{count} robots, after {passed:.0f} s of flight: {seen(known)}', file=sys.stderr)
    else:
        leader = leader_of(known)
        fleet.kill(leader)
        observer.forget(leader)
        died = time.monotonic()
        until(lambda: leader_of(known) not in ('', leader), TAKEN_TIMEOUT_S)
        taken_s = time.monotonic() - died
        until(lambda: all(s.quorum and s.leader_name not in ('', leader)
                          for s in known.values()), TAKEN_TIMEOUT_S)
        followed_s = time.monotonic() - died
        if followed_s > TAKEN_TIMEOUT_S:
            print(f'{count} robots, {followed_s:.0f} s after the leader died: {seen(known)}',
                  file=sys.stderr)
    cpu = statistics.mean(f.cpu_percent for f in figures)
    memory = statistics.mean(f.memory_mb for f in figures)
    return (f'| {count} | {cpu:.1f} % | {cpu * count / 100:.2f} | '
            f'{measured["world"].cpu_percent:.0f} % | {memory:.0f} MB | '
            f'{wire / 1000:.1f} kB/s | {frames / 1000:.2f} kB/s | '
            + ''.join(f'{statistics.median(came[what]):.1f}, {min(came[what]):.1f} | '
                      for what in RATES)
            + f'{discovery / 1e6:.1f} MB | '
            f'{started_s:.1f} s | {"never" if math.isnan(met) else f"{seen_s:.1f} s"} | '
            f'{shown(taken_s)} | {shown(followed_s)} |')


def main() -> int:
    """Measure each number in a process and a network of its own."""
    parser = argparse.ArgumentParser(description='robots on one machine')
    parser.add_argument('--backend', choices=tuple(COUNTS), help='default: both')
    parser.add_argument('--spacing', type=float, default=SPACING_M, metavar='M',
                        help=f'from each to the next; default: {SPACING_M:g}')
    parser.add_argument('--seconds', type=float, default=MEASURED_S,
                        help='how long CPU and bytes are measured, and then rates; '
                             f'default: {MEASURED_S:g}')
    parser.add_argument('--one', action='store_true', help=argparse.SUPPRESS)
    parser.add_argument('counts', nargs='*', type=int,
                        help=f'default: {COUNTS["dds"]} without ROS, {COUNTS["ros"]} with')
    options = parser.parse_args()
    if options.one:
        return _one(options.counts[0], options.backend, options.spacing, options.seconds)
    backends = [options.backend] if options.backend else list(COUNTS)
    return max(
        _table(backend, options.counts or COUNTS[backend], options.spacing, options.seconds)
        for backend in backends
    )


def _one(count: int, backend: str, spacing_m: float, seconds: float) -> int:
    """Print the row of one number, measured in a network of its own where that is allowed."""
    if os.geteuid() == 0 and ctypes.CDLL(None).unshare(NEWNET) == 0:
        try:
            subprocess.run(['ip', 'link', 'set', 'lo', 'up'], check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            print(f'the loopback interface of a network of its own: {error}', file=sys.stderr)
            return 1
    else:
        print('no network of its own (root needed): wire and discovery count everything on this '
              "host's loopback interface", file=sys.stderr)
    try:
        print(measure(count, backend, spacing_m, seconds), flush=True)
    except SwarmError as error:
        print(f'{count} robots, {backend}: {error}', file=sys.stderr)
        return 1
    return 0


def _table(backend: str, counts: Sequence[int], spacing_m: float, seconds: float) -> int:
    """Print a row for each number; end at the first that was not measured, with status 1."""
    print(f'{backend}\n'
          '| robots | CPU each | cores in all | world | memory each | wire each | frames each | '
          'beacons/s | cmd_vel/s | poses/s | '
          'discovery | started | all see all | fail-over | all follow |')
    print('|---' * 15 + '|', flush=True)
    for count in counts:
        command = [sys.executable, __file__, '--one', '--backend', backend,
                   '--spacing', str(spacing_m), '--seconds', str(seconds), str(count)]
        code = subprocess.run(command, check=False).returncode
        if code:
            print(f'{count} robots, {backend}: not measured (status {code}), nor any more of '
                  'this kind', file=sys.stderr)
            return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
