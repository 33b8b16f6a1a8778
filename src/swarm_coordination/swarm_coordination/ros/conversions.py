# SPDX-License-Identifier: Apache-2.0
"""The conversions of ``live.conversions``, writing rclpy's messages."""

from __future__ import annotations

from swarm_coordination.live.conversions import (
    base_velocity_from,
    command_from,
    entry_from,
    event_from,
    MAP,
    MessageMaker,
    MessageRefused,
    pose_from,
    quaternion_to_yaw,
    status_from,
    table_from,
    target_from,
    to_base,
    to_map,
)
from swarm_coordination.ros.messages import messages

__all__ = [
    'base_velocity_from', 'command_from', 'entry_from', 'entry_to', 'event_from', 'event_to',
    'MAP', 'MessageRefused', 'odometry_to', 'pose_from', 'pose_to', 'quaternion_to_yaw',
    'stamped', 'status_from', 'status_to', 'table_from', 'table_to', 'target_from', 'target_to',
    'to_base', 'to_map', 'twist_to', 'yaw_to_quaternion',
]

_MAKER = MessageMaker(messages())
entry_to = _MAKER.entry_to
event_to = _MAKER.event_to
odometry_to = _MAKER.odometry_to
pose_to = _MAKER.pose_to
stamped = _MAKER.stamped
status_to = _MAKER.status_to
table_to = _MAKER.table_to
target_to = _MAKER.target_to
twist_to = _MAKER.twist_to
yaw_to_quaternion = _MAKER.yaw_to_quaternion
