# SPDX-License-Identifier: Apache-2.0
"""What a watch of the swarm takes from robots' messages, whatever carries them."""

from __future__ import annotations

from collections.abc import Callable
import time
from typing import Any

from swarm_coordination.live.conversions import (
    MessageRefused,
    pose_from,
    status_from,
    target_from,
)
from swarm_coordination.station.watch import SwarmWatch


class WatchFeed:
    """
    Tells ``watch`` what robots say.

    ``refused`` is called with a robot's name and the reason where its pose is no pose.
    """

    def __init__(
        self, watch: SwarmWatch, refused: Callable[[str, MessageRefused], None]
    ) -> None:
        self._watch, self._refused = watch, refused

    def status(self, name: str, message: Any) -> None:
        """Take a RobotStatus message."""
        try:
            status = status_from(message)
        except MessageRefused:
            return  # of another version, or of nobody who speaks for this swarm
        self._watch.status(
            name, status, message.heard, message.formation_error_m, time.monotonic_ns()
        )

    def pose(self, name: str, message: Any) -> None:
        """Take a PoseStamped message."""
        try:
            self._watch.pose(name, pose_from(message))
        except MessageRefused as error:
            self._refused(name, error)

    def target(self, name: str, message: Any) -> None:
        """Take a FormationTarget message."""
        try:
            target = target_from(message)
        except MessageRefused:
            return  # the robot's own controller refuses, counts and tells it
        self._watch.slot(name, target.position if target.slot >= 0 else None)
