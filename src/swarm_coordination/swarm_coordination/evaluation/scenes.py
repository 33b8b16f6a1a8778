# SPDX-License-Identifier: Apache-2.0
"""Where robots start and where their slots lie, drawn from a seed."""

from __future__ import annotations

import math
import random

import numpy as np
from swarm_coordination.evaluation.cases import Case
from swarm_coordination.evaluation.kernels.state import Floats, Ints
from swarm_coordination.mission.assignment import assign
from swarm_coordination.mission.formations import layout
from swarm_coordination.units import to_mm

# Random starts are joined by steps of up to this share of the kept range, and no closer than this.
STEP_SHARE = 0.95
APART_M = 1.2


def starts(case: Case, rng: random.Random) -> Floats:
    """
    Return places (N, 2) whose graph at the kept range is connected, around the origin.

    Random: each robot beside a random earlier one, as a tree grows. Ordered: a square grid.
    """
    count = case.robots
    if case.start == 'ordered':
        return offsets('grid', count, 0.5 * case.spacing_m)
    reach = STEP_SHARE * case.settings.link_distance_m
    places = [(0.0, 0.0)]
    while len(places) < count:
        x, y = rng.choice(places)
        turn, far = rng.uniform(0.0, math.tau), rng.uniform(APART_M, reach)
        spot = (x + far * math.cos(turn), y + far * math.sin(turn))
        if all(math.dist(spot, other) >= APART_M for other in places):
            places.append(spot)
    found = np.array(places)
    return found - found.mean(axis=0)


def slots_for(case: Case, places: Floats, rng: random.Random) -> Floats:
    """Return the slot (N, 2) of each robot at ``places``: Hungarian, or drawn by lot."""
    slots = offsets(case.shape, len(places), case.spacing_m)
    if case.slots == 'random':
        return np.array(rng.sample(list(slots), len(slots)))
    return slots[assigned(places, slots)]


def assigned(places: Floats, slots: Floats) -> Ints:
    """Return for each of N robots at ``places`` (N, 2) the index of its slot (N, 2)."""
    robots = {k + 1: (to_mm(x), to_mm(y), 0) for k, (x, y) in enumerate(places.tolist())}
    places_mm = tuple((to_mm(x), to_mm(y), 0) for x, y in slots.tolist())
    holder = np.array(assign(robots, places_mm)) - 1
    return np.asarray(np.argsort(holder))


def offsets(shape: str, count: int, spacing_m: float) -> Floats:
    """Return the slots (N, 2) of a formation, neighbours ``spacing_m`` apart, mean at 0."""
    points = np.array(layout(shape, spacing_m, count))
    return np.asarray(points[:, :2], dtype=np.float64)
