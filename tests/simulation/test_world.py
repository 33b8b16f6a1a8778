# SPDX-License-Identifier: Apache-2.0
"""Plants follow their command, and brake when it is stale; distances are true at any time."""

from __future__ import annotations

import math

import pytest
from swarm_coordination.control.unicycle import ahead
from swarm_coordination.scenario.schema import WorldSettings
from swarm_coordination.simulation.world import World
from swarm_coordination.units import NS_PER_S
from swarm_coordination.views import Pose, VelocityCommand

STEP_NS = 20_000_000
AHEAD = VelocityCommand(1.0, 0.0, 0.0, 0.5)


def run(world: World, start: int, seconds: float) -> int:
    """Step the world; returns the time at the end."""
    for _ in range(round(seconds * NS_PER_S / STEP_NS)):
        start += STEP_NS
        world.step(start)
    return start


def one(**settings: float) -> World:
    """Return a world with one plant at the origin."""
    return World([('r1', Pose(0.0, 0.0, 0.0, 0.0))], WorldSettings(**settings), 0)


def test_a_plant_follows_its_command():
    world = one()
    world.plants['r1'].command(AHEAD, 0)
    run(world, 0, 0.4)

    state = world.truth()['r1']
    assert state.x == pytest.approx(0.4)
    assert state.yaw == pytest.approx(0.2)
    assert (state.vx, state.vy) == (1.0, 0.0)


def test_a_plant_without_a_fresh_command_brakes_in_a_straight_line_and_stands():
    world = one(brake_mps2=2.0)
    world.plants['r1'].command(AHEAD, 0)
    now = run(world, 0, 0.5)
    assert world.truth()['r1'].vx == 1.0

    now = run(world, now, 0.3)
    assert 0.0 < world.truth()['r1'].vx < 1.0
    now = run(world, now, 1.0)
    stopped = world.truth()['r1']
    assert stopped.vx == 0.0
    # v t + v^2 / 2a, within the integration steps.
    assert stopped.x == pytest.approx(0.5 + 1.0 / 4.0, abs=0.03)
    run(world, now, 1.0)
    assert world.truth()['r1'] == stopped


def test_a_plant_that_was_never_told_anything_stands():
    world = one()
    run(world, 0, 1.0)

    assert world.truth()['r1'][:3] == (0.0, 0.0, 0.0)


def test_speed_saturates_and_keeps_its_direction():
    world = one(speed_max_mps=1.0)
    world.plants['r1'].command(VelocityCommand(3.0, 4.0, 0.0, 0.0), 0)
    run(world, 0, 0.2)

    state = world.truth()['r1']
    assert (state.vx, state.vy) == pytest.approx((0.6, 0.8))


@pytest.mark.parametrize('value', [math.nan, math.inf, -math.inf])
def test_a_command_that_is_not_finite_is_dropped(value):
    world = one()
    world.plants['r1'].command(AHEAD, 0)
    world.plants['r1'].command(VelocityCommand(value, 0.0, 0.0, 0.0), 0)
    run(world, 0, 0.2)

    assert world.truth()['r1'].x == pytest.approx(0.2)


def test_plants_that_pass_each_other_within_a_step_are_seen():
    starts = [('r1', Pose(-0.05, 0.1, 0.0, 0.0)), ('r2', Pose(0.05, 0.0, 0.0, 0.0))]
    world = World(starts, WorldSettings(speed_max_mps=20.0, step_ms=20), 0)
    world.plants['r1'].command(VelocityCommand(5.0, 0.0, 0.0, 0.0), 0)
    world.plants['r2'].command(VelocityCommand(-5.0, 0.0, 0.0, 0.0), 0)
    closest = world.step(STEP_NS)

    # Before and after they are 0.14 m apart; half-way 0.1 m.
    assert closest.distance_m == pytest.approx(0.1)
    assert (closest.first, closest.second) == ('r1', 'r2')


def test_a_differential_base_moves_along_its_heading_while_its_point_ahead_goes_where_it_is_told():
    world = World([('r1', Pose(0.0, 0.0, 0.0, 0.0))], WorldSettings(), 0, ['r1'])
    plant = world.plants['r1']
    began = ahead(Pose(*plant.state[:4]))
    for step in range(1, 101):
        before = plant.state
        plant.command(VelocityCommand(0.0, 0.3, 0.0, 0.0), (step - 1) * world.step_ns)
        world.step(step * world.step_ns)
        sideways = -math.sin(before.yaw) * plant.state.vx + math.cos(before.yaw) * plant.state.vy
        assert abs(sideways) < 1e-9
    moved = ahead(Pose(*plant.state[:4]))
    seconds = 100 * world.step_ns / 1e9
    assert moved.x - began.x == pytest.approx(0.0, abs=0.02)
    assert moved.y - began.y == pytest.approx(0.3 * seconds, abs=0.02)
