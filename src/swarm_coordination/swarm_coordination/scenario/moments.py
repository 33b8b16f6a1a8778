# SPDX-License-Identifier: Apache-2.0
"""How long after something was done the swarm had dealt with it, from the record of statuses."""

from __future__ import annotations

from collections.abc import Iterator

from swarm_coordination.robot.outputs import RobotStatus
from swarm_coordination.scenario.backend import Groups
from swarm_coordination.scenario.record import ActionTaken, Record


def time_to_new_leader(record: Record, kill: ActionTaken) -> float | None:
    """Seconds from ``kill`` until all survivors knew the same other leader; None: never."""
    dead = set(kill.robots) | _dead_before(record, kill.time_s)
    for time_s, known in _after(record, kill.time_s):
        survivors = {name: status for name, status in known.items() if name not in dead}
        if len(survivors) < len(record.robots) - len(dead):
            continue
        leaders = {(s.term, s.leader_name) for s in survivors.values()}
        if len(leaders) == 1 and next(iter(leaders))[1] in survivors:
            return time_s - kill.time_s
    return None


def time_to_start(record: Record, restart: ActionTaken) -> float | None:
    """Seconds from ``restart`` until the new process reported; None: never."""
    for time_s, known in _after(record, restart.time_s, fresh_from=restart.robots[0]):
        if restart.robots[0] in known:
            return time_s - restart.time_s
    return None


def time_to_catch_up(record: Record, restart: ActionTaken) -> float | None:
    """
    Seconds from the new process's first report until it had log and slot; None: never.

    Log: it has applied whatever any robot knew as committed then. Slot: one of the newest
    assignment that anybody knew.
    """
    robot, first_s = restart.robots[0], None
    for time_s, known in _after(record, restart.time_s, fresh_from=robot):
        status = known.get(robot)
        if status is None:
            continue
        first_s = time_s if first_s is None else first_s
        newest = max(other.commit for other in known.values())
        epoch = max(other.epoch for other in known.values())
        if status.applied == newest and status.slot >= 0 and status.epoch == epoch:
            return time_s - first_s
    return None


def time_to_one_log(record: Record, heal_s: float) -> float | None:
    """
    Seconds from a heal until all running robots had one log and nothing queued; None: never.

    One log: equal applied index and state hash.
    """
    for time_s, known in _after(record, heal_s):
        states = {(s.applied, s.state_hash) for n, s in known.items() if n in record.final}
        waiting = any(s.pending_intents for n, s in known.items() if n in record.final)
        if len(states) == 1 and not waiting and time_s > heal_s:
            return time_s - heal_s
    return None


def time_to_contact(record: Record, groups: Groups, heal_s: float) -> float | None:
    """Seconds from a heal until every running robot counts one of each group as alive; or None."""
    for time_s, known in _after(record, heal_s):
        met = all(
            any(name in status.alive for name in group)
            for status in known.values()
            for group in groups
        )
        if met and time_s > heal_s:
            return time_s - heal_s
    return None


def _after(
    record: Record, start_s: float, fresh_from: str = ''
) -> Iterator[tuple[float, dict[str, RobotStatus]]]:
    """
    Yield each moment after ``start_s`` at which a status came, with all newest statuses.

    What ``fresh_from`` said before is left out: it has been restarted.
    """
    known: dict[str, RobotStatus] = {}
    for change in record.statuses:
        if change.time_s <= start_s:
            if change.robot != fresh_from:
                known[change.robot] = change.status
            continue
        known[change.robot] = change.status
        yield change.time_s, known


def _dead_before(record: Record, time_s: float) -> set[str]:
    """Return the robots that had been killed and not restarted by then."""
    dead: set[str] = set()
    for action in record.actions:
        if action.time_s > time_s:
            break
        if action.do == 'kill':
            dead |= set(action.robots)
        elif action.do == 'restart':
            dead -= set(action.robots)
    return dead
