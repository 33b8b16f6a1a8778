# SPDX-License-Identifier: Apache-2.0
"""
Half-spaces for obstacles, the edges of a zone to stay in, and altitude limits.

A convex piece at distance d in direction -n stands still, so the half-space -n . u tau <= d - D_o
holds no point of it whatever the robot does within tau: nobody shares the gap and no angle is
uncertain (as for silent robots). tau is the longest that one command can carry the robot, its
stopping time included; so the whole stopping segment stays clear.

In the plane (``dimensions: 2``) a robot is beside a piece or above it (below it): beside it the
footprint bounds the horizontal velocity, above it the roof bounds the vertical one.

Where the distance itself is below D_o, the bound is negative and demands recovery: out by the
nearest face, back into the zone. ``Relaxation`` says when that is given up.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from swarm_coordination.area.convex import inside
from swarm_coordination.area.nearest import in_plane, in_space, Nearest
from swarm_coordination.area.shapes import Area, Piece
from swarm_coordination.control.halfspaces import HalfSpace, Kind
from swarm_coordination.control.settings import ControlSettings

NOBODY = -1


class Clearance(NamedTuple):
    """What the area admits at one place."""

    rows: list[HalfSpace]
    low_mps: float  # bounds on the vertical velocity (in space they are rows)
    high_mps: float
    gap_m: float | None  # from the robot's place to the nearest obstacle or edge, D_o not counted


class Surround:
    """An area made ready for a controller: every piece with a circle around it."""

    def __init__(self, area: Area) -> None:
        """Take the obstacles and the walls of the zone of ``area``."""
        self.area = area
        self._obstacles = [circled(piece) for piece in area.obstacles]
        self._walls = [circled(wall) for wall in area.walls]

    def clearance(
        self, x: float, y: float, z: float, drift_m: float, settings: ControlSettings
    ) -> Clearance:
        """
        Return what bounds a robot last known at (x, y, z).

        ``drift_m``: how far it may have moved from there.
        """
        tau = max(settings.hold_s, settings.stopping_time_s)
        near = settings.obstacle_clear_m + drift_m + settings.speed_max_mps * tau
        space = settings.dimensions == 3
        heights = _Heights(z, drift_m, tau, settings)
        rows: list[HalfSpace] = []
        gap: float | None = None
        outside = bool(self.area.zone) and not inside(x, y, self.area.zone)
        walls = self._walls
        if outside:  # the nearest edge alone counts, and the way is back across it
            found = min(in_plane(wall, x, y).distance_m for wall, *_ in walls)
            gap = -found
            back = next(w for w, *_ in walls if in_plane(w, x, y).distance_m == found)
            edge = in_plane(back, x, y)
            rows.append(_row(edge._replace(distance_m=-found, nx=-edge.nx, ny=-edge.ny),
                             drift_m, tau, settings))
        for piece, cx, cy, radius in self._obstacles if outside else (*self._obstacles, *walls):
            if math.hypot(x - cx, y - cy) - radius > near:
                continue
            seen = in_space(piece, x, y, z) if space else in_plane(piece, x, y)
            if not space and not heights.beside(piece, seen.distance_m, near):
                continue
            gap = seen.distance_m if gap is None else min(gap, seen.distance_m)
            row = _row(seen, drift_m, tau, settings)
            if row.bound < settings.speed_max_mps:
                rows.append(row)
        heights.within(self.area.low_m, self.area.high_m)
        if space:
            rows += heights.rows()
        return Clearance(rows, heights.low, heights.high, gap)


class _Heights:
    """Bounds on the vertical velocity, gathered."""

    def __init__(self, z: float, drift_m: float, tau: float, settings: ControlSettings) -> None:
        self.low, self.high = -settings.speed_max_mps, settings.speed_max_mps
        self._z, self._drift_m, self._tau = z, drift_m, tau
        self._settings = settings

    def beside(self, piece: Piece, apart_m: float, near_m: float) -> bool:
        """Return whether the robot is at a height of the piece; bound its fall on it if not."""
        clear = self._settings.obstacle_clear_m
        over = self._z - piece.high_m - clear - self._drift_m
        under = piece.low_m - clear - self._drift_m - self._z
        if over >= 0.0 and apart_m <= near_m:
            self.low = max(self.low, -over / self._tau)
        elif under >= 0.0 and apart_m <= near_m:
            self.high = min(self.high, under / self._tau)
        return over < 0.0 and under < 0.0

    def within(self, low_m: float, high_m: float) -> None:
        """Keep between two heights; outside of them come back."""
        self.low = max(self.low, -self._rate(self._z - low_m))
        self.high = min(self.high, self._rate(high_m - self._z))

    def rows(self) -> list[HalfSpace]:
        """Return the bounds as rows, those that can bind."""
        speed = self._settings.speed_max_mps
        return [
            HalfSpace(0.0, 0.0, bound, Kind.OBSTACLE, NOBODY, up)
            for bound, up in ((self.high, 1.0), (-self.low, -1.0))
            if bound < speed
        ]

    def _rate(self, room_m: float) -> float:
        return bound_mps(room_m, self._drift_m, self._tau, self._settings)


def bound_mps(room_m: float, drift_m: float, tau: float, settings: ControlSettings) -> float:
    """Return how fast ``room_m`` may be used up; below 0: it has to grow that fast."""
    if room_m < 0.0:
        return max(
            settings.collision_gain * room_m / (2.0 * settings.hold_s),
            -settings.recovery_speed_mps,
        )
    return max(0.0, room_m - drift_m) / tau


def _row(
    seen: Nearest, drift_m: float, tau: float, settings: ControlSettings
) -> HalfSpace:
    bound = bound_mps(seen.distance_m - settings.obstacle_clear_m, drift_m, tau, settings)
    return HalfSpace(-seen.nx, -seen.ny, bound, Kind.OBSTACLE, NOBODY, -seen.nz)


def circled(piece: Piece) -> tuple[Piece, float, float, float]:
    """Return a piece with a circle around its footprint: centre and radius."""
    count = len(piece.corners)
    x = math.fsum(corner[0] for corner in piece.corners) / count
    y = math.fsum(corner[1] for corner in piece.corners) / count
    far = max(math.hypot(a - x, b - y) for a, b in piece.corners)
    return piece, x, y, far + piece.radius_m
