# SPDX-License-Identifier: Apache-2.0
"""
Frames by REP-105: ``map -> <robot>/odom -> <robot>/base_link``, and how a pose in map comes of it.

``map`` is one for the whole swarm, fixed; ``odom`` is a robot's own, smooth and drifting. What is
composed here is planar: x, y, z and yaw. Whatever is not one of these two links is not ours.
"""

from __future__ import annotations

import math
from typing import Any

from swarm_coordination.live.conversions import (
    MAP,
    MessageRefused,
    position_from,
    quaternion_to_yaw,
)
from swarm_coordination.views import Pose


def odom_frame(robot: str) -> str:
    """Return the name of the robot's odometry frame."""
    return f'{robot}/odom'


def base_frame(robot: str) -> str:
    """Return the name of the frame that is the robot's body."""
    return f'{robot}/base_link'


def compose(parent: Pose, child: Pose) -> Pose:
    """Return ``child``, given in the frame that stands at ``parent``, in parent's own frame."""
    cosine, sine = math.cos(parent.yaw), math.sin(parent.yaw)
    return Pose(
        parent.x + cosine * child.x - sine * child.y,
        parent.y + sine * child.x + cosine * child.y,
        parent.z + child.z,
        math.remainder(parent.yaw + child.yaw, math.tau),
    )


def origin_of(placed: Pose, inside: Pose) -> Pose:
    """Return where the frame stands in which ``inside`` is what ``placed`` is outside of it."""
    yaw = math.remainder(placed.yaw - inside.yaw, math.tau)
    cosine, sine = math.cos(yaw), math.sin(yaw)
    return Pose(
        placed.x - cosine * inside.x + sine * inside.y,
        placed.y - sine * inside.x - cosine * inside.y,
        placed.z - inside.z,
        yaw,
    )


def odometry_pose(message: Any, robot: str) -> Pose:
    """Return the pose of an Odometry in the robot's odom frame; raises MessageRefused."""
    frame = message.header.frame_id
    if frame not in (odom_frame(robot), 'odom'):
        raise MessageRefused(
            'wrong_frame', f"odometry in frame '{frame}': only '{odom_frame(robot)}' is accepted"
        )
    return _pose(message.pose.pose.position, message.pose.pose.orientation)


class MapToOdom:
    """
    Where the robot's odom frame stands in map, as the newest transform says.

    ``given`` is where it stands from the start (a start pose); without it nothing is known until
    ``take`` has seen the link.
    """

    def __init__(self, robot: str, given: Pose | None = None) -> None:
        self._child = odom_frame(robot)
        self._pose = given

    def take(self, transforms: Any) -> None:
        """Take the link where it is among ``transforms``; raises MessageRefused on a bad one."""
        for one in transforms:
            if one.child_frame_id.lstrip('/') != self._child:
                continue
            parent = one.header.frame_id.lstrip('/')
            if parent != MAP:
                raise MessageRefused(
                    'wrong_frame', f"'{self._child}' below '{parent}': only '{MAP}' is accepted"
                )
            self._pose = _pose(one.transform.translation, one.transform.rotation)

    def place(self, in_odom: Pose) -> Pose:
        """Return a pose of the odom frame in map; raises MessageRefused while that is unknown."""
        if self._pose is None:
            raise MessageRefused(
                'no_transform', f"nobody says where '{self._child}' is in '{MAP}'"
            )
        return compose(self._pose, in_odom)


def _pose(at: Any, orientation: Any) -> Pose:
    return Pose(*position_from(at), quaternion_to_yaw(orientation))
