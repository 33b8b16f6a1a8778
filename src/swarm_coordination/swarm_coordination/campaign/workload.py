# SPDX-License-Identifier: Apache-2.0
"""
What clients and operators do meanwhile: puts, compare-and-sets, deletions, reads, missions, stops.

Every client talks to a robot that it changes now and then. Which commands come when is drawn from
the seed alone, so that a shrunk schedule meets the same load.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
import random
from typing import NamedTuple

from swarm_coordination.arena.arena import Arena, START_NS
from swarm_coordination.campaign.clients import Clients
from swarm_coordination.campaign.profiles import Profile
from swarm_coordination.campaign.schedule import FIRST_MS, Schedule
from swarm_coordination.mission.commands import (
    Abort,
    Command,
    Delete,
    Hold,
    Put,
    Resume,
    StartMission,
    TransferLeadership,
)
from swarm_coordination.mission.formations import Formation
from swarm_coordination.units import NS_PER_MS

KEYS = 5
# Of a long command: a frame holds one of them, so entries travel one by one.
_LONG_CHARS = 380
# Shares of commands that are no puts.
_CAS, _MISSION, _PAUSE, _TRANSFER = 0.35, 0.03, 0.03, 0.02
_READS = 0.2  # of all that is asked for
_LASTING = 1 / 3  # of the runs with stops
# Deletions come besides: so many for each command, and of these those that expect a version.
_DELETIONS, _CONDITIONAL = 0.15, 0.3
# More than the deletions that a blackboard remembers, though some of them are asked of the dead;
# after so many begins the first again, which is forgotten by then.
_FLEETING = 90


class _Guess(NamedTuple):
    """What a client believes of a key."""

    version: int = 0
    held: bool = False


class _Deletion(NamedTuple):
    """One to come."""

    at_ms: float
    robot: int
    key: str
    conditional: bool


class Workload:
    """Pushes a seed's commands into an arena's queue; the rules hear of those taken."""

    def __init__(
        self, arena: Arena, schedule: Schedule, profile: Profile, clients: Clients
    ) -> None:
        self._arena, self._clients = arena, clients
        self._rng = rng = random.Random(f'{schedule.profile}/{schedule.seed}/load')
        self._guessed: dict[str, _Guess] = {}  # a compare-and-set may well fail
        self._count = 0
        self._until_ms = schedule.calm_ms
        self._long_every = profile.long_every
        deletions = deque(self._deletions(schedule, profile))
        at = float(FIRST_MS) / 2
        while profile.commands_per_s and (
            at := at + rng.expovariate(profile.commands_per_s / 1000.0)
        ) < profile.calm_ms:
            while deletions and deletions[0].at_ms <= at:
                self._push_deletion(deletions.popleft())
            robot = rng.randrange(len(arena.nodes))
            if rng.random() < _READS:
                self._push_read(round(at), robot)
            else:
                self._push(round(at), robot, self._command())
        if rng.random() < profile.stops:
            self._push_stops(schedule, profile)
        if profile.fleeting_per_s:
            self._push_fleeting(schedule, profile)

    def _deletions(self, schedule: Schedule, profile: Profile) -> Iterator[_Deletion]:
        """Yield deletions of the keys that others write, apart from the draws of all else."""
        rng = random.Random(f'{schedule.profile}/{schedule.seed}/deletions')
        per_ms, at_ms = _DELETIONS * profile.commands_per_s / 1000.0, float(FIRST_MS) / 2
        while per_ms and (at_ms := at_ms + rng.expovariate(per_ms)) < profile.calm_ms:
            robot, key = rng.randrange(len(self._arena.nodes)), f'k{rng.randrange(KEYS)}'
            yield _Deletion(at_ms, robot, key, rng.random() < _CONDITIONAL)

    def _push_deletion(self, deletion: _Deletion) -> None:
        key = deletion.key
        expected = self._expected(key) if deletion.conditional else None
        if self._expected(key):
            self._guess(key, held=False)
        self._push(round(deletion.at_ms), deletion.robot, Delete(key, expected))

    def _push_fleeting(self, schedule: Schedule, profile: Profile) -> None:
        """Write keys and delete them soon after, so many that deletions are forgotten."""
        rng, count = random.Random(f'{schedule.profile}/{schedule.seed}/fleeting'), 0
        at = float(FIRST_MS)
        while (at := at + rng.expovariate(profile.fleeting_per_s / 1000.0)) < profile.calm_ms:
            key, robots = f'f{count % _FLEETING}', range(len(self._arena.nodes))
            self._push(round(at), rng.choice(robots), Put(key, f'v{count}'))
            for delay_ms in (rng.uniform(100.0, 1_000.0), rng.uniform(1_000.0, 3_000.0)):
                self._push(round(at + delay_ms), rng.choice(robots), Delete(key))
            count += 1

    def _expected(self, key: str) -> int:
        """Return the version that a client believes a key to have; 0: it holds nothing."""
        guess = self._guessed.get(key, _Guess())
        return guess.version if guess.held else 0

    def _guess(self, key: str, *, held: bool) -> None:
        """Believe that a key was written or deleted."""
        self._guessed[key] = _Guess(self._guessed.get(key, _Guess()).version + 1, held)

    def _push(self, at_ms: int, robot: int, command: Command) -> None:
        def submit(now: int) -> None:
            self._clients.submit(robot, command)

        self._at(at_ms, submit)

    def _at(self, at_ms: int, act: Callable[[int], None]) -> None:
        """Have something done, unless the schedule was cut before."""
        if at_ms < self._until_ms:
            self._arena.queue.push(START_NS + at_ms * NS_PER_MS, act)

    def _push_read(self, at_ms: int, robot: int) -> None:
        key = f'k{self._rng.randrange(KEYS)}'

        def read(now: int) -> None:
            self._clients.read(robot, key)

        self._at(at_ms, read)

    def _push_stops(self, schedule: Schedule, profile: Profile) -> None:
        """
        Stop the swarm at one robot up to three times; lift at others what is in force by then.

        In a third of the runs nobody lifts the last one, which has to outlast the healing.
        """
        rng, robots = self._rng, len(self._arena.nodes)
        issuer = rng.randrange(robots)
        stops: list[int] = []
        lifts: list[tuple[int, int]] = []
        for _ in range(rng.randint(1, 3)):
            stops.append(rng.randrange(FIRST_MS, profile.calm_ms // 2))
            lifter = rng.randrange(robots)
            lifts.append((rng.randrange(stops[-1], profile.calm_ms), lifter))
        # Apart from the others, whose draws are those of loads on record.
        lasting = random.Random(f'{schedule.profile}/{schedule.seed}/lasting stop')
        until_ms = max(stops) if lasting.random() < _LASTING else profile.calm_ms
        for at_ms in stops:
            self._at(at_ms, lambda now: self._clients.stop(issuer))
        for at_ms, lifter in lifts:
            if at_ms < until_ms:
                self._push_lift(at_ms, lifter)

    def _push_lift(self, at_ms: int, lifter: int) -> None:
        self._at(at_ms, lambda now: self._clients.lift(lifter))

    def _command(self) -> Command:
        rng = self._rng
        self._count += 1
        draw = rng.random()
        command: Command
        if draw < _CAS:
            key = f'k{rng.randrange(KEYS)}'
            expected = max(0, self._expected(key) - rng.choice((0, 0, 0, 1)))
            command = Put(key, f'c{self._count}', expected)
            self._guess(key, held=True)
        elif draw < _CAS + _MISSION:
            x = rng.randrange(-20_000, 20_000)
            path = ((0, 0, 0), (x, 10_000, 0))
            command = StartMission(f'm{self._count}', Formation('line', 3_000), path, 300, 3_000)
        elif draw < _CAS + _MISSION + _PAUSE:
            command = rng.choice((Hold(), Resume(), Abort()))
        elif draw < _CAS + _MISSION + _PAUSE + _TRANSFER:
            command = TransferLeadership(rng.choice(self._arena.nodes).storage_id)
        else:
            key = f'k{rng.randrange(KEYS)}'
            text = 'x' * _LONG_CHARS if rng.randrange(self._long_every) == 0 else ''
            command = Put(key, f'p{self._count}{text}')
            self._guess(key, held=True)
        return command
