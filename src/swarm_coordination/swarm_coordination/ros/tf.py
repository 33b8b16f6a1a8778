# SPDX-License-Identifier: Apache-2.0
"""
The tf topics without tf2_ros: transforms out, transforms in.

tf2_msgs comes with every ROS 2 installation; where ROS is absent the set-up generates a stand-in
of the same definition. An environment without either can still fly by ``pose``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from geometry_msgs.msg import Transform, TransformStamped, Vector3
from swarm_coordination.errors import ConfigurationError
from swarm_coordination.ros import qos
from swarm_coordination.ros.conversions import yaw_to_quaternion
from swarm_coordination.views import Pose

try:
    from tf2_msgs.msg import TFMessage
except ImportError:
    TFMessage = None

MESSAGE: Any = TFMessage
TF, TF_STATIC = '/tf', '/tf_static'


def available() -> bool:
    """Whether there are messages for transforms."""
    return MESSAGE is not None


def require() -> None:
    """Raise ConfigurationError where there are none."""
    if not available():
        raise ConfigurationError(
            'environment', 'tf2_msgs', None, 'importable: run `make setup`, or source ROS 2'
        )


def transform(parent: str, child: str, pose: Pose, stamp: Any) -> TransformStamped:
    """Return where ``child`` stands in ``parent``."""
    made = TransformStamped(
        child_frame_id=child,
        transform=Transform(
            translation=Vector3(x=pose.x, y=pose.y, z=pose.z),
            rotation=yaw_to_quaternion(pose.yaw),
        ),
    )
    made.header.frame_id, made.header.stamp = parent, stamp
    return made


def message(transforms: list[TransformStamped]) -> Any:
    """Return a TFMessage."""
    return MESSAGE(transforms=transforms)


def listen(endpoints: Any, take: Callable[[Any], None]) -> None:
    """Have ``take`` called with the list of transforms of every message on both topics."""
    for topic, profile in ((TF, qos.TF), (TF_STATIC, qos.TF_STATIC)):
        endpoints.subscription(MESSAGE, topic, lambda got: take(got.transforms), profile)
