# SPDX-License-Identifier: Apache-2.0
# Copyright Swarm Coordination contributors
"""Start one robot: coordinator and formation_controller in one process, in its namespace."""

import os

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue

TRUTH = ('true', 'false', 'True', 'False')
LEVELS = ('debug', 'info', 'warn', 'error', 'fatal')
# Name, default, choices (None: any), description.
ARGUMENTS = (
    ('namespace', None, None, "the robot's name in the swarm file, and its namespace"),
    ('storage_dir', None, None, "folder of the robot's provisioned storage"),
    ('swarm_file', '', None, 'path of the swarm file; empty: the one installed'),
    ('radio_filter', 'false', TRUTH, 'simulation only: draw reception by /swarm/radio'),
    ('use_sim_time', 'false', TRUTH, 'take time from /clock'),
    ('log_level', 'info', LEVELS, 'level of the log'),
)


def generate_launch_description():
    """Return the arguments and the robot's process."""
    from swarm_coordination.live.domain import interoperable_environment

    given = {name: LaunchConfiguration(name) for name, *_ in ARGUMENTS}
    text = {name: ParameterValue(given[name], value_type=str)
            for name in ('storage_dir', 'swarm_file')}
    flags = {name: ParameterValue(given[name], value_type=bool)
             for name in ('radio_filter', 'use_sim_time')}
    robot = Node(
        # No name: the process holds two nodes, and one name would be given to both.
        package='swarm_coordination',
        executable='robot',
        namespace=given['namespace'],
        output='screen',
        parameters=[{**text, **flags}],
        arguments=['--ros-args', '--log-level', given['log_level']],
        # So that robots on plain Cyclone DDS are met too.
        additional_env=interoperable_environment(os.environ),
    )
    arguments = [DeclareLaunchArgument(name, default_value=default, choices=choices,
                                       description=description)
                 for name, default, choices, description in ARGUMENTS]
    return LaunchDescription([*arguments, robot])
