# SPDX-License-Identifier: Apache-2.0
"""What a robot offers by its own table, and what a leader makes of offers that it has heard."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
import pytest
from swarm_coordination.mission.commands import (
    AssignSlots,
    encode_command,
    Envelope,
    StartMission,
)
from swarm_coordination.mission.formations import Formation
from swarm_coordination.mission.offers import exchanged, Offer, offered
from swarm_coordination.mission.state import MissionState
from swarm_coordination.views import Liveness, NeighborState

LINE = StartMission('line', Formation('line', 3000), ((0, 0, 0),), 500, 5000)
# Slots 0, 1, 2 of three in a line lie at y 3, 0 and -3.
CROSSED = {1: (0.0, 0.0, 0.0), 2: (0.0, 3.0, 0.0), 3: (0.0, -3.0, 0.0)}


def state_of(mission=LINE, robots=(1, 2, 3)):
    """Return a mission's state with slots assigned: the epoch is 2."""
    state = MissionState()
    for number, command in enumerate((mission, AssignSlots(1, 1, robots)), 1):
        payload = Envelope(9, number, 0, encode_command(command)).encode()
        assert state.apply(number, 1, payload).applied
    return state


def seen(robot, **changes):
    """Return the row of a neighbour at its crossed place, heard both ways."""
    still = (0.0, 0.0, 0.0)
    row = NeighborState(
        robot, f'robot{robot}', CROSSED[robot], still, 0.0, 2, 0.1, Liveness.ALIVE, True,
        (1, 2, 3), 0.0, 2, True,
    )
    return row._replace(**changes)


def offer_of(robot, state, **changes):
    rows = [seen(other, **changes) for other in (1, 2, 3) if other != robot]
    return offered(robot, CROSSED[robot], state, rows, 0.0)


def test_two_whose_ways_cross_offer_each_other_their_slots():
    state = state_of()
    assert [offer_of(robot, state) for robot in (1, 2, 3)] == [1, 0, -1]


def test_of_equals_the_robot_of_the_lowest_number_is_chosen_whatever_slots_they_hold():
    # Both others gain 18 m^2 with the first, 72 with each other.
    assert [offer_of(robot, state_of(robots=(3, 1, 2))) for robot in (1, 2, 3)] == [2, 0, 2]
    assert [offer_of(robot, state_of(robots=(2, 1, 3))) for robot in (1, 2, 3)] == [-1, -1, -1]


@pytest.mark.parametrize(
    'changes',
    [
        {'heard': False},
        {'links': (2, 3)},
        {'liveness': Liveness.SUSPECT},
        {'liveness': Liveness.SILENT},
        {'same_configuration': False},
        {'mission_epoch': 1},
    ],
)
def test_nothing_is_offered_to_a_robot_that_could_not_agree(changes):
    assert offer_of(1, state_of(), **changes) == -1


def test_nothing_is_offered_where_the_mission_forbids_it_or_without_slots():
    assert offer_of(1, state_of(LINE._replace(rearrange=False))) == -1
    assert offer_of(1, state_of(robots=(2, 3))) == -1
    assert offer_of(1, state_of(robots=(1, 4, 3))) == -1
    assert offer_of(1, MissionState()) == -1


def test_offers_of_both_are_exchanged_and_of_one_alone_are_not():
    state = state_of()
    assert exchanged(state, {1: Offer(2, 1), 2: Offer(2, 0)}) == (2, 1, 3)
    assert exchanged(state, {1: Offer(2, 1)}) is None
    assert exchanged(state, {1: Offer(2, 1), 2: Offer(2, 2)}) is None


@pytest.mark.parametrize('epoch', [0, 1, 3])
def test_an_offer_of_another_epoch_is_void(epoch):
    assert exchanged(state_of(), {1: Offer(epoch, 1), 2: Offer(2, 0)}) is None
    assert exchanged(state_of(), {1: Offer(epoch, 1), 2: Offer(epoch, 0)}) is None


def test_a_robot_that_two_would_exchange_with_is_in_one_pair():
    state = state_of()
    offers = {1: Offer(2, 1), 2: Offer(2, 0), 3: Offer(2, 1)}
    assert exchanged(state, offers) == (2, 1, 3)


SLOT = st.integers(-2, 130)
OFFERS = st.dictionaries(st.integers(0, 7), st.builds(Offer, st.sampled_from([0, 2]), SLOT))


@settings(max_examples=200)
@given(OFFERS)
def test_whatever_is_offered_nobody_loses_a_slot_that_it_did_not_offer(offers):
    robots = (5, 0, 1, 3, 4, 2)  # one slot is empty
    state = state_of(robots=robots)
    taken = exchanged(state, offers)
    if taken is None:
        return
    assert sorted(taken) == sorted(robots) and taken != robots
    for slot, (before, after) in enumerate(zip(robots, taken, strict=True)):
        if before != after:
            assert offers[before] == Offer(2, taken.index(before))
            assert offers[after] == Offer(2, slot)
