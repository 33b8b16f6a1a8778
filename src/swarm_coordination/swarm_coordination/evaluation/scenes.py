# SPDX-License-Identifier: Apache-2.0
"""Where robots start and where their slots lie, drawn from a seed."""

from __future__ import annotations

import math
import random

import numpy as np
from swarm_coordination.evaluation.cases import Case
from swarm_coordination.evaluation.grounds import beyond
from swarm_coordination.evaluation.kernels.state import Floats, Ints
from swarm_coordination.mission.assignment import assign
from swarm_coordination.mission.formations import layout
from swarm_coordination.units import to_mm

# Random starts are joined by steps of up to this share of the kept range, and no closer than this.
STEP_SHARE = 0.95
APART_M = 1.2
# In space neighbours in the tree differ in height by up to this.
CLIMB_M = 1.0


def starts(case: Case, rng: random.Random) -> Floats:
    """
    Return places (N, 3) whose graph at the kept range is connected, around the origin.

    Random: each robot beside a random earlier one, as a tree grows. Ordered: a square grid. In
    space heights differ by up to 1 m from one robot to the next. Before a corridor they all stand
    on one side of it.
    """
    count = case.robots
    if case.start == 'ordered':
        return _side(case, offsets('grid', count, 0.5 * case.spacing_m), -1)
    reach = STEP_SHARE * case.settings.link_distance_m
    climb = CLIMB_M if case.settings.dimensions == 3 else 0.0
    places = [(0.0, 0.0, 0.0)]
    while len(places) < count:
        x, y, z = rng.choice(places)
        turn, far = rng.uniform(0.0, math.tau), rng.uniform(APART_M, reach)
        spot = (x + far * math.cos(turn), y + far * math.sin(turn))
        if all(math.dist(spot, other[:2]) >= APART_M for other in places):
            places.append((*spot, z + (rng.uniform(-climb, climb) if climb else 0.0)))
    found = np.array(places)
    return _side(case, found - found.mean(axis=0), -1)


def slots_for(case: Case, places: Floats, rng: random.Random) -> Floats:
    """Return the slot (N, 3) of each robot at ``places``: Hungarian, or drawn by lot."""
    slots = layout_for(case, len(places))
    if case.slots == 'random':
        return np.array(rng.sample(list(slots), len(slots)))
    return slots[assigned(places, slots)]


def layout_for(case: Case, count: int) -> Floats:
    """Return the slots (N, 3) of a case's formation of ``count`` robots, where it stands."""
    return _side(case, offsets(case.shape, count, case.spacing_m), 1)


def _side(case: Case, points: Floats, side: int) -> Floats:
    return beyond(points, side) if case.obstacles == 'corridor' else points


def assigned(places: Floats, slots: Floats) -> Ints:
    """Return for each of N robots at ``places`` (N, 3) the index of its slot (N, 3)."""
    robots = {k + 1: _millimetres(place) for k, place in enumerate(places.tolist())}
    places_mm = tuple(_millimetres(slot) for slot in slots.tolist())
    holder = np.array(assign(robots, places_mm)) - 1
    return np.asarray(np.argsort(holder))


def offsets(shape: str, count: int, spacing_m: float) -> Floats:
    """Return the slots (N, 3) of a formation, neighbours ``spacing_m`` apart, mean at 0."""
    return np.array(layout(shape, spacing_m, count), dtype=np.float64)


def _millimetres(place: list[float]) -> tuple[int, int, int]:
    return to_mm(place[0]), to_mm(place[1]), to_mm(place[2])
