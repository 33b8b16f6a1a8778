# SPDX-License-Identifier: Apache-2.0
"""One update of ``control.controller`` for one robot, by its own table."""

from __future__ import annotations

import math

import numba
from swarm_coordination.evaluation.kernels import halfspaces
from swarm_coordination.evaluation.kernels.closing import contraction
from swarm_coordination.evaluation.kernels.links import release
from swarm_coordination.evaluation.kernels.projection import project
from swarm_coordination.evaluation.kernels.state import (
    Beacons,
    CERTIFIED,
    KEEP_NONE,
    Limits,
    Outcome,
    RING,
    Scratch,
    Tables,
    World,
)
from swarm_coordination.evaluation.kernels.wish import braked, detour, shortened

# Nearer than this the direction to another robot is rounding noise (control.halfspaces).
_COINCIDENT_M = 1e-6


@numba.njit(cache=True)
def decide(
    own: int,
    now: float,
    flying: bool,
    world: World,
    tables: Tables,
    beacons: Beacons,
    scratch: Scratch,
    outcome: Outcome,
    limits: Limits,
) -> None:
    """Choose the velocity of robot ``own``; a robot that is not ``flying`` brakes and stands."""
    if flying:
        wx, wy = _wish(own, now, world, tables, beacons, limits)
    else:
        slower = limits.deceleration * limits.period_s
        wx, wy = braked(world.velocity[own, 0], world.velocity[own, 1], slower)
    outcome.nominal[own, 0], outcome.nominal[own, 1] = wx, wy
    _look(own, now, world, tables, beacons, scratch, limits)
    if limits.keep == CERTIFIED:
        release(own, scratch, tables.beat[own], beacons, limits)
    count = _half_spaces(own, now, world, tables, scratch, outcome, limits)
    ux, uy, level = _admissible(wx, wy, flying, scratch, count, limits)
    world.velocity[own, 0], world.velocity[own, 1] = ux, uy
    outcome.level[own] = level
    if level > 0:
        outcome.relaxed[level - 1] += 1


@numba.njit(cache=True, inline='always')
def ahead(x: float, y: float, sx: float, sy: float, step: float) -> tuple[float, float]:
    """Return the place at most ``step`` metres from (x, y) towards the slot."""
    way = math.hypot(sx - x, sy - y)
    if way <= step:
        return sx, sy
    return x + (sx - x) * step / way, y + (sy - y) * step / way


@numba.njit(cache=True)
def _wish(
    own: int, now: float, world: World, tables: Tables, beacons: Beacons, limits: Limits
) -> tuple[float, float]:
    """Velocity towards the slot, drawn to the displacement of neighbours in the formation."""
    epoch = world.epoch[own]
    slots, place = world.slots[epoch], world.place[own]
    sx, sy = slots[own, 0], slots[own, 1]
    if math.isnan(sx):
        return 0.0, 0.0
    beats, advanced, epochs = tables.beat[own], tables.advanced[own], beacons.epoch
    cx, cy, scale = contraction(own, now, slots, beats, advanced, limits)
    ex, ey = cx + scale * (sx - cx) - place[0], cy + scale * (sy - cy) - place[1]
    wx, wy = limits.gain * ex, limits.gain * ey
    if limits.cohesion > 0.0:
        xs, ys = tables.x[own], tables.y[own]
        near, dx, dy = 0, 0.0, 0.0
        for j in range(len(slots)):
            ax, ay = slots[j, 0] - sx, slots[j, 1] - sy
            if not ax * ax + ay * ay <= limits.link_m * limits.link_m or j == own:
                continue
            if beats[j] < 0 or now - advanced[j] > limits.silent_s:
                continue
            if epochs[beats[j] % RING, j] == epoch:
                near += 1
                dx += ex - (cx + scale * (slots[j, 0] - cx) - xs[j])
                dy += ey - (cy + scale * (slots[j, 1] - cy) - ys[j])
        if near > 0:
            wx += limits.cohesion * dx / near
            wy += limits.cohesion * dy / near
    return shortened(wx, wy, limits.speed)


