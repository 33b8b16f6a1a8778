# SPDX-License-Identifier: Apache-2.0
"""Whole runs: what is claimed holds in a few seeds, and what is left out shows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from swarm_coordination.errors import ConfigurationError, UsageError
from swarm_coordination.evaluation.cases import Case, check_case, controller_settings
from swarm_coordination.evaluation.flight import Flight
from swarm_coordination.evaluation.methods import fly
from swarm_coordination.evaluation.result import columns
from swarm_coordination.evaluation.scenes import assigned, offsets, starts
from swarm_coordination.evaluation.suites import failed

SETTINGS = controller_settings()
TWENTY = Case(slots='random', settings=SETTINGS, limit_s=120.0)


def test_twenty_robots_from_random_slots_form_a_circle_apart_and_connected():
    result = fly(TWENTY, 1)
    assert result.reached
    assert result.connected
    assert result.within_assumptions
    assert result.min_distance_over_d >= 1.0
    assert result.min_lambda2 > 0.0
    assert 0.0 < result.kept_fraction < 1.0
    assert failed(TWENTY, [result]) == []


def test_a_run_repeats_to_the_last_bit():
    def outcome():
        flight = Flight(TWENTY, 5)
        for _ in range(150):
            flight.step()
        return flight.world.place.tobytes()

    assert outcome() == outcome()


def test_without_kept_links_the_same_swarm_falls_apart():
    result = fly(replace(TWENTY, method='no_links', swaps=False), 1)
    assert not result.connected
    assert result.disconnected_s > 0.0


def test_with_all_links_kept_it_never_opens():
    result = fly(replace(TWENTY, method='keep_all', swaps=False, regroup=False, limit_s=60.0), 1)
    assert result.connected
    assert not result.reached


def test_a_chain_whose_middle_is_killed_closes_the_gap_and_is_packed_anew():
    case = Case(shape='line', kill='articulation', kill_formed=True, settings=SETTINGS)
    result = fly(case, 1000)
    assert result.killed >= 0
    assert result.disconnected_s > 0.0
    assert result.reconnected_s is not None
    assert result.reached
    assert result.min_distance_over_d >= 1.0


@pytest.mark.parametrize('seed', range(1000, 1004))
def test_with_resilience_two_any_robot_may_die_while_the_kept_links_are_two_connected(seed):
    settings = controller_settings(resilience=2)
    case = Case(shape='grid', kill='in_2_connected', swaps=False, settings=settings)
    result = fly(case, seed)
    assert result.killed >= 0
    assert result.disconnected_s == 0.0


def test_beacons_at_five_hertz_and_slow_robots_hold_together_too():
    settings = controller_settings(5)
    result = fly(Case(robots=8, beacon_hz=5, settings=settings, limit_s=200.0), 2)
    assert result.reached
    assert result.connected


@pytest.mark.parametrize(
    ('change', 'named'),
    [
        ({'shape': 'star'}, 'shape'),
        ({'robots': 1}, 'robots'),
        ({'robots': 129}, 'robots'),
        ({'loss': 1.0}, 'loss'),
        ({'loss': float('nan')}, 'loss'),
        ({'delay_s': -0.1}, 'delay_s'),
        ({'delay_s': 5.0}, 'delay_s'),
        ({'limit_s': 0.0}, 'limit_s'),
        ({'beacon_hz': 7}, 'beacon_hz'),
    ],
)
def test_a_case_that_cannot_be_flown_is_refused_by_name(change, named):
    with pytest.raises(UsageError, match=named):
        check_case(replace(TWENTY, **change))


def test_settings_that_cannot_hold_links_are_refused_by_name():
    with pytest.raises(ConfigurationError, match='kept_range_m'):
        check_case(replace(TWENTY, settings=replace(SETTINGS, kept_range_m=9.9)))


def test_a_peer_with_too_many_robots_says_so():
    with pytest.raises(UsageError, match='at most 20'):
        fly(replace(TWENTY, method='barrier', robots=21), 1)


def test_starts_and_slots_of_a_seed_are_those_of_every_method():
    ours = Flight(TWENTY, 9)
    other = Flight(replace(TWENTY, method='no_links'), 9)
    assert np.array_equal(ours.starts, other.starts)
    assert np.array_equal(ours.world.slots[0], other.world.slots[0])


@pytest.mark.parametrize('shape', ['line', 'v', 'circle', 'grid'])
@pytest.mark.parametrize('count', [2, 5, 19, 100])
def test_neighbours_of_a_formation_are_one_spacing_apart(shape, count):
    places = offsets(shape, count, 6.0)
    apart = np.linalg.norm(places[:, None] - places[None], axis=2)
    np.fill_diagonal(apart, np.inf)
    assert apart.min(axis=1) == pytest.approx(np.full(count, 6.0))
    assert places.mean(axis=0) == pytest.approx((0.0, 0.0, 0.0))


def test_the_assignment_is_the_one_of_least_total_squared_distance():
    layout = offsets('line', 6, 3.0)
    turn = [3, 0, 5, 1, 4, 2]
    assert assigned(layout[turn] + 0.3, layout).tolist() == turn


def test_random_starts_are_connected_at_the_kept_range():
    import random

    for seed in range(5):
        places = starts(TWENTY, random.Random(seed))
        apart = np.linalg.norm(places[:, None] - places[None], axis=2)
        near = apart <= SETTINGS.link_distance_m
        assert np.linalg.matrix_power(near.astype(float), 20).min() > 0.0


def test_the_columns_of_a_case_count_what_the_runs_show():
    good, bad = fly(TWENTY, 1), fly(replace(TWENTY, method='no_links', swaps=False), 1)
    row = columns([good, bad])
    assert row['runs'] == 2
    assert row['connected_pct'] == 50.0
    assert row['min_distance_over_d'] == round(
        min(good.min_distance_over_d, bad.min_distance_over_d), 4
    )
