# SPDX-License-Identifier: Apache-2.0
"""Links released by anybody, all together, never split what was connected."""

from __future__ import annotations

import math
import random

from hypothesis import given, settings
from hypothesis import strategies as st
from swarm_coordination.control import graph
from swarm_coordination.control.links import LinkNode, released_links

SPEED, HOLD, ERROR = 1.5, 0.1, 0.005
KEPT, RANGE = 9.5, 10.0


def node(robot, x, y, links, slack=0.0):
    return LinkNode(robot, x, y, slack, tuple(links))


def triangle(slack=0.0, links=((2, 3), (1, 3), (1, 2))):
    """Robots 1, 2, 3; the longest link is (1, 3), 6 m."""
    places = ((0.0, 0.0), (3.0, 1.0), (6.0, 0.0))
    return [node(k + 1, *places[k], links[k], slack) for k in range(3)]


def test_the_longest_link_of_a_triangle_is_released_by_both_ends_and_no_other():
    nodes = triangle()
    assert released_links(nodes[0], nodes[1:], KEPT) == (3,)
    assert released_links(nodes[2], nodes[:2], KEPT) == (1,)
    assert released_links(nodes[1], [nodes[0], nodes[2]], KEPT) == ()


def test_a_link_that_may_be_the_shorter_one_is_kept():
    nodes = triangle(slack=0.8)  # 6 - 1.6 m at least, against 3.16 + 1.6 m at most
    assert released_links(nodes[0], nodes[1:], KEPT) == ()


def test_a_path_over_a_link_that_only_one_end_lists_certifies_nothing():
    nodes = triangle(links=((2, 3), (1, 3), (1,)))
    assert released_links(nodes[0], nodes[1:], KEPT) == ()


def test_a_path_that_may_be_out_of_range_certifies_nothing():
    nodes = triangle()
    assert released_links(nodes[0], nodes[1:], 3.0) == ()


def test_a_path_through_a_robot_that_may_not_stand_in_a_certificate_certifies_nothing():
    nodes = triangle()
    assert released_links(nodes[0], [nodes[2]], KEPT) == ()


def test_of_equal_links_exactly_one_per_cycle_is_released():
    side = [node(k + 1, *place, [j for j in range(1, 5) if j != k + 1]) for k, place in
            enumerate([(0.0, 0.0), (4.0, 0.0), (4.0, 4.0), (0.0, 4.0)])]
    gone = set()
    for own in side:
        for other in released_links(own, [n for n in side if n is not own], KEPT):
            gone.add(frozenset((own.robot, other)))
    # Both diagonals, and of the four equal sides only the last by ids.
    assert gone == {frozenset(pair) for pair in ((1, 3), (2, 4), (3, 4))}


class Scene:
    """A random swarm: true places and links, and what each robot knows, within its bounds."""

    def __init__(self, rng: random.Random, count: int, crowded: float) -> None:
        side = crowded * math.sqrt(count)
        self.count = count
        self.truth = [(rng.uniform(0, side), rng.uniform(0, side)) for _ in range(count)]
        # Some pairs in range do not hear each other (a wall), some only one way.
        self.hears = [[False] * count for _ in range(count)]
        for i in range(count):
            for j in range(count):
                near = i != j and math.dist(self.truth[i], self.truth[j]) <= RANGE
                self.hears[i][j] = near and rng.random() < 0.9
        self.rng = rng

    def live(self) -> list[list[int]]:
        """Return the links both ends hear, within the kept range, as they truly are."""
        return [
            [
                j
                for j in range(self.count)
                if self.hears[i][j]
                and self.hears[j][i]
                and math.dist(self.truth[i], self.truth[j]) <= KEPT
            ]
            for i in range(self.count)
        ]

    def known_by(self, own: int, intervals: bool, both_ends: bool) -> list[LinkNode]:
        """Return one robot's table: everybody where it was within the age, often the farthest."""
        nodes = []
        for k, (x, y) in enumerate(self.truth):
            age = 0.0 if k == own else self.rng.uniform(0.0, 0.6)
            angle = self.rng.uniform(0, math.tau)
            reach = self.rng.choice((1.0, self.rng.random())) * (SPEED * age + 0.7 * ERROR)
            slack = SPEED * (age + HOLD) + ERROR if intervals else 0.0
            hears = [
                j + 1
                for j in range(self.count)
                if self.hears[k][j] or (not both_ends and self.hears[j][k])
            ]
            place = (x + reach * math.cos(angle), y + reach * math.sin(angle))
            nodes.append(LinkNode(k + 1, *place, slack, tuple(hears)))
        return nodes

    def move(self) -> None:
        """Move everybody at full speed while the decisions stand."""
        for k, (x, y) in enumerate(self.truth):
            angle = self.rng.uniform(0, math.tau)
            reach = SPEED * HOLD
            self.truth[k] = (x + reach * math.cos(angle), y + reach * math.sin(angle))


def split_by_release(seed: int, intervals: bool = True, both_ends: bool = True) -> bool:
    """Return whether the links nobody released leave more islands than there were."""
    rng = random.Random(seed)
    scene = Scene(rng, rng.randrange(3, 12), rng.uniform(2.0, 5.0))
    gone = set()
    for own in range(scene.count):
        nodes = scene.known_by(own, intervals, both_ends)
        others = [n for n in nodes if n.robot != own + 1]
        for other in released_links(nodes[own], others, KEPT):
            gone.add(frozenset((own, other - 1)))
    scene.move()
    before = scene.live()
    after = [[j for j in row if frozenset((i, j)) not in gone] for i, row in enumerate(before)]
    return len(graph.components(after)) > len(graph.components(before))


@given(st.integers(0, 2**48))
@settings(max_examples=300)
def test_what_nobody_released_connects_whatever_was_connected(seed):
    assert not split_by_release(seed)


def test_without_intervals_the_same_scenes_fall_apart():
    assert sum(split_by_release(seed, intervals=False) for seed in range(200)) > 5


def test_with_links_listed_by_one_end_only_the_same_scenes_fall_apart():
    assert sum(split_by_release(seed, both_ends=False) for seed in range(400)) > 5


def test_the_rule_does_release_most_superfluous_links():
    rng = random.Random(3)
    released = live = 0
    for _ in range(40):
        scene = Scene(rng, 10, 3.0)
        for own in range(scene.count):
            nodes = scene.known_by(own, True, True)
            others = [n for n in nodes if n.robot != own + 1]
            released += len(released_links(nodes[own], others, KEPT))
            live += sum(scene.hears[own])
    assert released > 0.3 * live
