# SPDX-License-Identifier: Apache-2.0
"""
The leader's policy: when slots have to be assigned, and to whom.

Only a leader with a quorum runs it, and it holds no protocol state: a new leader starts with an
empty one. What it proposes names the epoch that it saw, so that a late duplicate is refused.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from swarm_coordination.errors import CommandError
from swarm_coordination.mission.assignment import assign
from swarm_coordination.mission.commands import AssignSlots, StartMission
from swarm_coordination.mission.formations import (
    check_slots,
    FormationLimits,
    PointMm,
    slot_offsets,
    turned,
)
from swarm_coordination.mission.paths import Path, Vector
from swarm_coordination.mission.settings import MissionSettings
from swarm_coordination.mission.state import MissionState
from swarm_coordination.units import from_mm, seconds_to_ns, to_mm

# A robot whose applied index is this close behind has caught up: commands of the last moments
# are still on their way to everybody.
CATCH_UP_ENTRIES = 16


class LiveRobot(NamedTuple):
    """A robot not declared silent, of the same configuration, self included."""

    robot: int  # storage id
    position: Vector  # m; its last known one
    applied: int  # log index it has applied


class MissionPlanner:
    """
    Proposes slot assignments; call ``plan`` at every tick of a leader.

    ``problem`` says why no assignment can be proposed although one is needed; empty otherwise.
    """

    def __init__(self, settings: MissionSettings, limits: FormationLimits) -> None:
        self._settings = settings
        self._limits = limits
        self._differs_since: dict[int, int] = {}
        self._mission = 0
        self._unassigned_since = 0
        self._proposed_at: int | None = None
        self.problem = ''

    def plan(
        self,
        state: MissionState,
        alive: Iterable[LiveRobot],
        progress_m: float,
        pending: bool,
        now: int,
    ) -> AssignSlots | None:
        """
        Return the assignment to propose now, or None.

        ``progress_m``: where the formation's reference stands on the mission's path. (A shift
        of all slots adds a constant to the sum of squared distances: it decides nothing, but
        costs near zero stay exact.)
        ``pending``: an assignment of this leader is in the log and not yet applied.
        """
        mission = state.mission
        if mission is None or mission.aborted:
            self._differs_since.clear()
            self.problem = ''
            return None
        if mission.index != self._mission:
            self._mission, self._unassigned_since = mission.index, now
        robots = {r.robot: r for r in alive if r.robot not in state.removed}
        if not self._due(state, mission.command, robots, now):
            self.problem = ''
            return None
        if pending or self._waiting(now):
            return None
        members = self._members(state, robots)
        if not members:
            return None
        proposal = self._propose(state, mission.index, mission.command, members, progress_m)
        if proposal is not None:
            self._proposed_at = now
        return proposal

    def _waiting(self, now: int) -> bool:
        delay = seconds_to_ns(self._settings.retry_delay_s)
        return self._proposed_at is not None and now - self._proposed_at < delay

    def _due(
        self, state: MissionState, command: StartMission, robots: dict[int, LiveRobot], now: int
    ) -> bool:
        """Whether the assignment has been missing or wrong for long enough."""
        if not state.assigned:
            self._differs_since.clear()
            return now - self._unassigned_since >= seconds_to_ns(self._settings.assign_delay_s)
        assigned = {robot for robot in state.slots if robot}
        lost = assigned - robots.keys()
        returned = {r for r in robots.keys() - assigned if _caught_up(robots[r], state)}
        if command.on_loss == 'keep_slots':
            # The lost keep their slots; newcomers are fitted in once nobody is missing.
            returned, lost = (returned if not lost else set()), set()
        differs = sorted(lost | returned)
        self._differs_since = {r: self._differs_since.get(r, now) for r in differs}
        return any(
            now - self._differs_since[r]
            >= seconds_to_ns(
                self._settings.repack_delay_s if r in lost else self._settings.return_delay_s
            )
            for r in differs
        )

    def _members(self, state: MissionState, robots: dict[int, LiveRobot]) -> dict[int, PointMm]:
        """Who gets a slot: every live robot that has caught up or has a slot already."""
        return {
            robot: (to_mm(live.position[0]), to_mm(live.position[1]), to_mm(live.position[2]))
            for robot, live in sorted(robots.items())
            if state.slot_of(robot) >= 0 or _caught_up(live, state)
        }

    def _propose(
        self,
        state: MissionState,
        mission: int,
        command: StartMission,
        members: dict[int, PointMm],
        progress_m: float,
    ) -> AssignSlots | None:
        try:
            check_slots(command.formation, len(members), self._limits)
        except CommandError as error:
            self.problem = str(error)
            return None
        self.problem = ''
        slots = slot_positions(command, len(members), progress_m)
        return AssignSlots(mission, state.epoch, assign(members, slots))


def _caught_up(live: LiveRobot, state: MissionState) -> bool:
    return live.applied >= state.index - CATCH_UP_ENTRIES


def slot_positions(command: StartMission, count: int, progress_m: float) -> tuple[PointMm, ...]:
    """Positions of all slots in mm, in ``map``, with the reference at ``progress_m``."""
    x, y, z = Path(command.path).at(progress_m).position
    offsets = turned(slot_offsets(command.formation, count), command.yaw_mrad)
    return tuple(
        (to_mm(x + from_mm(dx)), to_mm(y + from_mm(dy)), to_mm(z + from_mm(dz)))
        for dx, dy, dz in offsets
    )
