# SPDX-License-Identifier: Apache-2.0
"""
A whole swarm in virtual time, as a backend that scenarios are played on.

Every source of randomness is seeded by the run's seed and its own purpose, and every event goes
through one queue: equal seeds give equal traces.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
import itertools
import random
from typing import Any

from swarm_coordination.configuration import SwarmFile
from swarm_coordination.robot.outputs import RobotOutput, RobotStatus
from swarm_coordination.scenario.backend import Groups, Proposal, TrueState
from swarm_coordination.scenario.recorder import Recorder
from swarm_coordination.scenario.schema import Scenario
from swarm_coordination.simulation.disk import VirtualDisk
from swarm_coordination.simulation.event_queue import EventQueue
from swarm_coordination.simulation.hostile import Forger
from swarm_coordination.simulation.invariants import Invariants
from swarm_coordination.simulation.member import Member
from swarm_coordination.simulation.radio import Radio
from swarm_coordination.simulation.trace_hash import Trace
from swarm_coordination.simulation.world import World
from swarm_coordination.storage.provision import make_cluster
from swarm_coordination.units import NS_PER_MS, NS_PER_S, ns_to_seconds, seconds_to_ns
from swarm_coordination.wire.codec import WireCodec

# Robots of one process clock start well above zero, as a steady clock does.
START_NS = 1_000 * NS_PER_S
# The processes of a swarm do not start in the same instant.
START_SPREAD_NS = 200 * NS_PER_MS
# Each frame is decoded once for all its receivers; enough for all that are in the air at once.
FRAMES_CACHED = 512


class VirtualSwarm:
    """
    Robots, plants, radio and disks in virtual time; implements ``scenario.backend.Backend``.

    ``swarm`` names the robots (already cut to the number wanted); what happens goes to
    ``recorder``.
    """

    name = 'virtual'

    def __init__(
        self, scenario: Scenario, swarm: SwarmFile, seed: int, recorder: Recorder
    ) -> None:
        self.robots = swarm.names
        self.trace = Trace()
        self.queue = EventQueue(START_NS)
        self.invariants = Invariants(self._broken)
        control = swarm.robots[0].settings.control
        self.radio = Radio(scenario.radio, control.range_m, self.robots)
        starts = tuple((robot.name, robot.start) for robot in swarm.robots)
        turning = [robot.name for robot in swarm.robots if robot.kind == 'differential']
        self.world = World(starts, scenario.world, START_NS, turning)
        self._seed = seed
        self._scenario = scenario
        self._recorder = recorder
        self._safety_distance_m = control.safety_distance_m
        self._too_close: set[tuple[str, str]] = set()
        self._air = self._random('radio')
        self._forger: Forger | None = None  # from the first attack on
        self._attacks: list[Forger] = []
        self._attack_end_ns = 0
        self._noise = self._random('noise')
        self._free_ns = [START_NS] * len(self.robots)
        self._tickets = itertools.count(1)
        self._asked: dict[int, Member] = {}
        self.frames_lost = 0
        self.frames_heard = 0
        self._stops: list[tuple[str, int]] = []  # a scenario raises at most 100
        self.bytes_sent = [0] * len(self.robots)
        self._members = self._make_members(swarm)
        self._member = {member.name: member for member in self._members}
        self._start()

    # ---------------------------------------------------------------- the backend interface

    @property
    def now_s(self) -> float:
        """Seconds of virtual time since the start."""
        return ns_to_seconds(self.queue.now - START_NS)

    def advance(self, seconds: float) -> None:
        """Let virtual time pass."""
        self.queue.run_until(self.queue.now + seconds_to_ns(seconds))

    def running(self) -> tuple[str, ...]:
        """Return the names of the robots that run."""
        return tuple(member.name for member in self._members if member.robot is not None)

    def statuses(self) -> Mapping[str, RobotStatus]:
        """Return the status of every running robot, as of now."""
        now = self.queue.now
        found = {member.name: member.status(now) for member in self._members}
        return {name: status for name, status in found.items() if status is not None}

    def truth(self) -> Mapping[str, TrueState]:
        """Return the true state of every plant."""
        return self.world.truth()

    def links(self) -> tuple[tuple[str, str], ...]:
        """Return the pairs that hear each other, imposed cuts included."""
        return self.radio.links()

    def reach(self) -> tuple[tuple[str, str], ...]:
        """Return the pairs within range of each other."""
        return self.radio.reach()

    def propose(self, robot: str, command: str) -> int:
        """Hand a command to a robot; returns a ticket."""
        ticket = next(self._tickets)
        self._asked[ticket] = self._member[robot]
        self.trace.note(self.queue.now, f'propose {robot} {command}')
        self._member[robot].propose(command, ticket, self.queue.now)
        return ticket

    def proposal(self, ticket: int) -> Proposal:
        """Return what became of a proposal."""
        return self._asked[ticket].proposals[ticket]

    def kill(self, robot: str) -> None:
        """End a robot's process at once."""
        self.trace.note(self.queue.now, f'kill {robot}')
        self._member[robot].crash()

    def restart(self, robot: str, *, keep_disk: bool) -> None:
        """Start a killed robot's process again."""
        self.trace.note(self.queue.now, f'restart {robot} {keep_disk}')
        member = self._member[robot]
        if not keep_disk:
            member.disk.wipe()
        self.invariants.restarted(robot)
        member.start(self.queue.now)

    def set_partition(self, groups: Groups | None) -> None:
        """Let only robots of the same group hear each other; None heals."""
        self.trace.note(self.queue.now, f'partition {groups}')
        self.radio.cut(groups)

    def mute(self, robot: str, receivers: tuple[str, ...]) -> None:
        """Let ``receivers`` no longer hear ``robot``, which goes on hearing them."""
        self.trace.note(self.queue.now, f'mute {robot} {receivers}')
        self.radio.mute(robot, receivers)

    def attack(self, rate_hz: float, for_s: float) -> None:
        """Let somebody without the key send so many hostile frames a second, heard by all."""
        self.trace.note(self.queue.now, f'attack {rate_hz} {for_s}')
        forger = self._forger = Forger(self._random(f'attack/{self.queue.now}'))
        gap_ns, end_ns = round(NS_PER_S / rate_hz), self.queue.now + seconds_to_ns(for_s)
        self._attacks.append(forger)
        self._attack_end_ns = max(self._attack_end_ns, end_ns)

        def send(now: int) -> None:
            _, frame = forger.forge()
            for member in self._members:
                member.receive(frame, now)
            if now + gap_ns < end_ns:
                self.queue.push(now + gap_ns, send)

        self.queue.push(self.queue.now + gap_ns, send)

    def attacking(self) -> bool:
        """Whether hostile frames are still to come."""
        return self.queue.now < self._attack_end_ns

    def stop(self, robot: str, level: int) -> None:
        """Raise a safety stop at a robot."""
        self.trace.note(self.queue.now, f'stop {robot} {level}')
        counter = self._member[robot].stop(level, self.queue.now)
        if counter is not None:
            self._stops.append((robot, counter))

    def stops(self) -> tuple[tuple[str, int], ...]:
        """Return (robot, counter) of every stop raised."""
        return tuple(self._stops)

    def figures(self) -> dict[str, Any]:
        """Return what only a simulator can tell of a run."""
        heard, lost = self.frames_heard, self.frames_lost
        attacks = [
            {'frames': sum(forger.made.values()), 'kinds': dict(sorted(forger.made.items()))}
            for forger in self._attacks
        ]
        return {
            **({'attacks': attacks} if attacks else {}),
            'trace_hash': self.trace.hexdigest(),
            'events': self.queue.handled,
            'invariant_checks': self.invariants.checks,
            'frames': {'heard': heard, 'not_heard': lost},
            'syncs': {member.name: member.disk.syncs for member in self._members},
            'relaxations': {
                member.name: member.robot.report.relaxations
                for member in self._members
                if member.robot is not None and member.robot.report is not None
            },
        }

    # ---------------------------------------------------------------- inside

    def _random(self, purpose: str) -> random.Random:
        # A text seed goes through SHA-512 (random.seed, version 2): no hash randomisation.
        return random.Random(f'{self._seed}/{purpose}')

    def _make_members(self, swarm: SwarmFile) -> tuple[Member, ...]:
        provisions = make_cluster(self.robots, self._random('provision'))
        codec = WireCodec(
            provisions[0].key,
            provisions[0].cluster_id,
            swarm.config_hash,
            cache_size=FRAMES_CACHED,
        )
        members = []
        for number, (configuration, provision) in enumerate(zip(swarm.robots, provisions)):
            disk = VirtualDisk(provision, self.queue, self._sync_times(configuration.name))
            members.append(
                Member(
                    number,
                    configuration,
                    disk,
                    self.world.plants[configuration.name],
                    codec,
                    self._random(f'robot/{configuration.name}'),
                    self.queue,
                    self._outlet,
                )
            )
        return tuple(members)

    def _sync_times(self, name: str) -> Callable[[], int]:
        settings, rng = self._scenario.disk, self._random(f'disk/{name}')
        return lambda: round((settings.sync_ms + settings.jitter_ms * rng.random()) * NS_PER_MS)

    def _start(self) -> None:
        rng = self._random('start')
        self.radio.place(self.world.truth())
        for member in self._members:
            self.queue.push(START_NS + rng.randrange(START_SPREAD_NS), member.start)
        self.queue.push(START_NS + self.world.step_ns, self._step)

    def _step(self, now: int) -> None:
        closest = self.world.step(now)
        now_s = ns_to_seconds(now - START_NS)
        if closest.first:
            self._recorder.closest(now_s, *closest)
            pair = (closest.first, closest.second)
            if closest.distance_m < self._safety_distance_m and pair not in self._too_close:
                self._too_close.add(pair)
                self._broken(
                    f'{closest.first} and {closest.second} are {closest.distance_m:.3f} m apart'
                )
        self.radio.place(self.world.truth())
        for member in self._members:
            member.observe(now, self._offset())
        self.queue.push(now + self.world.step_ns, self._step)

    def _offset(self) -> tuple[float, float]:
        sigma = self._scenario.world.pose_noise_m
        if sigma == 0.0:
            return (0.0, 0.0)
        return (self._noise.gauss(0.0, sigma), self._noise.gauss(0.0, sigma))

    def _outlet(self, number: int, output: RobotOutput, now: int) -> None:
        """Take what a robot handed over: into the record, and into the air."""
        self.trace.output(number, output, now)
        member = self._members[number]
        now_s = ns_to_seconds(now - START_NS)
        for event in output.events:
            self._recorder.event(now_s, member.name, event, member.life)
            if event.kind == 'snapshot_installed':
                self.invariants.jumped(member.name, event.value)
        for entry in output.committed:
            self.invariants.committed(member.name, entry)
            self._recorder.committed(now_s, member.name, member.life, entry)
        if output.committed or output.events:
            status = member.status(now)
            if status is not None:
                self.invariants.status(member.name, status)
                self._recorder.status(now_s, member.name, status)
        for frame in output.frames:
            self._transmit(number, frame, now)

    def _transmit(self, sender: int, frame: bytes, now: int) -> None:
        radio, size = self.radio, len(frame)
        sent = max(now, self._free_ns[sender]) + radio.airtime_ns(size)
        self._free_ns[sender] = sent
        self.bytes_sent[sender] += size
        if self._forger is not None:
            self._forger.hear(frame)
        for receiver in range(len(self._members)):
            if receiver == sender:
                continue
            # Both lots are drawn for every receiver: a death changes no other robot's luck.
            lot, jitter = self._air.random(), self._air.random()
            if lot >= radio.reception(sender, receiver, size):
                self.frames_lost += 1
                continue
            self.queue.push(
                sent + radio.delay_ns(jitter),
                lambda at, to=receiver: self._deliver(sender, to, frame, at),  # type: ignore[misc]
            )

    def _deliver(self, sender: int, receiver: int, frame: bytes, now: int) -> None:
        if self.radio.joined(sender, receiver):
            self.frames_heard += 1
            self._members[receiver].receive(frame, now)

    def _broken(self, text: str) -> None:
        self._recorder.violation(f'{self.now_s:.3f} s: {text}')
