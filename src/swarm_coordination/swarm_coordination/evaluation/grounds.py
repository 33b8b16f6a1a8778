# SPDX-License-Identifier: Apache-2.0
"""
What stands in the way: nothing, a few obstacles, or two walls with a corridor between them.

Sparse: as many boxes and cylinders as robots, drawn from the seed, where robots neither start nor
have slots; every two robots' widths apart, so that one can pass. Corridor: along x, 10 m long and
4 m wide, three pillars in it that leave 3 m; robots start on one side, the formation stands on the
other.
"""

from __future__ import annotations

import math
import random

import numpy as np
from swarm_coordination.area.nearest import in_plane
from swarm_coordination.area.shapes import Area, box, cylinder, NOWHERE_CLOSED, Piece
from swarm_coordination.area.ways import Ways
from swarm_coordination.control.controller import WAY_MARGIN_M
from swarm_coordination.evaluation.kernels.closing import drawn
from swarm_coordination.evaluation.kernels.state import Floats, Limits, Tables, World

OBSTACLES = ('none', 'sparse', 'corridor')
# Half the corridor's length and width; how far its walls reach to the sides.
LONG_M, WIDE_M, WALLS_M = 5.0, 2.0, 60.0
PILLARS = ((-3.0, 1.25), (0.0, -1.25), (3.0, 1.25))
PILLAR_M = 0.25
# Room between the walls and the nearest start or slot.
ROOM_M = 2.0
# Sparse obstacles keep so far from starts and slots, and from each other.
CLEAR_M, APART_M = 1.0, 1.5


def beyond(points: Floats, side: int) -> Floats:
    """Return points (N, 3) shifted along x to one side (-1, 1) of the corridor."""
    edge = (side * points[:, 0]).min()
    shift = LONG_M + ROOM_M - edge
    return points + np.array([side * shift, 0.0, 0.0])


def corridor() -> Area:
    """Return the walls and pillars."""
    middle, depth = WIDE_M + 0.5 * WALLS_M, WALLS_M
    walls = tuple(
        box((0.0, side * middle), (2.0 * LONG_M, depth), name='wall') for side in (-1.0, 1.0)
    )
    return Area((*walls, *(cylinder(spot, PILLAR_M, name='pillar') for spot in PILLARS)))


def sparse(places: Floats, slots: Floats, rng: random.Random) -> Area:
    """Return obstacles among starts and slots (N, 3)."""
    free = np.concatenate([places, slots])[:, :2].tolist()
    low, high = np.min(free, axis=0), np.max(free, axis=0)
    found: list[Piece] = []
    for _ in range(50 * len(places)):
        spot = (rng.uniform(low[0], high[0]), rng.uniform(low[1], high[1]))
        if rng.random() < 0.5:
            piece = cylinder(spot, rng.uniform(0.3, 1.0))
            reach = piece.radius_m
        else:
            size = (rng.uniform(0.5, 2.0), rng.uniform(0.5, 2.0))
            piece = box(spot, size, rng.uniform(-math.pi, math.pi))
            reach = 0.5 * math.hypot(*size)
        clear = all(in_plane(piece, x, y).distance_m >= CLEAR_M for x, y in free)
        if clear and all(
            in_plane(other, *spot).distance_m - reach >= APART_M for other in found
        ):
            found.append(piece)
        if len(found) == len(places):
            break
    return Area(tuple(found))


def ground(kind: str, places: Floats, slots: Floats, seed: int) -> Area:
    """Return what stands in the way in one run."""
    if kind == 'corridor':
        return corridor()
    if kind == 'sparse':
        return sparse(places, slots, random.Random(f'{seed}/ground'))
    return NOWHERE_CLOSED


class Guide:
    """The way of every robot to its slot, around what stands there."""

    def __init__(self, area: Area, clear_m: float) -> None:
        """``clear_m``: least distance from obstacles."""
        self._ways = None if area.empty else Ways(area, clear_m + WAY_MARGIN_M)

    def write(self, now: float, world: World, tables: Tables, limits: Limits) -> None:
        """
        Write to ``world.way`` the way from each place to its slot; NaN: it is straight.

        Slots count as each robot draws them together after a loss, by its own table.
        """
        if self._ways is None:
            return
        way, slots = world.way, np.zeros_like(world.place)
        drawn(now, world, tables, limits, slots)
        for k, (place, slot) in enumerate(zip(world.place.tolist(), slots.tolist(), strict=True)):
            around = None
            if not math.isnan(slot[0]):
                x, y, z = place
                around = self._ways.around(x, y, z, (slot[0], slot[1]))
            way[k] = math.nan if around is None else (*around, slot[2] - place[2])
