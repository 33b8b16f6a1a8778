# SPDX-License-Identifier: Apache-2.0
"""
Half-spaces of admissible velocity: keep apart from every robot, keep every link not released.

For obstacles and zones see ``obstacles``.

A robot j was last seen at q, d metres away in direction -n. Where it is now lies in a ball
around q of radius r, its drift since then; during the hold time T of the coming command the
direction to it turns by at most theta. A robot may close, per hold time, a share a <= 1/2 of the
gap that is surely there (Bullo, Cortes, Martinez, *Distributed Control of Robotic Networks*,
chapter 4, and the buffered Voronoi cell share out gaps the same way):

    collision  -n(+-theta) . u <= cos(theta) c1 max(0, d - r - D),  sin(theta) = (r + vT + 2e)/d
    kept link   n(+-theta) . u <= cos(theta) c2 max(0, R - d - r),  sin(theta) = (r + 2vT + 2e)/d
    c = min(a / (2 T), 1 / (2 S))

S, the stopping time, is for controllers that starve: a base goes on with its last command until
its time-out and then brakes, as far as S seconds at full speed. That closes half of the gap.
D and R are those for measured positions (2e more, 2e less); the direction between two of them is
off by 2e, too. The two normals of a pair span all directions that the other robot can be in, so
staleness and error of the direction are covered exactly, and every right-hand side is at least 0
whatever the ages: standing still is always admissible. In space (``dimensions: 3``) the
directions are a cone, covered by the four edges of the pyramid around it, and heights count a
``downwash_factor`` less for collisions. docs/control.md has the proof.

Where the last known distance itself breaks a bound, one more row demands recovery (bound < 0);
it is the first thing given up when the rows have no common point (``Relaxation``).
"""

from __future__ import annotations

from collections.abc import Iterable
import enum
import math
from typing import NamedTuple

from swarm_coordination.control.settings import ControlSettings

Vector = tuple[float, float, float]

# Nearer than this the direction to the other robot is rounding noise.
_COINCIDENT_M = 1e-6


class Kind(enum.IntEnum):
    """What a half-space protects, in the order in which they are given up last."""

    COLLISION = 0
    LINK = 1
    OBSTACLE = 2


class HalfSpace(NamedTuple):
    """Admissible velocities: n . v <= bound (m/s), n = (nx, ny, nz) a unit vector."""

    nx: float
    ny: float
    bound: float
    kind: Kind
    robot: int  # -1: none, an obstacle
    nz: float = 0.0


class Sighting(NamedTuple):
    """Another robot as seen from this one."""

    robot: int
    nx: float  # unit vector from it to this robot
    ny: float
    distance_m: float  # to its last known position
    drift_m: float  # radius of the ball around that position in which it is now (r)
    nz: float = 0.0


class Relaxation(enum.IntEnum):
    """How much had to be given up for the rows to have a common point."""

    NONE = 0
    LINK_RECOVERY = 1  # link rows clipped to bounds >= 0
    OBSTACLE_RECOVERY = 2  # rows of obstacles and zones too
    COLLISION_RECOVERY = 3  # collision rows too: always solvable, u = 0 satisfies all
    BRAKING = 4  # the acceleration limit reaches nothing admissible: braked in a straight line


_RECOVERING = {
    Relaxation.LINK_RECOVERY: (Kind.COLLISION, Kind.OBSTACLE),
    Relaxation.OBSTACLE_RECOVERY: (Kind.COLLISION,),
}


def sight(
    robot: int, dx: float, dy: float, drift_m: float, lower_id: bool, dz: float = 0.0
) -> Sighting:
    """
    Return the sighting of a robot at offset (-dx, -dy, -dz).

    Of two robots at the very same place the one of lower id counts as the eastern one.
    """
    distance = math.hypot(dx, dy, dz) if dz else math.hypot(dx, dy)
    if distance < _COINCIDENT_M:
        return Sighting(robot, 1.0 if lower_id else -1.0, 0.0, 0.0, drift_m)
    return Sighting(robot, dx / distance, dy / distance, distance, drift_m, dz / distance)


def collision_rows(seen: Sighting, settings: ControlSettings) -> list[HalfSpace]:
    """
    Return the rows that keep this robot apart from a moving robot; [] where none can bind.

    In space ``seen`` is in heights divided by ``downwash_factor``.
    """
    hold, gain = settings.hold_s, settings.collision_gain
    turning_m = seen.drift_m + settings.speed_max_mps * hold + settings.offset_error_m
    sine = _sine(turning_m, seen.distance_m)
    gap = seen.distance_m - settings.collision_distance_m
    rate = _share(gain, settings) * max(0.0, gap - seen.drift_m)
    rows = _towards(seen, -1.0, sine, rate, Kind.COLLISION, settings)
    if gap < 0.0:
        demand = min(-gain * gap / (2.0 * hold), settings.recovery_speed_mps)
        rows.append(_single(seen, -1.0, -demand, Kind.COLLISION))
    return _upright(rows, settings)


def link_rows(seen: Sighting, settings: ControlSettings) -> list[HalfSpace]:
    """Return the rows that keep the link with a robot within range; [] where none can bind."""
    hold, gain = settings.hold_s, settings.link_gain
    turning_m = seen.drift_m + 2.0 * settings.speed_max_mps * hold + settings.offset_error_m
    sine = _sine(turning_m, seen.distance_m)
    gap = settings.link_distance_m - seen.distance_m
    rate = _share(gain, settings) * max(0.0, gap - seen.drift_m)
    rows = _towards(seen, 1.0, sine, rate, Kind.LINK, settings)
    if gap < 0.0:
        demand = min(-gain * gap / (2.0 * hold), settings.recovery_speed_mps)
        rows.append(_single(seen, 1.0, -demand, Kind.LINK))
    return rows


