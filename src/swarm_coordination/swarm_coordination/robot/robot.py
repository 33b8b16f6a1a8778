# SPDX-License-Identifier: Apache-2.0
"""
A whole robot in one object: coordinator and formation controller, joined by values.

Shells that run both in one process (the simulator, a robot without ROS) drive this object; the
ROS nodes drive the two halves apart and carry the same values over topics.
"""

from __future__ import annotations

import random

from swarm_coordination.control.controller import ControlReport
from swarm_coordination.mesh.codec import FrameCodec
from swarm_coordination.persistence import Recovered
from swarm_coordination.robot.coordinator import Coordinator
from swarm_coordination.robot.outputs import RobotOutput, RobotStatus
from swarm_coordination.robot.pilot import as_it_is, Before, Pilot
from swarm_coordination.robot.settings import RobotSettings
from swarm_coordination.views import Pose, VelocityCommand


class Robot:
    """
    One robot without I/O; see docs/architecture.md for the contract with its shell.

    ``recovered`` is what storage gave back, ``codec`` encodes frames under the swarm's key,
    ``rng`` is the robot's own source of randomness, ``now`` integer ns of one monotone clock.
    ``before(part, core)`` returns what is called in the place of the robot's ``coordinator`` and
    ``controller``: a recording stands there.
    """

    def __init__(
        self,
        recovered: Recovered,
        settings: RobotSettings,
        codec: FrameCodec,
        rng: random.Random,
        now: int,
        before: Before = as_it_is,
    ) -> None:
        self.coordinator: Coordinator = before(
            'coordinator', Coordinator(recovered, settings, codec, rng, now)
        )
        self._pilot = Pilot(self.coordinator, settings, now, before)
        self._command: VelocityCommand | None = None

    @property
    def report(self) -> ControlReport | None:
        """Return what the controller's newest update did; None before the first."""
        return self._pilot.report

    @property
    def name(self) -> str:
        """Name of this robot."""
        return self.coordinator.name

    @property
    def storage_id(self) -> int:
        """Storage id of this robot: its identity in votes, sessions and slots."""
        return self.coordinator.storage_id

    def receive(self, frame: bytes, now: int) -> bool:
        """Take a frame from the air, as ``Coordinator.receive``; bad input is counted."""
        return self.coordinator.receive(frame, now)

    def observe(self, pose: Pose, velocity: tuple[float, float, float], now: int) -> bool:
        """
        Take the own pose and velocity in ``map`` (m, rad, m/s) from localisation.

        Returns False where they are refused: no number, or further off than it can have moved.
        """
        return self._pilot.observe(pose, velocity, now)

    def propose(self, command: str, now: int) -> int:
        """Accept an operator's command (JSON); see ``Coordinator.propose``."""
        return self.coordinator.propose(command, now)

    def stop(self, level: int, now: int) -> int:
        """Raise a safety stop; see ``Coordinator.stop``."""
        return self.coordinator.stop(level, now)

    def persisted(self, token: int, now: int) -> None:
        """Release what waited for the persist request ``token`` and those before it."""
        self.coordinator.persisted(token, now)

    def tick(self, now: int) -> None:
        """Let time pass; a velocity command comes out once per control period."""
        self.coordinator.tick(now)
        self._command = self._pilot.step(now) or self._command

    def poll(self) -> RobotOutput:
        """Hand over everything gathered since the last call."""
        command, self._command = self._command, None
        return self.coordinator.poll()._replace(command=command)

    def next_deadline(self, now: int) -> int:
        """Time by which ``tick`` wants to be called, in ns; it may lie before ``now``."""
        return min(self.coordinator.next_deadline(now), self._pilot.next_deadline())

    def status(self, now: int) -> RobotStatus:
        """Everything people and tests want to know, at this instant."""
        return self.coordinator.status(now)
