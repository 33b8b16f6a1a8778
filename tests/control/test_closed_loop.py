# SPDX-License-Identifier: Apache-2.0
"""Swarms with lossy beacons: never too close, never split, and the formation is reached."""

from __future__ import annotations

import math
import random

from control.closed_loop import ClosedLoop, connected_start, slots_of
import pytest
from swarm_coordination.control.controller import FormationController
from swarm_coordination.control.settings import ControlSettings
from swarm_coordination.views import Mode

SETTINGS = ControlSettings()


def swarm(count, shape, seed, spacing_m, **options):
    """Return a loop from a random connected start to slots given out at random."""
    rng = random.Random(seed)
    starts = connected_start(rng, count, 9.3, 1.2)
    middle = [sum(axis) / count for axis in zip(*starts)]
    slots = [(x + middle[0], y + middle[1]) for x, y in slots_of(shape, count, spacing_m)]
    rng.shuffle(slots)
    loop = ClosedLoop(starts, SETTINGS, seed, **options)
    loop.slots = {k + 1: slot for k, slot in enumerate(slots)}
    return loop


def assert_safe(loop):
    assert loop.nearest_m >= SETTINGS.safety_distance_m
    assert loop.split_steps == 0


@pytest.mark.parametrize(
    ('count', 'shape', 'spacing_m', 'seed'),
    [
        (5, 'V', 3.0, 1),
        (6, 'circle', 2.0, 2),
        (7, 'line', 6.0, 3),
        (8, 'V', 1.6, 4),
        (9, 'circle', 4.0, 5),
        (10, 'line', 3.0, 6),
        (12, 'V', 5.0, 7),
    ],
)
def test_a_swarm_reaches_random_slots_safe_and_connected_throughout(
    count, shape, spacing_m, seed
):
    loop = swarm(count, shape, seed, spacing_m)
    assert loop.run(60.0, until_m=0.1)
    assert_safe(loop)


def test_with_half_of_the_beacons_lost_it_is_slower_and_as_safe():
    loop = swarm(6, 'circle', 8, 5.0, loss=0.5)
    assert loop.run(60.0, until_m=0.1)
    assert_safe(loop)


def test_a_flying_formation_follows_its_moving_slots():
    loop = swarm(6, 'V', 9, 3.0)
    loop.run(20.0)
    loop.slot_velocity = (1.0, 0.0)
    loop.run(10.0)
    assert loop.slot_error() < 0.15
    assert_safe(loop)


def test_survivors_of_a_loss_take_new_slots_around_the_silent_robot():
    loop = swarm(6, 'V', 10, 3.0)
    assert loop.run(40.0, until_m=0.1)
    loop.kill(1)
    loop.run(4.0)
    # A V of five around the dead robot, no slot within its disc: a new epoch, seen one by one.
    x, y = loop.agents[1].place
    for agent, slot in zip(loop.alive(), slots_of('V', 5, 3.0)):
        agent.epoch = 2
        loop.slots[agent.robot] = (slot[0] + x + 5.0, slot[1] + y)
        loop.run(0.1)
    assert loop.run(60.0, until_m=0.1)
    assert_safe(loop)


def test_a_swarm_without_tables_brakes_within_its_stopping_distance_and_stays_safe():
    loop = swarm(6, 'line', 11, 5.0)
    loop.run(2.0)
    loop.tables_reach = False
    loop.run(1.0)
    places = [agent.place for agent in loop.alive()]
    loop.run(2.0)
    stopping = SETTINGS.speed_max_mps**2 / (2.0 * SETTINGS.deceleration_mps2)
    slack = SETTINGS.speed_max_mps * 2 * SETTINGS.period_s
    for agent, place in zip(loop.alive(), places):
        assert agent.velocity == (0.0, 0.0)
        assert math.dist(agent.place, place) <= stopping + slack
    assert_safe(loop)


def test_a_stopped_swarm_stands_and_flies_on_when_released():
    loop = swarm(6, 'V', 12, 3.0)
    loop.run(2.0)
    loop.mode = Mode.STOPPED
    loop.run(1.0)
    assert all(agent.velocity == (0.0, 0.0) for agent in loop.alive())
    loop.mode = Mode.FLY
    assert loop.run(60.0, until_m=0.1)
    assert_safe(loop)


def test_without_kept_links_the_same_swarm_falls_apart():
    class Careless(FormationController):

        def table(self, table, now):
            deaf = tuple(row._replace(heard=False) for row in table.neighbors)
            return super().table(table._replace(neighbors=deaf), now)

    careless = swarm(7, 'line', 1, 9.0, controllers=Careless)
    careless.run(12.0)
    assert careless.split_steps > 0
    careful = swarm(7, 'line', 1, 9.0)
    careful.run(12.0)
    assert careful.split_steps == 0


@pytest.mark.parametrize('count', [11, 21])
def test_an_update_with_many_neighbors_fits_its_period_many_times(count):
    loop = swarm(count, 'circle', 13, 2.0)
    loop.run(2.0)
    times = sorted(loop.update_s)
    assert times[len(times) // 2] < 0.002


def test_a_run_repeats_exactly():
    def fly():
        loop = swarm(6, 'circle', 14, 4.0)
        loop.run(5.0)
        return [agent.place for agent in loop.alive()]

    assert fly() == fly()
