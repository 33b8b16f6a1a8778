# SPDX-License-Identifier: Apache-2.0
"""Paths by arc length; log time from a leader's own clock."""

import pytest
from swarm_coordination.bounds import COUNTER_MAX
from swarm_coordination.errors import CommandError
from swarm_coordination.mission.log_time import LogClock, STEP_MAX_NS
from swarm_coordination.mission.paths import Path
from swarm_coordination.units import NS_PER_MS, NS_PER_S

CORNER = ((0, 0, 0), (3000, 0, 0), (3000, 0, 0), (3000, 4000, 0))


@pytest.mark.parametrize(
    ('progress_m', 'position', 'tangent'),
    [
        (-1.0, (0.0, 0.0, 0.0), (1.0, 0.0, 0.0)),
        (0.0, (0.0, 0.0, 0.0), (1.0, 0.0, 0.0)),
        (2.0, (2.0, 0.0, 0.0), (1.0, 0.0, 0.0)),
        (3.0, (3.0, 0.0, 0.0), (0.0, 1.0, 0.0)),
        (5.0, (3.0, 2.0, 0.0), (0.0, 1.0, 0.0)),
        (7.0, (3.0, 4.0, 0.0), (0.0, 0.0, 0.0)),
        (99.0, (3.0, 4.0, 0.0), (0.0, 0.0, 0.0)),
    ],
)
def test_a_point_on_the_path_has_position_and_tangent(progress_m, position, tangent):
    path = Path(CORNER)
    assert path.length_m == 7.0
    assert path.at(progress_m) == (position, tangent)


def test_one_waypoint_is_a_place_to_stand_at():
    assert Path(((1000, 2000, 0),)).at(0.0) == ((1.0, 2.0, 0.0), (0.0, 0.0, 0.0))
    assert Path(((1000, 2000, 0),) * 2).length_m == 0.0


def test_a_path_needs_a_waypoint():
    with pytest.raises(CommandError):
        Path(())


def test_a_stamp_is_the_greatest_in_the_log_plus_the_time_that_this_leader_led():
    clock = LogClock(100, 10 * NS_PER_S)
    assert clock.stamp_ms(10 * NS_PER_S + 30 * NS_PER_MS) == 130
    assert clock.stamp_ms(10 * NS_PER_S + 60 * NS_PER_MS) == 160


def test_log_time_stands_still_over_a_pause_and_over_a_leap_of_the_clock():
    clock = LogClock(0, 0)
    for step in range(1, 11):
        clock.tick(step * 100 * NS_PER_MS)
    assert clock.stamp_ms(NS_PER_S) == 1_000
    assert clock.stamp_ms(3_600 * NS_PER_S) == 1_010
    assert clock.stamp_ms(3_600 * NS_PER_S + 100 * NS_PER_MS) == 1_110


@pytest.mark.parametrize('leap_ms', [101, 150, 250, 290, 650])
def test_leaps_one_after_the_other_hardly_add_up(leap_ms):
    clock, now = LogClock(0, 0), 0
    for _ in range(20):
        for _ in range(4):
            now += 50 * NS_PER_MS
            clock.tick(now)
        now += leap_ms * NS_PER_MS
        clock.tick(now)
    assert clock.stamp_ms(now) == 20 * (4 * 50 + 10)


def test_log_time_goes_on_where_every_tick_is_late():
    clock = LogClock(0, 0)
    for step in range(1, 101):
        clock.tick(step * 150 * NS_PER_MS)
    assert clock.stamp_ms(100 * 150 * NS_PER_MS) == 1_000


def test_a_leader_asks_for_its_next_tick_in_time_for_its_log_time():
    clock = LogClock(0, NS_PER_S)
    assert clock.next_deadline() == NS_PER_S + STEP_MAX_NS // 2
    clock.tick(2 * NS_PER_S)
    assert clock.next_deadline() == 2 * NS_PER_S + STEP_MAX_NS // 2


def test_log_time_never_falls_when_the_local_clock_does():
    clock = LogClock(100, 10 * NS_PER_S)
    assert clock.stamp_ms(0) == 100
    assert clock.stamp_ms(100 * NS_PER_MS) == 200


def test_log_time_has_an_end_that_no_leader_lives_to_see():
    clock = LogClock(COUNTER_MAX, 0)
    assert clock.stamp_ms(NS_PER_S // 10) == COUNTER_MAX