@numba.njit(cache=True)
def _look(
    own: int,
    now: float,
    world: World,
    tables: Tables,
    beacons: Beacons,
    scratch: Scratch,
    limits: Limits,
) -> None:
    """Write who may stand in a certificate and whose link is live (``control.picture``)."""
    epoch, speed, step = world.epoch[own], limits.speed, limits.look_ahead_m
    slots, epochs = world.slots[epoch], beacons.epoch
    beats, after, advanced = tables.beat[own], tables.after[own], tables.advanced[own]
    heard_at, xs, ys = tables.heard_at[own], tables.x[own], tables.y[own]
    node, usable, linked, released = (
        scratch.node,
        scratch.usable,
        scratch.linked,
        scratch.released,
    )
    for j in range(len(beats)):
        usable[j] = False
        linked[j] = False
        released[j] = False
        if j == own:
            x, y = world.place[own, 0], world.place[own, 1]
            slack = speed * limits.hold_s
        else:
            if beats[j] < 0:
                continue
            age, quiet = now - after[j], now - advanced[j]
            if age > limits.age_max_s or quiet > limits.silent_s:
                continue
            linked[j] = now - heard_at[j] <= limits.link_timeout_s
            if quiet > limits.suspect_s or epochs[beats[j] % RING, j] != epoch:
                continue
            x, y = xs[j], ys[j]
            slack = speed * (age + limits.pose_period_s + limits.hold_s)
        usable[j] = True
        node[j, 0], node[j, 1], node[j, 4] = x, y, slack + limits.error
        if step > 0.0 and math.isnan(slots[j, 0]):
            usable[j] = False
        elif step > 0.0:
            x, y = ahead(x, y, slots[j, 0], slots[j, 1], step)
        node[j, 2], node[j, 3] = x, y


@numba.njit(cache=True)
def _half_spaces(
    own: int,
    now: float,
    world: World,
    tables: Tables,
    scratch: Scratch,
    outcome: Outcome,
    limits: Limits,
) -> int:
    """Write the half-spaces of everybody known; return how many."""
    count, rows = 0, scratch.rows
    linked, released = scratch.linked, scratch.released
    kept, gone = outcome.kept[own], outcome.released[own]
    beats, after, advanced = tables.beat[own], tables.after[own], tables.advanced[own]
    xs, ys = tables.x[own], tables.y[own]
    x, y = world.place[own, 0], world.place[own, 1]
    drift = limits.speed * (limits.age_max_s + limits.pose_period_s)
    moving = drift + limits.speed / limits.collision_rate
    clear = limits.collision_m + max(moving, limits.silent_m + limits.speed * limits.silent_hold_s)
    for j in range(len(beats)):
        kept[j], gone[j] = False, released[j]
        if beats[j] < 0 or j == own:
            continue
        dx, dy = x - xs[j], y - ys[j]
        holding = linked[j] and not released[j] and limits.keep != KEEP_NONE
        square = dx * dx + dy * dy
        if square > clear * clear and not holding:
            continue  # too far for any row to bind
        far = math.sqrt(square)
        if far < _COINCIDENT_M:
            far, dx, dy = 0.0, 1.0 if own < j else -1.0, 0.0
        else:
            dx, dy = dx / far, dy / far
        if now - advanced[j] > limits.silent_s:
            count = halfspaces.silent(rows, count, dx, dy, far, 0.0, limits)
            continue
        age = min(now - after[j], limits.age_max_s)
        drift = limits.speed * (age + limits.pose_period_s)
        count = halfspaces.collision(rows, count, dx, dy, far, drift, limits)
        if holding:
            kept[j] = True
            count = halfspaces.link(rows, count, dx, dy, far, drift, limits)
    return count


@numba.njit(cache=True)
def _admissible(
    wx: float, wy: float, flying: bool, scratch: Scratch, count: int, limits: Limits
) -> tuple[float, float, int]:
    """Return the nearest admissible velocity and the relaxation it took."""
    rows, bound = scratch.rows, scratch.bound
    first = scratch.start[count]
    order = scratch.order[first:]
    level, found = -1, False
    ux, uy = 0.0, 0.0
    while not found and level < 2:
        level += 1
        halfspaces.relax(rows, bound, count, level if flying else 2)
        ux, uy, found = project(wx, wy, rows, bound, count, limits.speed, order)
    if flying:
        tx, ty, turned = detour(wx, wy, ux, uy, rows, bound, count)
        if turned:
            ux, uy, found = project(tx, ty, rows, bound, count, limits.speed, order)
    return ux, uy, level
