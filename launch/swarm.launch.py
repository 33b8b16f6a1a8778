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
    ('gazebo_world', 'open_field', None,
     'world:=gazebo: which one of sim/worlds; the robots know its obstacles'),
    ('gui', 'true', actions.TRUTH, 'world:=gazebo: the window of Gazebo'),
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
    from swarm_coordination.configuration import find_swarm_file, load_swarm
    from swarm_coordination.gazebo.worlds import check_robots, load_world, swarm_file_in
    from swarm_coordination.live.provisioning import provision_swarm

    files, world, vehicle = given.file('params_file'), given.text('world'), given.text('vehicle')
    in_gazebo = world == 'gazebo'
    source = swarm_file_in(
        str(find_swarm_file(given.text('swarm_file') or None)),
        actions.scenario_swarm(given.text('scenario')),
        load_world(given.text('gazebo_world')) if in_gazebo else None,
        given.count('robots'),
    )
    robots = load_swarm(source).first(given.count('robots')).robots
    if in_gazebo:
        check_robots(source, robots)
    actions.check_vehicle(vehicle, robots)
    if vehicle != 'none' and world != 'none':
        raise ValueError(f'vehicle:={vehicle} is not valid: none, or world:=none (real robots)')
    if given.flag('cmd_vel_stamped') and world != 'none':
        raise ValueError(f'cmd_vel_stamped:=true is not valid: false with world:={world}, whose '
                         'bases take Twist, or world:=none')
    names = [robot.name for robot in robots]
    storage = Path(given.text('storage_dir')).expanduser()
    provision_swarm(storage, names)
    # What follows from the world: params_file may say otherwise, a given argument before both.
    defaults = {'use_sim_time': in_gazebo}
    of_robots = {**defaults, 'radio_filter': world != 'none',
                 'pose_source': 'tf' if in_gazebo else 'pose'}
    chosen = {**given.decided(use_sim_time=given.flag), 'swarm_file': source}
    simulated_time = chosen.get('use_sim_time', in_gazebo)
    level = given.text('log_level')
    processes = [
        actions.process(
            'robot', name, actions.ROBOT_NODES, namespace=name, log_level=level,
            defaults=of_robots, files=files,
            decided={**chosen, **given.decided(cmd_vel_stamped=given.flag), 'robot_name': name,
                     'storage_dir': str(storage / name)},
        )
        for name in names
    ]
    for name in names:
        processes += actions.adapter(vehicle, name, given, files)
    if world == 'embedded':
        processes.append(actions.process(
            'world', 'world', ['world'], log_level=level, defaults=defaults, files=files,
            decided={**chosen, **given.decided(scenario=given.text), 'robots': len(names)},
        ))
    elif in_gazebo:
        processes.append(actions.included(
            'gazebo', robots=len(names), swarm_file=source, scenario=given.text('scenario'),
            gazebo_world=given.text('gazebo_world'), gui=given.text('gui'), log_level=level,
        ))
    processes.append(LogInfo(msg=f'the swarm file of this run: {source}'))
    if given.flag('rviz'):
        processes.append(actions.included(
            'ground_station', swarm_file=source, use_sim_time=simulated_time, log_level=level
        ))
        processes.append(actions.included('rviz', use_sim_time=simulated_time))
    return processes


def generate_launch_description():
    """Return the arguments and what starts the swarm."""
    return actions.description(ARGUMENTS, start)
