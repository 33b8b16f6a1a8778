# SPDX-License-Identifier: Apache-2.0
"""The radio: distance, loss, shadowing and cuts."""

from __future__ import annotations

import math
import random

import pytest
from swarm_coordination.scenario.backend import TrueState
from swarm_coordination.scenario.schema import RadioSettings
from swarm_coordination.simulation.radio import Radio

NAMES = ('r1', 'r2', 'r3')


def placed(radio: Radio, *xs: float) -> Radio:
    """Put the robots on the x axis."""
    radio.place({n: TrueState(x, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0) for n, x in zip(NAMES, xs)})
    return radio


def disc(**settings: float) -> Radio:
    """Return a disc radio of 10 m."""
    return Radio(RadioSettings(**settings), 10.0, NAMES)


def test_nothing_is_heard_beyond_the_range():
    radio = placed(disc(loss=0.0), 0.0, 10.0, 20.001)

    assert radio.reception(0, 1) > 0.0
    assert radio.reception(1, 2) == 0.0
    assert radio.reach() == (('r1', 'r2'),)


def test_loss_rises_towards_the_edge():
    radio = disc(loss=0.1, edge_m=2.0, edge_loss=0.5)
    loss = [1.0 - radio.probability(distance) for distance in (0.0, 8.0, 9.0, 10.0)]

    assert loss == pytest.approx([0.1, 0.1, 0.2, 0.5])


def test_the_range_of_the_scenario_goes_before_that_of_the_swarm():
    assert Radio(RadioSettings(range_m=4.0), 10.0, NAMES).probability(5.0) == 0.0
    assert Radio(RadioSettings(), 10.0, NAMES).probability(5.0) > 0.9


def test_a_cut_lets_only_one_group_hear_each_other_and_reach_ignores_it():
    radio = placed(disc(), 0.0, 1.0, 2.0)
    radio.cut((('r1',), ('r2', 'r3')))

    assert radio.links() == (('r2', 'r3'),)
    assert radio.reception(0, 1) == 0.0
    assert len(radio.reach()) == 3
    radio.cut(None)
    assert len(radio.links()) == 3


def test_the_matrix_holds_every_pair_and_nobody_hears_itself():
    radio = placed(disc(loss=0.02), 0.0, 1.0, 50.0)

    assert radio.matrix() == [
        [0.0, pytest.approx(0.98), 0.0], [pytest.approx(0.98), 0.0, 0.0], [0.0, 0.0, 0.0],
    ]


def test_positions_are_rounded_to_millimetres():
    radio = placed(disc(loss=0.0), 0.0, 10.0004, 30.0)

    assert radio.distance_m(0, 1) == 10.0


def test_shadowing_is_averaged_as_drawing_it_would():
    settings = RadioSettings(model='log_distance', loss=0.0, sigma_db=10.0)
    radio, rng = Radio(settings, 50.0, NAMES), random.Random(1)

    for distance in (20.0, 100.0, 300.0, 1000.0):
        mean_db = 27.0 - (40.0 + 25.0 * math.log10(distance)) + 90.0
        got = 0.0
        for _ in range(20_000):
            ratio = 10.0 ** ((mean_db + rng.gauss(0.0, 10.0)) / 10.0)
            got += (1.0 - min(1.0, math.erfc(math.sqrt(ratio)))) ** 300
        # The quadrature is coarse where the packet error rate is a cliff.
        assert radio.probability(distance, 300) == pytest.approx(got / 20_000, abs=0.12)


def test_reception_falls_with_distance_and_with_size_under_log_distance():
    radio = Radio(RadioSettings(model='log_distance', sigma_db=4.0), 50.0, NAMES)
    chances = [radio.probability(distance) for distance in (1.0, 50.0, 200.0, 400.0, 2000.0)]

    assert chances == sorted(chances, reverse=True)
    assert chances[0] > 0.97
    assert chances[-1] < 0.01
    assert radio.probability(300.0, 1200) < radio.probability(300.0, 50)


def test_a_frame_takes_its_airtime():
    radio = disc(bandwidth_kbps=1000.0, latency_ms=5.0, jitter_ms=10.0)

    assert radio.airtime_ns(1000) == 8_000_000
    assert (radio.delay_ns(0.0), radio.delay_ns(0.5)) == (5_000_000, 10_000_000)
