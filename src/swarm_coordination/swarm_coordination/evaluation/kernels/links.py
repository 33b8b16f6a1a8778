# SPDX-License-Identifier: Apache-2.0
"""
The release rule of ``control.links`` on arrays: bottlenecks from one robot, by its own table.

``node`` holds every robot that may stand in a certificate (``usable``), the own one included;
whom robot j lists stands in its newest beacon known. For two disjoint paths see ``disjoint``.
"""

from __future__ import annotations

import math

import numba
import numpy as np
from swarm_coordination.evaluation.kernels.disjoint import two_paths
from swarm_coordination.evaluation.kernels.edges import greatest_weight, lighter
from swarm_coordination.evaluation.kernels.state import (
    Beacons,
    Flags,
    Floats,
    Ints,
    Limits,
    RING,
    Scratch,
    Small,
    Words,
)

_RING_BITS = RING - 1


@numba.njit(cache=True)
def release(own: int, table: Scratch, beats: Ints, beacons: Beacons, limits: Limits) -> None:
    """
    Mark in ``table.released`` the robots of ``table.linked`` whose link is superfluous.

    ``beats``: the newest beacon known of each robot.
    """
    node, usable, linked, key = table.node, table.usable, table.linked, table.key
    released, search = table.released, table.search
    count, limit, known = len(beats), -1.0, 0
    for j in range(count):
        released[j] = False
        if linked[j] and usable[j]:
            dx, dy, dz = (
                node[own, 2] - node[j, 2],
                node[own, 3] - node[j, 3],
                node[own, 6] - node[j, 6],
            )
            far = math.sqrt(dx * dx + dy * dy + dz * dz)
            key[j, 0] = far - node[own, 4] - node[j, 4]
            limit = max(limit, key[j, 0])
            known += 1
    if known < 2:
        return
    heard, listed, listed_count = beacons.heard, beacons.listed, beacons.listed_count
    kept_m, ahead = limits.link_m, limits.look_ahead_m > 0.0
    if limits.resilience >= 2:
        for j in range(count):
            if linked[j] and usable[j]:
                released[j] = two_paths(
                    own, j, node, usable, linked, key[j, 0], search, beats, heard, kept_m, ahead
                )
        return
    for j in range(count):
        key[j, 1] = math.inf if usable[j] and j != own else -1.0
    _bottlenecks(
        own,
        limit,
        node,
        linked,
        key,
        search[0],
        beats,
        heard,
        listed,
        listed_count,
        kept_m,
        ahead,
    )
    for j in range(count):
        if linked[j] and usable[j]:
            released[j] = key[j, 1] < key[j, 0]


@numba.njit(cache=True)
def _bottlenecks(
    own: int,
    limit: float,
    node: Floats,
    linked: Flags,
    key: Floats,
    waiting: Ints,
    beats: Ints,
    heard: Words,
    listed: Small,
    listed_count: Ints,
    kept_m: float,
    ahead: bool,
) -> None:
    """
    Dijkstra from ``own``: the least largest link of a path to each robot, in ``key[:, 1]``.

    Links of ``limit`` and more certify nothing. A robot that is settled, or may not stand in a
    certificate, has a key that no path undercuts.
    """
    opened, here, length = 0, own, -1.0
    while True:
        row = beats[here] & _RING_BITS
        for k in range(len(beats) if here == own else listed_count[row, here]):
            near = k if here == own else np.int64(listed[row, here, k])
            known = key[near, 1]
            if known <= length or (here == own and not linked[near]):
                continue
            if not lighter(node, here, near, min(known, limit)):
                continue  # most links end here, without a square root
            edge = max(length, greatest_weight(node, here, near, kept_m, ahead))
            if edge >= known or edge >= limit:
                continue
            word = heard[beats[near] & _RING_BITS, near, here >> 6]
            if (word >> np.uint64(here & 63)) & np.uint64(1) == np.uint64(0):
                continue
            if key[near, 1] == math.inf:
                waiting[opened] = near
                opened += 1
            key[near, 1] = edge
        if opened == 0:
            return
        best = 0
        for k in range(1, opened):
            if key[waiting[k], 1] < key[waiting[best], 1]:
                best = k
        here = waiting[best]
        opened -= 1
        waiting[best] = waiting[opened]
        length = key[here, 1]
