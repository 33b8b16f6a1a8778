# SPDX-License-Identifier: Apache-2.0
"""Connectivity measures agree with each other and with hand-made graphs."""

from __future__ import annotations

import math
import random

import pytest
from swarm_coordination.control.graph import (
    algebraic_connectivity,
    articulation_points,
    components,
    connected,
    disc_graph,
)

LINE = [(0.0, 0.0), (1.0, 0.0), (2.0, 0.0), (3.0, 0.0)]


def test_a_line_is_connected_and_every_inner_robot_is_an_articulation_point():
    line = disc_graph(LINE, 1.1)
    assert line == [[1], [0, 2], [1, 3], [2]]
    assert articulation_points(line) == [1, 2]
    # Path graph of n vertices: 2 - 2 cos(pi / n).
    assert algebraic_connectivity(line) == pytest.approx(2.0 - 2.0 * math.cos(math.pi / 4.0))


def test_a_triangle_has_no_articulation_point_and_lambda2_of_three():
    triangle = disc_graph([(0.0, 0.0), (1.0, 0.0), (0.5, 0.8)], 1.5)
    assert articulation_points(triangle) == []
    assert algebraic_connectivity(triangle) == pytest.approx(3.0)


def test_two_islands_have_lambda2_of_zero():
    islands = disc_graph([(0.0, 0.0), (9.0, 0.0), (1.0, 0.0), (9.5, 0.0)], 2.0)
    assert components(islands) == [[0, 2], [1, 3]]
    assert algebraic_connectivity(islands) == pytest.approx(0.0, abs=1e-12)


def test_nobody_and_one_alone_are_connected():
    assert connected([]) and connected([[]])
    assert algebraic_connectivity([[]]) == 0.0


def test_articulation_points_are_those_whose_removal_splits_on_random_graphs():
    rng = random.Random(1)
    for _ in range(60):
        points = [(rng.uniform(0, 10), rng.uniform(0, 10)) for _ in range(rng.randrange(2, 12))]
        graph = disc_graph(points, 4.0)
        pieces = len(components(graph))
        expected = []
        for cut in range(len(points)):
            rest = disc_graph(points[:cut] + points[cut + 1:], 4.0)
            if len(components(rest)) > pieces:
                expected.append(cut)
        assert articulation_points(graph) == expected
        assert (algebraic_connectivity(graph) > 1e-9) == connected(graph)
