# SPDX-License-Identifier: Apache-2.0
"""After a loss both sides contract towards the same point, and only where that is needed."""

from __future__ import annotations

import math

import pytest
from swarm_coordination.control import graph
from swarm_coordination.control.closing import contraction, IDENTITY
from swarm_coordination.control.settings import ControlSettings

SETTINGS = ControlSettings()
LINE = [(6.0 * k, 0.0) for k in range(9)]


def test_both_sides_of_a_broken_line_compute_the_same_contraction_and_meet_within_range():
    left, dead, right = LINE[:4], LINE[4], LINE[5:]
    one = contraction(left, [dead, *right], SETTINGS)
    other = contraction(right, [*left, dead], SETTINGS)
    assert one == other
    assert (one.x, one.y) == dead
    slots = [one.moved(*slot) for slot in (*left, *right)]
    assert graph.connected(graph.disc_graph(slots, SETTINGS.link_distance_m))
    assert min(math.dist(a, b) for a in slots for b in slots if a != b) > 1.6


def test_it_holds_until_slots_are_packed_anew():
    slots = [slot for slot in LINE if slot != LINE[4]]
    assert contraction(slots, [LINE[4]], SETTINGS).scale < 1.0


def test_one_loss_that_leaves_the_formation_whole_moves_no_slot():
    grid = [(6.0 * x, 6.0 * y) for x in range(4) for y in range(4)]
    assert contraction(grid[:5] + grid[6:], [grid[5]], SETTINGS) == IDENTITY


@pytest.mark.parametrize(
    ('living', 'silent'),
    [([], [(0.0, 0.0)]), ([(0.0, 0.0)], []), ([(0.0, 0.0)], [(500.0, 0.0)])],
)
def test_nothing_to_close_moves_nothing(living, silent):
    assert contraction(living, silent, SETTINGS) == IDENTITY


def test_slots_in_one_place_divide_by_nothing():
    moved = contraction([(0.0, 0.0), (0.0, 0.0)], [(0.0, 0.0), (1.0, 0.0)], SETTINGS)
    assert moved.scale <= 1.0
