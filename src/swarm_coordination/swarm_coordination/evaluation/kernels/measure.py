# SPDX-License-Identifier: Apache-2.0
"""What is true of the swarm at one instant, whatever the robots think."""

from __future__ import annotations

import math

from swarm_coordination.evaluation.kernels.compiled import allocating, compiled
from swarm_coordination.evaluation.kernels.state import (
    Floats,
    Ints,
    Limits,
    Outcome,
    Tables,
    World,
)


@allocating
def islands(world: World, range_m: float, label: Ints) -> int:
    """Label the components of the living within ``range_m``; return how many there are."""
    count, found = len(world.place), 0
    queue = [0 for _ in range(count)]
    for i in range(count):
        label[i] = -1
    for start in range(count):
        if label[start] >= 0 or not world.alive[start]:
            continue
        label[start] = found
        queue[0], head, tail = start, 0, 1
        while head < tail:
            here = queue[head]
            head += 1
            for j in range(count):
                if label[j] < 0 and world.alive[j]:
                    dx = world.place[here, 0] - world.place[j, 0]
                    dy = world.place[here, 1] - world.place[j, 1]
                    dz = world.place[here, 2] - world.place[j, 2]
                    if dx * dx + dy * dy + dz * dz <= range_m * range_m:
                        label[j] = found
                        queue[tail] = j
                        tail += 1
        found += 1
    return found


@compiled
def deaf_pairs(
    now: float, world: World, tables: Tables, near_since: Floats, limits: Limits
) -> int:
    """
    Count pairs within the kept range for longer than the time-out that do not know each other.

    ``near_since`` (N, N) keeps since when a pair has been within the kept range.
    """
    deaf, count = 0, len(world.place)
    kept = limits.link_m + 2.0 * limits.error
    for i in range(count):
        for j in range(count):
            if i == j or not (world.alive[i] and world.alive[j]):
                continue
            dx = world.place[i, 0] - world.place[j, 0]
            dy = world.place[i, 1] - world.place[j, 1]
            dz = world.place[i, 2] - world.place[j, 2]
            if dx * dx + dy * dy + dz * dz > kept * kept:
                near_since[i, j] = math.inf
            elif near_since[i, j] == math.inf:
                near_since[i, j] = now
            elif now - near_since[i, j] > limits.link_timeout_s:
                unheard = now - tables.heard_at[i, j] > limits.link_timeout_s
                deaf += unheard or now - tables.after[i, j] > limits.age_max_s
    return deaf


@compiled
def live_links(
    world: World, tables: Tables, outcome: Outcome, limits: Limits, now: float
) -> tuple[int, int]:
    """Return how many live links somebody keeps, and how many there are."""
    kept, live, count = 0, 0, len(world.place)
    for i in range(count):
        for j in range(i):
            if not (world.alive[i] and world.alive[j]):
                continue
            both = max(now - tables.heard_at[i, j], now - tables.heard_at[j, i])
            if both <= limits.link_timeout_s:
                live += 1
                kept += outcome.kept[i, j] or outcome.kept[j, i]
    return kept, live
