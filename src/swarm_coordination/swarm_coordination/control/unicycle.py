# SPDX-License-Identifier: Apache-2.0
"""
A differential robot steered as if it could move in any direction: by a point ahead of its axle.

The point at distance l ahead of the axle moves with any velocity one likes: (v, w) is that
velocity turned into the robot's frame, its sideways part over l (feedback linearisation: Oriolo,
De Luca, Vendittelli, IEEE TCST 10(6), 2002). So the whole stack speaks of that point: poses are
moved ahead before the controller sees them, and safety distance and slots hold for the point.
"""

from __future__ import annotations

import math

from swarm_coordination.views import Pose, VelocityCommand

# How far ahead the point lies: shorter turns harder, longer cuts corners. Within the body of a
# TurtleBot-sized robot.
AHEAD_M = 0.15


def ahead(axle: Pose) -> Pose:
    """Return the pose of the point ahead of a robot whose axle is at ``axle``."""
    return axle._replace(
        x=axle.x + AHEAD_M * math.cos(axle.yaw), y=axle.y + AHEAD_M * math.sin(axle.yaw)
    )


def steer(command: VelocityCommand, yaw: float) -> VelocityCommand:
    """
    Return what the base has to do so that its point ahead moves as commanded, in ``map``.

    The base moves along its own x axis only; the heading follows from the way, so the commanded
    yaw rate has no say.
    """
    cosine, sine = math.cos(yaw), math.sin(yaw)
    forward = cosine * command.vx + sine * command.vy
    sideways = -sine * command.vx + cosine * command.vy
    return VelocityCommand(forward * cosine, forward * sine, 0.0, sideways / AHEAD_M)
