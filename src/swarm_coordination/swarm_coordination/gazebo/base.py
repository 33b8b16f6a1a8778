# SPDX-License-Identifier: Apache-2.0
"""
What a robot's base does with its commands, where Gazebo's systems do not.

They keep a velocity until the next one comes: the robot of a process that was killed would drive
on for ever. A base stops when nobody commands it any more, like that of the embedded world and
those of real robots. Where commands are of the plane, a quadrotor's climbs to its height and
keeps it, and a robot of the ground stays there: slots of a swarm of both lie between them.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from swarm_coordination.units import ns_to_seconds

# A quarter of the way to the height each 0.25 s, well within what the model's rotors can do.
HEIGHT_GAIN_PER_S, CLIMB_MAX_MPS = 1.0, 0.8


class BaseVelocity(NamedTuple):
    """What the model is told, in base_link: m/s, rad/s."""

    x: float
    y: float
    z: float
    yaw_rate: float


STILL = BaseVelocity(0.0, 0.0, 0.0, 0.0)


class Base:
    """The base of one robot; ``height_m`` None: it climbs as it is commanded."""

    def __init__(self, height_m: float | None, timeout_ns: int) -> None:
        self._height_m, self._timeout_ns = height_m, timeout_ns
        self._told = STILL
        self._told_ns: int | None = None

    def command(self, told: BaseVelocity, now: int) -> None:
        """Take a command."""
        self._told, self._told_ns = told, now

    def age_s(self, now: int) -> float:
        """Age of the newest command; infinite where none came."""
        return math.inf if self._told_ns is None else ns_to_seconds(now - self._told_ns)

    def velocity(self, z_m: float, now: int) -> BaseVelocity:
        """Return what to tell the model now, which is at the height ``z_m`` in map."""
        fresh = self._told_ns is not None and now - self._told_ns <= self._timeout_ns
        told = self._told if fresh else STILL
        if self._height_m is None:
            return told
        climb = HEIGHT_GAIN_PER_S * (self._height_m - z_m)
        return told._replace(z=max(-CLIMB_MAX_MPS, min(CLIMB_MAX_MPS, climb)))
