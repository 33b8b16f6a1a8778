# SPDX-License-Identifier: Apache-2.0
# Copyright Swarm Coordination contributors
"""Start the first robots of the swarm file, by default with the embedded world on this host."""

from pathlib import Path

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

ARGUMENTS = (
    ('robots', '5', 'number of robots: the first ones of the swarm file'),
    ('swarm_file', '', 'path of the swarm file; empty: the one installed'),
    ('storage_dir', '~/.swarm_coordination/robots',
     "folder of the robots' storage, provisioned at the first start"),
    ('world', 'true', 'embedded world: plants and radio; false with real robots or another'),
    ('use_sim_time', 'false', 'take time from /clock'),
    ('params_file', '', 'YAML file with further ROS parameters; empty: none'),
    ('log_level', 'info', 'level of the log: debug, info, warn, error, fatal'),
)


def start(context):
    """Return the processes; a wrong argument or file raises before any of them starts."""
    from swarm_coordination.configuration import find_swarm_file, load_swarm
    from swarm_coordination.ros.provisioning import provision_swarm

    given = {name: LaunchConfiguration(name).perform(context) for name, _, _ in ARGUMENTS}
    source = str(find_swarm_file(given['swarm_file'] or None))
    names = load_swarm(source).first(int(given['robots'])).names
    storage = Path(given['storage_dir']).expanduser()
    provision_swarm(storage, names)
    world = given['world'].lower() == 'true'
    common = {'swarm_file': source, 'use_sim_time': given['use_sim_time'].lower() == 'true'}
    files = [given['params_file']] if given['params_file'] else []
    log = ['--ros-args', '--log-level', given['log_level']]
    processes = [
        Node(
            # No name: the process holds two nodes, and one name would be given to both.
            package='swarm_coordination',
            executable='robot',
            namespace=name,
            output='screen',
            parameters=[*files, {**common, 'robot_name': name, 'radio_filter': world,
                                 'storage_dir': str(storage / name)}],
            arguments=log,
        )
        for name in names
    ]
    if world:
        processes.insert(0, Node(
            package='swarm_coordination',
            executable='world',
            output='screen',
            parameters=[*files, {**common, 'robots': len(names)}],
            arguments=log,
        ))
    return processes


def generate_launch_description():
    """Return the arguments and what starts the swarm."""
    arguments = [DeclareLaunchArgument(name, default_value=default, description=description)
                 for name, default, description in ARGUMENTS]
    return LaunchDescription([*arguments, OpaqueFunction(function=start)])
