# SPDX-License-Identifier: Apache-2.0
"""
A robot's own pose and velocity from its ``pose`` and ``odom`` topics, both nodes' way to read it.

The pose comes in ``map``; a wrong frame is refused, counted and said. The velocity comes in
base_link and is turned by the newest pose.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from geometry_msgs.msg import PoseStamped
from nav_msgs.msg import Odometry
from swarm_coordination.ros import qos
from swarm_coordination.ros.conversions import (
    base_velocity_from,
    MessageRefused,
    pose_from,
    to_map,
)
from swarm_coordination.units import NS_PER_S
from swarm_coordination.views import Pose

# A velocity older than this says nothing about the pose beside it: half of a base's command
# time-out.
ODOM_AGE_MAX_NS = NS_PER_S // 4
LOG_PERIOD_S = 5.0


class Localisation:
    """Subscribes for a node; ``on_pose(pose, velocity, now)`` is called with each usable pose."""

    def __init__(self, node: Any, robot: str, clock: Any, on_pose: Any) -> None:
        self._node, self._clock, self._on_pose = node, clock, on_pose
        self._base_frame = f'{robot}/base_link'
        self._velocity = (0.0, 0.0, 0.0)
        self._velocity_ns: int | None = None
        self.pose: Pose | None = None
        self.refused: Counter[str] = Counter()
        node.create_subscription(
            PoseStamped, 'pose', self._take_pose, qos.STATE,
            event_callbacks=qos.subscription_events(node, 'pose'),
        )
        node.create_subscription(
            Odometry, 'odom', self._take_odometry, qos.STATE,
            event_callbacks=qos.subscription_events(node, 'odom'),
        )

    def _take_pose(self, message: Any) -> None:
        try:
            pose = pose_from(message)
        except MessageRefused as error:
            self._refuse(error)
            return
        now = self._clock.now()
        self.pose = pose
        velocity = (0.0, 0.0, 0.0)
        if self._velocity_ns is not None and now - self._velocity_ns <= ODOM_AGE_MAX_NS:
            x, y = to_map(self._velocity[0], self._velocity[1], pose.yaw)
            velocity = (x, y, self._velocity[2])
        self._on_pose(pose, velocity, now)

    def _take_odometry(self, message: Any) -> None:
        try:
            self._velocity = base_velocity_from(message, self._base_frame)
        except MessageRefused as error:
            self._refuse(error)
            return
        self._velocity_ns = self._clock.now()

    def _refuse(self, error: MessageRefused) -> None:
        self.refused[error.reason] += 1
        self._node.get_logger().error(
            f'localisation refused: {error} ({self.refused[error.reason]} so far)',
            throttle_duration_sec=LOG_PERIOD_S,
        )
