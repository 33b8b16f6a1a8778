# SPDX-License-Identifier: Apache-2.0
"""
Plants: velocity-controlled bases in the plane, and the true distances between them.

A plant follows its newest velocity set-point at once, as the guarantees of the controller
assume, up to the speed at which it saturates. A set-point older than the time-out counts for
nothing: the plant brakes in a straight line and stands. It stays where it is, an obstacle, when
its robot is dead. Scalar arithmetic only, so that a run is the same bit for bit.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
import itertools
import math
from typing import NamedTuple

from swarm_coordination.control.unicycle import steer
from swarm_coordination.passing import nearest_pass, Way
from swarm_coordination.scenario.backend import TrueState
from swarm_coordination.scenario.schema import WorldSettings
from swarm_coordination.units import NS_PER_MS, NS_PER_S, seconds_to_ns
from swarm_coordination.views import Pose, VelocityCommand


class Closest(NamedTuple):
    """The two robots that were nearest to each other during one step."""

    distance_m: float
    first: str
    second: str


class Plant:
    """One base; ``map`` frame, metres, radians, ns of the world's clock."""

    def __init__(
        self, start: Pose, settings: WorldSettings, now: int, *, differential: bool = False
    ) -> None:
        """Stand at ``start``; ``differential``: moves along its heading alone."""
        self.state = TrueState(start.x, start.y, start.z, start.yaw, 0.0, 0.0, 0.0)
        self.before = self.state
        self._settings = settings
        self._differential = differential
        self._timeout_ns = seconds_to_ns(settings.command_timeout_s)
        self._command = VelocityCommand(0.0, 0.0, 0.0, 0.0)
        self._command_ns = now - self._timeout_ns

    def command(self, command: VelocityCommand, now: int) -> None:
        """
        Take a set-point in ``map``; one that is not finite is dropped.

        Of a differential base it is that of the point ahead (``control.unicycle``).
        """
        if all(math.isfinite(value) for value in command):
            self._command, self._command_ns = command, now

    def step(self, now: int, seconds: float) -> None:
        """Move on by ``seconds``, ending at ``now``."""
        state = self.before = self.state
        if now - self._command_ns <= self._timeout_ns:
            vx, vy, vz, rate = self._command
            if self._differential:
                vx, vy, vz, rate = steer(self._command, state.yaw)
            vx, vy, vz = _scaled((vx, vy, vz), self._settings.speed_max_mps)
        else:
            slower = math.hypot(state.vx, state.vy, state.vz)
            slower = max(0.0, slower - self._settings.brake_mps2 * seconds)
            vx, vy, vz = _scaled((state.vx, state.vy, state.vz), slower)
            rate = 0.0
        self.state = TrueState(
            state.x + vx * seconds,
            state.y + vy * seconds,
            state.z + vz * seconds,
            math.remainder(state.yaw + rate * seconds, math.tau),
            vx,
            vy,
            vz,
        )


class World:
    """All plants, integrated together."""

    def __init__(
        self,
        starts: Iterable[tuple[str, Pose]],
        settings: WorldSettings,
        now: int,
        differential: Collection[str] = (),
    ) -> None:
        """``differential``: names of those that move along their heading alone."""
        self.plants = {
            name: Plant(start, settings, now, differential=name in differential)
            for name, start in starts
        }
        self.step_ns = settings.step_ms * NS_PER_MS
        self._pairs = tuple(itertools.combinations(self.plants, 2))

    def step(self, now: int) -> Closest:
        """Move every plant on by one step; returns the nearest pair on the way."""
        seconds = self.step_ns / NS_PER_S
        for plant in self.plants.values():
            plant.step(now, seconds)
        closest = Closest(math.inf, '', '')
        for first, second in self._pairs:
            distance = _least_distance(self.plants[first], self.plants[second])
            if distance < closest.distance_m:
                closest = Closest(distance, first, second)
        return closest

    def truth(self) -> dict[str, TrueState]:
        """Return the true state of every plant."""
        return {name: plant.state for name, plant in self.plants.items()}


def _scaled(velocity: tuple[float, float, float], most: float) -> tuple[float, float, float]:
    """Return ``velocity`` shortened to the length ``most`` where it is longer."""
    speed = math.hypot(*velocity)
    if speed <= most:
        return velocity
    factor = most / speed
    return (velocity[0] * factor, velocity[1] * factor, velocity[2] * factor)


def _between(a: TrueState, b: TrueState) -> Way:
    return (a.x - b.x, a.y - b.y, a.z - b.z)


def _least_distance(a: Plant, b: Plant) -> float:
    """Least distance of two plants that moved in straight lines during the last step."""
    x, y, z = nearest_pass(_between(a.before, b.before), _between(a.state, b.state))
    return math.sqrt(x * x + y * y + z * z)
