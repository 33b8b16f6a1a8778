# SPDX-License-Identifier: Apache-2.0
"""The half-spaces of ``control.obstacles`` on arrays, and the distances of ``area.nearest``."""

from __future__ import annotations

import math

from swarm_coordination.evaluation.kernels.compiled import compiled
from swarm_coordination.evaluation.kernels.halfspaces import add, OBSTACLE
from swarm_coordination.evaluation.kernels.state import Floats, Ground, Limits

# Nearer than this the direction to an edge is rounding noise (area.nearest).
_TOUCHING_M = 1e-9


@compiled
def obstacles(
    rows: Floats, count: int, x: float, y: float, z: float, ground: Ground, limits: Limits
) -> tuple[int, float, float]:
    """Append the rows of everything near; return their count and bounds on the climb."""
    low, high = -limits.speed, limits.speed
    pieces = len(ground.sides)
    edges = pieces - ground.walls
    near = limits.obstacle_m + limits.speed * limits.silent_hold_s
    last = pieces
    if len(ground.zone) and not _inside(x, y, ground.zone):
        last = edges
        best, bx, by = math.inf, 0.0, 0.0
        for wall in range(edges, pieces):
            far, nx, ny = in_plane(wall, x, y, ground)
            if far < best:
                best, bx, by = far, nx, ny
        bound = _bound(-best - limits.obstacle_m, limits)
        count = add(rows, count, bx, by, 0.0, bound, OBSTACLE)
    for k in range(last):
        if math.hypot(x - ground.x[k], y - ground.y[k]) - ground.reach[k] > near:
            continue
        far, nx, ny = in_plane(k, x, y, ground)
        nz = 0.0
        if limits.space:
            far, nx, ny, nz = upright(far, nx, ny, z, ground.low[k], ground.high[k])
        else:
            over = z - ground.high[k] - limits.obstacle_m
            under = ground.low[k] - limits.obstacle_m - z
            if over >= 0.0 and far <= near:
                low = max(low, -over / limits.silent_hold_s)
            elif under >= 0.0 and far <= near:
                high = min(high, under / limits.silent_hold_s)
            if over >= 0.0 or under >= 0.0:
                continue
        bound = _bound(far - limits.obstacle_m, limits)
        if bound < limits.speed:
            count = add(rows, count, -nx, -ny, -nz, bound, OBSTACLE)
    low = max(low, -_bound(z - ground.heights[0], limits))
    high = min(high, _bound(ground.heights[1] - z, limits))
    if limits.space:
        if high < limits.speed:
            count = add(rows, count, 0.0, 0.0, 1.0, high, OBSTACLE)
        if -low < limits.speed:
            count = add(rows, count, 0.0, 0.0, -1.0, -low, OBSTACLE)
    return count, low, high


@compiled
def gap_m(x: float, y: float, z: float, ground: Ground) -> float:
    """Return the least distance of a place to an obstacle, or to the edge of the zone."""
    least, pieces = math.inf, len(ground.sides)
    within = len(ground.zone) == 0 or _inside(x, y, ground.zone)
    for k in range(pieces):
        far, nx, ny = in_plane(k, x, y, ground)
        if k >= pieces - ground.walls:
            far = far if within else -far
        else:
            far, _, _, _ = upright(far, nx, ny, z, ground.low[k], ground.high[k])
        least = min(least, far)
    return least


@compiled
def _bound(room: float, limits: Limits) -> float:
    if room < 0.0:
        return max(limits.collision_recovery * room, -limits.recovery_speed)
    return room / limits.silent_hold_s


@compiled
def upright(
    beside: float, nx: float, ny: float, z: float, low: float, high: float
) -> tuple[float, float, float, float]:
    """Return distance and direction of a body from those of its footprint."""
    up = 1.0 if z - high >= low - z else -1.0
    over = max(z - high, low - z)
    if beside <= 0.0 or over <= 0.0:
        if beside >= over:
            return beside, nx, ny, 0.0
        return over, 0.0, 0.0, up
    far = math.hypot(beside, over)
    return far, nx * beside / far, ny * beside / far, up * over / far


@compiled
def in_plane(k: int, x: float, y: float, ground: Ground) -> tuple[float, float, float]:
    """Return distance and direction of the footprint of piece ``k``."""
    corners, count, radius = ground.corners[k], ground.sides[k], ground.radius[k]
    if count == 1:
        dx, dy = x - corners[0, 0], y - corners[0, 1]
        far = math.hypot(dx, dy)
        if far < _TOUCHING_M:
            return -radius, 1.0, 0.0
        return far - radius, dx / far, dy / far
    within = count > 2
    best, bx, by, ex, ey = math.inf, 0.0, 0.0, 0.0, 0.0
    for at in range(count if count > 2 else 1):
        after = at + 1 if at + 1 < count else 0
        along, across = corners[after, 0] - corners[at, 0], corners[after, 1] - corners[at, 1]
        length = along * along + across * across
        dx, dy = x - corners[at, 0], y - corners[at, 1]
        if along * dy - across * dx < 0.0:
            within = False
        share = min(1.0, max(0.0, (dx * along + dy * across) / length))
        dx, dy = dx - share * along, dy - share * across
        square = dx * dx + dy * dy
        if square < best:
            best, bx, by = square, dx, dy
            side = 1.0 if count > 2 else -1.0
            ex, ey = side * across / math.sqrt(length), -side * along / math.sqrt(length)
    far = math.sqrt(best)
    if within or far < _TOUCHING_M:
        return -far - radius, ex, ey
    return far - radius, bx / far, by / far


@compiled
def _inside(x: float, y: float, corners: Floats) -> bool:
    found = False
    before = len(corners) - 1
    for k in range(len(corners)):
        ax, ay, bx, by = corners[before, 0], corners[before, 1], corners[k, 0], corners[k, 1]
        if (ay > y) != (by > y) and x < ax + (bx - ax) * (y - ay) / (by - ay):
            found = not found
        before = k
    return found
