# SPDX-License-Identifier: Apache-2.0
"""The half-spaces of ``control.halfspaces``, appended to arrays of rows."""

from __future__ import annotations

import math

from swarm_coordination.evaluation.kernels.compiled import compiled, inlined
from swarm_coordination.evaluation.kernels.state import Floats, Limits

COLLISION, LINK, OBSTACLE = 0, 1, 2
# Levels of relaxation.
NONE, LINK_RECOVERY, OBSTACLE_RECOVERY, COLLISION_RECOVERY, BRAKING = 0, 1, 2, 3, 4


@inlined
def add(
    rows: Floats, count: int, nx: float, ny: float, nz: float, bound: float, kind: int
) -> int:
    """Append one row; return the new count."""
    rows[count, 0], rows[count, 1], rows[count, 2], rows[count, 3] = nx, ny, bound, kind
    rows[count, 4] = nz
    return count + 1


@compiled
def collision(
    rows: Floats,
    count: int,
    nx: float,
    ny: float,
    nz: float,
    far: float,
    drift: float,
    limits: Limits,
) -> int:
    """Keep apart from a moving robot ``far`` metres away in direction -n, heights squeezed."""
    first = count
    gap = far - limits.collision_m
    rate = limits.collision_rate * max(0.0, gap - drift)
    if rate < limits.speed:
        sine = _sine(drift + limits.speed * limits.hold_s + 2.0 * limits.error, far)
        count = _towards(rows, count, -nx, -ny, -nz, sine, rate, COLLISION, limits.space)
    if gap < 0.0:
        demand = min(-limits.collision_recovery * gap, limits.recovery_speed)
        count = add(rows, count, -nx, -ny, -nz, -demand, COLLISION)
    if limits.squeeze > 1.0:
        _upright(rows, first, count, limits.squeeze)
    return count


@compiled
def link(
    rows: Floats,
    count: int,
    nx: float,
    ny: float,
    nz: float,
    far: float,
    drift: float,
    limits: Limits,
) -> int:
    """Keep the link with a robot ``far`` metres away in direction -n."""
    gap = limits.link_m - far
    rate = limits.link_rate * max(0.0, gap - drift)
    if rate < limits.speed:
        sine = _sine(drift + 2.0 * limits.speed * limits.hold_s + 2.0 * limits.error, far)
        count = _towards(rows, count, nx, ny, nz, sine, rate, LINK, limits.space)
    if gap < 0.0:
        demand = min(-limits.link_recovery * gap, limits.recovery_speed)
        count = add(rows, count, nx, ny, nz, -demand, LINK)
    return count


@compiled
def silent(
    rows: Floats,
    count: int,
    nx: float,
    ny: float,
    nz: float,
    far: float,
    drift: float,
    limits: Limits,
) -> int:
    """Keep off a silent robot: a standing disc, heights squeezed."""
    gap = far - drift - limits.collision_m - limits.silent_m
    bound = max(0.0, gap) / limits.silent_hold_s
    if bound >= limits.speed:
        return count
    end = add(rows, count, -nx, -ny, -nz, bound, COLLISION)
    if limits.squeeze > 1.0:
        _upright(rows, count, end, limits.squeeze)
    return end


@compiled
def relax(rows: Floats, bound: Floats, count: int, level: int) -> None:
    """Write to ``bound`` the bounds of the rows at relaxation ``level``."""
    for row in range(count):
        kind = rows[row, 3]
        given_up = rows[row, 2] < 0.0 and (
            level >= COLLISION_RECOVERY
            or (level >= LINK_RECOVERY and kind == LINK)
            or (level >= OBSTACLE_RECOVERY and kind == OBSTACLE)
        )
        bound[row] = 0.0 if given_up else rows[row, 2]


@inlined
def _sine(radius: float, far: float) -> float:
    return radius / far if far > radius else 1.0


@compiled
def _towards(
    rows: Floats,
    count: int,
    nx: float,
    ny: float,
    nz: float,
    sine: float,
    rate: float,
    kind: int,
    space: bool,
) -> int:
    """Bound the speed along every direction within the angle around n: a wedge, or a cone."""
    if space:
        return _cone(rows, count, nx, ny, nz, sine, rate, kind)
    return _wedge(rows, count, nx, ny, sine, rate, kind)


@compiled
def _wedge(
    rows: Floats, count: int, nx: float, ny: float, sine: float, rate: float, kind: int
) -> int:
    if sine >= 1.0:
        count = add(rows, count, nx, ny, 0.0, 0.0, kind)
        count = add(rows, count, -nx, -ny, 0.0, 0.0, kind)
        count = add(rows, count, -ny, nx, 0.0, 0.0, kind)
        return add(rows, count, ny, -nx, 0.0, 0.0, kind)
    cosine = math.sqrt(1.0 - sine * sine)
    bound = cosine * rate
    x, y = nx * cosine - ny * sine, ny * cosine + nx * sine
    count = add(rows, count, x, y, 0.0, bound, kind)
    x, y = nx * cosine + ny * sine, ny * cosine - nx * sine
    return add(rows, count, x, y, 0.0, bound, kind)


@compiled
def _cone(
    rows: Floats,
    count: int,
    nx: float,
    ny: float,
    nz: float,
    sine: float,
    rate: float,
    kind: int,
) -> int:
    (ax, ay, az), (bx, by, bz) = across(nx, ny, nz)
    sides = ((ax, ay, az), (-ax, -ay, -az), (bx, by, bz), (-bx, -by, -bz))
    if sine >= 1.0:
        count = add(rows, count, nx, ny, nz, 0.0, kind)
        count = add(rows, count, -nx, -ny, -nz, 0.0, kind)
        for x, y, z in sides:
            count = add(rows, count, x, y, z, 0.0, kind)
        return count
    square = sine * sine
    cosine = math.sqrt((1.0 - square) / (1.0 + square))
    slope = math.sqrt(2.0 * square / (1.0 + square))
    for x, y, z in sides:
        ex, ey, ez = nx * cosine + x * slope, ny * cosine + y * slope, nz * cosine + z * slope
        count = add(rows, count, ex, ey, ez, cosine * rate, kind)
    return count


@compiled
def across(
    nx: float, ny: float, nz: float
) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    """Return two unit vectors that make an orthonormal base with n (``control.halfspaces``)."""
    sign = 1.0 if nz >= 0.0 else -1.0
    a = -1.0 / (sign + nz)
    b = nx * ny * a
    return (1.0 + sign * nx * nx * a, sign * b, -sign * nx), (b, sign + ny * ny * a, -ny)


@compiled
def _upright(rows: Floats, first: int, end: int, squeeze: float) -> None:
    """Turn rows of squeezed heights into rows of velocities."""
    for row in range(first, end):
        nz = rows[row, 4] / squeeze
        norm = math.sqrt(rows[row, 0] * rows[row, 0] + rows[row, 1] * rows[row, 1] + nz * nz)
        rows[row, 0] /= norm
        rows[row, 1] /= norm
        rows[row, 2] /= norm
        rows[row, 4] = nz / norm
