# SPDX-License-Identifier: Apache-2.0
"""
What operators do to a swarm: move leadership, take robots off the roster, start new ones.

And what batteries do: they run low, the leader's more often than others', and are changed, or not.
A robot is told its charge whenever that changes and whenever its process starts. Which action
comes when is drawn from the seed alone; "the leader" is whoever leads at that moment.
"""

from __future__ import annotations

from collections.abc import Callable
import random

from swarm_coordination.arena.arena import Arena, START_NS
from swarm_coordination.arena.node import Node
from swarm_coordination.arena.observer import Observer
from swarm_coordination.campaign.clients import Clients
from swarm_coordination.campaign.profiles import Profile
from swarm_coordination.campaign.schedule import FIRST_MS, late, Schedule
from swarm_coordination.consensus.messages import Role
from swarm_coordination.mission.commands import (
    Command,
    Put,
    RosterRemove,
    TransferLeadership,
)
from swarm_coordination.persistence import Recovered
from swarm_coordination.units import NS_PER_MS

FULL, LOW = 1.0, 0.1  # charges: above and below membership.battery_min
# Between two of a kind, on average: a leader lives through some of each.
_TRANSFERS_MS, _BATTERIES_MS = 3_000, 6_000
_TO_LEADER = 0.25  # of transfers: to whoever leads already
_LEADERS = 0.6  # of low batteries and of removals: the leader's
_CHANGED = 0.6  # of low batteries: those that are changed, within these ms
_CHANGE_MS = (1_000, 10_000)
# So many robots stay on the roster: two would halt with the loss of one.
STAY_MIN = 3
_REMOVALS_MAX = 2
# Whoever talks to a robot that is being removed asks for one thing more, within these ms.
_UNAWARE_MS = 150
# A robot that nobody could be asked to remove is asked for again this often.
_AGAIN_MS = 500
# Before the calm: what a removal takes that has to wait for an eviction and a new leader.
_LAST_REMOVAL_MS = 6_000


class Operators(Observer):
    """
    Pushes a seed's actions into an arena's queue.

    ``low``: numbers of the robots that are short of battery now.
    """

    def __init__(
        self, arena: Arena, schedule: Schedule, profile: Profile, clients: Clients
    ) -> None:
        self._arena, self._clients = arena, clients
        self._rng = rng = random.Random(f'{schedule.profile}/{schedule.seed}/operators')
        self._until_ms = schedule.calm_ms
        self.low: set[int] = set()
        self._removing: set[int] = set()
        count = len(arena.nodes)
        for robot in late(schedule, profile):
            self._at(rng.randrange(FIRST_MS, schedule.calm_ms), self._starts(robot))
        self._spread(_TRANSFERS_MS, lambda: self._transfers(
            self._draw(_TO_LEADER), rng.randrange(count)))
        self._spread(_BATTERIES_MS, self._batteries)
        for _ in range(min(rng.randint(0, _REMOVALS_MAX), count - STAY_MIN)):
            at_ms = rng.randrange(FIRST_MS, schedule.calm_ms - _LAST_REMOVAL_MS)
            self._at(at_ms, self._removals(self._draw(_LEADERS)))

    def started(self, node: Node, recovered: Recovered, now: int) -> None:
        """Tell a process its charge, as its battery does all the time."""
        if node.core is not None and node.number in self.low:
            node.core.battery(LOW)

    # ---------------------------------------------------------------- when, and whom

    def _at(self, at_ms: int, act: Callable[[int], None]) -> None:
        if at_ms < self._until_ms:
            self._arena.queue.push(START_NS + at_ms * NS_PER_MS, act)

    def _spread(self, apart_ms: int, make: Callable[[], Callable[[int], None]]) -> None:
        at_ms = float(FIRST_MS) / 2
        while (at_ms := at_ms + self._rng.expovariate(1.0 / apart_ms)) < self._until_ms:
            self._at(round(at_ms), make())

    def _draw(self, leaders: float) -> int | None:
        """Return a robot's number; None for whoever leads when it happens."""
        robot = self._rng.randrange(len(self._arena.nodes))
        return None if self._rng.random() < leaders else robot

    def _resolve(self, robot: int | None) -> int:
        if robot is not None:
            return robot
        leaders = [
            (node.core.term, node.number) for node in self._arena.nodes
            if node.core is not None and node.core.role is Role.LEADER
        ]
        return max(leaders, default=(0, 0))[1]

    # ---------------------------------------------------------------- what is done

    def _starts(self, robot: int) -> Callable[[int], None]:
        return lambda now: self._arena.restart(robot)

    def _transfers(self, target: int | None, asked: int) -> Callable[[int], None]:
        def transfer(now: int) -> None:
            node = self._arena.nodes[self._resolve(target)]
            self._clients.submit(asked, TransferLeadership(node.storage_id))

        return transfer

    def _batteries(self) -> Callable[[int], None]:
        whose = self._draw(_LEADERS)
        changed = self._rng.random() < _CHANGED
        lasts_ms = self._rng.randint(*_CHANGE_MS)

        def runs_low(now: int) -> None:
            robot = self._resolve(whose)
            self._charge(robot, LOW)
            if changed:
                self._arena.queue.push(
                    now + lasts_ms * NS_PER_MS, lambda at: self._charge(robot, FULL)
                )

        return runs_low

    def _charge(self, robot: int, charge: float) -> None:
        (self.low.add if charge is LOW else self.low.discard)(robot)
        core = self._arena.nodes[robot].core
        if core is not None:
            core.battery(charge)

    def _removals(self, whom: int | None) -> Callable[[int], None]:
        unaware_ns = self._rng.randrange(_UNAWARE_MS) * NS_PER_MS

        def remove(now: int) -> None:
            robot = self._resolve(whom)
            if robot not in self._removing:
                self._removing.add(robot)
                self._ask(RosterRemove(self._arena.nodes[robot].storage_id))
                self._arena.queue.push(now + unaware_ns, lambda at: self._puts(robot))

        return remove

    def _puts(self, robot: int) -> None:
        self._clients.submit(robot, Put('k0', f'of{robot}'))

    def _ask(self, command: Command) -> None:
        """Ask one robot after the other, until one takes the command."""
        asked = self._rng.randrange(len(self._arena.nodes))
        if self._clients.submit(asked, command) is None:
            again = self._arena.queue.now + _AGAIN_MS * NS_PER_MS
            if again < START_NS + self._until_ms * NS_PER_MS:
                self._arena.queue.push(again, lambda now: self._ask(command))
