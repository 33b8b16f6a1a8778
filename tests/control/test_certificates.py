# SPDX-License-Identifier: Apache-2.0
"""
Random swarms in the middle of a change of assignment: what nobody released holds them together.

Every robot decides by its own table: rows of different ages, from before or after their owner took
up the new epoch, links heard one way only. Each rule is left out in turn: the same scenes fall
apart.
"""

from __future__ import annotations

import math
import random
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st
import pytest
from swarm_coordination.control import graph
from swarm_coordination.control.links import LinkNode, released_links
from swarm_coordination.control.picture import ahead

SPEED, HOLD, ERROR = 1.5, 0.1, 0.005
KEPT, RANGE = 9.5, 10.0
STEP_M = SPEED * 2.0


class Rules(NamedTuple):
    """The release rule, whole or with something left out."""

    resilience: int = 1
    predicted: bool = True
    intervals: bool = True
    both_ends: bool = True
    epochs: bool = True
    one_weight: bool = True


class Scene:
    """A random swarm with two assignments of slots: truth, and what each robot knows of it."""

    def __init__(self, seed: int, rules: Rules) -> None:
        self.rng = rng = random.Random(seed)
        self.rules = rules
        self.count = rng.randrange(3, 12)
        side = rng.uniform(2.0, 5.0) * math.sqrt(self.count)
        self.truth = [self.spot(side) for _ in range(self.count)]
        slots = [self.spot(2.0 * side) for _ in range(self.count)]
        others = slots[:]
        rng.shuffle(others)
        self.slots = (slots, others)
        self.epoch = [rng.randrange(2) for _ in range(self.count)]
        robots = range(self.count)
        self.hears = [
            [
                i != j and math.dist(self.truth[i], self.truth[j]) <= RANGE and rng.random() < 0.9
                for j in robots
            ]
            for i in robots
        ]

    def spot(self, side: float) -> tuple[float, float]:
        return (self.rng.uniform(0.0, side), self.rng.uniform(0.0, side))

    def away(self, place: tuple[float, float], reach: float) -> tuple[float, float]:
        angle = self.rng.uniform(0.0, math.tau)
        return (place[0] + reach * math.cos(angle), place[1] + reach * math.sin(angle))

    def live(self) -> list[list[int]]:
        """Return the links both ends hear, within the kept range, as they truly are."""
        robots = range(self.count)
        return [
            [
                j
                for j in robots
                if self.hears[i][j]
                and self.hears[j][i]
                and math.dist(self.truth[i], self.truth[j]) <= KEPT
            ]
            for i in robots
        ]

    def known_by(self, own: int) -> tuple[LinkNode, list[LinkNode]]:
        """Return one robot's table: everybody where it was within the age, often the farthest."""
        rng, rules, epoch = self.rng, self.rules, self.epoch[own]
        predicted = rules.predicted and (rules.one_weight or own % 2 == 0)
        nodes = []
        for k, place in enumerate(self.truth):
            age = 0.0 if k == own else rng.uniform(0.0, 0.6)
            reach = rng.choice((1.0, rng.random())) * (SPEED * age + 0.7 * ERROR)
            place = self.away(place, reach)
            # A row may be older than its owner's change of epoch, never newer.
            shown = self.epoch[k] if k == own else rng.randrange(self.epoch[k] + 1)
            if rules.epochs and shown != epoch:
                continue
            slot = self.slots[epoch if rules.epochs else shown][k]
            hears = tuple(
                j + 1
                for j in range(self.count)
                if self.hears[k][j] or (not rules.both_ends and self.hears[j][k])
            )
            nodes.append(
                LinkNode(
                    k + 1,
                    *place,
                    SPEED * (age + HOLD) + ERROR if rules.intervals else 0.0,
                    hears,
                    ahead((*place, 0.0), (*slot, 0.0), STEP_M) if predicted else None,
                )
            )
        mine = next(node for node in nodes if node.robot == own + 1)
        return mine, [node for node in nodes if node is not mine]

    def kept(self) -> tuple[list[list[int]], list[list[int]]]:
        """Decide for everybody, move while that stands; return all links, and those kept."""
        gone = set()
        for own in range(self.count):
            mine, others = self.known_by(own)
            for other in released_links(mine, others, KEPT, self.rules.resilience):
                gone.add(frozenset((own, other - 1)))
        self.truth = [self.away(place, SPEED * HOLD) for place in self.truth]
        before = self.live()
        after = [[j for j in row if frozenset((i, j)) not in gone] for i, row in enumerate(before)]
        return before, after


def split(seed: int, rules: Rules) -> bool:
    """Return whether the links nobody released leave more islands than there were."""
    before, after = Scene(seed, rules).kept()
    return len(graph.components(after)) > len(graph.components(before))


def weakened(seed: int, rules: Rules) -> bool:
    """Return whether one loss splits what one loss could not split with all links kept."""
    before, after = Scene(seed, rules).kept()
    return bool(
        graph.connected(before)
        and not graph.articulation_points(before)
        and (not graph.connected(after) or graph.articulation_points(after))
    )


@given(st.integers(0, 2**48), st.booleans())
@settings(max_examples=400)
def test_through_a_change_of_epoch_what_nobody_released_connects_whatever_was_connected(
    seed, predicted
):
    assert not split(seed, Rules(predicted=predicted))


@given(st.integers(0, 2**48), st.booleans())
@settings(max_examples=400)
def test_with_two_disjoint_paths_one_loss_splits_nothing_that_it_could_not_split_before(
    seed, predicted
):
    assert not weakened(seed, Rules(resilience=2, predicted=predicted))


@pytest.mark.parametrize(
    'rules',
    [
        Rules(intervals=False),
        Rules(both_ends=False),
        Rules(epochs=False),
        Rules(one_weight=False),
    ],
    ids=['no_intervals', 'one_end', 'epoch_ignored', 'two_weights'],
)
def test_with_a_rule_left_out_the_same_scenes_fall_apart(rules):
    assert sum(split(seed, rules) for seed in range(1500)) > 2


def test_with_one_path_only_a_loss_splits_the_same_scenes():
    assert sum(weakened(seed, Rules(resilience=1)) for seed in range(300)) > 10


def test_a_step_towards_a_slot_never_moves_further_than_the_robot():
    rng = random.Random(5)
    for _ in range(2000):
        slot = (rng.uniform(-9, 9), rng.uniform(-9, 9), 0.0)
        one = (rng.uniform(-9, 9), rng.uniform(-9, 9), rng.uniform(-3, 3))
        other = (rng.uniform(-9, 9), rng.uniform(-9, 9), rng.uniform(-3, 3))
        step = rng.uniform(0.0, 6.0)
        there = math.dist(ahead(one, slot, step), ahead(other, slot, step))
        assert there <= math.dist(one, other) + 1e-9


@pytest.mark.parametrize('resilience', [1, 2])
def test_the_rule_does_release_superfluous_links(resilience):
    released = live = 0
    for seed in range(60):
        scene = Scene(seed, Rules(resilience=resilience))
        scene.epoch = [0] * scene.count
        before, after = scene.kept()
        live += sum(map(len, before))
        released += sum(map(len, before)) - sum(map(len, after))
    assert released > (0.3 if resilience == 1 else 0.15) * live
