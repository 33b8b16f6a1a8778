# SPDX-License-Identifier: Apache-2.0
"""The bridge's file names topics that the models have and types that ros_gz_bridge knows."""

import math
from pathlib import Path
from xml.etree import ElementTree

from gazebo.stock import BRIDGED, DIRECTIONS, ENTRY
import pytest
from swarm_coordination.configuration.swarm import KINDS, read_swarm
from swarm_coordination.gazebo.bridge import bridge_yaml, bridged
from swarm_coordination.gazebo.models import map_to_odom, model_sdf, spawn_pose
from swarm_coordination.live.frames import compose
from swarm_coordination.views import Pose
import yaml

ROOT = Path(__file__).resolve().parent.parent.parent
SWARM = read_swarm({
    'all': {},
    'robot_types': {kind: {'kind': kind} for kind in KINDS},
    'robots': {
        f'robot{k}': {'type': kind, 'start': {'x_m': 3.0 * k, 'y_m': 1.0, 'yaw_rad': 1.0}}
        for k, kind in enumerate(KINDS)
    },
}, 'test')


def entries():
    """Return the entries of the bridge's file."""
    return yaml.safe_load(bridge_yaml(SWARM.names, 'gap'))


def test_every_entry_has_the_fields_types_and_direction_that_the_bridge_knows():
    for entry in entries():
        assert set(entry) == ENTRY
        assert entry['gz_type_name'] in BRIDGED[entry['ros_type_name']]
        assert entry['direction'] in DIRECTIONS


@pytest.mark.parametrize('number', range(len(KINDS)))
def test_what_a_model_says_and_hears_is_bridged(number):
    robot = SWARM.robots[number]
    model = ElementTree.fromstring(model_sdf(robot.name, robot.kind)).find('model')
    gz = {entry['gz_topic_name']: entry for entry in entries()}
    for tag in ('odom_topic', 'tf_topic'):
        (topic,) = {element.text for element in model.iter(tag)}
        assert gz[topic]['direction'] == 'GZ_TO_ROS'
    commands = {element.text for element in model.iter('topic')} | {
        f'/{p.findtext("robotNamespace")}/{p.findtext("commandSubTopic")}'
        for p in model.findall('plugin') if p.get('name').endswith('MulticopterVelocityControl')}
    (command,) = commands
    assert gz[command]['direction'] == 'ROS_TO_GZ'
    assert gz[command]['ros_topic_name'] == f'/{robot.name}/cmd_vel'


def test_clock_and_ground_truth_of_the_world_are_bridged():
    found = {one.gz_topic_name for one in bridged(SWARM.names, 'gap')}
    assert {'/clock', '/world/gap/dynamic_pose/info'} <= found


def test_the_odometry_frame_is_map_for_the_odometry_publisher_and_the_start_for_diff_drive():
    for robot in SWARM.robots:
        start = robot.start
        if robot.kind == 'differential':
            reported = Pose(0.0, 0.0, 0.0, 0.0)  # DiffDrive counts from where it began
        else:
            reported = start  # OdometryPublisher reports the pose in the world
        assert compose(map_to_odom(robot), reported) == pytest.approx(start)


def test_a_quadrotor_is_spawned_in_the_air_where_the_others_stand_on_the_ground():
    heights = {robot.kind: spawn_pose(robot).z for robot in SWARM.robots}
    assert heights == {'holonomic': 0.0, 'differential': 0.0, 'quadrotor': 1.5}
    for robot in SWARM.robots:
        assert spawn_pose(robot)[:2] == robot.start[:2]
        assert math.isclose(spawn_pose(robot).yaw, robot.start.yaw)
