# SPDX-License-Identifier: Apache-2.0
"""A robot that seeks the others finds its way out from among those that fell silent."""

from __future__ import annotations

import math

from control.test_controller import neighbor, PERIOD, SETTINGS, STILL, table, target
import pytest
from swarm_coordination.area.shapes import Area, box, NOWHERE_CLOSED
from swarm_coordination.control.bodies import Bodies, NEAREST, RENEWED_S
from swarm_coordination.control.controller import FormationController
from swarm_coordination.units import ns_to_seconds, seconds_to_ns
from swarm_coordination.views import Liveness, Mode, Pose

# Where four robots were seen last whose discs leave a pocket that opens to the west.
SEEN = ((2.1, 2.3), (4.8, 0.2), (2.4, -2.5), (-0.4, 4.7))
PLACE = (34.0, 0.0, 0.0)


def silent(*places):
    return tuple(
        neighbor(robot + 2, *place, age_s=30.0, liveness=Liveness.SILENT, heard=False, links=())
        for robot, place in enumerate(places)
    )


def sought(start, mode=Mode.SEEK, area=NOWHERE_CLOSED, seconds=60.0):
    """Fly from ``start`` to PLACE; return how far off it ends and the least distances met."""
    controller = FormationController(1, SETTINGS, 0, area)
    x, y, now, near, clear = *start, 0, math.inf, math.inf
    while now < seconds_to_ns(seconds):
        controller.observe(Pose(x, y, 0.0, 0.0), STILL, now)
        controller.table(table(now, *silent(*SEEN)), now)
        controller.target(target(now, mode, PLACE), now)
        report = controller.update(now)
        x += report.command.vx * ns_to_seconds(PERIOD)
        y += report.command.vy * ns_to_seconds(PERIOD)
        near = min(near, min(math.hypot(x - px, y - py) for px, py in SEEN))
        clear = min(clear, math.inf if report.obstacle_gap_m is None else report.obstacle_gap_m)
        now += PERIOD
    return math.hypot(x - PLACE[0], y - PLACE[1]), near, clear


@pytest.mark.parametrize('start', [(2.6, -0.3), (0.0, 2.0), (-6.0, 0.5)])
def test_it_leaves_a_pocket_between_silent_robots_and_keeps_off_their_discs(start):
    left, near, _ = sought(start)
    assert left < 0.2
    assert near >= SETTINGS.silent_radius_m - 0.05


def test_straight_wishes_end_in_that_pocket():
    left, _, _ = sought((2.6, -0.3), Mode.HOLD)
    assert left > 25.0


def test_its_way_keeps_off_what_stands_in_its_area_too():
    wall = box((14.0, 0.0), (0.5, 12.0))
    left, near, gap = sought((2.6, -0.3), area=Area((wall,)), seconds=80.0)
    assert left < 0.2
    assert near >= SETTINGS.silent_radius_m - 0.05
    assert gap >= SETTINGS.obstacle_clear_m - 1e-6


def test_the_map_holds_the_nearest_only_and_is_renewed_at_most_so_often():
    bodies = Bodies(NOWHERE_CLOSED, 0.5)
    row = silent(*((3.0 * k, 0.0) for k in range(3 * NEAREST)))
    first = bodies.ways(Pose(0.0, 5.0, 0.0, 0.0), table(0, *row), SETTINGS, 0)
    assert first is not None
    away = Pose(70.0, 5.0, 0.0, 0.0)
    early = seconds_to_ns(RENEWED_S) - 1
    assert bodies.ways(away, table(early, *row), SETTINGS, early) is first
    late = early + 1
    renewed = bodies.ways(away, table(late, *row), SETTINGS, late)
    assert renewed is not first and renewed is not None
    # The nearest now stand between; the first eight do no longer.
    assert renewed.around(57.0, 5.0, 0.0, (57.0, -5.0)) is not None
    assert renewed.around(6.0, 5.0, 0.0, (6.0, -5.0)) is None


def test_without_silent_robots_there_is_nothing_to_go_around():
    bodies = Bodies(NOWHERE_CLOSED, 0.5)
    alive = table(0, neighbor(2, 3.0, 0.0))
    assert bodies.ways(Pose(0.0, 0.0, 0.0, 0.0), alive, SETTINGS, 0) is None
