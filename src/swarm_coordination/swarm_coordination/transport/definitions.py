# SPDX-License-Identifier: Apache-2.0
"""
Where the definitions of messages are: our own as files, the common packages' as text here.

The latter are the fields of ROS 2's common_interfaces, which have not changed since 2015; a test
compares them with those of an installed ROS 2.
"""

from __future__ import annotations

from pathlib import Path

from swarm_coordination.configuration.locations import shared_folder

COMMON = {
    'builtin_interfaces/msg/Time': 'int32 sec\nuint32 nanosec',
    'std_msgs/msg/Header': 'builtin_interfaces/Time stamp\nstring frame_id',
    'geometry_msgs/msg/Point': 'float64 x\nfloat64 y\nfloat64 z',
    'geometry_msgs/msg/Vector3': 'float64 x\nfloat64 y\nfloat64 z',
    'geometry_msgs/msg/Quaternion': 'float64 x 0\nfloat64 y 0\nfloat64 z 0\nfloat64 w 1',
    'geometry_msgs/msg/Pose': 'Point position\nQuaternion orientation',
    'geometry_msgs/msg/PoseStamped': 'std_msgs/Header header\nPose pose',
    'geometry_msgs/msg/PoseWithCovariance': 'Pose pose\nfloat64[36] covariance',
    'geometry_msgs/msg/Twist': 'Vector3 linear\nVector3 angular',
    'geometry_msgs/msg/TwistStamped': 'std_msgs/Header header\nTwist twist',
    'geometry_msgs/msg/TwistWithCovariance': 'Twist twist\nfloat64[36] covariance',
    'nav_msgs/msg/Odometry': (
        'std_msgs/Header header\nstring child_frame_id\n'
        'geometry_msgs/PoseWithCovariance pose\ngeometry_msgs/TwistWithCovariance twist'
    ),
}


def interface_folder() -> Path:
    """Return the folder with ``msg`` and ``srv`` of swarm_msgs; raises ConfigurationError."""
    return shared_folder('interfaces', 'msg/MeshFrame.msg')
