# SPDX-License-Identifier: Apache-2.0
"""
Which poses a coordinator is told: what is not believed of the own pose is not beaconed either.

The others keep clear of, and build certificates on, the place that beacons state, so the half that
beacons stands behind the same gate as the half that flies, in one process with it or not. A pose
that is not passed on ages, and the others allow for what the robot may have moved meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable

from swarm_coordination.control.controller import ControlReport
from swarm_coordination.control.settings import ControlSettings
from swarm_coordination.control.watch import PoseGate
from swarm_coordination.robot.coordinator import Coordinator
from swarm_coordination.views import Pose

# Takes the own pose and velocity of a time; returns whether the pose is believed.
Believes = Callable[[Pose, tuple[float, float, float], int], bool]


class Believing:
    """
    Stands between localisation and ``coordinator``.

    ``believes``: a controller's ``observe`` where one is in the process, else a ``gate``.

    ``frozen``: whether the controller says that the pose stands still although it sends the
    robot elsewhere; only it knows what was commanded. No pose is passed on meanwhile.
    """

    def __init__(self, coordinator: Coordinator, believes: Believes) -> None:
        self._coordinator = coordinator
        self._believes = believes
        self.frozen = False

    def observe(self, pose: Pose, velocity: tuple[float, float, float], now: int) -> bool:
        """Take the own pose and velocity of the time ``now``; return False where refused."""
        taken = self._believes(pose, velocity, now)
        if taken and not self.frozen:
            self._coordinator.observe(pose, velocity, now)
        return taken


def gate(settings: ControlSettings) -> Believes:
    """Return what believes the poses that a controller of these settings believes."""
    poses = PoseGate(settings)

    def believes(pose: Pose, velocity: tuple[float, float, float], now: int) -> bool:
        return poses.offer(pose, now)

    return believes


def finds_frozen(report: ControlReport) -> bool:
    """Return whether an update of the controller found the own pose frozen."""
    return 'pose_frozen' in report.reasons
