# SPDX-License-Identifier: Apache-2.0
"""What robots propose to exchange, each by its own table, and what a leader has heard of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from swarm_coordination.evaluation.kernels.state import (
    Beacons,
    Flags,
    Ints,
    Limits,
    RING,
    Tables,
    World,
)
from swarm_coordination.mission.swaps import best_partners, consenting


def propose(now: float, world: World, tables: Tables, beacons: Beacons, limits: Limits) -> None:
    """Write into ``world.partner`` with whom each living robot would exchange its slot."""
    places = np.stack([tables.x, tables.y, tables.z], axis=2)
    every = np.arange(len(world.alive))
    places[every, every] = world.place
    near = now - tables.heard_at <= limits.link_timeout_s
    near &= listing(tables.beat, beacons)
    for epoch in np.unique(world.epoch[world.alive]).tolist():
        own = np.flatnonzero(world.alive & (world.epoch == epoch))
        slots = world.slots[epoch]
        world.partner[own] = best_partners(own, places[own], slots, near[own])


def agreed(
    who: int, epoch: int, world: World, tables: Tables, beacons: Beacons
) -> Sequence[tuple[int, int]]:
    """Return the pairs of which robot ``who`` knows that both ends propose them in ``epoch``."""
    beats, every = tables.beat[who], np.arange(len(world.alive))
    row = beats % RING
    named = np.where(
        (beats >= 0) & (beacons.epoch[row, every] == epoch), beacons.partner[row, every], -1
    )
    named[who] = world.partner[who] if world.epoch[who] == epoch else -1
    return consenting(named.tolist())


def listing(beats: Ints, beacons: Beacons) -> Flags:
    """Return (N, N): whether robot i knows that robot j hears it, by the rows of ``beats``."""
    other = np.arange(len(beats))
    words = beacons.heard[beats % RING, other[None, :], other[:, None] >> 6]
    bits = (words >> (other[:, None] & 63).astype(np.uint64)) & np.uint64(1)
    return np.asarray((bits > 0) & (beats >= 0))
