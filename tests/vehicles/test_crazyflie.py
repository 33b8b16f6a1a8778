# SPDX-License-Identifier: Apache-2.0
"""A Crazyflie gets a place that goes with its velocity."""

import pytest
from swarm_coordination.units import NS_PER_MS
from swarm_coordination.vehicles.crazyflie import LEAD_MAX_M, Reference
from swarm_coordination.views import Pose, VelocityCommand

EAST = VelocityCommand(0.5, 0.0, 0.0, 0.2)
STEP_NS = 50 * NS_PER_MS


def test_the_place_moves_with_the_velocity_of_a_robot_that_follows():
    reference, at = Reference(), Pose(1.0, 2.0, 0.5, 0.0)
    for k in range(21):
        state = reference.step(EAST, at, k * STEP_NS)
        at = Pose(*state.position, state.yaw)
    assert state.position == pytest.approx((1.5, 2.0, 0.5))
    assert state.yaw == pytest.approx(0.2)
    assert (state.velocity, state.yaw_rate) == ((0.5, 0.0, 0.0), 0.2)


def test_the_place_waits_for_a_robot_that_is_held():
    reference, held = Reference(), Pose(0.0, 0.0, 0.5, 0.0)
    for k in range(200):
        state = reference.step(EAST, held, k * STEP_NS)
    assert state.position == pytest.approx((LEAD_MAX_M, 0.0, 0.5))


@pytest.mark.parametrize('later', [300 * NS_PER_MS, -STEP_NS])
def test_after_a_gap_the_place_begins_anew_at_the_robot(later):
    reference = Reference()
    reference.step(EAST, Pose(0.0, 0.0, 0.5, 0.0), 10 * STEP_NS)
    state = reference.step(EAST, Pose(3.0, 0.0, 0.5, 1.0), 10 * STEP_NS + later)
    assert state.position == (3.0, 0.0, 0.5)
    assert state.yaw == 1.0


def test_a_robot_is_held_at_the_newest_place():
    reference = Reference()
    assert reference.held() is None
    for k in range(3):
        state = reference.step(EAST, Pose(1.0, 2.0, 0.5, 0.0), k * STEP_NS)
    held = reference.held()
    assert (held.position, held.yaw) == (state.position, state.yaw)
    assert (held.velocity, held.yaw_rate) == ((0.0, 0.0, 0.0), 0.0)
