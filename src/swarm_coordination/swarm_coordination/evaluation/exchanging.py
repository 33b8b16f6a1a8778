# SPDX-License-Identifier: Apache-2.0
"""
Other ways to agree on exchanges of slots, for comparison: neighbours propose, the leader commits.

``leader`` is the planner's own way (``mission.swaps``): pairs of neighbours that shorten their
two squared ways together, all by the leader's table. Here every robot proposes, by its own table,
the one neighbour with which it gains most; the leader hears of all proposals at once (rows would
take their time) and commits as many as concern no robot twice, the largest gain first.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from swarm_coordination.evaluation.kernels.state import (
    Beacons,
    Flags,
    Floats,
    Ints,
    RING,
    Tables,
    World,
)
from swarm_coordination.mission.swaps import GAIN_MIN_M2

EXCHANGES = ('leader', 'neighbours', 'both_gain')


def linked(beats: Ints, beacons: Beacons) -> Flags:
    """Return (N, N) who lists whom and is listed by it, as the rows ``beats`` say."""
    count = len(beats)
    words = beacons.heard[beats % RING, np.arange(count)]  # (N, W)
    words[beats < 0] = 0
    other = np.arange(count)
    listed = (words[:, other >> 6] >> (other & 63).astype(np.uint64)) & np.uint64(1) > 0
    return np.asarray(listed & listed.T)


def proposed(
    epoch: int, world: World, tables: Tables, beacons: Beacons, both: bool
) -> Sequence[tuple[int, int]]:
    """
    Return the pairs that are committed of what robots in ``epoch`` propose.

    ``both``: each of the two has to gain by itself; else their sum decides.
    """
    slots = world.slots[epoch]
    wanted: list[tuple[float, int, int]] = []
    for own in np.flatnonzero(world.alive & (world.epoch == epoch)).tolist():
        beats = tables.beat[own]
        names_own = _listing(own, beats, beacons)
        known = names_own & (tables.heard_at[own] > -np.inf) & ~np.isnan(slots[:, 0])
        places = np.stack([tables.x[own], tables.y[own], tables.z[own]], axis=1)
        mine = _squared(world.place[own], slots[own]) - _squared(world.place[own], slots)
        theirs = _squared(places, slots) - _squared(places, slots[own])
        gain = np.where(known, mine + theirs, -np.inf)
        if both:
            gain = np.where((mine > 0.0) & (theirs > 0.0), gain, -np.inf)
        best = int(gain.argmax())
        if gain[best] > GAIN_MIN_M2:
            wanted.append((-float(gain[best]), own, best))
    taken: set[int] = set()
    pairs = []
    for _, one, other in sorted(wanted):
        if one not in taken and other not in taken:
            taken.update((one, other))
            pairs.append((one, other))
    return pairs


def _listing(own: int, beats: Ints, beacons: Beacons) -> Flags:
    """Return (N,) who lists robot ``own``, by the newest beacon that it knows of each."""
    words = beacons.heard[beats % RING, np.arange(len(beats)), own >> 6]
    listed = (words >> np.uint64(own & 63)) & np.uint64(1) > 0
    return np.asarray(listed & (beats >= 0))


def _squared(one: Floats, other: Floats) -> Floats:
    return np.asarray(np.sum((one - other) ** 2, axis=-1))
