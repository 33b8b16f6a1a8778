# SPDX-License-Identifier: Apache-2.0
"""
The message classes of rclpy that a robot uses, in one place: see ``transport.messages``.

tf2_msgs comes with every ROS 2 installation; where ROS is absent the set-up generates a stand-in
of the same definition. Without either ``TFMessage`` is None, and robots fly by ``pose``.
"""

from __future__ import annotations

from functools import cache
from types import SimpleNamespace

from builtin_interfaces.msg import Time
from geometry_msgs.msg import (
    Point,
    PoseStamped,
    Quaternion,
    Transform,
    TransformStamped,
    Twist,
    TwistStamped,
    Vector3,
)
from nav_msgs.msg import Odometry
from sensor_msgs.msg import BatteryState
from std_msgs.msg import Bool, String
from swarm_msgs import msg, srv

try:
    from tf2_msgs.msg import TFMessage
except ImportError:
    TFMessage = None


@cache
def messages() -> SimpleNamespace:
    """Return all types."""
    return SimpleNamespace(
        Time=Time, Point=Point, PoseStamped=PoseStamped, Quaternion=Quaternion,
        Transform=Transform, TransformStamped=TransformStamped, Twist=Twist,
        TwistStamped=TwistStamped, Vector3=Vector3, Odometry=Odometry, BatteryState=BatteryState,
        Bool=Bool, String=String, TFMessage=TFMessage, swarm=msg, services=srv,
    )
