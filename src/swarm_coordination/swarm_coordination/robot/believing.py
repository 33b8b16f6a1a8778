# SPDX-License-Identifier: Apache-2.0
"""
Which poses a coordinator is told: what is not believed of the own pose is not beaconed either.

The others keep clear of, and build certificates on, the place that beacons state, so the half that
beacons stands behind the same gate as the half that flies, in one process with it or not. A pose
that is not passed on ages, and the others allow for what the robot may have moved meanwhile.
"""

from __future__ import annotations

from swarm_coordination.control.controller import ControlReport
from swarm_coordination.control.settings import ControlSettings
from swarm_coordination.control.watch import PoseGate
from swarm_coordination.robot.coordinator import Coordinator
from swarm_coordination.views import Pose


class Believing:
    """
    Stands between localisation and ``coordinator``.

    ``frozen``: whether the controller says that the pose stands still although it sends the
    robot elsewhere; only it knows what was commanded. No pose is passed on meanwhile.
    """

    def __init__(self, coordinator: Coordinator, settings: ControlSettings) -> None:
        self._coordinator = coordinator
        self._gate = PoseGate(settings)
        self.frozen = False

    def observe(self, pose: Pose, velocity: tuple[float, float, float], now: int) -> bool:
        """Take the own pose and velocity of the time ``now``; return False where refused."""
        taken = self._gate.offer(pose, now)
        if taken and not self.frozen:
            self._coordinator.observe(pose, velocity, now)
        return taken


def finds_frozen(report: ControlReport) -> bool:
    """Return whether an update of the controller found the own pose frozen."""
    return 'pose_frozen' in report.reasons
