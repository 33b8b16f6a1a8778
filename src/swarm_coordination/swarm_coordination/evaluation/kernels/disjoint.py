# SPDX-License-Identifier: Apache-2.0
"""
Two certified paths that share no robot, for ``resilience: 2``.

A flow of two with vertex capacities one (Menger's theorem): a first path by breadth-first search,
then an augmenting one in the residual graph, whose states are (robot, side): side 0 is entered
from another robot, side 1 leads on to others.
"""

from __future__ import annotations

import numpy as np
from swarm_coordination.evaluation.kernels.compiled import compiled
from swarm_coordination.evaluation.kernels.edges import greatest_weight
from swarm_coordination.evaluation.kernels.state import Flags, Floats, Ints, RING_BITS, Words


@compiled
def two_paths(
    own: int,
    end: int,
    node: Floats,
    usable: Flags,
    linked: Flags,
    shortest: float,
    search: Ints,
    beats: Ints,
    heard: Words,
    kept_m: float,
    ahead: bool,
) -> bool:
    """
    Return whether two certified paths to ``end`` share no robot in between.

    Certified links are listed by both ends and surely below the link (own, end), whose weight is
    at least ``shortest``.
    """
    count = len(beats)
    after, before, parent = search[0], search[1], search[2]
    after[:count] = -1
    before[:count] = -1
    for second in range(2):
        if not _augment(
            own, end, node, usable, linked, shortest, search, beats, heard, kept_m, ahead
        ):
            return False
        robot = end if second == 0 else own
        while robot != own:
            back = parent[2 * robot] >> 1
            before[robot], after[back] = back, robot
            robot = back
    return True


@compiled
def _augment(
    own: int,
    end: int,
    node: Floats,
    usable: Flags,
    linked: Flags,
    shortest: float,
    search: Ints,
    beats: Ints,
    heard: Words,
    kept_m: float,
    ahead: bool,
) -> bool:
    """Search one more path from ``own`` to ``end``; ``after`` and ``before`` hold the first."""
    count = len(beats)
    after, before, parent, queue = search[0], search[1], search[2], search[3]
    parent[: 2 * count] = -1
    head, tail = 0, 1
    queue[0] = 2 * own + 1
    parent[2 * own + 1] = 2 * own + 1
    while head < tail:
        state = queue[head]
        head += 1
        here, leaving = state >> 1, state & 1
        if before[here] >= 0 and here != end:  # on the first path: undo a part of it
            undo = 2 * here if leaving else 2 * before[here] + 1
            if parent[undo] < 0:
                parent[undo] = state
                queue[tail] = undo
                tail += 1
        if not leaving:
            continue
        for near in range(count):
            if near == own or parent[2 * near] >= 0 or after[here] == near or not usable[near]:
                continue
            listed = linked[near]
            if here != own:
                word = heard[beats[here] & RING_BITS, here, near >> 6]
                listed = (word >> np.uint64(near & 63)) & np.uint64(1) == np.uint64(1)
            word = heard[beats[near] & RING_BITS, near, here >> 6]
            if not listed or (word >> np.uint64(here & 63)) & np.uint64(1) == np.uint64(0):
                continue
            if greatest_weight(node, here, near, kept_m, ahead) >= shortest:
                continue
            parent[2 * near] = state
            if near == end:
                return True
            queue[tail] = 2 * near
            tail += 1
            if before[near] < 0 and parent[2 * near + 1] < 0:
                parent[2 * near + 1] = 2 * near
                queue[tail] = 2 * near + 1
                tail += 1
    return False
