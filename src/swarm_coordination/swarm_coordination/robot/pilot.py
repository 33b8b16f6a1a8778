# SPDX-License-Identifier: Apache-2.0
"""The controller beside a coordinator: its newest table and target in, a command a period out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from swarm_coordination.control.controller import ControlReport, FormationController
from swarm_coordination.robot.believing import Believing, finds_frozen
from swarm_coordination.robot.coordinator import Coordinator
from swarm_coordination.robot.settings import RobotSettings
from swarm_coordination.views import Pose, VelocityCommand

# Takes 'coordinator' or 'controller' and that half; returns what is called in its place.
Before = Callable[[str, Any], Any]


def as_it_is(part: str, core: Any) -> Any:
    """Return ``core``: nothing stands before it."""
    return core


class Pilot:
    """
    One robot's formation controller, fed from the coordinator of the same process.

    ``now`` is integer ns of the process's monotone clock, as everywhere.
    """

    def __init__(
        self,
        coordinator: Coordinator,
        settings: RobotSettings,
        now: int,
        before: Before = as_it_is,
    ) -> None:
        self.controller: FormationController = before(
            'controller',
            FormationController(coordinator.storage_id, settings.control, now, settings.area),
        )
        self.report: ControlReport | None = None
        self._coordinator = coordinator
        self._believing = Believing(coordinator, self.controller.observe)
        self._handed_over = -1

    def observe(self, pose: Pose, velocity: tuple[float, float, float], now: int) -> bool:
        """Take the own pose and velocity; return False where they are refused."""
        return self._believing.observe(pose, velocity, now)

    def step(self, now: int) -> VelocityCommand | None:
        """Hand over what is new, after a tick of the coordinator; return a command if due."""
        controller = self.controller
        table, target = self._coordinator.table, self._coordinator.target
        if target.stamp_ns > self._handed_over:
            self._handed_over = target.stamp_ns
            if table.stamp_ns == target.stamp_ns:
                controller.table(table, now)
            controller.target(target, now)
        if now < controller.next_deadline():
            return None
        self.report = controller.update(now)
        self._believing.frozen = finds_frozen(self.report)
        return self.report.command

    def next_deadline(self) -> int:
        """Time by which ``step`` wants to be called."""
        return self.controller.next_deadline()
