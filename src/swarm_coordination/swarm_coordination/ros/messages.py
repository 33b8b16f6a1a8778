# SPDX-License-Identifier: Apache-2.0
"""The message classes of rclpy that a robot uses, in one place: see ``transport.messages``."""

from __future__ import annotations

from functools import cache
from types import SimpleNamespace

from builtin_interfaces.msg import Time
from geometry_msgs.msg import Point, PoseStamped, Quaternion, Twist, TwistStamped, Vector3
from nav_msgs.msg import Odometry
from swarm_msgs import msg, srv


@cache
def messages() -> SimpleNamespace:
    """Return all types."""
    return SimpleNamespace(
        Time=Time, Point=Point, PoseStamped=PoseStamped, Quaternion=Quaternion, Twist=Twist,
        TwistStamped=TwistStamped, Vector3=Vector3, Odometry=Odometry, swarm=msg, services=srv,
    )
