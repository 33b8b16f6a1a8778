# SPDX-License-Identifier: Apache-2.0
"""
Once all faults have ended the swarm heals: what is still wrong, and by when nothing may be.

Healed is: one leader that all know, the same log committed and applied everywhere, the same state,
every accepted intent in it, everybody held alive by everybody, every stop in force obeyed. From
then on commands may come, so that logs differ for moments; but one leader leads on in its term,
unless it says that it hands over, and nobody is taken for dead.
"""

from __future__ import annotations

from collections.abc import Collection

from swarm_coordination.arena.arena import Arena
from swarm_coordination.arena.node import Node
from swarm_coordination.arena.observer import Observer
from swarm_coordination.campaign.broken import InvariantBroken
from swarm_coordination.campaign.command_rules import CommandRules
from swarm_coordination.campaign.operator_rules import OperatorRules
from swarm_coordination.campaign.stop_rules import StopRules
from swarm_coordination.campaign.tally import tally
from swarm_coordination.robot.coordinator import Coordinator
from swarm_coordination.robot.outputs import RobotOutput, RobotStatus
from swarm_coordination.units import NS_PER_MS

HEALS, STAYS, PROMOTED = 'Heals', 'Stays healed', 'Who can vote does'
# A robot that has to be declared silent first, an election with two split votes, and two
# hundred commands that were queued in an island: each takes less than half of it.
BOUND_MS = 12_000
# How often it is looked at.
LOOK_MS = 250
# What a fault began may end so long after it: a verdict on who was not heard, an election.
SETTLED_MS = 3_000
# An entry that was on its way at the end of a run is everywhere after this long, and so is who
# leads after a hand-over: no fault lasts, so it takes some beacons.
UNDER_WAY_MS = 1_000


class Healing(Observer):
    """
    Looks at a swarm from the end of all faults on: it has to heal, and to stay healed.

    ``healed_ms``: how long after the last fault it had; None while it has not.
    """

    def __init__(
        self,
        arena: Arena,
        commands: CommandRules,
        stops: StopRules,
        operators: OperatorRules | None,
    ) -> None:
        self.checks = tally(HEALS, STAYS, PROMOTED)
        self.healed_ms: int | None = None
        self._arena, self._commands, self._stops = arena, commands, stops
        self._operators = operators
        self._term = 0  # in which it had healed; 0 before
        self._settling_ns = 0  # a leader has handed over: until then others may not know the next

    def after(self, node: Node, core: Coordinator, output: RobotOutput, now: int) -> None:
        """Note who hands over: the next term is no fault then."""
        if any(event.kind == 'transfer' for event in output.events):
            self._settling_ns = now + UNDER_WAY_MS * NS_PER_MS

    def look(self, since_ms: int) -> None:
        """Look so long after the last fault; raises InvariantBroken."""
        if self._term:
            settled = since_ms > SETTLED_MS and self._arena.queue.now > self._settling_ns
            self.checks[STAYS] += settled
            lost = unstable(self._arena, self._term)
            if not lost:
                return
            self._term, self.healed_ms = 0, None
            if settled:
                raise InvariantBroken(STAYS, _late(since_ms, lost))
        wrong = self.wrong()
        leader = self._arena.agreed_leader()
        if not wrong and leader is not None and leader.core is not None:
            self.checks[HEALS] += 1
            self._term, self.healed_ms = leader.core.term, since_ms
            self.check_stops()
        elif since_ms >= BOUND_MS and self._arena.queue.now > self._settling_ns:
            self.checks[HEALS] += 1
            raise InvariantBroken(HEALS, _late(since_ms, wrong))

    def wrong(self) -> str:
        """Return what is wrong now; empty where the swarm is whole."""
        return unhealed(self._arena, self._commands, self._operators)

    def check_stops(self) -> None:
        """Check that everybody in a swarm that is whole obeys exactly the stops in force."""
        for node in self._arena.nodes:
            if node.core is not None:
                self._stops.check(node, node.core)


def _late(since_ms: int, what: str) -> str:
    return f'{since_ms / 1000:g} s after the last fault: {what}'


def unstable(arena: Arena, term: int) -> str:
    """Return what a swarm has lost that had healed in ``term``; empty where nothing."""
    leader = arena.agreed_leader()
    if leader is None or leader.core is None:
        return _leaderless(_statuses(arena))
    if leader.core.term != term:
        return f'{leader.name} leads term {leader.core.term}; it had healed in term {term}'
    return _lonely(_statuses(arena))


def unhealed(
    arena: Arena, commands: CommandRules, operators: OperatorRules | None = None
) -> str:
    """Return what is still wrong; empty where the swarm has healed."""
    statuses = _statuses(arena)
    if len(statuses) < len(arena.nodes):
        return 'not everybody runs'
    leader = arena.agreed_leader()
    if leader is None:
        return _leaderless(statuses)
    return (
        _differing('log', [(s.last_index, s.commit, s.applied) for s in statuses], statuses)
        or _uncommitted(statuses)
        or _differing('state', [s.state_hash for s in statuses], statuses)
        or _lonely(statuses)
        or _waiting(statuses, commands)
        or (
            operators.unhealed(statuses, leader, commands.removed)
            if operators is not None else ''
        )
    )


def unpromoted(arena: Arena, lost: Collection[int], voters_max: int) -> str:
    """
    Return which learners of a healed swarm should vote by now; empty where nobody has to.

    The policy makes an odd number of voters (``robot/membership_policy.py``): one learner for an
    even one, else two. Robots whose disks were ``lost`` may have to wait until they are evicted.
    """
    leader = arena.agreed_leader()
    status = arena.status(leader.number) if leader is not None else None
    if status is None:
        return ''
    whole = [node.name for node in arena.nodes if node.number not in lost]
    able = [name for name in whole if name in status.learners]
    count = len(status.voters)
    missing = 1 if count % 2 == 0 else 2
    if len(able) < missing or count + missing > voters_max:
        return ''
    return f'{count} vote, and {", ".join(able)} could'


def _statuses(arena: Arena) -> list[RobotStatus]:
    """Return the statuses of those that live."""
    return [status for node in arena.nodes if (status := arena.status(node.number))]


def _leaderless(statuses: list[RobotStatus]) -> str:
    views = ', '.join(f'{s.name}: {s.leader_name or "none"} in {s.term}' for s in statuses)
    return f'no leader that all know: {views}'


def _differing(what: str, values: list[object], statuses: list[RobotStatus]) -> str:
    if len(set(map(repr, values))) == 1:
        return ''
    told = ', '.join(f'{s.name}: {value}' for s, value in zip(statuses, values))
    return f'not the same {what}: {told}'


def _uncommitted(statuses: list[RobotStatus]) -> str:
    status = statuses[0]
    if status.applied == status.commit == status.last_index:
        return ''
    return f'{status.last_index} entries, {status.commit} committed, {status.applied} applied'


def _lonely(statuses: list[RobotStatus]) -> str:
    names = {status.name for status in statuses}
    for status in statuses:
        if set(status.alive) != names:
            missing = ', '.join(sorted(names.symmetric_difference(status.alive)))
            return f'{status.name} is wrong about who lives: {missing}'
    return ''


def _waiting(statuses: list[RobotStatus], commands: CommandRules) -> str:
    for status in statuses:
        if status.pending_intents:
            return f'{status.name} has {status.pending_intents} intents that are not committed'
    lost = commands.lost()
    return f'{len(lost)} accepted commands are not in the log' if lost else ''
