# SPDX-License-Identifier: Apache-2.0
"""
What gz-sim and ros_gz have, as far as this project names it.

Read from the sources of gz-sim 8.14.0 (tag gz-sim8_8.14.0, for Jazzy) and 9.5.0 (gz-sim9_9.5.0,
for Kilted): src/systems/*/CMakeLists.txt (`gz_add_system`), the GZ_ADD_PLUGIN_ALIAS of each, and
the parameters that each system's header or `Configure` names. Of ros_gz 1.0.5 (Jazzy) and 2.1.1
(Kilted), which agree: the table of types in ros_gz_bridge/README.md, the flags of
ros_gz_sim/src/create.cpp, the arguments of gz_sim.launch.py, the parameter of the bridge.
"""

# Class: (library, parameters that it reads).
SYSTEMS = {
    'gz::sim::systems::Physics': ('gz-sim-physics-system', set()),
    'gz::sim::systems::UserCommands': ('gz-sim-user-commands-system', set()),
    'gz::sim::systems::SceneBroadcaster': ('gz-sim-scene-broadcaster-system', set()),
    'gz::sim::systems::VelocityControl': (
        'gz-sim-velocity-control-system', {'topic', 'initial_linear', 'initial_angular'}),
    'gz::sim::systems::OdometryPublisher': (
        'gz-sim-odometry-publisher-system',
        {'odom_frame', 'robot_base_frame', 'odom_publish_frequency', 'odom_topic',
         'odom_covariance_topic', 'tf_topic', 'dimensions', 'xyz_offset', 'rpy_offset',
         'gaussian_noise'}),
    'gz::sim::systems::DiffDrive': (
        'gz-sim-diff-drive-system',
        {'left_joint', 'right_joint', 'wheel_separation', 'wheel_radius',
         'odom_publish_frequency', 'topic', 'odom_topic', 'tf_topic', 'frame_id',
         'child_frame_id'}),
    'gz::sim::systems::MulticopterVelocityControl': (
        'gz-sim-multicopter-control-system',
        {'robotNamespace', 'commandSubTopic', 'enableSubTopic', 'comLinkName', 'velocityGain',
         'attitudeGain', 'angularRateGain', 'maximumLinearAcceleration',
         'maximumLinearVelocity', 'rotorConfiguration'}),
    'gz::sim::systems::MulticopterMotorModel': (
        'gz-sim-multicopter-motor-model-system',
        {'robotNamespace', 'jointName', 'linkName', 'turningDirection', 'timeConstantUp',
         'timeConstantDown', 'maxRotVelocity', 'motorConstant', 'momentConstant',
         'commandSubTopic', 'motorNumber', 'rotorDragCoefficient',
         'rollingMomentCoefficient', 'rotorVelocitySlowdownSim', 'motorType'}),
}
# ROS type: Gazebo types that ros_gz_bridge turns it into and back.
BRIDGED = {
    'geometry_msgs/msg/Twist': {'gz.msgs.Twist'},
    'nav_msgs/msg/Odometry': {'gz.msgs.Odometry', 'gz.msgs.OdometryWithCovariance'},
    'rosgraph_msgs/msg/Clock': {'gz.msgs.Clock'},
    'tf2_msgs/msg/TFMessage': {'gz.msgs.Pose_V'},
    'geometry_msgs/msg/PoseArray': {'gz.msgs.Pose_V'},
}
# Fields of an entry of its `config_file`, and the directions it knows.
ENTRY = {'ros_topic_name', 'gz_topic_name', 'ros_type_name', 'gz_type_name', 'direction'}
DIRECTIONS = {'GZ_TO_ROS', 'ROS_TO_GZ', 'BIDIRECTIONAL'}
# Flags of the program `create`, arguments of gz_sim.launch.py, parameters of `parameter_bridge`.
CREATE = {'world', 'file', 'param', 'string', 'topic', 'name', 'allow_renaming',
          'x', 'y', 'z', 'R', 'P', 'Y'}
GZ_SIM = {'gz_args', 'gz_version', 'ign_args', 'ign_version', 'debugger', 'on_exit_shutdown'}
BRIDGE = {'config_file', 'subscription_heartbeat', 'expand_gz_topic_names',
          'override_timestamps_with_wall_time', 'use_sim_time'}
