# SPDX-License-Identifier: Apache-2.0
"""
Where the definitions of messages are: our own as files, the common packages' as text here.

The latter are the fields of ROS 2's common packages, the same from Humble to Kilted; a test
compares them with those of an installed ROS 2.
"""

from __future__ import annotations

from pathlib import Path

from swarm_coordination.configuration.locations import shared_folder

COMMON = {
    'builtin_interfaces/msg/Time': 'int32 sec\nuint32 nanosec',
    'std_msgs/msg/Header': 'builtin_interfaces/Time stamp\nstring frame_id',
    'std_msgs/msg/Bool': 'bool data',
    'std_msgs/msg/String': 'string data',
    'geometry_msgs/msg/Point': 'float64 x\nfloat64 y\nfloat64 z',
    'geometry_msgs/msg/Vector3': 'float64 x\nfloat64 y\nfloat64 z',
    'geometry_msgs/msg/Quaternion': 'float64 x 0\nfloat64 y 0\nfloat64 z 0\nfloat64 w 1',
    'geometry_msgs/msg/Pose': 'Point position\nQuaternion orientation',
    'geometry_msgs/msg/PoseStamped': 'std_msgs/Header header\nPose pose',
    'geometry_msgs/msg/PoseWithCovariance': 'Pose pose\nfloat64[36] covariance',
    'geometry_msgs/msg/Twist': 'Vector3 linear\nVector3 angular',
    'geometry_msgs/msg/TwistStamped': 'std_msgs/Header header\nTwist twist',
    'geometry_msgs/msg/TwistWithCovariance': 'Twist twist\nfloat64[36] covariance',
    'geometry_msgs/msg/Transform': 'Vector3 translation\nQuaternion rotation',
    'geometry_msgs/msg/TransformStamped': (
        'std_msgs/Header header\nstring child_frame_id\nTransform transform'
    ),
    'tf2_msgs/msg/TFMessage': 'geometry_msgs/TransformStamped[] transforms',
    'sensor_msgs/msg/BatteryState': (
        'std_msgs/Header header\nfloat32 voltage\nfloat32 temperature\nfloat32 current\n'
        'float32 charge\nfloat32 capacity\nfloat32 design_capacity\nfloat32 percentage\n'
        'uint8 power_supply_status\nuint8 power_supply_health\nuint8 power_supply_technology\n'
        'bool present\nfloat32[] cell_voltage\nfloat32[] cell_temperature\nstring location\n'
        'string serial_number'
    ),
    'nav_msgs/msg/Odometry': (
        'std_msgs/Header header\nstring child_frame_id\n'
        'geometry_msgs/PoseWithCovariance pose\ngeometry_msgs/TwistWithCovariance twist'
    ),
}


def interface_folder() -> Path:
    """Return the folder with ``msg`` and ``srv`` of swarm_msgs; raises ConfigurationError."""
    return shared_folder('interfaces', 'msg/MeshFrame.msg')
