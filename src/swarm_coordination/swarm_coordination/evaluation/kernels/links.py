# SPDX-License-Identifier: Apache-2.0
"""
The release rule of ``control.links`` on arrays: bottlenecks from one robot, by its own table.

``node`` holds every robot that may stand in a certificate (``usable``), the own one included;
whom robot j lists stands in its newest beacon known. For two disjoint paths see ``disjoint``.
"""

from __future__ import annotations

import math

import numpy as np
from swarm_coordination.evaluation.kernels.compiled import compiled
from swarm_coordination.evaluation.kernels.disjoint import two_paths
from swarm_coordination.evaluation.kernels.edges import greatest_weight, lighter
from swarm_coordination.evaluation.kernels.state import (
    Beacons,
    Flags,
    Floats,
    Ints,
    Limits,
    RING_BITS,
    Scratch,
    Small,
    Words,
)


@compiled
def release(
    own: int, young: int, table: Scratch, beats: Ints, beacons: Beacons, limits: Limits
) -> None:
    """
    Mark in ``table.released`` the robots of ``table.linked`` whose link is superfluous.

    ``young``: how many robots ``table.young`` names; ``beats``: the newest beacon known of each.
    """
    node, usable, linked, least = table.node, table.usable, table.linked, table.least
    released, search, reach = table.released, table.search, table.reach
    reach[:] = -1.0
    known = 0
    # The candidates take the places of the young: everybody usable, the linked first.
    for k in range(young):
        j = table.young[k]
        if usable[j]:
            reach[j] = math.inf
        if linked[j] and usable[j]:
            dx, dy, dz = (
                node[own, 2] - node[j, 2],
                node[own, 3] - node[j, 3],
                node[own, 6] - node[j, 6],
            )
            far = math.sqrt(dx * dx + dy * dy + dz * dz)
            least[j] = far - node[own, 4] - node[j, 4]
            table.young[known] = j
            known += 1
    if known < 2:
        return
    heard, listed, listed_count = beacons.heard, beacons.listed, beacons.listed_count
    kept_m, ahead = limits.link_m, limits.look_ahead_m > 0.0
    if limits.resilience >= 2:
        for k in range(known):
            j = table.young[k]
            released[j] = two_paths(
                own, j, node, usable, linked, least[j], search, beats, heard, kept_m, ahead
            )
        return
    _bottlenecks(
        own,
        known,
        table.young,
        node,
        least,
        reach,
        released,
        search[0],
        beats,
        heard,
        listed,
        listed_count,
        kept_m,
        ahead,
    )


@compiled
def _bottlenecks(
    own: int,
    known: int,
    candidates: Ints,
    node: Floats,
    least: Floats,
    reach: Floats,
    released: Flags,
    waiting: Ints,
    beats: Ints,
    heard: Words,
    listed: Small,
    listed_count: Ints,
    kept_m: float,
    ahead: bool,
) -> None:
    """
    Dijkstra from ``own``: the least largest link of a path to each robot, in ``reach``.

    Any path whose largest link is below the least weight of the link with its end releases that
    link. Links as heavy as the heaviest one that is still in question certify nothing more. A
    robot that is settled, or may not stand in a certificate, has a reach that no path undercuts.
    """
    opened, here, length = 0, own, -1.0
    while True:
        limit = -1.0
        for k in range(known):
            j = candidates[k]
            released[j] = reach[j] < least[j]
            limit = max(limit, -1.0 if released[j] else least[j])
        if length >= limit:
            return
        row = beats[here] & RING_BITS
        for k in range(known if here == own else listed_count[row, here]):
            near = candidates[k] if here == own else np.int64(listed[row, here, k])
            before = reach[near]
            if before <= length:
                continue
            if not lighter(node, here, near, min(before, limit)):
                continue  # most links end here, without a square root
            edge = max(length, greatest_weight(node, here, near, kept_m, ahead))
            if edge >= before or edge >= limit:
                continue
            word = heard[beats[near] & RING_BITS, near, here >> 6]
            if (word >> np.uint64(here & 63)) & np.uint64(1) == np.uint64(0):
                continue
            if before == math.inf:
                waiting[opened] = near
                opened += 1
            reach[near] = edge
        if opened == 0:
            break
        best = 0
        for k in range(1, opened):
            if reach[waiting[k]] < reach[waiting[best]]:
                best = k
        here = waiting[best]
        opened -= 1
        waiting[best] = waiting[opened]
        length = reach[here]
    for k in range(known):
        j = candidates[k]
        released[j] = reach[j] < least[j]
