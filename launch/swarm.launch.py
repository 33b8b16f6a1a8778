# SPDX-License-Identifier: Apache-2.0
# Copyright Swarm Coordination contributors
"""Start the first robots of the swarm file, by default with the embedded world on this host."""

import os
from pathlib import Path

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

TRUTH = ('true', 'false', 'True', 'False')
LEVELS = ('debug', 'info', 'warn', 'error', 'fatal')
# Name, default, choices (None: any), description.
ARGUMENTS = (
    ('robots', '5', None, 'number of robots: the first ones of the swarm file'),
    ('swarm_file', '', None, 'path of the swarm file; empty: the one installed'),
    # A cluster of its own for each number: its voters are chosen when it is provisioned.
    ('storage_dir', ('~/.swarm_coordination/', LaunchConfiguration('robots'), '_robots'), None,
     "folder of the robots' storage, provisioned at the first start"),
    ('world', 'true', TRUTH, 'embedded world: plants and radio; false with real robots'),
    ('use_sim_time', 'false', TRUTH, 'take time from /clock'),
    ('params_file', '', None, 'YAML file with further ROS parameters; empty: none'),
    ('log_level', 'info', LEVELS, 'level of the log'),
)
WRONG_CONFIGURATION = 2  # exit status of a node that refuses a parameter or file


def start(context):
    """Return the processes; a wrong argument or file raises before any of them starts."""
    from swarm_coordination.configuration import find_swarm_file, load_swarm
    from swarm_coordination.live.domain import interoperable_environment
    from swarm_coordination.live.lifetime import bound_to_this_process
    from swarm_coordination.live.provisioning import provision_swarm

    given = {name: LaunchConfiguration(name).perform(context) for name, *_ in ARGUMENTS}
    if not given['robots'].isdecimal():
        raise ValueError(f"robots:={given['robots']} is not valid: a whole number")
    files = [str(Path(given['params_file']).expanduser())] if given['params_file'] else []
    if files and not Path(files[0]).is_file():
        raise ValueError(f"params_file:={given['params_file']} is not valid: an existing file")
    source = str(find_swarm_file(given['swarm_file'] or None))
    names = load_swarm(source).first(int(given['robots'])).names
    storage = Path(given['storage_dir']).expanduser()
    provision_swarm(storage, names)
    world = given['world'].lower() == 'true'
    common = {'swarm_file': source, 'use_sim_time': given['use_sim_time'].lower() == 'true'}
    log = ['--ros-args', '--log-level', given['log_level']]
    # Ended with the launch process even where that is killed and cannot end its children.
    bound = bound_to_this_process(interoperable_environment(os.environ))
    processes = [
        Node(
            # No name: the process holds two nodes, and one name would be given to both.
            package='swarm_coordination',
            executable='robot',
            exec_name=name,
            namespace=name,
            output='screen',
            parameters=[*files, {**common, 'robot_name': name, 'radio_filter': world,
                                 'storage_dir': str(storage / name)}],
            arguments=log,
            additional_env=bound,
            on_exit=end_if_misconfigured,
        )
        for name in names
    ]
    if world:
        processes.append(Node(
            package='swarm_coordination',
            executable='world',
            output='screen',
            parameters=[*files, {**common, 'robots': len(names)}],
            arguments=log,
            additional_env=bound,
            on_exit=end_if_misconfigured,
        ))
    return processes


def end_if_misconfigured(event, _context):
    """End everything where a node has refused its configuration: nothing half-started stays."""
    if event.returncode == WRONG_CONFIGURATION:
        raise RuntimeError(f'{event.process_name} refuses its configuration: see its message')


def generate_launch_description():
    """Return the arguments and what starts the swarm."""
    arguments = [DeclareLaunchArgument(name, default_value=default, choices=choices,
                                       description=description)
                 for name, default, choices, description in ARGUMENTS]
    return LaunchDescription([*arguments, OpaqueFunction(function=start)])
