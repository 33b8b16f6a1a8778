# SPDX-License-Identifier: Apache-2.0
"""The configuration of ros_gz_bridge for a swarm: which topic becomes which, and of what type."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import yaml

# Below a robot's namespace: where its model really is, for radio and judges, and what its base is
# told once it has passed ``gazebo.base``. The poses of all models that Gazebo has in one message
# lose names and times in the bridge.
TRUTH, BASE_COMMAND = 'truth', 'base/cmd_vel'
TO_ROS, TO_GZ = 'GZ_TO_ROS', 'ROS_TO_GZ'


class Bridged(NamedTuple):
    """One topic that is carried over; the fields are those of ros_gz_bridge's YAML file."""

    ros_topic_name: str
    gz_topic_name: str
    ros_type_name: str
    gz_type_name: str
    direction: str


def bridged(robots: Sequence[str]) -> list[Bridged]:
    """Return every topic of a swarm."""
    found = [Bridged('/clock', '/clock', 'rosgraph_msgs/msg/Clock', 'gz.msgs.Clock', TO_ROS)]
    for robot in robots:
        model = f'/model/{robot}'
        found += [
            Bridged(
                f'/{robot}/{BASE_COMMAND}', f'{model}/cmd_vel',
                'geometry_msgs/msg/Twist', 'gz.msgs.Twist', TO_GZ,
            ),
            Bridged(
                f'/{robot}/odom', f'{model}/odometry',
                'nav_msgs/msg/Odometry', 'gz.msgs.Odometry', TO_ROS,
            ),
            Bridged(
                f'/{robot}/{TRUTH}', f'{model}/truth',
                'nav_msgs/msg/Odometry', 'gz.msgs.Odometry', TO_ROS,
            ),
            Bridged('/tf', f'{model}/tf', 'tf2_msgs/msg/TFMessage', 'gz.msgs.Pose_V', TO_ROS),
        ]
    return found


def bridge_yaml(robots: Sequence[str]) -> str:
    """Return the file for the parameter ``config_file`` of ros_gz_bridge."""
    entries = [dict(one._asdict()) for one in bridged(robots)]
    return yaml.safe_dump(entries, sort_keys=False)
