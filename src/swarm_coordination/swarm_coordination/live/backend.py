# SPDX-License-Identifier: Apache-2.0
"""
A swarm of real processes as a backend that scenarios are played on.

One process for each robot and one for the world; this one watches over DDS, kills and restarts.
What the processes are, and on which bus they are watched, is the ``Middleware``'s to say.
Times are of one clock: the host's steady one, or that of a simulation which all follow.
"""

from __future__ import annotations

from collections.abc import Mapping
import itertools
import json
from pathlib import Path
import time
from typing import Any, NamedTuple, Protocol

from swarm_coordination.configuration import SwarmFile
from swarm_coordination.errors import StorageError, SwarmError
from swarm_coordination.live.bus import Bus
from swarm_coordination.live.fleet import Fleet
from swarm_coordination.live.network import Network
from swarm_coordination.live.observer import Handlers, Observer
from swarm_coordination.live.provisioning import provision_swarm
from swarm_coordination.live.starting import python
from swarm_coordination.persistence import Entry
from swarm_coordination.robot.outputs import CommittedEntry, RobotEvent, RobotStatus
from swarm_coordination.scenario.backend import Groups, Proposal, TrueState
from swarm_coordination.scenario.recorder import Recorder
from swarm_coordination.scenario.run import write_swarm
from swarm_coordination.scenario.schema import RadioSettings, Scenario
from swarm_coordination.simulation.invariants import Invariants
from swarm_coordination.simulation.radio import Radio
from swarm_coordination.storage.provision import FILE_NAME
from swarm_coordination.storage.store import Storage
from swarm_coordination.units import ns_to_seconds

WORLD = 'world'
ATTACKER = 'attacker'
# What processes of one busy host need for a frame, and what most scenarios ask for.
HOST_LATENCY_MS = 40.0
# A Python process on a busy host needs some seconds to start, a simulation with a window more.
START_TIMEOUT_S = 30.0
OTHERS_START_TIMEOUT_S = 120.0


class Middleware(Protocol):
    """What carries a swarm: its name for reports, its processes, and the way to them."""

    @property
    def name(self) -> str:
        """Return the backend's name for reports."""
        ...

    @property
    def stopping(self) -> bool:
        """Whether a signal has asked for the end."""
        ...

    def robot_bus(self, robot: str) -> Bus:
        """Return the bus on which a robot is watched and asked."""
        ...

    def world_bus(self) -> Bus:
        """Return the bus on which the world is watched and asked."""
        ...

    def world_command(self, run: Run) -> list[str] | None:
        """Return the command of the world's process; None: somebody else starts the world."""
        ...

    def robot_command(self, run: Run, robot: str, disk: Path) -> list[str]:
        """Return the command of a robot's process."""
        ...

    def spin_until(self, deadline_s: float) -> None:
        """Serve the buses until ``time.monotonic()`` reaches ``deadline_s``."""
        ...

    def versions(self) -> dict[str, str]:
        """Return what of others' software this run used."""
        ...

    def close(self) -> None:
        """Leave the domain."""
        ...


class Run(NamedTuple):
    """What processes are told of a run."""

    scenario: str  # path
    swarm_file: str  # path
    robots: tuple[str, ...]
    seed: int
    radio_filter: bool  # whether receivers draw what they hear: the network loses nothing
    latency_ms: float = 0.0  # with which receivers take what they hear: the network has none
    jitter_ms: float = 0.0


