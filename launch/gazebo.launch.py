# SPDX-License-Identifier: Apache-2.0
# Copyright Swarm Coordination contributors
"""Start gz-sim with a world and the swarm's area, models, the bridge, and the radio's stand-in."""

from launch.actions import IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import PathJoinSubstitution
from launch_ros.substitutions import FindPackageShare
from swarm_coordination.launching import actions

ARGUMENTS = (
    ('robots', '5', None, 'number of robots: the first ones of the swarm file'),
    actions.SWARM_FILE,
    ('gazebo_world', 'open_field', None,
     'world of sim/worlds: open_field, gap, corridor, large_area'),
    ('gui', 'true', actions.TRUTH, 'the window of Gazebo; false: headless'),
    ('scenario', '', None, 'scenario for radio and swarm file; empty: defaults'),
    actions.LOG_LEVEL,
)


def start(_context, given):
    """Return the processes; a wrong argument or file raises before any of them starts."""
    from swarm_coordination.configuration import find_swarm_file, load_swarm
    from swarm_coordination.gazebo.bridge import bridge_yaml
    from swarm_coordination.gazebo.built import write_world
    from swarm_coordination.gazebo.models import model_sdf
    from swarm_coordination.gazebo.worlds import (
        check_robots,
        load_world,
        solid_and_marked,
        swarm_file_in,
    )
    from swarm_coordination.live.run_folder import run_folder

    # The same file that the robots read, where one was made for them with this world in it.
    ground = load_world(given.text('gazebo_world'))
    source = swarm_file_in(
        str(find_swarm_file(given.text('swarm_file') or None)),
        actions.scenario_swarm(given.text('scenario')), ground, given.count('robots'),
    )
    robots = load_swarm(source).first(given.count('robots')).robots
    check_robots(source, robots)
    models = [(robot, model_sdf(robot.name, robot.kind)) for robot in robots]
    server = '' if given.flag('gui') else '-s '
    folder = run_folder('swarm_gazebo_')
    world_file = write_world(folder, ground.name, ground.ground_m, *solid_and_marked(source))
    gazebo = IncludeLaunchDescription(
        PythonLaunchDescriptionSource(
            PathJoinSubstitution([FindPackageShare('ros_gz_sim'), 'launch', 'gz_sim.launch.py'])
        ),
        launch_arguments=[('gz_args', f'{server}-r {world_file}'),
                          ('on_exit_shutdown', 'true')],
    )
    bridge = folder / 'bridge.yaml'
    bridge.write_text(bridge_yaml([robot.name for robot in robots]), encoding='utf-8')
    spawns = []
    for robot, sdf in models:
        at = robot.start
        spawns.append(actions.done_once(
            'ros_gz_sim', 'create', f'the model of {robot.name} was not made',
            arguments=['-world', ground.name, '-name', robot.name, '-string', sdf, '-x', str(at.x),
                       '-y', str(at.y), '-z', str(at.z), '-Y', str(at.yaw)],
        ))
    return [
        gazebo,
        *spawns,
        actions.process(
            'parameter_bridge', 'parameter_bridge', [], package='ros_gz_bridge',
            log_level=given.text('log_level'),
            defaults={'config_file': str(bridge), 'use_sim_time': True},
        ),
        actions.process(
            'gazebo_world', 'gazebo_world', ['gazebo_world'], log_level=given.text('log_level'),
            decided={'swarm_file': source, 'robots': len(robots),
                     'scenario': given.text('scenario'), 'use_sim_time': True},
        ),
    ]


def generate_launch_description():
    """Return the arguments and what starts Gazebo."""
    return actions.description(ARGUMENTS, start)
