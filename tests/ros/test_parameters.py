# SPDX-License-Identifier: Apache-2.0
"""Three parameters start a node, every setting can be overridden, a wrong one refuses to start."""

import pytest
from rclpy.parameter import Parameter
from ros.support import bring_up
from swarm_coordination.configuration import load_swarm
from swarm_coordination.errors import ConfigurationError, StorageError
from swarm_coordination.ros.controller_node import ControllerNode
from swarm_coordination.ros.coordinator_node import CoordinatorNode
from swarm_coordination.ros.manager import Manager
from swarm_coordination.ros.world_node import WorldNode

pytestmark = pytest.mark.ros
WRONG = [
    ({'mesh__beacon_period_s': 5.0}, 'mesh.beacon_period_s', 'at most 1 s'),
    ({'mesh__beacon_period_s': 'fast'}, 'mesh.beacon_period_s', 'a number'),
    ({'mesh__mtu_bytes': 1200.5}, 'mesh.mtu_bytes', 'a whole number'),
    ({'mesh__becon_period_s': 0.1}, 'mesh.becon_period_s', 'no parameter of this node'),
    ({'consensus__election_timeout_max_s': 0.21}, 'consensus.election_timeout_max_s', '1.2 times'),
    ({'mission__lease_s': 1.0}, 'robot1.mission.lease_s', 'more than twice'),
    ({'robot_name': 'robot9'}, 'robots', 'one of robot1'),
    ({'swarm_file': '/nowhere.yaml'}, 'swarm file', 'an existing file'),
    ({'radio_filter': 1}, 'radio_filter', 'true or false'),
]


def runner_for(run, **parameters):
    """Return a runner for a robot's nodes."""
    given = {'swarm_file': run.swarm_file(), 'storage_dir': run.storage() / 'robot1'}
    return run.runner(namespace='robot1', **{**given, **parameters})


def test_swarm_file_and_storage_are_enough_in_the_robots_namespace(run):
    runner = runner_for(run)
    node = CoordinatorNode(runner)
    runner.add(node)
    assert node.get_parameter('robot_name').value == 'robot1'
    settings = load_swarm(run.swarm_file()).robot('robot1').settings
    assert node.get_parameter('mesh.beacon_period_s').value == settings.mesh.beacon_period_s
    descriptor = node.describe_parameter('mesh.beacon_period_s')
    assert descriptor.read_only
    assert descriptor.description.endswith('[s]')
    assert descriptor.floating_point_range[0].to_value == 1.0


def test_a_running_node_keeps_what_is_not_declared_live(run):
    node = bring_up(CoordinatorNode(runner_for(run)))
    for name in ('mesh.beacon_period_s', 'control.gain'):  # the other node flies by the gain
        assert node.describe_parameter(name).read_only
        (result,) = node.set_parameters([Parameter(name, value=0.2)])
        assert not result.successful


def test_a_live_setting_is_in_force_from_the_next_update_on(run):
    node = bring_up(ControllerNode(runner_for(run)))
    assert not node.describe_parameter('control.gain').read_only
    (result,) = node.set_parameters([Parameter('control.gain', value=2.5)])
    assert result.successful
    assert node.part.core._settings.gain == 2.5
    node.trigger_deactivate()
    node.trigger_cleanup()
    node.trigger_configure()
    assert node.part.core._settings.gain == 2.5  # of the next life, too


def test_a_live_option_is_in_force_at_once(run):
    node = bring_up(CoordinatorNode(runner_for(run)))
    (result,) = node.set_parameters([Parameter('status_period_s', value=0.5)])
    assert result.successful
    assert node.options.status_period_s == 0.5


@pytest.mark.parametrize(('name', 'value'), [
    ('control.gain', 25.0), ('control.gain', 'high'), ('control.gain', float('nan')),
    ('use_sim_time', True),
])
def test_a_change_that_is_not_valid_is_refused_with_the_reason(run, name, value):
    node = bring_up(ControllerNode(runner_for(run)))
    (result,) = node.set_parameters([Parameter(name, value=value)])
    assert not result.successful
    assert result.reason
    assert node.part.core._settings.gain == 1.0