class ProcessSwarm:
    """
    Robots as processes over DDS; implements ``scenario.backend.Backend``.

    ``folder`` is the folder of the run: disks, logs. Call ``start``, then ``update`` some 10
    times a second, then ``end``, then ``compare_disks``.
    """

    def __init__(
        self,
        scenario: Scenario,
        swarm: SwarmFile,
        seed: int,
        recorder: Recorder,
        folder: Path,
        middleware: Middleware,
        fleet: Fleet,
        network: Network,
    ) -> None:
        self.name = middleware.name
        self.robots = swarm.names
        self._run = Run(
            scenario.source,
            write_swarm(scenario, swarm, folder),
            swarm.names,
            seed,
            not network.loses_packets,
            *delays(scenario.radio),
        )
        self._network = network
        self._recorder, self._folder = recorder, folder
        self._middleware, self._fleet = middleware, fleet
        self.invariants = Invariants(self._broken)
        control = swarm.robots[0].settings.control
        self._safety_distance_m = control.safety_distance_m
        self._radio = Radio(scenario.radio, control.range_m, self.robots)
        self._observer = Observer(
            {name: middleware.robot_bus(name) for name in self.robots},
            middleware.world_bus(),
            Handlers(self._on_status, self._on_entry, self._on_event, self._on_closest),
        )
        self._tickets = itertools.count(1)
        self._clock = middleware.world_bus().clock
        self._start_ns = self._clock.now()
        self._applied: dict[str, int] = {}
        self._too_close: set[tuple[str, str]] = set()
        self._groups: Groups = ()
        self._mutes: dict[tuple[str, str], None] = {}  # in the order they came
        self._ended: set[str] = set()

    # ---------------------------------------------------------------- start and end

    def start(self) -> None:
        """
        Provision, start the world, then every robot: the time of the run begins with that.

        Raises SwarmError, with the end of its log, where the world does not start.
        """
        # Every robot votes: an imposed split leaves the quorum with the larger group.
        provision_swarm(self._folder / 'robots', self.robots)
        command = self._middleware.world_command(self._run)
        if command is None:
            self._wait_for_world(OTHERS_START_TIMEOUT_S)
        else:
            self._fleet.start(WORLD, command, self._folder / f'{WORLD}.log')
            self._wait_for_world(START_TIMEOUT_S)
            self._fleet.begin_measuring(WORLD)
        self._start_ns = self._clock.now()
        for name in self.robots:
            command = self._network.inside(
                name, self._middleware.robot_command(self._run, name, self.disk(name))
            )
            self._fleet.start(name, command, self._folder / f'{name}.log')

    def _wait_for_world(self, timeout_s: float) -> None:
        """Wait until it tells where every robot is, and its time has begun."""
        deadline = time.monotonic() + timeout_s
        while not self._middleware.stopping:
            if len(self._observer.truth) == len(self.robots) and self._clock.now() > 0:
                return
            self._middleware.spin_until(time.monotonic() + 0.1)
            self._check_starts()
            if time.monotonic() > deadline:
                raise SwarmError(f'the world has not started within {timeout_s:g} s')

    def _check_starts(self) -> None:
        """Raise SwarmError where a process has ended before it ever reported."""
        for name, code in self._fleet.unexpected():
            if name not in self._observer.seen and (name, code) != (ATTACKER, 0):
                tail = self._fleet.log_tail(name)
                raise SwarmError(f'{name} ended at start with status {code}:\n{tail}')

    def update(self) -> None:
        """
        Look after processes and requests.

        Raises SwarmError where a robot's process has ended before it ever reported.
        """
        self._observer.ask_again()
        if self._observer.truth:
            self._radio.place(self._observer.truth)
            self._network.shape(self._radio)
        self._check_starts()
        for name, code in self._fleet.unexpected():
            if name not in self._ended and (name, code) != (ATTACKER, 0):
                self._ended.add(name)
                self._broken(f'{name} ended with status {code}: {self._fleet.log_tail(name, 1)}')
        while self._observer.problems:
            self._broken(self._observer.problems.pop())

    def end(self) -> None:
        """Measure, then end every process."""
        self._recorder.record.processes.update(self._fleet.figures())
        self._fleet.end()
        attacks = self._attacks()
        if attacks:
            self._recorder.record.figures['attacks'] = attacks

    def compare_disks(self) -> None:
        """Check that all disks hold one log, as far as each robot had applied it."""
        logs: dict[str, dict[int, Entry]] = {}
        ends: dict[str, int] = {}
        states: dict[int, bytes] = {}
        for name in self.robots:
            try:
                storage, recovered = Storage.recover(self.disk(name))
            except StorageError as error:
                self._broken(f'disk of {name}: {error}')
                continue
            storage.close()
            applied, snapshot = self._applied.get(name, 0), recovered.snapshot
            logs[name] = {e.index: e for e in recovered.entries if e.index <= applied}
            ends[name] = max([0 if snapshot is None else snapshot.index, *logs[name]])
            if ends[name] < applied:
                self._broken(f'disk of {name}: ends at {ends[name]}, {applied} applied')
            if snapshot is not None and snapshot.state != states.setdefault(
                snapshot.index, snapshot.state
            ):
                self._broken(f'disk of {name}: another state at entry {snapshot.index}')
        common: dict[int, Entry] = {}
        for name, entries in logs.items():
            if any(common.setdefault(index, entry) != entry for index, entry in entries.items()):
                self._broken(f'disk of {name}: its log is not that of the others')
        self._recorder.record.figures['disk_entries'] = ends

    def disk(self, robot: str) -> Path:
        """Return the folder that is the robot's disk."""
        return self._folder / 'robots' / robot

    # ---------------------------------------------------------------- the backend interface

    @property
    def now_s(self) -> float:
        """Seconds since the run began."""
        return ns_to_seconds(self._clock.now() - self._start_ns)

    def running(self) -> tuple[str, ...]:
        """Return the names of the robots whose process runs."""
        return tuple(name for name in self.robots if self._fleet.running(name))

    def statuses(self) -> Mapping[str, RobotStatus]:
        """Return the newest status of every running robot."""
        known = self._observer.statuses
        return {name: known[name] for name in self.running() if name in known}

    def truth(self) -> Mapping[str, TrueState]:
        """Return the newest true state of every plant."""
        return self._observer.truth

    def links(self) -> tuple[tuple[str, str], ...]:
        """Return the pairs that hear each other, imposed cuts included."""
        return self._radio.links()

    def reach(self) -> tuple[tuple[str, str], ...]:
        """Return the pairs within range of each other."""
        return self._radio.reach()

    def propose(self, robot: str, command: str) -> int:
        """Hand a command to a robot; returns a ticket."""
        ticket = next(self._tickets)
        self._observer.propose(robot, command, ticket)
        return ticket

    def proposal(self, ticket: int) -> Proposal:
        """Return what became of a proposal."""
        return self._observer.proposals[ticket]

    def kill(self, robot: str) -> None:
        """SIGKILL a robot's process."""
        self._fleet.kill(robot)
        self._observer.forget(robot)

    def restart(self, robot: str, *, keep_disk: bool) -> None:
        """Start a killed robot's process again; without its disk only its identity is left."""
        if not keep_disk:
            for path in self.disk(robot).iterdir():
                if path.name != FILE_NAME:
                    path.unlink()
        self.invariants.restarted(robot)
        self._fleet.restart(robot)

    def set_partition(self, groups: Groups | None) -> None:
        """Let only robots of the same group hear each other; None heals, ``mute`` too."""
        self._groups = groups or ()
        if groups is None:
            self._mutes.clear()
        self._radio.cut(groups)
        self._cut()

    def mute(self, robot: str, receivers: tuple[str, ...]) -> None:
        """Let ``receivers`` no longer hear ``robot``, who goes on hearing them."""
        self._mutes.update(dict.fromkeys((robot, receiver) for receiver in receivers))
        self._radio.mute(robot, receivers)
        self._cut()

    def _cut(self) -> None:
        self._network.shape(self._radio)
        self._observer.set_cuts(self._groups, tuple(self._mutes))

    def stop(self, robot: str, level: int) -> None:
        """Raise a safety stop at a robot."""
        self._observer.stop(robot, level)

    def attack(self, rate_hz: float, for_s: float) -> None:
        """Start a process without the key that sends so many hostile frames a second."""
        command = python(
            'swarm_coordination.dds.attacker',
            '--rate', str(rate_hz), '--seconds', str(for_s), '--seed', str(self._run.seed),
        )
        self._fleet.start(ATTACKER, command, self._folder / f'{ATTACKER}.log')

    def attacking(self) -> bool:
        """Whether that process runs."""
        return self._fleet.running(ATTACKER)

    def _attacks(self) -> list[dict[str, Any]]:
        """Return what each attacker told at its end."""
        log = self._folder / f'{ATTACKER}.log'
        lines = log.read_text(errors='replace').splitlines() if log.exists() else []
        return [json.loads(line) for line in lines if line[:1] + line[-1:] == '{}']

    def stops(self) -> tuple[tuple[str, int], ...]:
        """Return (robot, counter) of every stop that was answered."""
        return tuple(self._observer.stops)

    # ---------------------------------------------------------------- what happens

    def _at(self, time_ns: int) -> float:
        return max(0.0, ns_to_seconds(time_ns - self._start_ns))

    def _on_status(self, robot: str, status: RobotStatus) -> None:
        if not self._fleet.running(robot):
            return  # a last word from the grave, or somebody who came into our domain
        self._fleet.begin_measuring(robot)
        self.invariants.status(robot, status)
        self._recorder.status(self._at(status.time_ns), robot, status)

    def _on_entry(self, robot: str, entry: CommittedEntry) -> None:
        self._applied[robot] = entry.index
        self.invariants.committed(robot, entry)
        self._recorder.committed(self.now_s, robot, self._fleet.lives(robot), entry)

    def _on_event(self, robot: str, event: RobotEvent) -> None:
        self._recorder.event(self._at(event.time_ns), robot, event, self._fleet.lives(robot))
        if event.kind == 'snapshot_installed':
            self.invariants.jumped(robot, event.value)

    def _on_closest(self, distance_m: float, first: str, second: str) -> None:
        self._recorder.closest(self.now_s, distance_m, first, second)
        if distance_m < self._safety_distance_m and (first, second) not in self._too_close:
            self._too_close.add((first, second))
            self._broken(f'{first} and {second} are {distance_m:.3f} m apart')

    def _broken(self, text: str) -> None:
        self._recorder.violation(f'{self.now_s:.3f} s: {text}')


def delays(radio: RadioSettings) -> tuple[float, float]:
    """Return latency and jitter that receivers have to add: those beyond a busy host's own."""
    found = radio.latency_ms, radio.jitter_ms
    return found if sum(found) > HOST_LATENCY_MS else (0.0, 0.0)
