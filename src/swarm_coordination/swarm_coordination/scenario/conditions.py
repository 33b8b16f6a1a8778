# SPDX-License-Identifier: Apache-2.0
"""Decide from statuses and ground truth whether a condition of a scenario holds right now."""

from __future__ import annotations

from collections.abc import Mapping, Set
import math
from typing import NamedTuple

from swarm_coordination.consensus.messages import Role
from swarm_coordination.robot.outputs import RobotStatus
from swarm_coordination.scenario.backend import TrueState
from swarm_coordination.scenario.formation import CommittedFormation
from swarm_coordination.scenario.schema import Condition, ConditionKind
from swarm_coordination.views import Mode

# References stop a rounding step short of the path's end.
ARRIVED_M = 0.02


class Situation(NamedTuple):
    """What the director sees at one instant."""

    robots: tuple[str, ...]
    running: tuple[str, ...]
    statuses: Mapping[str, RobotStatus]
    truth: Mapping[str, TrueState]
    formation: CommittedFormation
    applied: Set[tuple[str, int, int]]  # (robot, session, serial) that robots applied
    accepted: tuple[tuple[int, int], ...]  # (session, serial) acknowledged so far
    owners: Mapping[int, str]  # robot by storage id
    asked: frozenset[str]  # robots that have not yet answered something proposed to them


def common_leader(group: tuple[str, ...], seen: Situation) -> str:
    """Name of the leader that every robot of ``group`` follows in one term; "" where none."""
    known = {(seen.statuses[n].term, seen.statuses[n].leader_name) for n in group}
    if len(known) != 1:
        return ''
    leader = next(iter(known))[1]
    if leader not in group or not seen.statuses[leader].quorum:
        return ''
    return leader if seen.statuses[leader].leader == seen.statuses[leader].storage_id else ''


def holds(condition: Condition, group: tuple[str, ...], seen: Situation) -> bool:
    """
    Whether ``condition`` is true of every robot of ``group`` now.

    False for an empty group, and while one of its robots has not reported yet or is dead.
    """
    if not group or any(name not in seen.statuses for name in group):
        return False
    kind = condition.kind
    if kind is ConditionKind.LEADER:
        return common_leader(group, seen) != ''
    if kind is ConditionKind.FORMATION:
        error = seen.formation.error(group, seen.truth, seen.statuses)
        return error is not None and error.absolute_m <= condition.bound
    if kind is ConditionKind.SLOTS:
        return _slotted(group, seen)
    if kind is ConditionKind.ONE_LOG:
        return _one_log(group, seen)
    if kind is ConditionKind.COMMITTED:
        return seen.asked.isdisjoint(group) and all(
            (name, session, serial) in seen.applied
            for session, serial in seen.accepted
            if seen.owners.get(session) in group
            for name in group
        )
    return all(_robot_holds(condition, name, group, seen) for name in group)


def _robot_holds(
    condition: Condition, name: str, group: tuple[str, ...], seen: Situation
) -> bool:
    status, kind = seen.statuses[name], condition.kind
    if kind is ConditionKind.ARRIVED:
        at_end = status.progress_m >= seen.formation.path_length_m - ARRIVED_M
        return status.slot >= 0 and status.epoch == seen.formation.epoch and at_end
    if kind is ConditionKind.CAUGHT_UP:
        newest = max(other.commit for other in seen.statuses.values())
        return status.commit == status.applied == newest
    if kind is ConditionKind.HOLDING:
        return status.mode == Mode.LEASE_EXPIRED
    if kind is ConditionKind.SEEKING:
        return status.mode == Mode.SEEK
    if kind is ConditionKind.FLYING:
        return status.mode == Mode.FLY
    if kind is ConditionKind.STANDING:
        state = seen.truth[name]
        return math.hypot(state.vx, state.vy, state.vz) <= condition.bound
    if kind is ConditionKind.APART:
        return all(other in group for other in status.alive)
    if kind is ConditionKind.VOTERS:
        return status.may_vote and status.role != Role.LEARNER
    return all(other in status.alive for other in seen.running)  # TOGETHER


def _slotted(group: tuple[str, ...], seen: Situation) -> bool:
    """Whether the slots of the newest assignment are those of ``group``, and all know it."""
    statuses = [seen.statuses[name] for name in group]
    if {status.storage_id for status in statuses} != seen.formation.assigned:
        return False
    return all(s.slot >= 0 and s.epoch == seen.formation.epoch for s in statuses)


def _one_log(group: tuple[str, ...], seen: Situation) -> bool:
    states = {(seen.statuses[n].applied, seen.statuses[n].state_hash) for n in group}
    waiting = any(seen.statuses[name].pending_intents for name in group)
    return len(states) == 1 and not waiting
