# SPDX-License-Identifier: Apache-2.0
"""
The leader's policy: when slots have to be assigned, to whom, and where the formation lies.

Only a leader with a quorum runs it, and it holds no protocol state: a new leader starts with an
empty one. What it proposes names the epoch that it saw, so that a late duplicate is refused. While
nobody is missing it rearranges: neighbours that offer each other their slots exchange them
(``offers``), and a formation that is stuck is shrunk and opened again (``regrouping``).
"""

from __future__ import annotations

from collections.abc import Iterable
import math
from typing import NamedTuple

from swarm_coordination.area.standing import objection
from swarm_coordination.errors import CommandError
from swarm_coordination.mission.assignment import assign
from swarm_coordination.mission.commands import AssignSlots, SCALE_MIN_PM, StartMission
from swarm_coordination.mission.formations import (
    check_slots,
    Formation,
    FormationLimits,
    Layout,
    PointMm,
)
from swarm_coordination.mission.offers import exchanged, Offer
from swarm_coordination.mission.paths import Vector
from swarm_coordination.mission.places import Places
from swarm_coordination.mission.regrouping import Regrouping
from swarm_coordination.mission.repacking import beside, CLEAR_M, split_off
from swarm_coordination.mission.settings import MissionSettings
from swarm_coordination.mission.snapshot import Mission
from swarm_coordination.mission.state import MissionState
from swarm_coordination.units import from_mm, ns_to_seconds, seconds_to_ns, to_mm

# A robot whose applied index is this close behind has caught up: commands of the last moments
# are still on their way to everybody.
CATCH_UP_ENTRIES = 16


class LiveRobot(NamedTuple):
    """A robot not declared silent, of the same configuration, self included."""

    robot: int  # storage id
    position: Vector  # m; its last known one
    applied: int  # log index it has applied
    offer: Offer = Offer()  # for which slot it would give its own


class SilentRobot(NamedTuple):
    """A robot declared silent, and where it was seen last."""

    robot: int  # storage id
    position: Vector  # m


