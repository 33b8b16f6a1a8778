# SPDX-License-Identifier: Apache-2.0
"""Exchanges to which both ends agree shorten the total squared distance until none can."""

from __future__ import annotations

import random

import numpy as np
import pytest
from swarm_coordination.mission.swaps import (
    best_partner,
    best_partners,
    consenting,
    GAIN_MIN_M2,
)

CROSSED = (np.array([[0.0, 0.0], [0.0, 4.0]]), np.array([[9.0, 4.0], [9.0, 0.0]]))


def partners(places, slots, near=None):
    """Return whom everybody names, each by the same table."""
    count = len(places)
    near = np.ones((count, count), bool) if near is None else near
    table = np.repeat(places[None], count, axis=0)
    return best_partners(np.arange(count), table, slots, near).tolist()


def total(places, slots):
    return float(np.sum((places - slots) ** 2))


def test_two_whose_ways_cross_name_each_other():
    assert partners(*CROSSED) == [1, 0]
    assert partners(CROSSED[0], CROSSED[1][::-1]) == [-1, -1]


def test_robots_that_are_no_neighbours_name_nobody():
    assert partners(*CROSSED, near=np.eye(2, dtype=bool)) == [-1, -1]


def test_a_robot_without_a_slot_neither_names_nor_is_named():
    places, slots = CROSSED
    slots = np.array([[np.nan, np.nan], slots[1]])
    assert partners(places, slots) == [-1, -1]


def test_a_pair_that_gains_too_little_for_positions_of_different_ages_is_left_alone():
    slots = np.array([[9.0, 1.0], [9.0, 0.0]])
    for apart, named in ((0.49 * GAIN_MIN_M2, [-1, -1]), (0.51 * GAIN_MIN_M2, [1, 0])):
        assert partners(np.array([[0.0, 0.0], [0.0, apart]]), slots) == named


def test_both_name_each_other_where_their_sum_gains_though_one_of_them_loses():
    places = np.array([[0.0, 0.0], [4.0, 0.0]])
    slots = np.array([[9.0, 0.0], [6.0, 0.0]])  # 81 + 4 now, 36 + 25 exchanged
    assert partners(places, slots) == [1, 0]


def test_each_goes_by_its_own_table():
    places, slots = CROSSED
    # The second believes that the first stands where it is to go.
    table = np.stack([places, [[9.0, 4.0], places[1]]])
    near = np.ones((2, 2), bool)
    assert best_partners(np.arange(2), table, slots, near).tolist() == [1, -1]
    assert consenting([1, -1]) == []


def test_of_three_that_would_all_gain_the_two_that_gain_most_agree_and_the_third_waits():
    places = np.array([[0.0], [10.0], [30.0]])
    slots = np.array([[30.0], [20.0], [0.0]])
    named = partners(places, slots)
    assert named == [2, 2, 0]
    assert consenting(named) == [(0, 2)]


@pytest.mark.parametrize('seed', range(300))
def test_one_robot_names_whom_the_arrays_name(seed):
    rng = random.Random(seed)
    count = rng.randint(1, 9)
    # Coarse numbers, so that gains are often equal; fine ones, so that they round.
    step = rng.choice([1.0, 1.0, 0.001])

    def drawn():
        return [tuple(step * rng.randint(-9, 9) for _ in range(3)) for _ in range(count)]

    places, slots = drawn(), drawn()
    if step < 1.0:
        slots = [tuple(3e4 * number for number in slot) for slot in slots]
    expected = partners(np.array(places), np.array(slots))
    assert [best_partner(own, places, slots) for own in range(count)] == expected


@pytest.mark.parametrize(
    'named', [[], [-1], [0], [1], [5, -7, 2], [1, 2, 0], [1, 1], [2, 0, 1, 3]]
)
def test_whom_nobody_names_back_is_in_no_pair(named):
    assert consenting(named) == []


@pytest.mark.parametrize('seed', range(5))
def test_while_anybody_gains_somebody_agrees_and_every_batch_shortens_the_total(seed):
    rng = random.Random(seed)
    places = np.array([[rng.randrange(6), rng.randrange(6)] for _ in range(25)], float)
    slots = np.array([[rng.randrange(60), rng.randrange(60)] for _ in range(25)], float)
    near = np.array([[abs(i - j) <= 4 for j in range(25)] for i in range(25)])
    for _ in range(300):
        named = partners(places, slots, near)
        pairs = consenting(named)
        assert bool(pairs) is any(other >= 0 for other in named)  # equals stop nobody
        if not pairs:
            break
        robots = [robot for pair in pairs for robot in pair]
        assert len(robots) == len(set(robots))
        before = total(places, slots)
        for one, other in pairs:
            slots[[one, other]] = slots[[other, one]]
        assert total(places, slots) <= before - len(pairs) * GAIN_MIN_M2
    assert set(partners(places, slots, near)) == {-1}
