# SPDX-License-Identifier: Apache-2.0
"""Robots on a way around obstacles keep a distance to those ahead of them, and to no others."""

from __future__ import annotations

import math
import random

import pytest
from swarm_coordination.control.halfspaces import collision_rows, sight
from swarm_coordination.control.queueing import AHEAD, queued, RATE
from swarm_coordination.control.settings import ControlSettings, FOLLOW_SHARE
from swarm_coordination.views import Liveness, NeighborState, Pose

HERE = Pose(0.0, 0.0, 0.0, 0.0)
WISH = (1.5, 0.0)
FOLLOW_M = ControlSettings().follow_distance_m


def other(x, y, z=0.0, slot=(9.0, 0.0, 0.0), liveness=Liveness.ALIVE):
    return NeighborState(
        2, 'robot2', (x, y, z), (0.0,) * 3, 0.0, 0, 0.1, liveness, True, (1,), 0.0, 0, True, slot
    )


def test_a_robot_closes_in_no_faster_the_nearer_it_comes_and_draws_back_from_there():
    distances = (1.79, 1.5, 1.2, 0.8)
    speeds = [queued(WISH, HERE, [other(far, 0.0)], FOLLOW_M, False)[0] for far in distances]
    assert speeds == pytest.approx([RATE * (far - FOLLOW_M) for far in distances])
    assert queued(WISH, HERE, [other(FOLLOW_M + 0.01, 0.0)], FOLLOW_M, False) == WISH


def test_what_is_left_of_the_wish_leads_past_who_is_ahead():
    x, y = queued((1.2, 0.9), HERE, [other(1.2, 0.0)], FOLLOW_M, False)
    assert x < 0.0
    assert y == 0.9


@pytest.mark.parametrize('elsewhere', [
    other(-1.2, 0.0),  # behind
    other(0.1, 1.2),  # beside
    other(1.2, 0.0, slot=(-9.0, 0.0, 0.0)),  # comes towards us: passed on the right
    other(1.2, 0.0, slot=None),
    other(1.2, 0.0, liveness=Liveness.SILENT),  # a body: gone around
    other(0.0, 0.0),  # at the very same place there is no direction
], ids=['behind', 'beside', 'towards', 'no slot', 'silent', 'same place'])
def test_nobody_is_followed_who_is_not_ahead_on_the_same_way(elsewhere):
    assert queued(WISH, HERE, [elsewhere], FOLLOW_M, False) == WISH


def test_heights_count_in_space_alone():
    above = other(1.0, 0.0, 1.6)
    assert queued(WISH, HERE, [above], FOLLOW_M, True) == WISH
    assert queued(WISH, HERE, [above], FOLLOW_M, False)[0] < 0.0


@pytest.mark.parametrize('seed', range(20))
def test_one_robot_ahead_is_closed_in_on_no_faster_than_the_distance_admits(seed):
    rng = random.Random(seed)
    turn, far = rng.uniform(-math.pi, math.pi), rng.uniform(0.7, 2.0)
    wish = (rng.uniform(-1.0, 1.0), rng.uniform(-1.0, 1.0))
    slot = (50.0 * wish[0], 50.0 * wish[1], 0.0)
    nx, ny = math.cos(turn), math.sin(turn)
    got = queued(wish, HERE, [other(far * nx, far * ny, slot=slot)], FOLLOW_M, False)
    ahead = nx * wish[0] + ny * wish[1] > AHEAD * math.hypot(*wish)
    if ahead and far < FOLLOW_M:
        assert nx * got[0] + ny * got[1] <= RATE * (far - FOLLOW_M) + 1e-12
    else:
        assert got == wish


@pytest.mark.parametrize('settings', [
    ControlSettings(),
    ControlSettings(speed_max_mps=0.5, age_max_s=3.0, follow_age_s=0.6),
    ControlSettings(safety_distance_m=1.2, hold_s=0.3, range_m=12.0),
    ControlSettings(localisation_error_m=0.1),
], ids=['default', 'slow radio', 'large', 'astray'])
def test_at_the_following_distance_rows_admit_a_part_of_the_speed_and_nothing_where_all_is_shut(
    settings
):
    age_s = settings.follow_age_s + settings.pose_period_s
    drift, far = settings.speed_max_mps * age_s, settings.follow_distance_m
    turning = drift + settings.speed_max_mps * settings.hold_s + settings.offset_error_m
    sine = turning / far
    for side in (1.0, -1.0):  # one ahead, one behind
        rows = collision_rows(sight(2, side * far, 0.0, drift, True), settings)
        bounds = [row.bound / math.sqrt(1.0 - sine * sine) for row in rows]
        assert bounds == pytest.approx([FOLLOW_SHARE * settings.speed_max_mps] * 2)
    shut = settings.collision_distance_m + drift
    assert all(
        row.bound == 0.0 for row in collision_rows(sight(2, shut, 0.0, drift, True), settings)
    )
