# SPDX-License-Identifier: Apache-2.0
"""The contraction of ``control.closing`` by one robot's own table."""

from __future__ import annotations

import math

import numpy as np
from swarm_coordination.control import closing
from swarm_coordination.evaluation.kernels.compiled import allocating, compiled
from swarm_coordination.evaluation.kernels.state import (
    Flags,
    Floats,
    Ints,
    Limits,
    Tables,
    World,
)

_CLOSED_SHARE = closing.CLOSED_SHARE
_ROOM_M = closing.ROOM_M
_APART_MIN_M = closing.APART_MIN_M


@allocating
def contraction(
    own: int, now: float, slots: Floats, beats: Ints, advanced: Floats, limits: Limits
) -> tuple[float, float, float]:
    """Return centre and scale by which robot ``own`` moves all slots; scale 1: not at all."""
    count, quiet, lost = len(slots), 0, 0
    for j in range(count):  # without branches: nearly always nobody is silent
        quiet += (beats[j] >= 0) & (now - advanced[j] > limits.silent_s)
    if quiet == 0:
        return 0.0, 0.0, 1.0
    for j in range(count):
        if j != own and beats[j] >= 0 and now - advanced[j] > limits.silent_s:
            lost += not math.isnan(slots[j, 0])
    if lost == 0:
        return 0.0, 0.0, 1.0
    silent = np.zeros(count, np.bool_)
    living = np.zeros(count, np.bool_)
    for j in range(count):
        if math.isnan(slots[j, 0]) or (j != own and beats[j] < 0):
            continue
        silent[j] = j != own and now - advanced[j] > limits.silent_s
        living[j] = not silent[j]
    if not living[own] or (lost == 1 and _one(own, slots, living, limits.link_m)):
        return 0.0, 0.0, 1.0
    x, y, edge, widest, tightest = 0.0, 0.0, 0, _APART_MIN_M, math.inf
    for j in range(count):
        nearest = math.inf
        for k in range(count):
            if living[k] and k != j:
                nearest = min(
                    nearest, math.hypot(slots[j, 0] - slots[k, 0], slots[j, 1] - slots[k, 1])
                )
        if living[j]:
            tightest = min(tightest, nearest)
        elif silent[j] and nearest <= limits.link_m:
            x, y, edge, widest = x + slots[j, 0], y + slots[j, 1], edge + 1, max(widest, nearest)
    if edge == 0:
        return 0.0, 0.0, 1.0
    least = (limits.collision_m + _ROOM_M) / max(_APART_MIN_M, tightest)
    scale = max(_CLOSED_SHARE * limits.link_m / (2.0 * widest), least)
    return x / edge, y / edge, min(1.0, scale)


@compiled
def drawn(now: float, world: World, tables: Tables, limits: Limits, found: Floats) -> None:
    """Write every robot's slot as it draws it together to ``found`` (N, 3); NaN: it has none."""
    for own in range(len(found)):
        slots = world.slots[world.epoch[own]]
        beats, advanced = tables.beat[own], tables.advanced[own]
        x, y, scale = contraction(own, now, slots, beats, advanced, limits)
        found[own, 0] = x + scale * (slots[own, 0] - x)
        found[own, 1] = y + scale * (slots[own, 1] - y)
        found[own, 2] = slots[own, 2]


@allocating
def _one(own: int, slots: Floats, living: Flags, range_m: float) -> bool:
    """Return whether the slots of the living form one graph."""
    count = len(slots)
    seen = np.zeros(count, np.bool_)
    queue = np.zeros(count, np.int64)
    seen[own], queue[0], head, tail = True, own, 0, 1
    while head < tail:
        here = queue[head]
        head += 1
        for j in range(count):
            if living[j] and not seen[j]:
                dx, dy = slots[j, 0] - slots[here, 0], slots[j, 1] - slots[here, 1]
                if dx * dx + dy * dy <= range_m * range_m:
                    seen[j] = True
                    queue[tail] = j
                    tail += 1
    return tail == living.sum()
