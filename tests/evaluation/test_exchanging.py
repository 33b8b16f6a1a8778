# SPDX-License-Identifier: Apache-2.0
"""Robots of the evaluation propose by their own tables what robots in the air would offer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from swarm_coordination.evaluation.cases import Case, controller_settings
from swarm_coordination.evaluation.exchanging import agreed, propose
from swarm_coordination.evaluation.flight import Flight
from swarm_coordination.evaluation.kernels.state import RING
from swarm_coordination.mission.commands import (
    AssignSlots,
    encode_command,
    Envelope,
    StartMission,
)
from swarm_coordination.mission.formations import Formation
from swarm_coordination.mission.offers import offered
from swarm_coordination.mission.state import MissionState
from swarm_coordination.units import from_mm
from swarm_coordination.views import Liveness, NeighborState

CASE = Case(robots=4, shape='line', settings=controller_settings())
PLACES = np.array([[0.0, 0.0, 0.0], [4.0, 0.0, 0.0], [0.0, 4.0, 0.0], [4.0, 4.0, 0.0]])


def gathered(places):
    """Return robots that have heard each other for a second, each standing in its slot."""
    flight = Flight(replace(CASE, robots=len(places)), 1)
    flight.world.place[:] = places
    flight.world.slots[:] = places
    while flight.tick < 20:
        flight.step()
    return flight


@pytest.fixture
def flight():
    """Four robots in a square."""
    return gathered(PLACES)


def propose_all(flight, slots):
    flight.world.slots[0] = slots
    propose(flight.now, flight.world, flight.tables, flight.beacons, flight.limits)
    return flight.world.partner.tolist()


def heard(flight, who=0):
    return agreed(who, 0, flight.world, flight.tables, flight.beacons)


def tell(flight):
    """Let everybody hear what everybody proposes."""
    newest = (flight.tables.beat % RING, np.arange(len(flight.world.alive)))
    flight.beacons.partner[newest] = flight.world.partner


def test_neighbours_whose_ways_cross_propose_and_nobody_does_who_gains_nothing(flight):
    assert propose_all(flight, PLACES) == [-1, -1, -1, -1]
    assert propose_all(flight, PLACES[[1, 0, 2, 3]]) == [1, 0, -1, -1]
    assert propose_all(flight, PLACES[[1, 0, 3, 2]]) == [1, 0, 3, 2]


def test_robots_that_do_not_list_each_other_are_no_neighbours(flight):
    flight.beacons.heard[:] = 0
    assert propose_all(flight, PLACES[[1, 0, 2, 3]]) == [-1, -1, -1, -1]


def test_a_leader_knows_of_proposals_once_rows_have_brought_them(flight):
    propose_all(flight, PLACES[[1, 0, 3, 2]])
    assert heard(flight) == []
    tell(flight)
    assert heard(flight) == [(0, 1), (2, 3)]


def test_proposals_of_another_epoch_are_void(flight):
    propose_all(flight, PLACES[[1, 0, 3, 2]])
    tell(flight)
    flight.beacons.epoch[:, 3] = 1
    assert heard(flight) == [(0, 1)]
    flight.world.epoch[0] = 1
    assert heard(flight) == []


def test_who_hears_of_a_newer_assignment_proposes_nothing_of_the_one_before(flight):
    flight.world.slots[0] = flight.world.slots[1] = PLACES[[1, 0, 2, 3]]
    propose_all(flight, PLACES[[1, 0, 2, 3]])
    flight.leader._commit(0, PLACES, flight.world)
    assert flight.world.partner.tolist() == [-1, 0, -1, -1]
    for _ in range(20):
        flight.step()
    assert flight.world.epoch.tolist() == [1, 1, 1, 1]
    assert flight.world.partner.tolist() == [-1, -1, -1, -1]


@pytest.mark.parametrize('seed', range(5))
def test_a_robot_in_the_air_offers_what_its_like_in_the_evaluation_proposes(seed):
    rng = np.random.default_rng(seed)
    places = np.zeros((8, 3))
    places[:, :2] = np.round([[3.0 * (k % 4), 3.0 * (k // 4)] for k in range(8)], 3)
    flight = gathered(places)
    order = rng.permutation(8)
    mission = MissionState()
    commands = (
        StartMission('row', Formation('line', 3000), ((0, 0, 0),), 500, 5000),
        AssignSlots(1, 1, tuple(int(robot) + 1 for robot in order)),
    )
    for number, command in enumerate(commands, 1):
        mission.apply(number, 1, Envelope(9, number, 0, encode_command(command)).encode())
    laid_out = mission.places()
    slots = np.zeros((8, 3))
    slots[order] = [[from_mm(length) for length in slot] for slot in laid_out.slots(0.0)]
    proposed = propose_all(flight, slots)
    assert any(partner >= 0 for partner in proposed)
    still, everybody = (0.0, 0.0, 0.0), tuple(range(1, 9))
    for robot in range(8):
        rows = [
            NeighborState(
                other + 1, f'robot{other}', tuple(places[other].tolist()), still, 0.0, 2, 0.1,
                Liveness.ALIVE, True, everybody, 0.0, 2, True,
            )
            for other in range(8)
            if other != robot
        ]
        slot = offered(robot + 1, tuple(places[robot].tolist()), mission, rows, 0.0)
        assert (order[slot] if slot >= 0 else -1) == proposed[robot]


def test_a_ring_is_reached_from_random_slots_by_proposals():
    case = replace(CASE, robots=8, shape='circle', slots='random', limit_s=120.0)
    flight = Flight(case, 3)
    result = flight.run()
    assert result.reached and result.connected
    assert flight.leader.exchanged > 0


def test_slots_stay_where_they_were_given_without_exchanges():
    case = replace(CASE, robots=8, shape='circle', slots='random', swaps=False, limit_s=10.0)
    flight = Flight(case, 3)
    flight.run()
    assert flight.leader.exchanged == 0
    assert (flight.world.partner == -1).all()