def test_a_differential_robot_is_set_to_no_turning_that_cannot_follow_its_commands(run):
    source = run.swarm_file(kind='differential').rename(run.folder / 'turning.yaml')
    field = 'control.yaw_rate_max_radps'
    with pytest.raises(ConfigurationError, match=field):
        CoordinatorNode(runner_for(run, swarm_file=source, control__yaw_rate_max_radps=5.0))
    node = bring_up(ControllerNode(runner_for(run, swarm_file=source)))
    results = [node.set_parameters([Parameter(field, value=value)])[0] for value in (5.0, 12.0)]
    assert [result.successful for result in results] == [False, True]
    assert 'at least speed_max_mps' in results[0].reason


def test_changes_that_contradict_each_other_are_refused_together(run):
    node = bring_up(ControllerNode(runner_for(run)))
    settings = node._robot.settings.control

    def check(changed, source, prefix):
        if changed.gain > changed.yaw_gain:
            raise ConfigurationError(source, f'{prefix}gain', changed.gain, 'at most yaw_gain')

    taken = []
    node.live.add('control.', settings, taken.append, check)
    both = [Parameter('control.gain', value=3.0), Parameter('control.yaw_gain', value=2.0)]
    result = node.set_parameters_atomically(both)
    assert not result.successful
    assert 'at most yaw_gain' in result.reason
    assert taken == []
    assert node.part.core._settings.gain == 1.0


def test_an_override_is_in_force_and_a_whole_number_will_do(run):
    runner = runner_for(run, control__table_timeout_s=2)
    node = ControllerNode(runner)
    runner.add(node)
    assert node.get_parameter('control.table_timeout_s').value == 2.0


@pytest.mark.parametrize('number', range(len(WRONG)))
def test_a_wrong_parameter_refuses_to_start_naming_field_and_bound(run, number):
    given, field, bound = WRONG[number]
    with pytest.raises(ConfigurationError) as caught:
        CoordinatorNode(runner_for(run, **given))
    assert caught.value.field == field
    assert bound in caught.value.bound


def test_a_missing_storage_refuses_to_start(run):
    with pytest.raises(ConfigurationError, match='storage_dir'):
        CoordinatorNode(runner_for(run, storage_dir=''))
    for kind in (CoordinatorNode, ControllerNode):
        runner = runner_for(run, storage_dir=run.folder / 'nowhere')
        Manager(runner, [kind(runner)])
        with pytest.raises(StorageError, match='provision'):
            runner.run()


def test_the_storage_of_another_robot_refuses_to_start(run):
    storage = run.storage(('robot1', 'robot2'))
    runner = runner_for(run, storage_dir=storage / 'robot2')
    Manager(runner, [CoordinatorNode(runner)])
    with pytest.raises(ConfigurationError, match='that of robot2'):
        runner.run()


def test_the_world_refuses_a_missing_swarm_file(run):
    with pytest.raises(ConfigurationError, match='swarm file'):
        WorldNode(run.runner(swarm_file=run.folder / 'none.yaml'))


def test_the_world_overlooks_what_a_file_for_all_nodes_says_to_robots_only(run):
    given = {'swarm_file': run.swarm_file(), 'control__gain': 0.8, 'cmd_vel_stamped': True}
    runner = run.runner(**given)
    runner.add(WorldNode(runner))
    with pytest.raises(ConfigurationError, match='no parameter of this node'):
        WorldNode(run.runner(swarm_file=run.swarm_file(), odom_perid_s=0.1))


def test_a_table_that_the_robots_of_the_file_do_not_fit_refuses_to_start(run):
    source = run.folder / 'four.yaml'
    robots = [
        f'  robot{n}: {{type: holonomic, start: {{x_m: {3.0 * n}, y_m: 0.0}}}}\n'
        for n in range(1, 5)
    ]
    source.write_text(
        'robot_types: {holonomic: {kind: holonomic}}\nrobots:\n' + ''.join(robots))
    with pytest.raises(ConfigurationError, match=r'robot1\.mesh\.robots_max.*3 other robots'):
        CoordinatorNode(runner_for(run, swarm_file=source, mesh__robots_max=2))
