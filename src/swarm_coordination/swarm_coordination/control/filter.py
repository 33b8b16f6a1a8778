# SPDX-License-Identifier: Apache-2.0
"""
The safety filter: the admissible velocity nearest to the nominal one.

Where the rows have no common point, demands for recovery are given up in this order: those of
links, of obstacles and zones, of collisions; the rest is satisfied by standing still. Last comes
the limit on acceleration: between straight braking and what is admissible the command goes as far
as the limit lets it. Rows hold for whole stopping segments, so braking was admissible when the
last command was chosen; where it is not now, it is the fallback all the same, and counted.
"""

from __future__ import annotations

from collections.abc import Sequence
import math

from swarm_coordination.control.detour import detour, SLOW_MPS
from swarm_coordination.control.halfspaces import HalfSpace, Kind, Relaxation, relaxed
from swarm_coordination.control.nominal import brake
from swarm_coordination.control.projection import project
from swarm_coordination.control.settings import ControlSettings
from swarm_coordination.control.space import project_space
from swarm_coordination.views import VelocityCommand

Heights = tuple[float, float]
# Half-spaces are satisfied within this (m/s): rounding of what was projected.
_SATISFIED_MPS = 1e-9


def admissible(
    nominal: VelocityCommand,
    rows: Sequence[HalfSpace],
    heights: Heights,
    braking: bool,
    settings: ControlSettings,
) -> tuple[VelocityCommand, list[HalfSpace], Relaxation]:
    """
    Return the nearest admissible command, the rows it satisfies and what had to be given up.

    ``heights``: least and greatest vertical velocity in the plane. A robot that brakes stands in
    the end: recovery is not demanded of it.
    """
    if braking:
        rows = relaxed(rows, Relaxation.COLLISION_RECOVERY)
        heights = (min(heights[0], 0.0), max(heights[1], 0.0))
    for level in _LEVELS:
        admitted = relaxed(rows, level)
        best = _nearest(nominal, admitted, heights, settings)
        if best is not None:
            break
    else:  # bounds >= 0 admit standing still; rows that are not numbers admit nothing
        return nominal._replace(vx=0.0, vy=0.0, vz=0.0), admitted, level
    if not braking:
        best = _turned(nominal, best, admitted, heights, settings)
    return best, admitted, level


def _turned(
    nominal: VelocityCommand,
    best: VelocityCommand,
    rows: Sequence[HalfSpace],
    heights: Heights,
    settings: ControlSettings,
) -> VelocityCommand:
    """Return the projection of the wish turned aside where a robot blocks it."""
    found = best
    walled = any(row.kind is Kind.OBSTACLE for row in rows)
    for side in (-1.0, 1.0) if walled else (-1.0,):
        wish, got = (nominal.vx, nominal.vy), (best.vx, best.vy)
        around = detour(wish, got, rows, nominal.vz, best.vz, side)
        if around is None:
            break
        turned = nominal._replace(vx=around[0], vy=around[1])
        found = _nearest(turned, rows, heights, settings) or best
        if math.hypot(found.vx, found.vy) >= SLOW_MPS:
            break
    return found


_LEVELS = (
    Relaxation.NONE,
    Relaxation.LINK_RECOVERY,
    Relaxation.OBSTACLE_RECOVERY,
    Relaxation.COLLISION_RECOVERY,
)


def reachable(
    last: VelocityCommand,
    wanted: VelocityCommand,
    rows: Sequence[HalfSpace],
    elapsed_s: float,
    settings: ControlSettings,
) -> tuple[VelocityCommand, bool]:
    """
    Return the command nearest to ``wanted`` that the acceleration limit admits.

    It lies between straight braking from ``last``, ``elapsed_s`` ago, and ``wanted``, and so
    satisfies ``rows`` wherever both do; False: it does not.
    """
    step = settings.acceleration_max_mps2 * elapsed_s
    if settings.acceleration_max_mps2 <= 0.0:
        return wanted, True
    dx, dy, dz = wanted.vx - last.vx, wanted.vy - last.vy, wanted.vz - last.vz
    if math.hypot(dx, dy, dz) <= step:
        return wanted, True
    safe = brake(last, elapsed_s, settings)
    # |safe + share (wanted - safe) - last| = step: the greater root, |safe - last| <= step.
    ax, ay, az = wanted.vx - safe.vx, wanted.vy - safe.vy, wanted.vz - safe.vz
    bx, by, bz = safe.vx - last.vx, safe.vy - last.vy, safe.vz - last.vz
    a = ax * ax + ay * ay + az * az
    b = ax * bx + ay * by + az * bz
    c = min(0.0, bx * bx + by * by + bz * bz - step * step)
    share = 0.0 if a == 0.0 else min(1.0, (-b + math.sqrt(max(0.0, b * b - a * c))) / a)
    share = max(0.0, share)
    vx, vy, vz = safe.vx + share * ax, safe.vy + share * ay, safe.vz + share * az
    clear = all(
        row.nx * vx + row.ny * vy + row.nz * vz <= row.bound + _SATISFIED_MPS for row in rows
    )
    return wanted._replace(vx=vx, vy=vy, vz=vz), clear


def _nearest(
    nominal: VelocityCommand,
    rows: Sequence[HalfSpace],
    heights: Heights,
    settings: ControlSettings,
) -> VelocityCommand | None:
    """Return the projection of the nominal command; None: nothing satisfies the rows."""
    speed = settings.speed_max_mps
    if settings.dimensions == 3:
        found = project_space(nominal.vx, nominal.vy, nominal.vz, rows, speed)
        if not found.feasible:
            return None
        return nominal._replace(vx=found.x, vy=found.y, vz=found.z)
    plane = project(nominal.vx, nominal.vy, rows, speed)
    if not plane.feasible:
        return None
    climb = min(max(nominal.vz, heights[0]), max(heights))
    return nominal._replace(vx=plane.x, vy=plane.y, vz=climb)
