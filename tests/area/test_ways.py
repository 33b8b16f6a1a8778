# SPDX-License-Identifier: Apache-2.0
"""Ways lead around obstacles, clear of them, and are the shortest there are."""

from __future__ import annotations

import math
import random

import pytest
from swarm_coordination.area.nearest import in_plane
from swarm_coordination.area.shapes import Area, box, cylinder, polygon
from swarm_coordination.area.ways import ASIDE_M, Ways, widened

CLEAR = 0.5


def walk(area, start, goal, z=0.0, step=0.05):
    """Follow the way from start to goal; return the places and the first length stated."""
    ways = Ways(area, CLEAR)
    (x, y), places, stated = start, [start], None
    for _ in range(4000):
        dx, dy = ways.around(x, y, z, goal) or (goal[0] - x, goal[1] - y)
        far = math.hypot(dx, dy)
        stated = far if stated is None else stated
        if far < step:
            return places, stated
        x, y = x + dx * step / far, y + dy * step / far
        places.append((x, y))
    return places, stated


def test_without_anything_between_the_way_is_straight():
    area = Area((box((5.0, 5.0), (1.0, 1.0)),))
    assert Ways(area, CLEAR).around(0.0, 0.0, 0.0, (9.0, 0.0)) is None
    assert Ways(Area(), CLEAR).around(0.0, 0.0, 0.0, (9.0, 0.0)) is None


def test_around_a_box_the_way_leads_over_two_of_its_corners():
    area = Area((box((5.0, 0.0), (2.0, 4.0)),))
    places, stated = walk(area, (0.0, 0.3), (10.0, 0.0))
    out = CLEAR + ASIDE_M
    straight = math.hypot(4 - out, 2 + out - 0.3) + 2 + 2 * out + math.hypot(4 - out, 2 + out)
    assert stated == pytest.approx(straight, abs=1e-6)
    assert len(places) * 0.05 == pytest.approx(stated, abs=0.3)
    assert math.dist(places[-1], (10.0, 0.0)) < 0.1


def test_a_robot_above_an_obstacle_flies_straight_over_it():
    area = Area((box((5.0, 0.0), (2.0, 4.0), 0.0, 0.0, 2.0),))
    assert Ways(area, CLEAR).around(0.0, 0.0, 3.0, (10.0, 0.0)) is None
    assert Ways(area, CLEAR).around(0.0, 0.0, 1.0, (10.0, 0.0)) is not None


def test_a_robot_that_stands_too_close_to_a_wall_does_not_see_through_it():
    area = Area((box((5.0, 0.0), (2.0, 4.0)),))
    dx, dy = Ways(area, CLEAR).around(3.8, 0.3, 0.0, (10.0, 0.0))
    assert dy > 4.0 * abs(dx)
    dx, dy = Ways(area, CLEAR).around(0.0, 0.3, 0.0, (6.2, 0.0))
    assert dy > 1.0


def test_out_of_a_pocket_too_narrow_for_any_way_the_way_leads_back_to_where_it_is_wide():
    area = Area((box((0.0, -3.0), (9.0, 2.0)), cylinder((0.0, -1.3), 0.2)))
    dx, dy = Ways(area, CLEAR).around(-0.4, -1.75, 0.0, (5.0, 1.0))
    assert dx < 0.0 or dy > abs(dx)
    dx, dy = Ways(area, CLEAR).around(-5.0, 1.0, 0.0, (0.1, -1.75))
    assert dx > 0.0


@pytest.mark.parametrize('seed', range(12))
def test_ways_stay_clear_of_every_piece_and_arrive(seed):
    rng = random.Random(seed)
    pieces = []
    for k in range(10):
        spot = (rng.uniform(-8, 8), rng.uniform(-8, 8))
        if k % 3 == 0:
            pieces.append(cylinder(spot, rng.uniform(0.2, 1.0)))
        elif k % 3 == 1:
            pieces.append(box(spot, (rng.uniform(0.3, 2), rng.uniform(0.3, 2)), rng.uniform(0, 3)))
        else:
            x, y = spot
            pieces += polygon([(x, y), (x + 2, y + 0.3), (x + 0.2, y + 0.6), (x + 0.1, y + 2)])
    area = Area(tuple(pieces), ((-11.0, -11.0), (11.0, -11.0), (11.0, 11.0), (-11.0, 11.0)))

    def gap(place):
        return min(in_plane(piece, *place).distance_m for piece in (*pieces, *area.walls))

    ends = []
    while len(ends) < 2:
        spot = (rng.uniform(-10, 10), rng.uniform(-10, 10))
        if gap(spot) > 1.2:
            ends.append(spot)
    places, _ = walk(area, *ends)
    if math.dist(places[-1], ends[1]) > 0.1:  # walled in: then nothing leads there
        assert Ways(area, CLEAR).around(*ends[0], 0.0, ends[1]) is None
    else:
        assert min(map(gap, places)) >= CLEAR - 0.01


@pytest.mark.parametrize('piece', [
    box((0.0, 0.0), (2.0, 1.0), 0.3),
    cylinder((1.0, 0.0), 0.7),
    polygon([(0, 0), (6, 0), (0, 0.4)])[0],
])
def test_a_widened_piece_holds_everything_within_the_distance(piece):
    corners = widened(piece, CLEAR)
    rng = random.Random(1)
    for a, b in zip(corners, (*corners[1:], corners[0])):
        share = rng.random()
        edge = (a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1]))
        far = in_plane(piece, *edge).distance_m
        assert CLEAR - 1e-9 <= far <= 2.1 * CLEAR


@pytest.mark.parametrize('most', [50, 1_000, 10**9])
def test_a_map_made_in_slices_is_that_made_at_once(most):
    rng = random.Random(5)
    area = Area(tuple(
        box((rng.uniform(-9, 9), rng.uniform(-9, 9)), (0.6, 0.9), rng.uniform(0, 3)) if k % 2
        else cylinder((rng.uniform(-9, 9), rng.uniform(-9, 9)), 0.5)
        for k in range(6)
    ))
    sliced, whole = Ways(area, CLEAR), Ways(area, CLEAR)
    slices = 0
    while not sliced.ready(0.0):
        done = sliced.prepare(0.0, most)
        assert 0 < done <= most
        slices += 1
    assert (slices == 1) is (most == 10**9)
    for _ in range(50):
        here, goal = [(rng.uniform(-9, 9), rng.uniform(-9, 9)) for _ in range(2)]
        assert sliced.around(*here, 0.0, goal) == whole.around(*here, 0.0, goal)
    assert sliced.prepare(0.0, most) == 0
