# SPDX-License-Identifier: Apache-2.0
"""
A Crazyflie under Crazyswarm2, flown by full-state set-points (``cmd_full_state``).

A full state wants a position as well: the place of the commanded velocity, carried along with it.
It never runs ahead of the robot by more than ``LEAD_MAX_M``: a robot held by the wind is not
called back with a jump. Before the high-level commander may land, the firmware has to be told that
low-level set-points end (``notify_setpoints_stop``), in every backend alike.
"""

from __future__ import annotations

import enum
import math
from typing import NamedTuple

from swarm_coordination.units import NS_PER_MS, ns_to_seconds
from swarm_coordination.views import Pose, VelocityCommand

LEAD_MAX_M = 0.2
# A gap in the commands: the place begins anew at the robot.
GAP_NS = 200 * NS_PER_MS
LANDING_HEIGHT_M, LANDING_S, REMAIN_VALID_MS = 0.03, 3.0, 100


class FullState(NamedTuple):
    """A FullState message: position (m), velocity (m/s), yaw (rad), yaw rate (rad/s), in map."""

    position: tuple[float, float, float]
    velocity: tuple[float, float, float]
    yaw: float
    yaw_rate: float


class Reference:
    """The place that goes with the commands; one for each flight."""

    def __init__(self) -> None:
        self._at: Pose | None = None
        self._ns = 0

    def step(self, command: VelocityCommand, pose: Pose, now: int) -> FullState:
        """Return the full state for a command at ``now`` (ns), the robot being at ``pose``."""
        if self._at is None or not 0 <= now - self._ns <= GAP_NS:
            self._at, self._ns = pose, now
        took_s = ns_to_seconds(now - self._ns)
        self._ns = now
        lead = [
            self._at.x + command.vx * took_s - pose.x,
            self._at.y + command.vy * took_s - pose.y,
            self._at.z + command.vz * took_s - pose.z,
        ]
        length = math.hypot(*lead)
        share = min(1.0, LEAD_MAX_M / length) if length > 0.0 else 1.0
        yaw = math.remainder(self._at.yaw + command.yaw_rate * took_s, math.tau)
        self._at = Pose(
            pose.x + share * lead[0], pose.y + share * lead[1], pose.z + share * lead[2], yaw
        )
        return FullState(
            self._at[:3], (command.vx, command.vy, command.vz), yaw, command.yaw_rate
        )


class Landing(enum.Enum):
    """The steps of a landing, in this order."""

    NOTIFY_SETPOINTS_STOP = enum.auto()
    LAND = enum.auto()
    DONE = enum.auto()


def landing(answered: int) -> Landing:
    """Return the step that is due after so many have been answered."""
    steps = (Landing.NOTIFY_SETPOINTS_STOP, Landing.LAND)
    return steps[answered] if answered < len(steps) else Landing.DONE
