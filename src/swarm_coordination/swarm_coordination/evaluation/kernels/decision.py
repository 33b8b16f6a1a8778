# SPDX-License-Identifier: Apache-2.0
"""One update of ``control.controller`` for one robot, by its own table."""

from __future__ import annotations

import math

import numba
from swarm_coordination.evaluation.kernels import halfspaces
from swarm_coordination.evaluation.kernels.closing import contraction
from swarm_coordination.evaluation.kernels.filter import admissible
from swarm_coordination.evaluation.kernels.links import release
from swarm_coordination.evaluation.kernels.obstacles import obstacles
from swarm_coordination.evaluation.kernels.state import (
    Beacons,
    CERTIFIED,
    Ground,
    KEEP_NONE,
    Limits,
    Outcome,
    RING,
    Scratch,
    Tables,
    World,
)
from swarm_coordination.evaluation.kernels.wish import braked, shortened

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
    ground: Ground,
) -> None:
    """Choose the velocity of robot ``own``; a robot that is not ``flying`` brakes and stands."""
    place, velocity = world.place[own], world.velocity[own]
    last = (velocity[0], velocity[1], velocity[2])
    if flying:
        wish = _wish(own, now, world, tables, beacons, limits)
    else:
        wish = braked(last[0], last[1], last[2], limits.deceleration * limits.period_s)
    nominal = outcome.nominal[own]
    nominal[0], nominal[1], nominal[2] = wish
    _look(own, now, world, tables, beacons, scratch, limits)
    if limits.keep == CERTIFIED:
        release(own, scratch, tables.beat[own], beacons, limits)
    count = _half_spaces(own, now, world, tables, scratch, outcome, limits)
    low, high = -limits.speed, limits.speed
    if ground.bounded:
        count, low, high = obstacles(
            scratch.rows, count, place[0], place[1], place[2], ground, limits
        )
    got, level = admissible(wish, last, flying, scratch, count, low, high, limits)
    velocity[0], velocity[1], velocity[2] = got
    outcome.level[own] = level
    if level > 0:
        outcome.relaxed[level - 1] += 1


@numba.njit(cache=True)
def ahead(
    x: float, y: float, z: float, sx: float, sy: float, sz: float, step: float
) -> tuple[float, float, float]:
    """Return the place at most ``step`` metres from (x, y, z) towards the slot."""
    dx, dy, dz = sx - x, sy - y, sz - z
    way = math.sqrt(dx * dx + dy * dy + dz * dz)
    if way <= step:
        return sx, sy, sz
    share = step / way
    return x + dx * share, y + dy * share, z + dz * share


@numba.njit(cache=True)
def _wish(
    own: int, now: float, world: World, tables: Tables, beacons: Beacons, limits: Limits
) -> tuple[float, float, float]:
    """Velocity towards the slot, drawn to the displacement of neighbours in the formation."""
    epoch = world.epoch[own]
    slots, place = world.slots[epoch], world.place[own]
    sx, sy, sz = slots[own, 0], slots[own, 1], slots[own, 2]
    if math.isnan(sx):
        return 0.0, 0.0, 0.0
    beats, advanced, epochs = tables.beat[own], tables.advanced[own], beacons.epoch
    cx, cy, scale = contraction(own, now, slots, beats, advanced, limits)
    ex, ey = cx + scale * (sx - cx) - place[0], cy + scale * (sy - cy) - place[1]
    ez = sz - place[2]
    way = world.way[own]
    if math.isnan(way[0]):
        wx, wy, wz = limits.gain * ex, limits.gain * ey, limits.gain * ez
    else:
        wx, wy, wz = limits.gain * way[0], limits.gain * way[1], limits.gain * way[2]
    if limits.cohesion > 0.0 and math.isnan(way[0]):
        xs, ys, zs = tables.x[own], tables.y[own], tables.z[own]
        near, dx, dy, dz = 0, 0.0, 0.0, 0.0
        for j in range(len(slots)):
            ax, ay, az = slots[j, 0] - sx, slots[j, 1] - sy, slots[j, 2] - sz
            square = ax * ax + ay * ay + (az * az if limits.space else 0.0)
            if not square <= limits.link_m * limits.link_m or j == own:
                continue
            if beats[j] < 0 or now - advanced[j] > limits.silent_s:
                continue
            if epochs[beats[j] % RING, j] == epoch:
                near += 1
                dx += ex - (cx + scale * (slots[j, 0] - cx) - xs[j])
                dy += ey - (cy + scale * (slots[j, 1] - cy) - ys[j])
                dz += ez - (slots[j, 2] - zs[j])
        if near > 0:
            wx += limits.cohesion * dx / near
            wy += limits.cohesion * dy / near
            wz += limits.cohesion * dz / near if limits.space else 0.0
    if limits.space:
        return shortened(wx, wy, wz, limits.speed)
    wx, wy, _ = shortened(wx, wy, 0.0, limits.speed)
    return wx, wy, max(-limits.speed, min(limits.speed, wz))


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
    heard_at, xs, ys, zs = tables.heard_at[own], tables.x[own], tables.y[own], tables.z[own]
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
            x, y, z = world.place[own, 0], world.place[own, 1], world.place[own, 2]
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
            x, y, z = xs[j], ys[j], zs[j]
            slack = speed * (age + limits.pose_period_s + limits.hold_s)
        usable[j] = True
        z = z if limits.space else 0.0
        node[j, 0], node[j, 1], node[j, 4], node[j, 5] = x, y, slack + limits.error, z
        if step > 0.0 and math.isnan(slots[j, 0]):
            usable[j] = False
        elif step > 0.0:
            up = slots[j, 2] if limits.space else 0.0
            x, y, z = ahead(x, y, z, slots[j, 0], slots[j, 1], up, step)
        node[j, 2], node[j, 3], node[j, 6] = x, y, z


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
    xs, ys, zs = tables.x[own], tables.y[own], tables.z[own]
    x, y, z = world.place[own, 0], world.place[own, 1], world.place[own, 2]
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
        dz = z - zs[j] if limits.space else 0.0
        nx, ny, nz, far = _direction(own, j, dx, dy, dz / limits.squeeze)
        if now - advanced[j] > limits.silent_s:
            count = halfspaces.silent(rows, count, nx, ny, nz, far, 0.0, limits)
            continue
        age = min(now - after[j], limits.age_max_s)
        drift = limits.speed * (age + limits.pose_period_s)
        count = halfspaces.collision(rows, count, nx, ny, nz, far, drift, limits)
        if holding:
            kept[j] = True
            if limits.squeeze > 1.0:
                nx, ny, nz, far = _direction(own, j, dx, dy, dz)
            count = halfspaces.link(rows, count, nx, ny, nz, far, drift, limits)
    return count


@numba.njit(cache=True)
def _direction(
    own: int, other: int, dx: float, dy: float, dz: float
) -> tuple[float, float, float, float]:
    """Return the unit vector along (dx, dy, dz) and its length (``control.halfspaces.sight``)."""
    far = math.sqrt(dx * dx + dy * dy + dz * dz)
    if far < _COINCIDENT_M:
        return (1.0 if own < other else -1.0), 0.0, 0.0, 0.0
    return dx / far, dy / far, dz / far, far
