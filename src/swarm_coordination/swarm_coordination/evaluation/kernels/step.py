# SPDX-License-Identifier: Apache-2.0
"""One control period of the whole swarm: receive, decide, send, move."""

from __future__ import annotations

import math

from swarm_coordination.evaluation.kernels.compiled import compiled
from swarm_coordination.evaluation.kernels.decision import decide
from swarm_coordination.evaluation.kernels.gossip import deliver, send
from swarm_coordination.evaluation.kernels.state import (
    AIR,
    Air,
    Beacons,
    Floats,
    Ground,
    Limits,
    Outcome,
    Scratch,
    Tables,
    World,
)
from swarm_coordination.evaluation.kernels.wish import braked


@compiled
def advance(
    tick: int,
    delay: int,
    stride: int,
    flying: bool,
    reach: Floats,
    world: World,
    tables: Tables,
    beacons: Beacons,
    air: Air,
    scratch: Scratch,
    outcome: Outcome,
    limits: Limits,
    ground: Ground,
) -> float:
    """
    Run control period ``tick``; return the least distance of two robots during it (m).

    ``delay``: control periods from sending to receiving, below AIR; ``stride``: control periods
    between two beacons of a robot, which send in turns.

    Raises ValueError where a robot has a row in its own table: loops over rows take beat >= 0 for
    'another robot that is known', and it would keep away from itself.
    """
    count, now = len(world.place), tick * limits.period_s
    for own in range(count):
        if tables.beat[own, own] >= 0:
            raise ValueError('a robot has a row in its own table')
    if tick >= delay:
        deliver((tick - delay) % AIR, now, world, tables, beacons, air)
    for own in range(count):
        if world.alive[own]:
            decide(
                own, now, flying, world, tables, beacons, scratch, outcome, limits, ground
            )
        else:
            _coast(own, now, world, limits)
    for own in range(count):
        air.sent[tick % AIR, own] = False
        if world.alive[own] and (tick + own) % stride == 0:
            send(own, tick, now, reach, world, tables, beacons, air, limits)
    nearest = nearest_approach(world, limits.period_s, limits.squeeze)
    move(world, limits.period_s, limits.ahead_m)
    return nearest


@compiled
def _coast(own: int, now: float, world: World, limits: Limits) -> None:
    """Let the base of a dead controller go on until the command times out, then brake."""
    if now - world.died[own] > limits.command_timeout_s:
        slower = limits.deceleration * limits.period_s
        velocity = world.velocity[own]
        x, y, z = braked(velocity[0], velocity[1], velocity[2], slower)
        velocity[0], velocity[1], velocity[2] = x, y, z


@compiled
def nearest_approach(world: World, period: float, squeeze: float = 1.0) -> float:
    """
    Return the least distance of two robots while all move on straight lines.

    Heights are divided by ``squeeze``.
    """
    place, velocity, nearest = world.place, world.velocity, math.inf
    fastest = 0.0
    for i in range(len(place)):
        vx, vy, vz = velocity[i, 0], velocity[i, 1], velocity[i, 2]
        fastest = max(fastest, vx * vx + vy * vy + vz * vz)
    reach = 2.0 * math.sqrt(fastest) * period
    near = math.inf
    for i in range(len(place)):
        for j in range(i):
            px, py = place[i, 0] - place[j, 0], place[i, 1] - place[j, 1]
            pz = (place[i, 2] - place[j, 2]) / squeeze
            here = px * px + py * py + pz * pz
            if here > near:
                continue  # cannot come nearer than the nearest pair so far
            vx, vy = velocity[i, 0] - velocity[j, 0], velocity[i, 1] - velocity[j, 1]
            vz = (velocity[i, 2] - velocity[j, 2]) / squeeze
            square = vx * vx + vy * vy + vz * vz
            if square > 0.0:
                at = min(period, max(0.0, -(px * vx + py * vy + pz * vz) / square))
                px, py, pz = px + vx * at, py + vy * at, pz + vz * at
                here = px * px + py * py + pz * pz
            if here < nearest:
                nearest = here
                near = (math.sqrt(nearest) + reach) ** 2
    return math.sqrt(nearest)


@compiled
def move(world: World, period: float, ahead_m: float = 0.0) -> None:
    """
    Let everybody go on along its velocity for ``period``.

    With ``ahead_m`` the velocity is the one wanted of a point ahead of an axle: the base drives
    the arc of ``control.unicycle``, whose speeds stand for the whole period.
    """
    for i in range(len(world.place)):
        velocity, place = world.velocity[i], world.place[i]
        dx, dy, dz = velocity[0] * period, velocity[1] * period, velocity[2] * period
        if ahead_m > 0.0:
            dx, dy = _arc(world, i, period, ahead_m)
        place[0] += dx
        place[1] += dy
        place[2] += dz
        world.travelled[i] += math.sqrt(dx * dx + dy * dy + dz * dz)


@compiled
def _arc(world: World, i: int, period: float, ahead_m: float) -> tuple[float, float]:
    """Turn a base on; return the way of its point ahead."""
    yaw, velocity = world.yaw[i], world.velocity[i]
    cosine, sine = math.cos(yaw), math.sin(yaw)
    forward = cosine * velocity[0] + sine * velocity[1]
    rate = (cosine * velocity[1] - sine * velocity[0]) / ahead_m
    end = yaw + rate * period
    if abs(rate) > 1e-9:
        across, along = math.sin(end) - sine, cosine - math.cos(end)
        dx, dy = forward / rate * across, forward / rate * along
    else:
        dx, dy = forward * cosine * period, forward * sine * period
    world.yaw[i] = end
    return (
        dx + ahead_m * (math.cos(end) - cosine),
        dy + ahead_m * (math.sin(end) - sine),
    )
