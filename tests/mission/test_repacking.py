# SPDX-License-Identifier: Apache-2.0
"""After a loss: who may be alive beyond a gap, and slots that keep off the dead."""

from __future__ import annotations

from collections.abc import Callable
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


@pytest.mark.parametrize(('speed_mps', 'stuck'), [(0.05, True), (0.12, False)])
def test_ways_however_long_are_flown_on_while_each_robot_comes_nearer_steadily(speed_mps, stuck):
    regrouping = Regrouping()
    for second in range(60):
        left_m = 100.0 - speed_mps * second  # never 2 % in six seconds
        shrunk = regrouping.scale([left_m] * 50, 1.0, 0.1, float(second)) is not None
        if shrunk:
            break
    assert shrunk is stuck


def test_no_formation_is_shrunk_below_what_is_safe():
    regrouping = Regrouping()
    regrouping.begin(0.0)
    regrouping.scale([5.0], 1.0, 0.8, 0.0)
    assert regrouping.scale([5.0], 1.0, 0.8, STUCK_S) == 0.8
    regrouping.begin(0.0)
    assert regrouping.scale([5.0], 1.0, 1.0, 100.0) is None


def changes(hours: float, errors: Callable[[float], list[float]]) -> list[float]:
    """Return when a formation changes its scale, looked at every half second."""
    regrouping, scale, at_s = Regrouping(), 1.0, []
    for step in range(round(7_200 * hours)):
        wanted = regrouping.scale(errors(step / 2.0), scale, 0.1, step / 2.0)
        if wanted is not None:
            scale = wanted
            at_s.append(step / 2.0)
    return at_s


def test_robots_that_cannot_move_are_left_alone_for_longer_and_longer():
    at_s = changes(4.0, lambda second: [5.0, 3.0])
    assert len([at for at in at_s if at < 60.0]) >= 8
    assert len(at_s) <= 136
    # In the long run two commits in ten minutes, where the log would have grown by 90 before.
    assert len([at for at in at_s if at >= 3 * 3_600.0]) <= 2 * 6 + 2


def test_a_formation_that_gets_nearer_at_last_is_helped_at_once_the_next_time():
    def errors(second: float) -> list[float]:
        return [5.0] if second < 600.0 else [0.5] if second < 1_200.0 else [6.0]

    at_s = [at for at in changes(0.5, errors) if at >= 1_200.0]
    assert at_s[0] - 1_200.0 <= STUCK_S + 0.5
    assert len([at for at in at_s if at < 1_260.0]) >= 8
