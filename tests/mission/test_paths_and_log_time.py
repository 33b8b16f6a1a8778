# SPDX-License-Identifier: Apache-2.0
"""Paths by arc length; log time from a leader's own clock."""

import pytest
from swarm_coordination.errors import CommandError
from swarm_coordination.mission.log_time import LogClock
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


def test_a_stamp_is_the_last_one_plus_the_time_since_it_was_applied():
    clock = LogClock()
    assert clock.stamp_ms(5 * NS_PER_S) == 0
    clock.applied(100, 10 * NS_PER_S)
    assert clock.stamp_ms(10 * NS_PER_S + 30 * NS_PER_MS) == 130


def test_an_entry_that_does_not_advance_log_time_does_not_hold_it_back():
    clock = LogClock()
    clock.applied(100, 0)
    clock.applied(100, NS_PER_S)
    assert clock.stamp_ms(2 * NS_PER_S) == 2100


def test_log_time_never_falls_when_the_local_clock_does():
    clock = LogClock()
    clock.applied(100, 10 * NS_PER_S)
    assert clock.stamp_ms(0) == 100
