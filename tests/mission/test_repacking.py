# SPDX-License-Identifier: Apache-2.0
"""After a loss: who may be alive beyond a gap, and slots that keep off the dead."""

from __future__ import annotations

import math

import pytest
from swarm_coordination.mission.regrouping import Regrouping, SCALES, STUCK_S
from swarm_coordination.mission.repacking import beside, split_off

LINE = [(6.0 * k, 0.0) for k in range(4)]


def test_slots_move_aside_from_bodies_as_little_as_needed():
    assert beside(LINE, [], 2.0) == (0.0, 0.0)
    body = (LINE[1][0] + 0.4, LINE[1][1] + 0.4)
    dx, dy = beside(LINE, [body], 2.0)
    assert min(math.dist((x + dx, y + dy), body) for x, y in LINE) >= 2.0
    assert 0.0 < math.hypot(dx, dy) <= 2.5


def test_bodies_that_leave_no_room_move_nothing():
    bodies = [(x * 2.0, y * 2.0) for x in range(-20, 20) for y in range(-20, 20)]
    assert beside([(0.0, 0.0)], bodies, 2.0) == (0.0, 0.0)


@pytest.mark.parametrize(
    ('lost', 'living', 'apart'),
    [
        ([(0.0, 0.0)], [(30.0, 0.0)], False),  # one robot leaves no gap behind
        ([(0.0, 0.0), (6.0, 0.0)], [(12.0, 0.0)], True),
        ([(3.0, 0.0), (6.0, 0.0)], [(12.0, 0.0)], False),  # both would be heard if they lived
    ],
)
def test_robots_lost_beyond_everybodys_range_may_be_alive(lost, living, apart):
    assert split_off(lost, living, 10.0) is apart


def test_a_stuck_formation_is_shrunk_and_opened_again():
    regrouping = Regrouping()
    regrouping.begin(0.0)
    assert regrouping.scale([5.0, 3.0], 1.0, 0.1, 0.0) is None
    assert regrouping.scale([5.0, 3.0], 1.0, 0.1, STUCK_S - 0.1) is None
    assert regrouping.scale([5.0, 3.0], 1.0, 0.1, STUCK_S) == SCALES[0]
    assert regrouping.scale([0.5, 0.2], SCALES[0], 0.1, STUCK_S + 1.0) == 1.0
    assert regrouping.shrunk == 1


def test_a_formation_that_comes_nearer_or_has_arrived_is_left_alone():
    regrouping = Regrouping()
    for second in range(30):
        assert regrouping.scale([50.0 * 0.9**second], 1.0, 0.1, float(second)) is None
    for second in range(30, 60):
        assert regrouping.scale([0.9], 1.0, 0.1, float(second)) is None


def test_no_formation_is_shrunk_below_what_is_safe():
    regrouping = Regrouping()
    regrouping.begin(0.0)
    regrouping.scale([5.0], 1.0, 0.8, 0.0)
    assert regrouping.scale([5.0], 1.0, 0.8, STUCK_S) == 0.8
    regrouping.begin(0.0)
    assert regrouping.scale([5.0], 1.0, 1.0, 100.0) is None
