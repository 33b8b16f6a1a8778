# SPDX-License-Identifier: Apache-2.0
# Copyright Swarm Coordination contributors
"""Start gz-sim with a world and the swarm's area, models, the bridge, and the radio's stand-in."""

from launch.actions import IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import PathJoinSubstitution
from launch_ros.substitutions import FindPackageShare
from swarm_coordination.launching import actions
from swarm_coordination.launching.attended import attended

ARGUMENTS = (
    ('robots', '5', None, 'number of robots: the first ones of the swarm file'),
    actions.SWARM_FILE,
    actions.GAZEBO_WORLD,
    actions.GUI,
    ('scenario', '', None, 'scenario for radio and swarm file; empty: defaults'),
    actions.LOG_LEVEL,
)


def start(_context, given):
    """Return the processes; a wrong argument or file raises before any of them starts."""
    from swarm_coordination.gazebo.models import model_sdf
    from swarm_coordination.launching.stage import scenario_swarm, set_stage
    from swarm_coordination.live.run_folder import run_folder

    # The same file that the robots read, where one was made for them with this world in it.
    stage = set_stage(
        given.text('swarm_file'), scenario_swarm(given.text('scenario')),
        given.text('gazebo_world'), given.count('robots'),
    )
    robots = stage.robots(given.count('robots'))
    models = [(robot, model_sdf(robot.name, robot.kind)) for robot in robots]
    folder = run_folder('swarm_gazebo_')
    return [
        attended(
            simulator(given, stage, folder),
            *(spawned(stage.ground.name, robot, sdf) for robot, sdf in models),
        ),
        bridge(given, folder, [robot.name for robot in robots]),
        actions.process(
            'gazebo_world', 'gazebo_world', ['gazebo_world'], log_level=given.text('log_level'),
            decided={'swarm_file': stage.source, 'robots': len(robots),
                     'scenario': given.text('scenario'), 'use_sim_time': True},
        ),
    ]


def simulator(given, stage, folder):
    """Return gz-sim with the world, built of the swarm file; the launch ends with it."""
    from swarm_coordination.gazebo.built import write_world
    from swarm_coordination.gazebo.worlds import solid_and_marked

    solid, marked = solid_and_marked(stage.source)
    world = write_world(folder, stage.ground.name, stage.ground.ground_m, solid, marked)
    server = '' if given.flag('gui') else '-s '
    return IncludeLaunchDescription(
        PythonLaunchDescriptionSource(
            PathJoinSubstitution([FindPackageShare('ros_gz_sim'), 'launch', 'gz_sim.launch.py'])
        ),
        launch_arguments=[('gz_args', f'{server}-r {world}'), ('on_exit_shutdown', 'true')],
    )


def spawned(world, robot, sdf):
    """Return what puts a robot's model at its start."""
    at = robot.start
    return actions.done_once(
        'ros_gz_sim', 'create', f'the model of {robot.name} was not made',
        arguments=['-world', world, '-name', robot.name, '-string', sdf, '-x', str(at.x),
                   '-y', str(at.y), '-z', str(at.z), '-Y', str(at.yaw)],
    )


def bridge(given, folder, names):
    """Return the bridge between Gazebo's topics and those of ROS."""
    from swarm_coordination.gazebo.bridge import bridge_yaml

    file = folder / 'bridge.yaml'
    file.write_text(bridge_yaml(names), encoding='utf-8')
    return actions.process(
        'parameter_bridge', 'parameter_bridge', [], package='ros_gz_bridge',
        log_level=given.text('log_level'),
        defaults={'config_file': str(file), 'use_sim_time': True},
    )


def generate_launch_description():
    """Return the arguments and what starts Gazebo."""
    return actions.description(ARGUMENTS, start)
