# SPDX-License-Identifier: Apache-2.0
"""Exchanges of slots shorten the total squared distance until no pair of neighbours can."""

from __future__ import annotations

import random

import numpy as np
from swarm_coordination.mission.swaps import exchanges


def total(places, slots):
    return float(np.sum((places - slots) ** 2))


def test_crossing_paths_are_exchanged():
    places = np.array([[0.0, 0.0], [0.0, 4.0]])
    slots = np.array([[9.0, 4.0], [9.0, 0.0]])
    assert exchanges(places, slots, np.ones((2, 2), bool)) == [(0, 1)]


def test_robots_that_are_no_neighbours_exchange_nothing():
    places = np.array([[0.0, 0.0], [0.0, 4.0]])
    slots = np.array([[9.0, 4.0], [9.0, 0.0]])
    assert exchanges(places, slots, np.eye(2, dtype=bool)) == []


def test_a_batch_holds_each_robot_once_and_every_batch_shortens_the_total_until_none_is_left():
    rng = random.Random(3)
    places = np.array([[rng.uniform(0, 30), rng.uniform(0, 30)] for _ in range(25)])
    slots = np.array([[rng.uniform(0, 60), rng.uniform(0, 60)] for _ in range(25)])
    near = np.ones((25, 25), bool)
    for _ in range(200):
        pairs = exchanges(places, slots, near)
        if not pairs:
            break
        robots = [robot for pair in pairs for robot in pair]
        assert len(robots) == len(set(robots))
        before = total(places, slots)
        for one, other in pairs:
            slots[[one, other]] = slots[[other, one]]
        assert total(places, slots) < before
    assert not exchanges(places, slots, near)


def test_a_robot_without_a_slot_exchanges_nothing():
    places = np.array([[0.0, 0.0], [0.0, 4.0]])
    slots = np.array([[np.nan, np.nan], [9.0, 0.0]])
    assert exchanges(places, slots, np.ones((2, 2), bool)) == []