class MissionPlanner:
    """
    Proposes slot assignments; call ``plan`` at every tick of a leader.

    ``problem`` says why no assignment can be proposed although one is needed; empty otherwise.
    """

    def __init__(self, settings: MissionSettings, limits: FormationLimits) -> None:
        self._settings = settings
        self._limits = limits
        self._differs_since: dict[int, int] = {}
        self._lost: tuple[int, ...] = ()
        self._lost_wait_s = 0.0
        self._mission = 0
        self._unassigned_since = 0
        self._proposed_at: int | None = None
        self._rearranged_at = 0
        self._regrouping = Regrouping()
        self._regrouped_epoch = -1
        self.problem = ''

    def plan(
        self,
        state: MissionState,
        alive: Iterable[LiveRobot],
        silent: Iterable[SilentRobot],
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
            self._regrouping = Regrouping()
        robots = {r.robot: r for r in alive if r.robot not in state.removed}
        bodies = {r.robot: r.position for r in silent if r.robot not in state.removed}
        due = self._due(state, mission.command, robots, bodies, now)
        if not due:
            self.problem = ''
        if pending or self._waiting(now):
            return None
        proposal = None
        if due:
            proposal = self._repack(state, mission, robots, bodies, progress_m)
        elif mission.command.rearrange and not mission.held:
            whole = not bodies  # who is held up by a dead robot needs its room, not less
            proposal = self._rearrange(state, mission, robots, progress_m, whole, now)
        if proposal is not None:
            self._proposed_at = now
        return proposal

    def _waiting(self, now: int) -> bool:
        delay = seconds_to_ns(self._settings.retry_delay_s)
        return self._proposed_at is not None and now - self._proposed_at < delay

    # ---------------------------------------------------------------- who is missing

    def _due(
        self,
        state: MissionState,
        command: StartMission,
        robots: dict[int, LiveRobot],
        bodies: dict[int, Vector],
        now: int,
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
        lost_wait_s = self._wait_for(tuple(sorted(lost)), robots, bodies)
        return any(
            now - self._differs_since[r]
            >= seconds_to_ns(lost_wait_s if r in lost else self._settings.return_delay_s)
            for r in differs
        )

    def _wait_for(
        self, lost: tuple[int, ...], robots: dict[int, LiveRobot], bodies: dict[int, Vector]
    ) -> float:
        """Return how long (s) the lost are waited for: longer where a gap may be between."""
        if lost != self._lost:
            seen = [bodies[robot] for robot in lost if robot in bodies]
            living = [live.position for live in robots.values()]
            apart = split_off(seen, living, self._limits.range_m)
            settings = self._settings
            self._lost_wait_s = settings.split_wait_s if apart else settings.repack_delay_s
            self._lost = lost
        return self._lost_wait_s

    # ---------------------------------------------------------------- packed anew

    def _members(self, state: MissionState, robots: dict[int, LiveRobot]) -> dict[int, PointMm]:
        """Who gets a slot: every live robot that has caught up or has a slot already."""
        return {
            robot: _in_mm(live.position)
            for robot, live in sorted(robots.items())
            if state.slot_of(robot) >= 0 or _caught_up(live, state)
        }

    def _repack(
        self,
        state: MissionState,
        mission: Mission,
        robots: dict[int, LiveRobot],
        bodies: dict[int, Vector],
        progress_m: float,
    ) -> AssignSlots | None:
        """Give all members the formation of so many, beside the silent."""
        members = self._members(state, robots)
        if not members:
            return None
        try:
            limits = self._limits._replace(resilience=1)  # who is left flies on, as it can
            for formation in _formations(mission.command):
                check_slots(formation, len(members), limits)
        except CommandError as error:
            self.problem = str(error)
            return None
        self.problem = ''
        layout = self._clear_of(bodies, mission, len(members), progress_m)
        slots = Places(mission.command, len(members), layout).slots(progress_m)
        return AssignSlots(mission.index, state.epoch, assign(members, slots), layout)

    def _clear_of(
        self, bodies: dict[int, Vector], mission: Mission, count: int, progress_m: float
    ) -> Layout:
        """
        Return the layout in which nobody comes to stand within the disc of a silent robot.

        On the way the formation passes by: only where it ends, or is held, is looked at.
        """
        if not bodies:
            return Layout()
        places = Places(mission.command, count)
        stand = places.slots(progress_m) if mission.held else places.goals()
        clear_m = self._limits.silent_radius_m + CLEAR_M
        slots = [tuple(map(from_mm, slot)) for slot in stand]
        dx, dy = beside(slots, bodies.values(), clear_m)
        limits = self._limits
        if any(
            objection(limits.area, slot[0] + dx, slot[1] + dy, slot[2], limits.obstacle_clear_m)
            for slot in slots
        ):
            return Layout()  # rather near a dead robot than outside the zone
        return Layout(shift=(to_mm(dx), to_mm(dy)))

    # ---------------------------------------------------------------- rearranged

    def _rearrange(
        self,
        state: MissionState,
        mission: Mission,
        robots: dict[int, LiveRobot],
        progress_m: float,
        whole: bool,
        now: int,
    ) -> AssignSlots | None:
        """Exchange slots as neighbours offer; where all are there, free a stuck formation."""
        places = state.places()
        held = {robot: slot for slot, robot in enumerate(state.slots) if robot}
        if places is None or held.keys() - robots.keys():
            return None
        if now - self._rearranged_at < seconds_to_ns(self._settings.rearrange_delay_s):
            return None
        self._rearranged_at = now
        flown = {robot: robots[robot] for robot in sorted(held)}
        taken = exchanged(state, {robot: live.offer for robot, live in flown.items()})
        if taken is not None:
            return AssignSlots(mission.index, state.epoch, taken, state.layout)
        if not whole:
            return None
        slots = [tuple(map(from_mm, slot)) for slot in places.slots(progress_m)]
        scale_pm = self._regrouped(state, flown, held, slots, now)
        if scale_pm is None:
            return None
        layout = state.layout._replace(scale_pm=scale_pm)
        return AssignSlots(mission.index, state.epoch, state.slots, layout)

    def _regrouped(
        self,
        state: MissionState,
        flown: dict[int, LiveRobot],
        held: dict[int, int],
        slots: list[tuple[float, ...]],
        now: int,
    ) -> int | None:
        """Return the scale (per mille) to commit; None to leave it."""
        now_s, scale = ns_to_seconds(now), state.layout.scale_pm / 1000.0
        if state.epoch != self._regrouped_epoch:
            self._regrouped_epoch = state.epoch
            self._regrouping.begin(now_s)
        errors = [math.dist(live.position, slots[held[r]]) for r, live in flown.items()]
        tightest = min(
            (self._limits.apart(a, b) / scale for i, a in enumerate(slots) for b in slots[:i]),
            default=math.inf,
        )
        if tightest <= 0.0:
            return None  # one formation becomes another: no scale parts slots that meet
        needed_m = self._limits.safety_distance_m + self._limits.margin_m
        least = max(needed_m / tightest, SCALE_MIN_PM / 1000.0)
        wanted = self._regrouping.scale(errors, scale, least, now_s)
        return None if wanted is None else math.ceil(1000.0 * wanted)


def _formations(command: StartMission) -> Iterable[Formation]:
    yield command.formation
    for change in command.changes:
        yield change.formation


def _caught_up(live: LiveRobot, state: MissionState) -> bool:
    return live.applied >= state.index - CATCH_UP_ENTRIES


def _in_mm(position: Vector) -> PointMm:
    return (to_mm(position[0]), to_mm(position[1]), to_mm(position[2]))
