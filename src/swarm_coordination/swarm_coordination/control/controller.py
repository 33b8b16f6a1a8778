# SPDX-License-Identifier: Apache-2.0
"""
The formation controller: own pose, neighbour table and target in; a safe velocity out.

Each update, in this order:

1. nominal velocity: track the slot (FLY), keep station (HOLD), else brake and stand; brake too
   when pose, table or target are missing, stale or refused;
2. release the links that this very table certifies as superfluous;
3. half-spaces for every robot known, every link kept, and everything in the area near;
4. the admissible velocity nearest to the nominal one (``filter``); what had to be given up for it
   is counted.

A standing robot passes the filter too: its nominal velocity is 0, which is admissible unless a
distance is already violated. Without a usable own pose nothing can be filtered: the last command
is braked in a straight line.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from swarm_coordination.area.shapes import Area, NOWHERE_CLOSED
from swarm_coordination.area.ways import Ways
from swarm_coordination.control.bodies import Bodies
from swarm_coordination.control.filter import admissible, reachable
from swarm_coordination.control.halfspaces import (
    collision_rows,
    HalfSpace,
    link_rows,
    Relaxation,
    silent_rows,
)
from swarm_coordination.control.nominal import bounded, brake, STANDSTILL, track
from swarm_coordination.control.obstacles import Surround
from swarm_coordination.control.picture import Picture
from swarm_coordination.control.settings import ControlSettings
from swarm_coordination.control.watch import PoseGate, TableGate, TargetGate
from swarm_coordination.errors import UsageError
from swarm_coordination.settings import declared
from swarm_coordination.units import ns_to_seconds, seconds_to_ns
from swarm_coordination.views import (
    FormationTarget,
    Liveness,
    Mode,
    NeighborTable,
    Pose,
    VelocityCommand,
)

# Modes in which a robot brakes and stands, and the word that says so.
_STANDING = {
    Mode.IDLE: 'idle',
    Mode.LEASE_EXPIRED: 'lease_expired',
    Mode.STOPPED: 'stopped',
    Mode.ABORTED: 'aborted',
}
# Ways are planned so far beyond the least distance from obstacles: the filter slows down there.
WAY_MARGIN_M = 0.15
_ORIGIN = Pose(0.0, 0.0, 0.0, 0.0)


class ControlReport(NamedTuple):
    """One update of the controller. All numbers are finite."""

    time_ns: int
    command: VelocityCommand  # frame ``map``
    nominal: VelocityCommand  # before the safety filter
    kept: tuple[int, ...]  # robots whose link is kept, ascending
    released: tuple[int, ...]  # robots whose link is live but certified superfluous, ascending
    rows: int  # half-spaces that could bind
    relaxation: Relaxation
    relaxations: tuple[int, int, int, int]  # updates so far at each level above NONE
    nearest_m: float | None  # distance to the nearest last known position; None: nobody known
    deviation_mps: float  # |command - nominal| in the plane
    slot_error_m: float | None  # distance to the slot; None without pose or target
    braking: bool  # standing or coming to a stand, not following the mission
    reasons: tuple[str, ...]  # why it brakes: fixed words, see ``FormationController``
    poses_refused: int
    tables_refused: int
    targets_refused: int
    obstacle_gap_m: float | None  # to the nearest obstacle or zone edge near; None: none is near


class FormationController:
    """
    Turns a ``NeighborTable`` and a ``FormationTarget`` into a ``VelocityCommand``.

    ``reasons`` of a report are of: ``pose_missing``, ``pose_stale``, ``pose_refused``,
    ``pose_frozen`` (it stands still although commands ask for metres),
    ``table_missing``, ``table_stale``, ``target_missing``, ``target_stale``, ``no_slot``,
    ``idle``, ``lease_expired``, ``stopped``, ``aborted``; ``hold`` does not brake.
    """

    def __init__(
        self,
        robot_id: int,
        settings: ControlSettings,
        now: int = 0,
        area: Area = NOWHERE_CLOSED,
    ) -> None:
        """Start standing; ``settings`` have passed ``check_control``."""
        self._robot = robot_id
        self._settings = settings
        self._pose = PoseGate(settings)
        self._table = TableGate(robot_id, settings.table_timeout_s)
        self._target = TargetGate(settings.target_timeout_s)
        self._command: VelocityCommand | None = None
        self._updated_ns = now
        self._deadline_ns = now
        self._relaxations = [0, 0, 0, 0]
        self._surround = Surround(area)
        clear_m = settings.obstacle_clear_m + WAY_MARGIN_M
        self._ways = None if area.empty else Ways(area, clear_m)
        self._bodies = Bodies(area, clear_m)

    def observe(self, pose: Pose, velocity: tuple[float, float, float], now: int) -> bool:
        """
        Take the own pose and velocity (frame ``map``); return False where refused.

        ``now`` is the time (ns) they are of, which may lie before the present.
        """
        taken = self._pose.offer(pose, now)
        if taken and self._command is None and all(map(math.isfinite, velocity)):
            # Started while moving: braking begins from the motion there is. What is faster than
            # the robot can be is no motion of its own, and no command to begin from.
            self._command = VelocityCommand(*bounded(*velocity, self._settings), 0.0)
        return taken

    def table(self, table: NeighborTable, now: int) -> bool:
        """Take a neighbour table; return False where refused."""
        return self._table.offer(table, now)

    def target(self, target: FormationTarget, now: int) -> bool:
        """Take a formation target; return False where refused."""
        return self._target.offer(target, now)

    def adjust(self, settings: ControlSettings) -> None:
        """
        Use ``settings`` from the next update on.

        They may differ in live fields only: those shape the nominal velocity, which passes the
        safety filter whatever it is. Raises UsageError for any other difference.
        """
        for name, declaration in declared(settings).items():
            if not declaration.live and getattr(settings, name) != getattr(self._settings, name):
                raise UsageError(f'{name} is fixed while the controller runs')
        self._settings = settings

    def next_deadline(self) -> int:
        """Time (ns) at which ``update`` is due."""
        return self._deadline_ns

    def update(self, now: int) -> ControlReport:
        """Return the command for the coming period and what led to it."""
        self._pose.asked(self._command or STANDSTILL, self._elapsed_s(now))
        reasons = self._reasons(now)
        braking = any(reason != 'hold' for reason in reasons)
        nominal = self._nominal(now, braking, hold='hold' in reasons)
        command, level = nominal, Relaxation.NONE
        picture, table = self._picture(now), self._table.table
        kept: list[int] = []
        released: tuple[int, ...] = ()
        rows: list[HalfSpace] = []
        nearest: float | None = None
        gap: float | None = None
        if picture is not None and table is not None:
            released = picture.released()
            rows, kept, nearest = self._rows(picture, table, released)
        if self._pose.fresh(now):
            command, level, gap = self._filtered(nominal, rows, braking, now)
        self._command, self._updated_ns = command, now
        self._deadline_ns = self._next_due(now)
        return ControlReport(
            time_ns=now,
            command=command,
            nominal=nominal,
            kept=tuple(kept),
            released=released,
            rows=len(rows),
            relaxation=level,
            relaxations=(
                self._relaxations[0],
                self._relaxations[1],
                self._relaxations[2],
                self._relaxations[3],
            ),
            nearest_m=nearest,
            deviation_mps=math.hypot(command.vx - nominal.vx, command.vy - nominal.vy),
            slot_error_m=self._slot_error(),
            braking=braking,
            reasons=reasons,
            poses_refused=self._pose.refused,
            tables_refused=self._table.refused,
            targets_refused=self._target.refused,
            obstacle_gap_m=gap,
        )

    def _rows(
        self, picture: Picture, table: NeighborTable, released: tuple[int, ...]
    ) -> tuple[list[HalfSpace], list[int], float | None]:
        """Return the half-spaces of the others, whose links are kept, and the least distance."""
        settings, squeeze = self._settings, self._settings.downwash_factor
        rows: list[HalfSpace] = []
        kept: list[int] = []
        nearest: float | None = None
        for row in table.neighbors:
            if row.liveness is Liveness.SILENT:
                seen = picture.silent_sighting(row)
                rows += silent_rows(
                    seen if squeeze == 1.0 else picture.silent_sighting(row, squeeze), settings
                )
            else:
                seen = picture.sighting(row)
                rows += collision_rows(
                    seen if squeeze == 1.0 else picture.sighting(row, squeeze), settings
                )
                if row.robot not in released and picture.linked(row):
                    kept.append(row.robot)
                    rows += link_rows(seen, settings)
            nearest = seen.distance_m if nearest is None else min(nearest, seen.distance_m)
        return rows, kept, nearest

    def _reasons(self, now: int) -> tuple[str, ...]:
        """Every reason not to fly the mission now."""
        reasons = []
        if self._pose.refusing:
            reasons.append('pose_refused')
        if self._pose.frozen:
            reasons.append('pose_frozen')
        if self._pose.pose is None:
            reasons.append('pose_missing')
        elif not self._pose.fresh(now):
            reasons.append('pose_stale')
        if self._table.table is None:
            reasons.append('table_missing')
        elif not self._table.fresh(now):
            reasons.append('table_stale')
        target = self._target.target
        if target is None:
            reasons.append('target_missing')
        elif not self._target.fresh(now):
            reasons.append('target_stale')
        elif target.mode in _STANDING:
            reasons.append(_STANDING[target.mode])
        elif target.slot < 0:
            reasons.append('no_slot')
        elif target.mode is not Mode.FLY:
            reasons.append('hold')
        return tuple(reasons)

    def _nominal(self, now: int, braking: bool, hold: bool) -> VelocityCommand:
        """Velocity wanted before the safety filter."""
        pose, target = self._pose.pose, self._target.target
        if not braking and pose is not None and target is not None:
            table, ways = self._table.table, self._ways
            if target.mode is Mode.SEEK and table is not None:
                ways = self._bodies.ways(pose, table, self._settings, now) or ways
            return track(pose, target, not hold, self._settings, table, ways)
        return brake(self._command or STANDSTILL, self._elapsed_s(now), self._settings)

    def _picture(self, now: int) -> Picture | None:
        """Return the others as known now; None without a usable own pose or any table."""
        pose, table = self._pose.pose, self._table.table
        if pose is None or table is None or not self._pose.fresh(now):
            return None
        target = self._target.target
        # Table and target come apart. A goal of another epoch than the others' weighs links by
        # other slots than they do, which is unsound; without one a link is kept.
        aimed = target is not None and target.slot >= 0 and target.epoch == table.epoch
        goal = target.goal if target is not None and aimed else None
        resilience = target.resilience if target is not None else 0
        return Picture(
            self._settings, pose, self._pose.age_s(now), table, self._table.age_s(now), goal,
            resilience,
        )

    def _filtered(
        self, nominal: VelocityCommand, rows: list[HalfSpace], braking: bool, now: int
    ) -> tuple[VelocityCommand, Relaxation, float | None]:
        """Return the command, what was given up for it, and the distance to an obstacle."""
        settings, pose = self._settings, self._pose.pose or _ORIGIN
        drift = settings.speed_max_mps * self._pose.age_s(now)
        around = self._surround.clearance(pose.x, pose.y, pose.z, drift, settings)
        rows += around.rows
        heights = (around.low_mps, around.high_mps)
        wanted, admitted, level = admissible(nominal, rows, heights, braking, settings)
        last = self._command or STANDSTILL
        command, clear = reachable(last, wanted, admitted, self._elapsed_s(now), settings)
        if not clear:
            level = Relaxation.BRAKING
        if level is not Relaxation.NONE:
            self._relaxations[level - 1] += 1
        return command, level, around.gap_m

    def _next_due(self, now: int) -> int:
        """Return when the next update is due: one that was late does not put off those after."""
        period_ns = seconds_to_ns(self._settings.period_s)
        due = self._deadline_ns + period_ns
        return due if period_ns // 2 <= due - now <= period_ns else now + period_ns

    def _elapsed_s(self, now: int) -> float:
        """
        Time since the last update, at most the hold time.

        A command never outlasts that, so longer gaps do not brake harder.
        """
        elapsed = ns_to_seconds(now - self._updated_ns)
        return min(max(0.0, elapsed), self._settings.hold_s)

    def _slot_error(self) -> float | None:
        """Distance from the own pose to the slot, in the plane or in space."""
        pose, target = self._pose.pose, self._target.target
        if pose is None or target is None or target.slot < 0:
            return None
        up = pose.z - target.position[2] if self._settings.dimensions == 3 else 0.0
        return math.hypot(pose.x - target.position[0], pose.y - target.position[1], up)
