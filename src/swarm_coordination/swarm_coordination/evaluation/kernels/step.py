# SPDX-License-Identifier: Apache-2.0
"""One control period of the whole swarm: receive, decide, send, move."""

from __future__ import annotations

import math

import numba
from swarm_coordination.evaluation.kernels.decision import decide
from swarm_coordination.evaluation.kernels.gossip import deliver, send
from swarm_coordination.evaluation.kernels.state import (
    AIR,
    Air,
    Beacons,
    Floats,
    Limits,
    Outcome,
    Scratch,
    Tables,
    World,
)
from swarm_coordination.evaluation.kernels.wish import braked


@numba.njit(cache=True)
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
) -> float:
    """
    Run control period ``tick``; return the least distance of two robots during it (m).

    ``delay``: control periods from sending to receiving, below AIR; ``stride``: control periods
    between two beacons of a robot, which send in turns.
    """
    count, now = len(world.place), tick * limits.period_s
    if tick >= delay:
        deliver((tick - delay) % AIR, now, world, tables, beacons, air)
    for own in range(count):
        if world.alive[own]:
            decide(own, now, flying, world, tables, beacons, scratch, outcome, limits)
        else:
            _coast(own, now, world, limits)
    for own in range(count):
        air.sent[tick % AIR, own] = False
        if world.alive[own] and (tick + own) % stride == 0:
            send(own, tick, now, reach, world, tables, beacons, air, limits)
    nearest = nearest_approach(world, limits.period_s)
    move(world, limits.period_s)
    return nearest


@numba.njit(cache=True)
def _coast(own: int, now: float, world: World, limits: Limits) -> None:
    """Let the base of a dead controller go on until the command times out, then brake."""
    if now - world.died[own] > limits.command_timeout_s:
        slower = limits.deceleration * limits.period_s
        x, y = braked(world.velocity[own, 0], world.velocity[own, 1], slower)
        world.velocity[own, 0], world.velocity[own, 1] = x, y


@numba.njit(cache=True)
def nearest_approach(world: World, period: float) -> float:
    """Return the least distance of two robots while all move on straight lines."""
    place, velocity, nearest = world.place, world.velocity, math.inf
    for i in range(len(place)):
        for j in range(i):
            px, py = place[i, 0] - place[j, 0], place[i, 1] - place[j, 1]
            here = px * px + py * py
            vx, vy = velocity[i, 0] - velocity[j, 0], velocity[i, 1] - velocity[j, 1]
            square = vx * vx + vy * vy
            if square > 0.0:
                at = min(period, max(0.0, -(px * vx + py * vy) / square))
                px, py = px + vx * at, py + vy * at
                here = px * px + py * py
            nearest = min(nearest, here)
    return math.sqrt(nearest)


@numba.njit(cache=True)
def move(world: World, period: float) -> None:
    """Let everybody go on along its velocity for ``period``."""
    for i in range(len(world.place)):
        dx, dy = world.velocity[i, 0] * period, world.velocity[i, 1] * period
        world.place[i, 0] += dx
        world.place[i, 1] += dy
        world.travelled[i] += math.hypot(dx, dy)
