# SPDX-License-Identifier: Apache-2.0
"""The simulated radio at a receiver fails closed and keeps to the published probabilities."""

import random

import pytest
from swarm_coordination.live.radio_filter import RadioFilter
from swarm_coordination.units import NS_PER_S

NAMES = ('robot1', 'robot2', 'robot3')


def filter_of(robot, reception, reference_bytes=0):
    made = RadioFilter(robot, 1.0, random.Random(1))
    made.update(NAMES, reception, reference_bytes, 0)
    return made


def share(radio, sender, size, draws=4000):
    return sum(radio.hears(sender, size, 1) for _ in range(draws)) / draws


def test_nothing_is_heard_before_the_first_radio_state():
    radio = RadioFilter('robot1', 1.0, random.Random(1))
    assert not radio.hears('robot2', 100, 0)
    assert radio.blind == 1


def test_nothing_is_heard_by_a_stale_radio_state():
    radio = filter_of('robot1', [1.0] * 9)
    assert radio.hears('robot2', 100, NS_PER_S)
    assert not radio.hears('robot2', 100, NS_PER_S + 1)


def test_the_direction_counts():
    radio = filter_of('robot1', [0, 0, 0, 1.0, 0, 0, 0, 0, 0])  # only robot2 -> robot1
    assert radio.hears('robot2', 100, 1)
    assert not radio.hears('robot3', 100, 1)
    assert not filter_of('robot2', [0, 0, 0, 1.0, 0, 0, 0, 0, 0]).hears('robot1', 100, 1)


def test_a_stranger_and_a_state_of_another_shape_are_not_heard():
    assert not filter_of('robot1', [1.0] * 9).hears('robot9', 100, 1)
    assert not filter_of('robot1', [1.0] * 8).hears('robot2', 100, 1)
    assert not filter_of('robot9', [1.0] * 9).hears('robot2', 100, 1)


def test_losses_follow_the_probability_and_the_size():
    radio = filter_of('robot1', [0, 0, 0, 0.81, 0, 0, 0, 0, 0], reference_bytes=200)
    assert share(radio, 'robot2', 200) == pytest.approx(0.81, abs=0.03)
    assert share(radio, 'robot2', 100) == pytest.approx(0.9, abs=0.03)
    assert share(radio, 'robot2', 400) == pytest.approx(0.656, abs=0.03)


def test_numbers_that_are_no_probabilities_leave_those_deaf_whom_they_concern():
    for wrong in (-0.1, 1.1, float('nan')):
        state = [1.0] * 9
        state[5] = wrong  # robot2 -> robot3
        assert not filter_of('robot3', state).hears('robot1', 100, 1)
        assert filter_of('robot1', state).hears('robot2', 100, 1)
