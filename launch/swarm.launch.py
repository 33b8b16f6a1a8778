# SPDX-License-Identifier: Apache-2.0
# Copyright Swarm Coordination contributors
"""Start the first robots of the swarm file, by default with the embedded world on this host."""

from pathlib import Path

from launch.actions import LogInfo
from launch.substitutions import LaunchConfiguration
from swarm_coordination.launching import actions

ARGUMENTS = (
    ('robots', '5', None, 'number of robots: the first ones of the swarm file'),
    actions.SWARM_FILE,
    # A cluster of its own for each number: its voters are chosen when it is provisioned.
    ('storage_dir', ('~/.swarm_coordination/', LaunchConfiguration('robots'), '_robots'), None,
     "folder of the robots' storage, provisioned at the first start"),
    ('world', 'embedded', ('embedded', 'gazebo', 'none'),
     'embedded: our own plants and radio; gazebo: gz-sim moves them; none: real robots'),
    actions.GAZEBO_WORLD,
    actions.GUI,
    ('rviz', 'false', actions.TRUTH, 'ground station and rviz too'),
    ('scenario', '', None,
     'simulation: scenario for radio, plants and what it sets of the swarm file; empty: defaults'),
    actions.VEHICLE,
    ('cmd_vel_stamped', '', actions.MAYBE,
     "TwistStamped on cmd_vel instead of Twist; empty: params_file's, else false"),
    ('use_sim_time', '', actions.MAYBE,
     "take time from /clock; empty: params_file's, else true in Gazebo and false elsewhere"),
    actions.PARAMS_FILE,
    actions.LOG_LEVEL,
)


def start(_context, given):
    """Return the processes; a wrong argument or file raises before any of them starts."""
    from swarm_coordination.launching.stage import scenario_swarm, set_stage
    from swarm_coordination.live.provisioning import provision_swarm

    files, world, count = given.file('params_file'), given.text('world'), given.count('robots')
    stage = set_stage(
        given.text('swarm_file'), scenario_swarm(given.text('scenario')),
        given.text('gazebo_world') if world == 'gazebo' else '', count,
    )
    robots = stage.robots(count)
    check(given, world, robots, files)
    names = [robot.name for robot in robots]
    storage = Path(given.text('storage_dir')).expanduser()
    provision_swarm(storage, names)
    # What follows from the world: params_file may say otherwise, a given argument before both.
    common = {'defaults': {'use_sim_time': world == 'gazebo'}, 'files': files}
    decided = {**given.decided(use_sim_time=given.flag), 'swarm_file': stage.source}
    return [
        *robot_processes(given, world, names, storage, common, decided),
        *world_processes(given, world, len(names), common, decided),
        LogInfo(msg=f'the swarm file of this run: {stage.source}'),
        *view_processes(given, common, decided),
    ]


def check(given, world, robots, files):
    """Raise ValueError or ConfigurationError where what was given does not fit together."""
    from swarm_coordination.launching.params_file import refuse
    from swarm_coordination.launching.vehicle import check_vehicle

    vehicle = given.text('vehicle')
    check_vehicle(vehicle, robots, files)
    if world == 'none':
        return
    if vehicle != 'none':
        raise ValueError(f'vehicle:={vehicle} is not valid: none, or world:=none (real robots)')
    bound = f'false with world:={world}, whose bases take Twist, or world:=none'
    if given.flag('cmd_vel_stamped'):
        raise ValueError(f'cmd_vel_stamped:=true is not valid: {bound}')
    if not given.text('cmd_vel_stamped'):
        controllers = [f'/{robot.name}/formation_controller' for robot in robots]
        refuse(files, controllers, 'cmd_vel_stamped', lambda value: value is False, bound)
    nodes = [f'/{robot.name}/{node}' for robot in robots for node in actions.ROBOT_NODES]
    known = ('tf',) if world == 'gazebo' else ('pose', 'tf')
    refuse(files, nodes, 'pose_source', lambda value: value in known,
           f'{" or ".join(known)} with world:={world}, which says where odometry began')


def robot_processes(given, world, names, storage, common, decided):
    """Return the robots, each with its adapter."""
    from swarm_coordination.launching.vehicle import adapter

    defaults = {**common['defaults'], 'radio_filter': world != 'none',
                'pose_source': 'tf' if world == 'gazebo' else 'pose',
                'publish_tf': 'pose' if world == 'none' else 'none'}
    chosen = {**decided, **given.decided(cmd_vel_stamped=given.flag)}
    made = []
    for name in names:
        made.append(actions.process(
            'robot', name, actions.ROBOT_NODES, namespace=name,
            log_level=given.text('log_level'), defaults=defaults, files=common['files'],
            decided={**chosen, 'robot_name': name, 'storage_dir': str(storage / name)},
        ))
        made += adapter(given.text('vehicle'), name, given, common['files'])
    return made


def world_processes(given, world, count, common, decided):
    """Return what moves the robots; nothing where they are real."""
    level = given.text('log_level')
    if world == 'embedded':
        chosen = {**decided, **given.decided(scenario=given.text), 'robots': count}
        return [actions.process(
            'world', 'world', ['world'], log_level=level, **common, decided=chosen
        )]
    if world == 'gazebo':
        return [actions.included(
            'gazebo', robots=count, swarm_file=decided['swarm_file'], log_level=level,
            scenario=given.text('scenario'), gazebo_world=given.text('gazebo_world'),
            gui=given.text('gui'),
        )]
    return []


def view_processes(given, common, decided):
    """Return ground station and rviz where they are wanted."""
    from swarm_coordination.launching import views

    if not given.flag('rviz'):
        return []
    level = given.text('log_level')
    time = given.decided(use_sim_time=given.flag)
    return [
        views.station(decided['swarm_file'], level, **common, decided=time),
        views.rviz(level, **common, decided=time),
    ]


def generate_launch_description():
    """Return the arguments and what starts the swarm."""
    return actions.description(ARGUMENTS, start)
