# SPDX-License-Identifier: Apache-2.0
"""
Once all faults have ended the swarm heals: what is still wrong, and by when nothing may be.

Healed is: one leader that all know, the same log committed and applied everywhere, the same state,
every accepted intent in it, everybody held alive by everybody, every stop in force obeyed.
"""

from __future__ import annotations

from swarm_coordination.arena.arena import Arena
from swarm_coordination.campaign.command_rules import CommandRules
from swarm_coordination.campaign.operator_rules import OperatorRules
from swarm_coordination.robot.outputs import RobotStatus

# A robot that has to be declared silent first, an election with two split votes, and two
# hundred commands that were queued in an island: each takes less than half of it.
BOUND_MS = 12_000
# How often it is looked at.
LOOK_MS = 250
# An entry that was on its way at the end of a run is everywhere after this long: no fault lasts,
# so it takes some beacons.
UNDER_WAY_MS = 1_000


def unhealed(
    arena: Arena, commands: CommandRules, operators: OperatorRules | None = None
) -> str:
    """Return what is still wrong; empty where the swarm has healed."""
    statuses = [status for node in arena.nodes if (status := arena.status(node.number))]
    if len(statuses) < len(arena.nodes):
        return 'not everybody runs'
    leader = arena.agreed_leader()
    if leader is None:
        views = ', '.join(f'{s.name}: {s.leader_name or "none"} in {s.term}' for s in statuses)
        return f'no leader that all know: {views}'
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
