# SPDX-License-Identifier: Apache-2.0
"""
What a robot would do if it were alone: track its slot, or brake in a straight line.

    u = v_slot + gain (p_slot - p)

in each axis, then shortened to the speed bound, direction kept. The horizontal part goes through
the safety filter; the vertical part and the heading do not depend on the others.
"""

from __future__ import annotations

import math

from swarm_coordination.control.settings import ControlSettings
from swarm_coordination.views import FormationTarget, Pose, VelocityCommand

STANDSTILL = VelocityCommand(0.0, 0.0, 0.0, 0.0)


def track(
    pose: Pose, target: FormationTarget, feed_forward: bool, settings: ControlSettings
) -> VelocityCommand:
    """Return the velocity (m/s, rad/s, frame ``map``) that brings the robot to its slot."""
    gain, speed = settings.gain, settings.speed_max_mps
    vx = gain * (target.position[0] - pose.x)
    vy = gain * (target.position[1] - pose.y)
    vz = gain * (target.position[2] - pose.z)
    if feed_forward:
        vx, vy, vz = vx + target.velocity[0], vy + target.velocity[1], vz + target.velocity[2]
    norm = math.hypot(vx, vy)
    if norm > speed:
        vx, vy = vx * speed / norm, vy * speed / norm
    turn = settings.yaw_gain * math.remainder(target.yaw - pose.yaw, 2.0 * math.pi)
    return VelocityCommand(
        vx, vy, _clip(vz, speed), _clip(turn, settings.yaw_rate_max_radps)
    )


def brake(last: VelocityCommand, elapsed_s: float, settings: ControlSettings) -> VelocityCommand:
    """Return ``last`` slowed down along its own direction for ``elapsed_s``; turning ends."""
    slower = settings.deceleration_mps2 * elapsed_s
    norm = math.hypot(last.vx, last.vy, last.vz)
    if norm <= slower:
        return STANDSTILL
    scale = 1.0 - slower / norm
    return VelocityCommand(last.vx * scale, last.vy * scale, last.vz * scale, 0.0)


def _clip(value: float, bound: float) -> float:
    return max(-bound, min(bound, value))
