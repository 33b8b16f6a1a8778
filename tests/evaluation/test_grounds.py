# SPDX-License-Identifier: Apache-2.0
"""Obstacles, kinds of robots and formations in space: a few seeds of each."""

from __future__ import annotations

from dataclasses import replace
import random

import numpy as np
import pytest
from swarm_coordination.area.nearest import in_plane
from swarm_coordination.errors import UsageError
from swarm_coordination.evaluation.cases import Case, check_case, controller_settings
from swarm_coordination.evaluation.flight import Flight
from swarm_coordination.evaluation.grounds import CLEAR_M, corridor, ground
from swarm_coordination.evaluation.methods import fly
from swarm_coordination.evaluation.scenes import slots_for, starts
from swarm_coordination.evaluation.suites import failed

CORRIDOR = Case(robots=10, shape='grid', obstacles='corridor', settings=controller_settings())


# Without a following distance those of 5008 never come out: one stands in the corner between wall
# and pillar, the others in a row behind it.
@pytest.mark.parametrize('seed', [1, 2, 5008])
def test_ten_robots_pass_a_corridor_without_contact_and_stay_connected(seed):
    result = fly(CORRIDOR, seed)
    assert result.reached
    assert result.connected
    assert result.min_obstacle_gap_m >= CORRIDOR.settings.obstacle_distance_m
    assert failed(CORRIDOR, [result]) == []


def test_a_contact_is_a_failed_claim():
    result = fly(CORRIDOR, 1)
    result.min_obstacle_gap_m = 0.29
    assert failed(CORRIDOR, [result]) == [1]


@pytest.mark.parametrize('seed', range(4))
def test_sparse_obstacles_stand_clear_of_starts_and_slots(seed):
    case = replace(CORRIDOR, obstacles='sparse')
    rng = random.Random(seed)
    places = starts(case, rng)
    slots = slots_for(case, places, rng)
    area = ground('sparse', places, slots, seed)
    assert len(area.obstacles) > 3
    for x, y, _ in np.concatenate([places, slots]).tolist():
        assert min(in_plane(p, x, y).distance_m for p in area.obstacles) >= CLEAR_M
    assert ground('sparse', places, slots, seed) == area


def test_before_the_corridor_all_start_on_one_side_and_end_on_the_other():
    rng = random.Random(3)
    places = starts(CORRIDOR, rng)
    slots = slots_for(CORRIDOR, places, rng)
    wall = corridor().obstacles[0]
    assert places[:, 0].max() < min(x for x, _ in wall.corners) - 1.0
    assert slots[:, 0].min() > max(x for x, _ in wall.corners) + 1.0


def test_differential_robots_drive_along_their_heading_and_form_a_circle():
    settings = controller_settings(kind='differential')
    flight = Flight(Case(robots=6, kind='differential', settings=settings, limit_s=120.0), 4)
    while not flight.result.reached and flight.now < 60.0:
        before, turned = flight.bodies(), flight.world.yaw.copy()
        flight.step()
        moved, yaw = flight.bodies() - before, 0.5 * (turned + flight.world.yaw)
        sideways = np.cos(yaw) * moved[:, 1] - np.sin(yaw) * moved[:, 0]
        assert np.abs(sideways).max() < 1e-3
    result = flight.finish()
    assert result.reached
    assert result.connected
    assert result.min_distance_over_d >= 1.0


def test_distances_of_differential_robots_hold_for_their_axles_however_they_are_turned():
    case = Case(kind='differential', settings=controller_settings(kind='differential'))
    plain = controller_settings()
    assert case.apart_m == pytest.approx(plain.safety_distance_m)
    assert case.clear_m == pytest.approx(plain.obstacle_distance_m)
    lever = case.ahead_m  # of two axles face to face the points ahead are nearer, back to back not
    assert case.settings.safety_distance_m - 2.0 * lever >= case.apart_m
    assert case.settings.kept_range_m + 2.0 * lever <= plain.kept_range_m + 1e-9
    assert case.settings.obstacle_distance_m - lever >= case.clear_m
    # What is left is the error of the point itself: an arc flown for a straight line.
    assert plain.localisation_error_m < case.settings.localisation_error_m < 0.01


def test_quadrotors_change_their_velocity_within_the_limit_and_keep_the_downwash_off():
    settings = controller_settings(kind='quadrotor')
    flight = Flight(Case(robots=8, kind='quadrotor', settings=settings), 4)
    while not flight.result.reached and flight.now < 60.0:
        before = flight.world.velocity.copy()
        flight.step()
        change = np.linalg.norm(flight.world.velocity - before, axis=1).max()
        assert change <= 3.0 * settings.period_s + 1e-9
    result = flight.finish()
    assert result.reached
    assert result.connected
    assert result.min_distance_over_d >= 1.0


def test_a_sphere_is_formed_in_space():
    case = Case(robots=12, shape='sphere', settings=controller_settings(shape='sphere'))
    flight = Flight(case, 2)
    result = flight.run()
    assert result.reached
    assert result.connected
    assert np.ptp(flight.world.place[:, 2]) > 4.0


@pytest.mark.parametrize('change', [
    {'obstacles': 'maze'},
    {'kind': 'snake'},
    {'obstacles': 'sparse', 'shape': 'sphere'},
    {'method': 'orca', 'obstacles': 'sparse'},
    {'method': 'barrier', 'kind': 'differential', 'obstacles': 'none'},
])
def test_cases_that_cannot_be_flown_are_refused(change):
    with pytest.raises(UsageError):
        check_case(replace(CORRIDOR, **change))
