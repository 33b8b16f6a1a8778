# SPDX-License-Identifier: Apache-2.0
# Copyright Swarm Coordination contributors
"""Play a scenario, robots killed and radio split included, here or in Gazebo; then end."""

from pathlib import Path

from launch.actions import ExecuteProcess, Shutdown
from launch_ros.substitutions import ExecutableInPackage
from swarm_coordination.launching import actions
from swarm_coordination.launching.attended import attended

ARGUMENTS = (
    ('scenario', 'default', None, 'scenario to play: a name of config/scenarios, or a file'),
    ('robots', '', None, "number of robots; empty: the scenario's own"),
    ('seed', '', None, "seed of the run; empty: the scenario's own"),
    actions.SWARM_FILE,
    ('world', 'embedded', ('embedded', 'gazebo'),
     'embedded: our own plants and radio; gazebo: gz-sim moves the robots'),
    actions.GAZEBO_WORLD,
    actions.GUI,
    ('rviz', 'false', actions.TRUTH, 'ground station and rviz too'),
    ('out', '', None, 'folder for report, pictures and logs; empty: a new one below out/'),
    actions.LOG_LEVEL,
)


def start(_context, given):
    """Return the processes; a wrong argument or file raises before any of them starts."""
    from swarm_coordination.gazebo.worlds import check_scenario
    from swarm_coordination.launching.stage import set_stage
    from swarm_coordination.scenario.loading import load_scenario
    from swarm_coordination.scenario.run import make_options

    scenario, in_gazebo = load_scenario(given.text('scenario')), given.text('world') == 'gazebo'
    numbers = {
        name: given.count(name) if given.text(name) else None for name in ('robots', 'seed')
    }
    wanted = scenario.robots.default if numbers['robots'] is None else numbers['robots']
    stage = set_stage(
        given.text('swarm_file'), scenario.swarm,
        given.text('gazebo_world') if in_gazebo else '', wanted,
    )
    if stage.ground is not None:
        check_scenario(scenario.source, scenario.swarm, stage.ground)
    run = make_options(scenario, stage.swarm, Path('out'), **numbers)
    count = len(stage.robots(len(run.swarm.robots)))
    return [
        attended(demo_process(given, scenario.source, stage.source, count, run.seed)),
        *world_processes(given, scenario.source, stage.source, count),
        *view_processes(given, stage.source, in_gazebo),
    ]


def demo_process(given, scenario, source, count, seed):
    """Return what plays the scenario; the launch ends with it."""
    words = [
        'demo', scenario, '--join', '--world', given.text('world'), '--robots', str(count),
        '--seed', str(seed), '--swarm-file', source,
    ]
    if given.text('out'):
        words += ['--out', given.text('out')]
    return ExecuteProcess(
        cmd=[ExecutableInPackage('swarm', actions.PACKAGE), *words], name='demo', output='screen',
        on_exit=ended,
    )


def world_processes(given, scenario, source, count):
    """Return Gazebo where it is wanted; the demo starts the embedded world itself."""
    if given.text('world') != 'gazebo':
        return []
    return [actions.included(
        'gazebo', robots=count, swarm_file=source, scenario=scenario,
        gazebo_world=given.text('gazebo_world'), gui=given.text('gui'),
        log_level=given.text('log_level'),
    )]


def view_processes(given, source, in_gazebo):
    """Return ground station and rviz where they are wanted."""
    from swarm_coordination.launching import views

    if not given.flag('rviz'):
        return []
    level, defaults = given.text('log_level'), {'use_sim_time': in_gazebo}
    return [views.station(source, level, defaults=defaults), views.rviz(level, defaults=defaults)]


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
