# SPDX-License-Identifier: Apache-2.0
"""A robot that seeks the others finds its way out from among those that fell silent."""

from __future__ import annotations

import math
import random

from control.test_controller import neighbor, PERIOD, SETTINGS, STILL, table, target
import pytest
from swarm_coordination.area.shapes import Area, box, NOWHERE_CLOSED
from swarm_coordination.control.bodies import Bodies, NEAREST, RENEWED_S, WORK_MAX
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


def prepared(bodies, pose, rows, since, area_updates=400):
    """Ask at every update until ways are those of a new map; return them, when, and the work."""
    before, work = bodies.ways(pose, table(since, *rows), SETTINGS, since), [bodies.work]
    for update in range(1, area_updates):
        now = since + update * PERIOD
        ways = bodies.ways(pose, table(now, *rows), SETTINGS, now)
        work.append(bodies.work)
        if ways is not before:
            return ways, now, work
    raise AssertionError('no map')


def test_the_map_holds_the_nearest_only_and_is_begun_anew_at_most_so_often():
    bodies = Bodies(NOWHERE_CLOSED, 0.5)
    rows = silent(*((3.0 * k, 0.0) for k in range(3 * NEAREST)))
    first, now, _ = prepared(bodies, Pose(0.0, 5.0, 0.0, 0.0), rows, 0)
    assert now <= seconds_to_ns(2.5)
    away = Pose(70.0, 5.0, 0.0, 0.0)
    assert bodies.ways(away, table(now, *rows), SETTINGS, seconds_to_ns(RENEWED_S) - 1) is first
    renewed, _, work = prepared(bodies, away, rows, now + seconds_to_ns(RENEWED_S))
    assert sum(work) > WORK_MAX  # ways were those of the first meanwhile
    # The nearest now stand between; the first eight do no longer.
    assert renewed.around(57.0, 5.0, 0.0, (57.0, -5.0)) is not None
    assert renewed.around(6.0, 5.0, 0.0, (6.0, -5.0)) is None


@pytest.mark.parametrize('obstacles', [0, 20, 120])
def test_no_update_does_more_than_a_bounded_part_of_a_map(obstacles):
    rng = random.Random(obstacles)
    area = Area(tuple(
        box((rng.uniform(-9.0, 9.0), rng.uniform(-9.0, 9.0)), (0.5, 0.9), rng.uniform(0.0, 3.0))
        for _ in range(obstacles)
    ))
    rows = silent(*((rng.uniform(-9.0, 9.0), rng.uniform(-9.0, 9.0)) for _ in range(20)))
    ways, now, work = prepared(Bodies(area, 0.5), Pose(0.0, 0.0, 0.0, 0.0), rows, 0)
    assert max(work) <= WORK_MAX
    assert ways is not None
    # Whatever the area holds, a map is of so many pieces, so it is there in bounded time.
    assert sum(work) <= 2_500_000
    assert now <= seconds_to_ns(15.0)


def test_without_silent_robots_there_is_nothing_to_go_around():
    bodies = Bodies(NOWHERE_CLOSED, 0.5)
    alive = table(0, neighbor(2, 3.0, 0.0))
    assert bodies.ways(Pose(0.0, 0.0, 0.0, 0.0), alive, SETTINGS, 0) is None