def silent_rows(seen: Sighting, settings: ControlSettings) -> list[HalfSpace]:
    """
    Return the row that keeps this robot off a silent one: a standing disc.

    The disc holds every place where it can have come to rest: its greatest stopping distance
    around its last position, capped. Nobody shares the gap, and half-planes of a disc that
    stands still are exact by convexity, so the whole gap may be closed, by a command that is
    followed by none too.
    """
    inflation = min(settings.stopping_distance_m, settings.silent_inflation_max_m)
    gap = seen.distance_m - seen.drift_m - settings.collision_distance_m - inflation
    bound = max(0.0, gap) / max(settings.hold_s, settings.stopping_time_s)
    if bound >= settings.speed_max_mps:
        return []
    return _upright([_single(seen, -1.0, bound, Kind.COLLISION)], settings)


def relaxed(rows: Iterable[HalfSpace], level: Relaxation) -> list[HalfSpace]:
    """Return the rows with the bounds of ``level``."""
    if level is Relaxation.NONE:
        return list(rows)
    keep_recovery = _RECOVERING.get(level, ())
    return [
        row if row.bound >= 0.0 or row.kind in keep_recovery else row._replace(bound=0.0)
        for row in rows
    ]


def _share(gain: float, settings: ControlSettings) -> float:
    """Part of a gap that one robot may close per second (c)."""
    return min(gain / (2.0 * settings.hold_s), 1.0 / (2.0 * settings.stopping_time_s))


def _sine(radius_m: float, distance_m: float) -> float:
    """Sine of the angle under which a ball is seen; 1 or more: from inside it."""
    return radius_m / distance_m if distance_m > radius_m else 1.0


def _single(seen: Sighting, sign: float, bound: float, kind: Kind) -> HalfSpace:
    """Return the row for the direction ``sign`` * n alone."""
    return HalfSpace(
        sign * seen.nx, sign * seen.ny, bound, kind, seen.robot, sign * seen.nz
    )


def _towards(
    seen: Sighting, sign: float, sine: float, rate: float, kind: Kind, settings: ControlSettings
) -> list[HalfSpace]:
    """
    Rows for all directions that the other robot can be in, closing at most at ``rate``.

    Every unit vector m of the wedge (the cone) is a sum of the edges of the wedge (of the pyramid
    around the cone) with weights >= 0 that add up to at most 1 / cos(edge): the edges bounded by
    cos(edge) * rate bound m by rate.
    """
    if rate >= settings.speed_max_mps:
        return []
    if settings.dimensions == 3:
        return _cone(seen, sign, sine, rate, kind)
    return _wedge(seen, sign, sine, rate, kind)


def _wedge(
    seen: Sighting, sign: float, sine: float, rate: float, kind: Kind
) -> list[HalfSpace]:
    nx, ny = sign * seen.nx, sign * seen.ny
    if sine >= 1.0:  # it can be in any direction: only standing still is surely harmless
        axes = ((nx, ny), (-nx, -ny), (-ny, nx), (ny, -nx))
        return [HalfSpace(x, y, 0.0, kind, seen.robot) for x, y in axes]
    cosine = math.sqrt(1.0 - sine * sine)
    bound = cosine * rate
    return [
        HalfSpace(nx * cosine - ny * sine, ny * cosine + nx * sine, bound, kind, seen.robot),
        HalfSpace(nx * cosine + ny * sine, ny * cosine - nx * sine, bound, kind, seen.robot),
    ]


def _cone(
    seen: Sighting, sign: float, sine: float, rate: float, kind: Kind
) -> list[HalfSpace]:
    nx, ny, nz = sign * seen.nx, sign * seen.ny, sign * seen.nz
    (ax, ay, az), (bx, by, bz) = across(nx, ny, nz)
    sides = ((ax, ay, az), (-ax, -ay, -az), (bx, by, bz), (-bx, -by, -bz))
    if sine >= 1.0:
        axes = ((nx, ny, nz), (-nx, -ny, -nz), *sides)
        return [HalfSpace(x, y, 0.0, kind, seen.robot, z) for x, y, z in axes]
    # The square pyramid around a cone of half-angle theta: its edges are at tan = sqrt(2) tan.
    square = sine * sine
    cosine = math.sqrt((1.0 - square) / (1.0 + square))
    slope = math.sqrt(2.0 * square / (1.0 + square))
    return [
        HalfSpace(
            nx * cosine + x * slope,
            ny * cosine + y * slope,
            cosine * rate,
            kind,
            seen.robot,
            nz * cosine + z * slope,
        )
        for x, y, z in sides
    ]


def across(nx: float, ny: float, nz: float) -> tuple[Vector, Vector]:
    """Return two unit vectors that make an orthonormal base with n (Duff et al., JCGT 2017)."""
    sign = 1.0 if nz >= 0.0 else -1.0
    a = -1.0 / (sign + nz)
    b = nx * ny * a
    return (1.0 + sign * nx * nx * a, sign * b, -sign * nx), (b, sign + ny * ny * a, -ny)


def _upright(rows: list[HalfSpace], settings: ControlSettings) -> list[HalfSpace]:
    """Return rows of squeezed heights as rows of velocities: n . (vx, vy, vz / factor)."""
    factor = settings.downwash_factor
    if settings.dimensions == 2 or factor == 1.0:
        return rows
    found = []
    for row in rows:
        nz = row.nz / factor
        norm = math.sqrt(row.nx * row.nx + row.ny * row.ny + nz * nz)
        found.append(row._replace(
            nx=row.nx / norm, ny=row.ny / norm, nz=nz / norm, bound=row.bound / norm
        ))
    return found
