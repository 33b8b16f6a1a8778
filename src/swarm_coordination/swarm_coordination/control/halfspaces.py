# SPDX-License-Identifier: Apache-2.0
"""
Half-spaces of admissible velocity: keep apart from every robot, keep every link not released.

A robot j was last seen at q, d metres away in direction -n. Where it is now lies in a ball
around q of radius r, its drift since then; during the hold time T of the coming command the
direction to it turns by at most theta. A robot may close, per hold time, a share a <= 1/2 of the
gap that is surely there (Bullo, Cortes, Martinez, *Distributed Control of Robotic Networks*,
chapter 4, and the buffered Voronoi cell share out gaps the same way):

    collision  -n(+-theta) . u <= cos(theta) c1 max(0, d - r - D),  sin(theta) = (r + vT)/d
    kept link   n(+-theta) . u <= cos(theta) c2 max(0, R - d - r),  sin(theta) = (r + 2vT)/d
    c = min(a / (2 T), 1 / (2 S))

S, the stopping time, is for controllers that starve: a base goes on with its last command until
its time-out and then brakes, as far as S seconds at full speed. That closes half of the gap.
D and R are those for measured positions (2 e more, 2 e less). The two normals of a pair span all
directions that the other robot can be in, so the staleness of the direction is covered exactly,
and every right-hand side is at least 0 whatever the ages: standing still is always admissible.
docs/control.md has the proof.

Where the last known distance itself breaks a bound, one more row demands recovery (bound < 0);
it is the first thing given up when the rows have no common point (``Relaxation``).
"""

from __future__ import annotations

from collections.abc import Iterable
import enum
import math
from typing import NamedTuple

from swarm_coordination.control.settings import ControlSettings

# Nearer than this the direction to the other robot is rounding noise.
_COINCIDENT_M = 1e-6


class Kind(enum.IntEnum):
    """What a half-space protects, in the order in which they are given up last."""

    COLLISION = 0
    LINK = 1


class HalfSpace(NamedTuple):
    """Admissible velocities: nx * vx + ny * vy <= bound (m/s), (nx, ny) a unit vector."""

    nx: float
    ny: float
    bound: float
    kind: Kind
    robot: int


class Sighting(NamedTuple):
    """Another robot as seen from this one."""

    robot: int
    nx: float  # unit vector from it to this robot
    ny: float
    distance_m: float  # to its last known position, in the plane
    drift_m: float  # radius of the ball around that position in which it is now (r)


class Relaxation(enum.IntEnum):
    """How much had to be given up for the rows to have a common point."""

    NONE = 0
    LINK_RECOVERY = 1  # link rows clipped to bounds >= 0
    COLLISION_RECOVERY = 2  # collision rows too: always solvable, u = 0 satisfies all


def sight(robot: int, dx: float, dy: float, drift_m: float, lower_id: bool) -> Sighting:
    """
    Return the sighting of a robot at offset (-dx, -dy).

    Of two robots at the very same place the one of lower id counts as the eastern one.
    """
    distance = math.hypot(dx, dy)
    if distance < _COINCIDENT_M:
        return Sighting(robot, 1.0 if lower_id else -1.0, 0.0, 0.0, drift_m)
    return Sighting(robot, dx / distance, dy / distance, distance, drift_m)


def collision_rows(seen: Sighting, settings: ControlSettings) -> list[HalfSpace]:
    """Return the rows that keep this robot apart from a moving robot; [] where none can bind."""
    hold, gain = settings.hold_s, settings.collision_gain
    sine = _sine(seen.drift_m + settings.speed_max_mps * hold, seen.distance_m)
    gap = seen.distance_m - settings.collision_distance_m
    rate = _share(gain, settings) * max(0.0, gap - seen.drift_m)
    rows = _wedge(seen, -1.0, sine, rate, Kind.COLLISION, settings.speed_max_mps)
    if gap < 0.0:
        demand = min(-gain * gap / (2.0 * hold), settings.recovery_speed_mps)
        rows.append(HalfSpace(-seen.nx, -seen.ny, -demand, Kind.COLLISION, seen.robot))
    return rows


def link_rows(seen: Sighting, settings: ControlSettings) -> list[HalfSpace]:
    """Return the rows that keep the link with a robot within range; [] where none can bind."""
    hold, gain = settings.hold_s, settings.link_gain
    sine = _sine(seen.drift_m + 2.0 * settings.speed_max_mps * hold, seen.distance_m)
    gap = settings.link_distance_m - seen.distance_m
    rate = _share(gain, settings) * max(0.0, gap - seen.drift_m)
    rows = _wedge(seen, 1.0, sine, rate, Kind.LINK, settings.speed_max_mps)
    if gap < 0.0:
        demand = min(-gain * gap / (2.0 * hold), settings.recovery_speed_mps)
        rows.append(HalfSpace(seen.nx, seen.ny, -demand, Kind.LINK, seen.robot))
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
    return [HalfSpace(-seen.nx, -seen.ny, bound, Kind.COLLISION, seen.robot)]


def relaxed(rows: Iterable[HalfSpace], level: Relaxation) -> list[HalfSpace]:
    """Return the rows with the bounds of ``level``."""
    if level is Relaxation.NONE:
        return list(rows)
    keep_recovery = {Kind.COLLISION} if level is Relaxation.LINK_RECOVERY else set()
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


def _wedge(
    seen: Sighting, sign: float, sine: float, rate: float, kind: Kind, speed: float
) -> list[HalfSpace]:
    """
    Rows for all directions within the wedge, for closing ``sign`` * n at most at ``rate``.

    Every unit vector m of the wedge is a sum of its two edges with weights >= 0 that add up to
    at most 1 / cos(theta): the edges bounded by cos(theta) * rate bound m by rate.
    """
    if rate >= speed:
        return []
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
