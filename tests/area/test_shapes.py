# SPDX-License-Identifier: Apache-2.0
"""Polygons are cut into convex pieces that cover them; the nearest point of a piece is right."""

from __future__ import annotations

import json
import math
import random

import pytest
from swarm_coordination.area.convex import (
    area_m2,
    convex_pieces,
    counter_clockwise,
    inside,
    turn,
)
from swarm_coordination.area.nearest import in_plane, in_space
from swarm_coordination.area.shapes import Area, area_from, box, cylinder, Piece, polygon


def star(rng, count):
    """Return a simple polygon around the origin, as a rule not convex."""
    turns = sorted(rng.uniform(0.0, math.tau) for _ in range(count))
    radii = [rng.uniform(1.0, 5.0) for _ in turns]
    return [(r * math.cos(t), r * math.sin(t)) for r, t in zip(radii, turns)]


@pytest.mark.parametrize('seed', range(40))
def test_convex_pieces_cover_the_polygon_and_nothing_else(seed):
    rng = random.Random(seed)
    corners = counter_clockwise(star(rng, rng.randrange(4, 14))[:: rng.choice((1, -1))])
    pieces = convex_pieces(corners)
    for piece in pieces:
        count = len(piece)
        assert all(turn(piece[k - 1], piece[k], piece[(k + 1) % count]) >= 0.0
                   for k in range(count))
    assert sum(map(area_m2, pieces)) == pytest.approx(area_m2(corners))
    for _ in range(50):
        x, y = rng.uniform(-5, 5), rng.uniform(-5, 5)
        depth = [-in_plane(Piece(piece), x, y).distance_m for piece in pieces]
        if abs(max(depth)) > 1e-9:
            assert inside(x, y, corners) == (max(depth) > 0.0)


@pytest.mark.parametrize('corners', [
    [(0, 0), (2, 2), (2, 0), (0, 2)],
    [(0, 0), (1, 0)],
    [(0, 0), (1, 0), (2, 0)],
    [(0, 0), (1, 0), (0, 0), (0, 1)],
])
def test_a_polygon_that_crosses_itself_or_has_no_area_is_refused(corners):
    with pytest.raises(ValueError, match=r'polygon|corners'):
        counter_clockwise(corners)


def sampled(piece, point, steps=60):
    """Least distance to points on the surface of a body, by brute force."""
    heights = [piece.low_m + (piece.high_m - piece.low_m) * k / steps for k in range(steps + 1)]
    around = []
    if len(piece.corners) == 1:
        (x, y), r = piece.corners[0], piece.radius_m
        rim = [(x + r * math.cos(t), y + r * math.sin(t))
               for t in (math.tau * k / 300 for k in range(300))]
    else:
        rim = [
            (a[0] + (b[0] - a[0]) * k / steps, a[1] + (b[1] - a[1]) * k / steps)
            for a, b in zip(piece.corners, (*piece.corners[1:], piece.corners[0]))
            for k in range(steps)
        ]
    mid = (sum(x for x, _ in rim) / len(rim), sum(y for _, y in rim) / len(rim))
    around = [(*p, z) for p in rim for z in heights]
    around += [
        (mid[0] + s * (x - mid[0]), mid[1] + s * (y - mid[1]), z)
        for x, y in rim for z in (piece.low_m, piece.high_m) for s in (0.0, 0.25, 0.5, 0.75)
    ]
    return min(math.dist(point, p) for p in around)


@pytest.mark.parametrize('piece', [
    box((1.0, 2.0), (2.0, 1.0), 0.4, 0.0, 2.0),
    cylinder((-1.0, 0.0), 1.2, -1.0, 1.0),
    polygon([(0, 0), (3, 0), (1, 2)], 0.0, 1.0)[0],
])
def test_the_distance_to_a_body_is_the_distance_to_its_nearest_point(piece):
    rng = random.Random(3)
    for _ in range(25):
        point = (rng.uniform(-4, 5), rng.uniform(-4, 5), rng.uniform(-3, 4))
        seen = in_space(piece, *point)
        assert math.hypot(seen.nx, seen.ny, seen.nz) == pytest.approx(1.0)
        if seen.distance_m > 0.0:
            assert seen.distance_m == pytest.approx(sampled(piece, point), abs=0.2)
            # Back along the direction, by the distance: on the surface.
            foot = [c - seen.distance_m * n for c, n in zip(point, seen[1:])]
            assert in_space(piece, *foot).distance_m == pytest.approx(0.0, abs=1e-9)


def test_inside_a_piece_the_distance_is_minus_the_depth_and_points_out_of_the_nearest_face():
    seen = in_plane(box((0.0, 0.0), (4.0, 2.0)), 0.5, 0.8)
    assert seen == pytest.approx((-0.2, 0.0, 1.0, 0.0))
    seen = in_space(box((0.0, 0.0), (4.0, 4.0), 0.0, 0.0, 1.0), 0.0, 0.0, 0.9)
    assert seen == pytest.approx((-0.1, 0.0, 0.0, 1.0))


def test_a_wall_of_a_zone_points_into_it_even_from_the_wall_itself():
    zone = Area(zone=((0.0, 0.0), (2.0, 0.0), (2.0, 2.0), (0.0, 2.0)))
    for wall in zone.walls:
        (ax, ay), (bx, by) = wall.corners
        seen = in_plane(wall, (ax + bx) / 2, (ay + by) / 2)
        assert inside((ax + bx) / 2 + 0.1 * seen.nx, (ay + by) / 2 + 0.1 * seen.ny, zone.zone)


def test_an_area_survives_json():
    area = Area(
        (box((0.0, 1.0), (1.0, 2.0), name='shed'), cylinder((3.0, 0.5), 0.2, 0.0, 4.0)),
        ((-9.0, -9.0), (9.0, -9.0), (0.0, 9.0)), 0.0, 5.0,
    )
    assert area_from(json.loads(json.dumps(area))) == area
    assert area_from([]).empty
