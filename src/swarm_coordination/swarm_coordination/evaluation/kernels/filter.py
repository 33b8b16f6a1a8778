# SPDX-License-Identifier: Apache-2.0
"""The safety filter of ``control.filter`` on arrays: the nearest admissible velocity."""

from __future__ import annotations

import math

from swarm_coordination.control import detour as detours
from swarm_coordination.evaluation.kernels import halfspaces
from swarm_coordination.evaluation.kernels.compiled import compiled
from swarm_coordination.evaluation.kernels.projection import project
from swarm_coordination.evaluation.kernels.space import project_space
from swarm_coordination.evaluation.kernels.state import Floats, Ints, Limits, Scratch
from swarm_coordination.evaluation.kernels.wish import braked, detour

_SATISFIED_MPS = 1e-9
_SLOW_MPS = detours.SLOW_MPS
Velocity = tuple[float, float, float]


@compiled
def admissible(
    wish: Velocity,
    last: Velocity,
    flying: bool,
    scratch: Scratch,
    count: int,
    low: float,
    high: float,
    limits: Limits,
) -> tuple[Velocity, int]:
    """
    Return the velocity nearest to the wish that rows and limits admit, and the relaxation.

    ``last``: the velocity in force until now; ``low``, ``high``: bounds on the climb in the plane.
    """
    if not flying:
        low, high = min(low, 0.0), max(high, 0.0)
    rows, bound = scratch.rows, scratch.bound
    first = scratch.start[count]
    order = scratch.order[first:]
    level, found, got = -1, False, wish
    while not found and level < halfspaces.COLLISION_RECOVERY:
        level += 1
        given_up = level if flying else halfspaces.COLLISION_RECOVERY
        halfspaces.relax(rows, bound, count, given_up)
        got, found = _nearest(wish, rows, bound, count, order, low, high, scratch, limits)
    if flying and found:
        straight = got
        for side in (-1.0, 1.0):
            tx, ty, turned = detour(wish, straight, rows, bound, count, limits.space, side)
            if not turned:
                break
            other, good = _nearest(
                (tx, ty, wish[2]), rows, bound, count, order, low, high, scratch, limits
            )
            got = other if good else straight
            if math.hypot(got[0], got[1]) >= _SLOW_MPS or not _walled(rows, count):
                break
    if limits.acceleration > 0.0:
        got, clear = _reachable(last, got, rows, bound, count, limits)
        level = level if clear else halfspaces.BRAKING
    return got, level


@compiled
def _walled(rows: Floats, count: int) -> bool:
    """Return whether an obstacle is near."""
    near = False
    for row in range(count):
        near = near or rows[row, 3] == halfspaces.OBSTACLE
    return near


@compiled
def _nearest(
    wish: Velocity,
    rows: Floats,
    bound: Floats,
    count: int,
    order: Ints,
    low: float,
    high: float,
    scratch: Scratch,
    limits: Limits,
) -> tuple[Velocity, bool]:
    if limits.space:
        x, y, z, found = project_space(
            wish[0],
            wish[1],
            wish[2],
            rows,
            bound,
            count,
            limits.speed,
            order,
            scratch.straight,
            scratch.lines,
        )
        return (x, y, z), found
    x, y, found = project(wish[0], wish[1], rows, bound, count, limits.speed, order)
    return (x, y, min(max(wish[2], low), max(low, high)) if found else 0.0), found


@compiled
def _reachable(
    last: Velocity, wanted: Velocity, rows: Floats, bound: Floats, count: int, limits: Limits
) -> tuple[Velocity, bool]:
    """Return the nearest velocity that the acceleration limit admits, and whether rows do."""
    step = limits.acceleration * limits.period_s
    dx, dy, dz = wanted[0] - last[0], wanted[1] - last[1], wanted[2] - last[2]
    if math.sqrt(dx * dx + dy * dy + dz * dz) <= step:
        return wanted, True
    sx, sy, sz = braked(last[0], last[1], last[2], limits.deceleration * limits.period_s)
    ax, ay, az = wanted[0] - sx, wanted[1] - sy, wanted[2] - sz
    bx, by, bz = sx - last[0], sy - last[1], sz - last[2]
    a = ax * ax + ay * ay + az * az
    b = ax * bx + ay * by + az * bz
    c = min(0.0, bx * bx + by * by + bz * bz - step * step)
    share = 0.0 if a == 0.0 else min(1.0, (-b + math.sqrt(max(0.0, b * b - a * c))) / a)
    share = max(0.0, share)
    vx, vy, vz = sx + share * ax, sy + share * ay, sz + share * az
    for row in range(count):
        reach = rows[row, 0] * vx + rows[row, 1] * vy + rows[row, 4] * vz
        if reach > bound[row] + _SATISFIED_MPS:
            return (vx, vy, vz), False
    return (vx, vy, vz), True
