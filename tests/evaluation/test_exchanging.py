# SPDX-License-Identifier: Apache-2.0
"""Other ways to agree on exchanges of slots do what they say, by the tables of the robots."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from swarm_coordination.errors import UsageError
from swarm_coordination.evaluation.cases import Case, check_case, controller_settings
from swarm_coordination.evaluation.exchanging import linked, proposed
from swarm_coordination.evaluation.flight import Flight
from swarm_coordination.evaluation.kernels import state

CASE = Case(robots=4, shape='line', exchanges='neighbours', settings=controller_settings())
# One robot goes a long way for a short one of the other: together they gain, one of them loses.
PLACES = np.array([[0.0, 0.0, 0.0], [4.0, 0.0, 0.0], [0.0, 4.0, 0.0], [4.0, 4.0, 0.0]])


@pytest.fixture
def world():
    """Four robots that have heard each other for a second, none with a slot to go to."""
    flight = Flight(CASE, 1)
    flight.world.place[:] = PLACES
    for epoch in range(state.EPOCHS):
        flight.world.slots[epoch] = PLACES
    while flight.tick < 20:
        flight.step()
    return flight


def pairs(flight, slots, both=False):
    flight.world.slots[0] = slots
    return proposed(0, flight.world, flight.tables, flight.beacons, both)


def test_neighbours_whose_ways_cross_propose_and_nobody_does_who_gains_nothing(world):
    assert pairs(world, PLACES) == []
    assert pairs(world, PLACES[[1, 0, 2, 3]]) == [(0, 1)]
    assert sorted(pairs(world, PLACES[[1, 0, 3, 2]])) == [(0, 1), (2, 3)]


def test_where_both_have_to_gain_a_pair_of_which_one_loses_does_not_propose(world):
    slots = PLACES.copy()
    slots[0], slots[1] = (9.0, 0.0, 0.0), (6.0, 0.0, 0.0)  # 81 + 4 now, 36 + 25 exchanged
    assert pairs(world, slots) == [(0, 1)]
    assert pairs(world, slots, both=True) == []
    assert pairs(world, PLACES[[1, 0, 2, 3]], both=True) == [(0, 1)]


def test_robots_that_do_not_list_each_other_are_no_neighbours(world):
    world.beacons.heard[:] = 0
    assert pairs(world, PLACES[[1, 0, 2, 3]]) == []
    assert not linked(world.tables.beat[0], world.beacons).any()


@pytest.mark.parametrize('who', ['neighbours', 'both_gain'])
def test_a_ring_is_reached_by_proposals_too(who):
    case = replace(CASE, robots=8, shape='circle', slots='random', exchanges=who, limit_s=120.0)
    result = Flight(case, 3).run()
    assert result.reached
    assert result.connected


def test_an_unknown_way_is_refused_by_name():
    with pytest.raises(UsageError, match='exchanges'):
        check_case(replace(CASE, exchanges='nobody'))
