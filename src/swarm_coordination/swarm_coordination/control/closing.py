# SPDX-License-Identifier: Apache-2.0
"""
After a loss: both sides close the gap towards the slots of those that fell silent.

Whoever sees that the slots of the living no longer form one graph, or that several robots fell
silent at once (to both sides of a split the other one looks dead), moves its slot and those of all
others by one contraction about the centre c of the gap:

    q' = c + s (q - c)

Both sides know the same committed slots and so compute the same c where one robot joined them:
its slot. No message and no commit is needed. The contraction ends with the next assignment, in
which the lost have no slot.
"""

from __future__ import annotations

from collections.abc import Sequence
import math
from typing import NamedTuple

from swarm_coordination.control.graph import connected, disc_graph
from swarm_coordination.control.settings import ControlSettings

Slot = tuple[float, float]

# A gap that one silent robot leaves is two links wide; closed to this share of the kept range it
# has room for what positions and ages leave open.
CLOSED_SHARE = 0.7
# Room between contracted slots beyond the safety distance, in which robots can still pass.
ROOM_M = 1.0
# Slots nearer to each other count as so far apart: nothing is divided by zero.
APART_MIN_M = 0.001


class Contraction(NamedTuple):
    """A contraction of slots by ``scale`` about (x, y)."""

    x: float
    y: float
    scale: float

    def moved(self, x: float, y: float) -> Slot:
        """Return the slot (x, y) contracted."""
        return (self.x + self.scale * (x - self.x), self.y + self.scale * (y - self.y))


IDENTITY = Contraction(0.0, 0.0, 1.0)


def contraction(
    living: Sequence[Slot], silent: Sequence[Slot], settings: ControlSettings
) -> Contraction:
    """
    Return how the slots are moved while the robots of the slots ``silent`` are.

    ``living``: slots of all others, the own one included; all of one assignment.
    """
    if not silent or not living:
        return IDENTITY
    kept_m = settings.link_distance_m
    if len(silent) == 1 and connected(disc_graph(living, kept_m)):
        return IDENTITY
    edge = [
        (slot, near)
        for slot in silent
        if (near := min(math.dist(slot, other) for other in living)) <= kept_m
    ]
    if not edge:
        return IDENTITY
    x = math.fsum(slot[0] for slot, _ in edge) / len(edge)
    y = math.fsum(slot[1] for slot, _ in edge) / len(edge)
    widest = 2.0 * max(APART_MIN_M, *(near for _, near in edge))
    tightest = min(
        (math.dist(a, b) for i, a in enumerate(living) for b in living[:i]), default=math.inf
    )
    least = (settings.collision_distance_m + ROOM_M) / max(APART_MIN_M, tightest)
    scale = max(CLOSED_SHARE * kept_m / widest, least)
    return Contraction(x, y, scale) if scale < 1.0 else IDENTITY
