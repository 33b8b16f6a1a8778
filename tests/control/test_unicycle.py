# SPDX-License-Identifier: Apache-2.0
"""A differential robot moves along its heading only; its point ahead goes where it is told."""

import math
import random

import pytest
from swarm_coordination.control.unicycle import ahead, AHEAD_M, steer
from swarm_coordination.views import Pose, VelocityCommand

STEP_S = 0.001


def drive(axle, command, seconds):
    """Integrate the axle of a robot whose point ahead shall move with ``command``."""
    for _ in range(round(seconds / STEP_S)):
        done = steer(command, axle.yaw)
        axle = Pose(axle.x + done.vx * STEP_S, axle.y + done.vy * STEP_S, axle.z,
                    axle.yaw + done.yaw_rate * STEP_S)
    return axle


@pytest.mark.parametrize('seed', range(20))
def test_the_point_ahead_goes_with_the_commanded_velocity_whatever_the_heading(seed):
    rng = random.Random(seed)
    command = VelocityCommand(rng.uniform(-1, 1), rng.uniform(-1, 1), 0.0, 0.0)
    start = Pose(0.0, 0.0, 0.0, rng.uniform(-math.pi, math.pi))
    end = drive(start, command, 2.0)
    moved = ahead(end)
    began = ahead(start)
    assert moved.x - began.x == pytest.approx(2.0 * command.vx, abs=0.02)
    assert moved.y - began.y == pytest.approx(2.0 * command.vy, abs=0.02)


def test_the_base_never_moves_sideways():
    rng = random.Random(1)
    for _ in range(100):
        yaw = rng.uniform(-math.pi, math.pi)
        done = steer(VelocityCommand(rng.uniform(-2, 2), rng.uniform(-2, 2), 0.0, 0.0), yaw)
        assert -math.sin(yaw) * done.vx + math.cos(yaw) * done.vy == pytest.approx(0.0, abs=1e-12)


def test_a_robot_told_to_stand_stands():
    assert steer(VelocityCommand(0.0, 0.0, 0.0, 0.7), 1.0) == VelocityCommand(0.0, 0.0, 0.0, 0.0)


def test_the_point_lies_ahead_of_the_axle():
    assert ahead(Pose(1.0, 2.0, 0.0, math.pi / 2)) == pytest.approx(
        (1.0, 2.0 + AHEAD_M, 0.0, math.pi / 2))
