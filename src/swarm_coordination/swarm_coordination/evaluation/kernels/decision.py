# SPDX-License-Identifier: Apache-2.0
"""One update of ``control.controller`` for one robot, by its own table."""

from __future__ import annotations

import math

from swarm_coordination.evaluation.kernels import halfspaces
from swarm_coordination.evaluation.kernels.closing import contraction
from swarm_coordination.evaluation.kernels.compiled import compiled, inlined
from swarm_coordination.evaluation.kernels.filter import admissible
from swarm_coordination.evaluation.kernels.links import release
from swarm_coordination.evaluation.kernels.obstacles import obstacles
from swarm_coordination.evaluation.kernels.queueing import queued
from swarm_coordination.evaluation.kernels.state import (
    Beacons,
    CERTIFIED,
    Floats,
    Ground,
    Ints,
    KEEP_NONE,
    Limits,
    Outcome,
    RING_BITS,
    Scratch,
    Tables,
    World,
)
from swarm_coordination.evaluation.kernels.wish import braked, shortened

# Nearer than this the direction to another robot is rounding noise (control.halfspaces).
_COINCIDENT_M = 1e-6


@compiled
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
        wish = _wish(own, now, world, tables, beacons, scratch.close, limits)
    else:
        wish = braked(last[0], last[1], last[2], limits.deceleration * limits.period_s)
    nominal = outcome.nominal[own]
    nominal[0], nominal[1], nominal[2] = wish
    young = _look(own, now, world, tables, beacons, scratch, limits)
    if limits.keep == CERTIFIED:
        release(own, young, scratch, tables.beat[own], beacons, limits)
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


@inlined
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


@inlined
def _wish(
    own: int,
    now: float,
    world: World,
    tables: Tables,
    beacons: Beacons,
    close: Ints,
    limits: Limits,
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
        found, square = 0, limits.link_m * limits.link_m
        for j in range(len(slots)):  # without branches
            ax, ay, az = slots[j, 0] - sx, slots[j, 1] - sy, slots[j, 2] - sz
            apart = ax * ax + ay * ay + (az * az if limits.space else 0.0)
            close[found] = j
            lives = (beats[j] >= 0) & (now - advanced[j] <= limits.silent_s)
            found += (apart <= square) & lives
        for k in range(found):
            j = close[k]
            if epochs[beats[j] & RING_BITS, j] == epoch:
                near += 1
                dx += ex - (cx + scale * (slots[j, 0] - cx) - xs[j])
                dy += ey - (cy + scale * (slots[j, 1] - cy) - ys[j])
                dz += ez - (slots[j, 2] - zs[j])
        if near > 0:
            wx += limits.cohesion * dx / near
            wy += limits.cohesion * dy / near
            wz += limits.cohesion * dz / near if limits.space else 0.0
    wx, wy, wz = _bounded(wx, wy, wz, limits)
    if not math.isnan(way[0]):
        known = (tables.x[own], tables.y[own], tables.z[own])
        wx, wy = queued((wx, wy), now, place, slots, beats, advanced, known, limits)
        wx, wy, wz = _bounded(wx, wy, wz, limits)
    return wx, wy, wz


@inlined
def _bounded(
    wx: float, wy: float, wz: float, limits: Limits
) -> tuple[float, float, float]:
    """Cut a velocity to the speed bound; in the plane its vertical part by itself."""
    x, y, z = shortened(wx, wy, wz if limits.space else 0.0, limits.speed)
    return x, y, z if limits.space else max(-limits.speed, min(limits.speed, wz))


@inlined
def _look(
    own: int,
    now: float,
    world: World,
    tables: Tables,
    beacons: Beacons,
    scratch: Scratch,
    limits: Limits,
) -> int:
    """
    Write who may stand in a certificate and whose link is live (``control.picture``).

    Return how many robots ``scratch.young`` names.
    """
    epoch = world.epoch[own]
    slots, epochs = world.slots[epoch], beacons.epoch
    beats, after, advanced = tables.beat[own], tables.after[own], tables.advanced[own]
    heard_at, xs, ys, zs = tables.heard_at[own], tables.x[own], tables.y[own], tables.z[own]
    node, usable, linked, young = scratch.node, scratch.usable, scratch.linked, scratch.young
    usable[:] = False
    linked[:] = False
    scratch.released[:] = False
    found = 0
    for j in range(len(beats)):  # without branches: most rows are old, or nobody's
        young[found] = j
        bounded = (beats[j] >= 0) & (now - after[j] <= limits.age_max_s)
        found += bounded & (now - advanced[j] <= limits.silent_s)
    place, slack = world.place[own], limits.speed * limits.hold_s
    usable[own] = _weigh(node[own], place[0], place[1], place[2], slack, slots[own], limits)
    for k in range(found):
        j = young[k]
        linked[j] = now - heard_at[j] <= limits.link_timeout_s
        if now - advanced[j] > limits.suspect_s or epochs[beats[j] & RING_BITS, j] != epoch:
            continue
        slack = limits.speed * (now - after[j] + limits.pose_period_s + limits.hold_s)
        usable[j] = _weigh(node[j], xs[j], ys[j], zs[j], slack, slots[j], limits)
    return found


@inlined
def _weigh(
    node: Floats, x: float, y: float, z: float, slack: float, slot: Floats, limits: Limits
) -> bool:
    """Write one robot as certificates see it; return whether it may stand in one."""
    z = z if limits.space else 0.0
    node[0], node[1], node[4], node[5] = x, y, slack + limits.error, z
    step = limits.look_ahead_m
    if step > 0.0:
        up = slot[2] if limits.space else 0.0
        x, y, z = ahead(x, y, z, slot[0], slot[1], up, step)
    node[2], node[3], node[6] = x, y, z
    return not (step > 0.0 and math.isnan(slot[0]))


@inlined
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
    keeping = limits.keep != KEEP_NONE
    close, found, square = scratch.close, 0, clear * clear
    for j in range(len(beats)):  # without branches: most robots are too far for any row to bind
        kept[j], gone[j] = False, released[j]
        dx, dy = x - xs[j], y - ys[j]
        holding = keeping & linked[j] & (not released[j])
        close[found] = j
        found += (beats[j] >= 0) & ((dx * dx + dy * dy <= square) | holding)
    for k in range(found):
        j = close[k]
        holding = keeping & linked[j] & (not released[j])
        dx, dy = x - xs[j], y - ys[j]
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


@inlined
def _direction(
    own: int, other: int, dx: float, dy: float, dz: float
) -> tuple[float, float, float, float]:
    """Return the unit vector along (dx, dy, dz) and its length (``control.halfspaces.sight``)."""
    far = math.sqrt(dx * dx + dy * dy + dz * dz)
    if far < _COINCIDENT_M:
        return (1.0 if own < other else -1.0), 0.0, 0.0, 0.0
    return dx / far, dy / far, dz / far, far
