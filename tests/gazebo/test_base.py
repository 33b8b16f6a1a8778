# SPDX-License-Identifier: Apache-2.0
"""A base in Gazebo stops where nobody commands it; a quadrotor's finds and keeps its height."""

import math

from swarm_coordination.gazebo.base import Base, BaseVelocity, CLIMB_MAX_MPS, STILL

TIMEOUT_NS = 500_000_000


def test_a_command_is_passed_on_as_it_came_until_it_is_too_old():
    base = Base(None, TIMEOUT_NS)
    assert base.velocity(0.0, 1) == STILL
    assert math.isinf(base.age_s(1))
    base.command(BaseVelocity(0.4, -0.2, 0.3, 0.1), 1_000)
    assert base.velocity(0.3, 1_000 + TIMEOUT_NS) == (0.4, -0.2, 0.3, 0.1)
    assert base.age_s(1_000 + TIMEOUT_NS) == 0.5
    assert base.velocity(0.3, 1_001 + TIMEOUT_NS) == STILL


def test_a_quadrotor_climbs_to_its_height_and_stays_whoever_commands_it():
    base, z_m, now = Base(1.5, TIMEOUT_NS), -0.05, 0
    speeds = []
    for step in range(200):
        if step == 50:
            base.command(BaseVelocity(0.5, 0.0, 0.0, 0.0), now)
        velocity = base.velocity(z_m, now)
        speeds.append(velocity.x)
        assert abs(velocity.z) <= CLIMB_MAX_MPS
        z_m, now = z_m + 0.05 * velocity.z, now + 50_000_000
    assert abs(z_m - 1.5) < 0.01
    assert (speeds[40], speeds[55], speeds[100]) == (0.0, 0.5, 0.0)
    assert base.velocity(2.5, now).z == -CLIMB_MAX_MPS


def test_a_robot_of_the_ground_stays_there_whatever_height_its_slot_has():
    base, z_m, now = Base(0.0, TIMEOUT_NS), 0.0, 0
    for _ in range(100):
        # A swarm of quadrotors and pucks: slots are at the mean of their heights.
        base.command(BaseVelocity(0.3, 0.0, 0.6, 0.0), now)
        velocity = base.velocity(z_m, now)
        z_m, now = z_m + 0.05 * velocity.z, now + 50_000_000
    assert (z_m, velocity.x) == (0.0, 0.3)
    assert base.velocity(0.4, now).z < 0.0  # one that was lifted comes down
