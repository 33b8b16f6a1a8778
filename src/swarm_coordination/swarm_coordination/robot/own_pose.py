# SPDX-License-Identifier: Apache-2.0
"""The own pose as localisation gave it last, and what of it goes into a beacon."""

from __future__ import annotations

import math

from swarm_coordination.control.settings import ControlSettings
from swarm_coordination.mesh.mesh import Mesh
from swarm_coordination.units import seconds_to_ns, to_mm
from swarm_coordination.views import Pose

Vector = tuple[float, float, float]


class OwnPose:
    """Newest pose and velocity in ``map``, with the time they are of."""

    def __init__(self, settings: ControlSettings, hand_over_s: float) -> None:
        """``hand_over_s``: a controller gets a new target at most so late."""
        # An epoch is shown once no command of the one before is in force (docs/connectivity.md).
        self._decided_ns = seconds_to_ns(hand_over_s + settings.hold_s)
        self._epoch = self._epoch_shown = 0
        self._epoch_since = 0
        self._timeout_ns = seconds_to_ns(settings.pose_timeout_s)
        self._beacon_age_ns = seconds_to_ns(settings.pose_period_s)
        self._pose = Pose(0.0, 0.0, 0.0, 0.0)
        self._velocity: Vector = (0.0, 0.0, 0.0)
        self._observed_at: int | None = None
        # Of the newest beacon, and as a frame has it: a robot that stands states it again.
        self._stated_pose: Pose | None = None
        self._stated_velocity: Vector | None = None
        self._stated = ((0, 0, 0), 0, (0, 0, 0))

    def observe(self, pose: Pose, velocity: Vector, now: int) -> None:
        """Take pose (m, rad) and velocity (m/s)."""
        self._pose, self._velocity, self._observed_at = pose, velocity, now

    def position(self, now: int) -> Vector | None:
        """Return the own position; None where localisation has been silent for too long."""
        return self._pose[:3] if self._younger_than(self._timeout_ns, now) else None

    def follow(self, epoch: int, now: int) -> None:
        """Take the epoch in force, with every tick: commands were decided under it since then."""
        if epoch != self._epoch:
            self._epoch, self._epoch_since = epoch, now
        if now - self._epoch_since >= self._decided_ns:
            self._epoch_shown = self._epoch

    def state(self, mesh: Mesh, now: int) -> None:
        """
        State pose and epoch for the next beacon, rounded to what a frame carries.

        The epoch is the newest that every command in force was decided under.
        An age bound counts from the beacon, so a pose older than the controllers allow for
        must not pass for one of now: the others then go by the beacon before.
        """
        pose, velocity = self._pose, self._velocity
        if pose is not self._stated_pose or velocity is not self._stated_velocity:
            self._stated_pose, self._stated_velocity = pose, velocity
            self._stated = (
                (to_mm(pose.x), to_mm(pose.y), to_mm(pose.z)),
                round(math.remainder(pose.yaw, math.tau) * 1000.0),
                (to_mm(velocity[0]), to_mm(velocity[1]), to_mm(velocity[2])),
            )
        localised = self._younger_than(self._beacon_age_ns, now)
        mesh.set_beacon(*self._stated, self._epoch_shown, localised=localised)

    def _younger_than(self, age_ns: int, now: int) -> bool:
        return self._observed_at is not None and now - self._observed_at <= age_ns
