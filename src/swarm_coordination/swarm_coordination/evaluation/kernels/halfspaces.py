# SPDX-License-Identifier: Apache-2.0
"""The half-spaces of ``control.halfspaces``, appended to arrays of rows."""

from __future__ import annotations

import math

import numba
from swarm_coordination.evaluation.kernels.state import Floats, Limits

COLLISION, LINK = 0, 1


@numba.njit(cache=True, inline='always')
def add(
    rows: Floats, count: int, nx: float, ny: float, bound: float, kind: int
) -> int:
    """Append one row; return the new count."""
    rows[count, 0], rows[count, 1], rows[count, 2], rows[count, 3] = nx, ny, bound, kind
    return count + 1


@numba.njit(cache=True, inline='always')
def collision(
    rows: Floats, count: int, nx: float, ny: float, far: float, drift: float, limits: Limits
) -> int:
    """Keep apart from a moving robot ``far`` metres away in direction -(nx, ny)."""
    gap = far - limits.collision_m
    rate = limits.collision_rate * max(0.0, gap - drift)
    if rate < limits.speed:
        sine = _sine(drift + limits.speed * limits.hold_s, far)
        count = _wedge(rows, count, -nx, -ny, sine, rate, COLLISION)
    if gap < 0.0:
        demand = min(-limits.collision_recovery * gap, limits.recovery_speed)
        count = add(rows, count, -nx, -ny, -demand, COLLISION)
    return count


@numba.njit(cache=True, inline='always')
def link(
    rows: Floats, count: int, nx: float, ny: float, far: float, drift: float, limits: Limits
) -> int:
    """Keep the link with a robot ``far`` metres away in direction -(nx, ny)."""
    gap = limits.link_m - far
    rate = limits.link_rate * max(0.0, gap - drift)
    if rate < limits.speed:
        sine = _sine(drift + 2.0 * limits.speed * limits.hold_s, far)
        count = _wedge(rows, count, nx, ny, sine, rate, LINK)
    if gap < 0.0:
        demand = min(-limits.link_recovery * gap, limits.recovery_speed)
        count = add(rows, count, nx, ny, -demand, LINK)
    return count


@numba.njit(cache=True, inline='always')
def silent(
    rows: Floats, count: int, nx: float, ny: float, far: float, drift: float, limits: Limits
) -> int:
    """Keep off a silent robot: a standing disc."""
    gap = far - drift - limits.collision_m - limits.silent_m
    bound = max(0.0, gap) / limits.silent_hold_s
    if bound >= limits.speed:
        return count
    return add(rows, count, -nx, -ny, bound, COLLISION)


@numba.njit(cache=True)
def relax(rows: Floats, bound: Floats, count: int, level: int) -> None:
    """Write to ``bound`` the bounds of the rows at relaxation ``level`` (0 to 2)."""
    for row in range(count):
        given_up = rows[row, 2] < 0.0 and (level == 2 or (level == 1 and rows[row, 3] == LINK))
        bound[row] = 0.0 if given_up else rows[row, 2]


@numba.njit(cache=True, inline='always')
def _sine(radius: float, far: float) -> float:
    return radius / far if far > radius else 1.0


@numba.njit(cache=True, inline='always')
def _wedge(
    rows: Floats, count: int, nx: float, ny: float, sine: float, rate: float, kind: int
) -> int:
    if sine >= 1.0:
        count = add(rows, count, nx, ny, 0.0, kind)
        count = add(rows, count, -nx, -ny, 0.0, kind)
        count = add(rows, count, -ny, nx, 0.0, kind)
        return add(rows, count, ny, -nx, 0.0, kind)
    cosine = math.sqrt(1.0 - sine * sine)
    bound = cosine * rate
    count = add(
        rows, count, nx * cosine - ny * sine, ny * cosine + nx * sine, bound, kind
    )
    return add(rows, count, nx * cosine + ny * sine, ny * cosine - nx * sine, bound, kind)
