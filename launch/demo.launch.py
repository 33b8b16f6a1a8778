# SPDX-License-Identifier: Apache-2.0
# Copyright Swarm Coordination contributors
"""Play a scenario, robots killed and radio split included, here or in Gazebo; then end."""

from pathlib import Path

from launch.actions import ExecuteProcess, Shutdown
from launch_ros.substitutions import ExecutableInPackage
from swarm_coordination.launching import actions

ARGUMENTS = (
    ('scenario', 'default', None, 'scenario to play: a name of config/scenarios, or a file'),
    ('robots', '', None, "number of robots; empty: the scenario's own"),
    ('seed', '', None, "seed of the run; empty: the scenario's own"),
    actions.SWARM_FILE,
    ('world', 'embedded', ('embedded', 'gazebo'),
     'embedded: our own plants and radio; gazebo: gz-sim moves the robots'),
    ('gazebo_world', 'open_field', None,
     'world:=gazebo: which one of sim/worlds; the robots know its obstacles'),
    ('gui', 'true', actions.TRUTH, 'world:=gazebo: the window of Gazebo'),
    ('rviz', 'false', actions.TRUTH, 'ground station and rviz too'),
    ('out', '', None, 'folder for report, pictures and logs; empty: a new one below out/'),
    actions.LOG_LEVEL,
)


def start(_context, given):
    """Return the processes; a wrong argument or file raises before any of them starts."""
    from swarm_coordination.configuration import find_swarm_file, load_swarm
    from swarm_coordination.gazebo.worlds import (
        check_robots,
        check_scenario,
        load_world,
        swarm_file_in,
    )
    from swarm_coordination.scenario.loading import load_scenario
    from swarm_coordination.scenario.run import make_options

    scenario = load_scenario(given.text('scenario'))
    source = str(find_swarm_file(given.text('swarm_file') or None))
    in_gazebo = given.text('world') == 'gazebo'
    ground = load_world(given.text('gazebo_world')) if in_gazebo else None
    if ground is not None:
        check_scenario(scenario.source, scenario.swarm, ground)
    numbers = {
        name: given.count(name) if given.text(name) else None for name in ('robots', 'seed')
    }
    wanted = scenario.robots.default if numbers['robots'] is None else numbers['robots']
    source = swarm_file_in(source, scenario.swarm, ground, wanted)
    run = make_options(scenario, load_swarm(source), Path('out'), **numbers)
    if in_gazebo:
        check_robots(source, run.swarm.robots)
    count = len(run.swarm.robots)
    words = [
        'demo', scenario.source, '--join', '--world', given.text('world'), '--robots', str(count),
        '--seed', str(run.seed), '--swarm-file', source,
    ]
    if given.text('out'):
        words += ['--out', given.text('out')]
    processes = [ExecuteProcess(
        cmd=[ExecutableInPackage('swarm', actions.PACKAGE), *words], name='demo', output='screen',
        on_exit=ended,
    )]
    level = given.text('log_level')
    if in_gazebo:
        processes.append(actions.included(
            'gazebo', robots=count, swarm_file=source, scenario=scenario.source,
            gazebo_world=given.text('gazebo_world'), gui=given.text('gui'), log_level=level,
        ))
    if given.flag('rviz'):
        processes.append(actions.included(
            'ground_station', swarm_file=source, use_sim_time=in_gazebo, log_level=level
        ))
        processes.append(actions.included('rviz', use_sim_time=in_gazebo))
    return processes


def ended(event, context):
    """End the launch with the demo; it fails where an expectation did not hold."""
    if context.is_shutdown:
        return None
    if event.returncode:
        raise RuntimeError(f'the demo ended with status {event.returncode}: see its report')
    return [Shutdown(reason='the demo has ended, all expectations held')]


def generate_launch_description():
    """Return the arguments and what plays the scenario."""
    return actions.description(ARGUMENTS, start)
