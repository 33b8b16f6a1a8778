# SPDX-License-Identifier: Apache-2.0
"""Three parameters start a node, every setting can be overridden, a wrong one refuses to start."""

import pytest
from rclpy.parameter import Parameter
from swarm_coordination.configuration import load_swarm
from swarm_coordination.errors import ConfigurationError, StorageError
from swarm_coordination.ros.controller_node import ControllerNode
from swarm_coordination.ros.coordinator_node import CoordinatorNode
from swarm_coordination.ros.world_node import WorldNode

pytestmark = pytest.mark.ros
WRONG = [
    ({'mesh__beacon_period_s': 5.0}, 'mesh.beacon_period_s', 'at most 1 s'),
    ({'mesh__beacon_period_s': 'fast'}, 'mesh.beacon_period_s', 'a number'),
    ({'mesh__mtu_bytes': 1200.5}, 'mesh.mtu_bytes', 'a whole number'),
    ({'mesh__becon_period_s': 0.1}, 'mesh.becon_period_s', 'no parameter of this node'),
    ({'consensus__election_timeout_max_s': 0.41}, 'consensus.election_timeout_max_s', '1.2 times'),
    ({'mission__lease_s': 1.0}, 'robot1.mission.lease_s', 'more than twice'),
    ({'robot_name': 'robot9'}, 'robots', 'one of robot1'),
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


def test_a_running_node_keeps_its_parameters(run):
    runner = runner_for(run)
    node = CoordinatorNode(runner)
    runner.add(node)
    (result,) = node.set_parameters([Parameter('mesh.beacon_period_s', value=0.2)])
    assert not result.successful


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
    with pytest.raises(StorageError, match='provision'):
        CoordinatorNode(runner_for(run, storage_dir=run.folder / 'nowhere'))


def test_the_storage_of_another_robot_refuses_to_start(run):
    storage = run.storage(('robot1', 'robot2'))
    with pytest.raises(ConfigurationError, match='that of robot2'):
        CoordinatorNode(runner_for(run, storage_dir=storage / 'robot2'))


def test_the_world_refuses_a_missing_swarm_file(run):
    with pytest.raises(ConfigurationError, match='swarm file'):
        WorldNode(run.runner(swarm_file=run.folder / 'none.yaml'))


def test_the_world_overlooks_what_a_file_for_all_nodes_says_to_robots_only(run):
    given = {'swarm_file': run.swarm_file(), 'control__gain': 0.8, 'cmd_vel_stamped': True}
    runner = run.runner(**given)
    runner.add(WorldNode(runner))
    with pytest.raises(ConfigurationError, match='no parameter of this node'):
        WorldNode(run.runner(swarm_file=run.swarm_file(), odom_perid_s=0.1))
