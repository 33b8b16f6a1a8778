# SPDX-License-Identifier: Apache-2.0
"""The bridge's file names topics that the models have and types that ros_gz_bridge knows."""

import ast
from pathlib import Path
from xml.etree import ElementTree

from gazebo.stock import BRIDGE, BRIDGED, CREATE, DIRECTIONS, ENTRY, GZ_SIM
import pytest
from swarm_coordination.configuration.swarm import KINDS, read_swarm
from swarm_coordination.gazebo.bridge import bridge_yaml, bridged
from swarm_coordination.gazebo.models import drifts, flight_height, map_to_odom, model_sdf
from swarm_coordination.live.frames import compose
from swarm_coordination.views import Pose
import yaml

ROOT = Path(__file__).resolve().parent.parent.parent
SWARM = read_swarm({
    'all': {'control': {'yaw_rate_max_radps': 10.0}},
    'robot_types': {kind: {'kind': kind} for kind in KINDS},
    'robots': {
        f'robot{k}': {'type': kind, 'start': {'x_m': 3.0 * k, 'y_m': 1.0, 'yaw_rad': 1.0}}
        for k, kind in enumerate(KINDS)
    },
}, 'test')


def entries():
    """Return the entries of the bridge's file."""
    return yaml.safe_load(bridge_yaml(SWARM.names))


def test_every_entry_has_the_fields_types_and_direction_that_the_bridge_knows():
    for entry in entries():
        assert set(entry) == ENTRY
        assert entry['gz_type_name'] in BRIDGED[entry['ros_type_name']]
        assert entry['direction'] in DIRECTIONS


def test_the_launch_file_gives_ros_gz_only_words_that_it_knows():
    tree = ast.parse((ROOT / 'launch/gazebo.launch.py').read_text())
    calls = {}
    for node in ast.walk(tree):
        for keyword in node.keywords if isinstance(node, ast.Call) else ():
            words = [one.value for one in ast.walk(keyword.value)
                     if isinstance(one, ast.Constant) and isinstance(one.value, str)]
            calls.setdefault(keyword.arg, []).append(words)
    ((*flags,),) = calls['arguments']
    assert {flag.removeprefix('-') for flag in flags} <= CREATE
    assert {'-world', '-name', '-string'} <= set(flags)
    (words,) = calls['launch_arguments']
    assert {word for word in words if '_' in word} == {'gz_args', 'on_exit_shutdown'} <= GZ_SIM
    assert set(calls['defaults'][0]) <= BRIDGE


@pytest.mark.parametrize('number', range(len(KINDS)))
def test_what_a_model_says_and_hears_is_bridged(number):
    robot = SWARM.robots[number]
    model = ElementTree.fromstring(model_sdf(robot.name, robot.kind)).find('model')
    gz = {entry['gz_topic_name']: entry for entry in entries()}
    said = {element.text for tag in ('odom_topic', 'tf_topic') for element in model.iter(tag)}
    for topic in (f'/model/{robot.name}/{last}' for last in ('odometry', 'truth', 'tf')):
        assert topic in said
        assert gz[topic]['direction'] == 'GZ_TO_ROS'
    commands = {element.text for element in model.iter('topic')} | {
        f'/{p.findtext("robotNamespace")}/{p.findtext("commandSubTopic")}'
        for p in model.findall('plugin') if p.get('name').endswith('MulticopterVelocityControl')}
    (command,) = commands
    assert gz[command]['direction'] == 'ROS_TO_GZ'
    # Not the controller's own topic: what is commanded passes the base first.
    assert gz[command]['ros_topic_name'] == f'/{robot.name}/base/cmd_vel'


@pytest.mark.parametrize('number', range(len(KINDS)))
def test_where_a_model_really_is_is_told_in_map_with_its_height(number):
    robot = SWARM.robots[number]
    model = ElementTree.fromstring(model_sdf(robot.name, robot.kind)).find('model')
    (truth,) = (p for p in model.findall('plugin')
                if p.findtext('odom_topic') == f'/model/{robot.name}/truth')
    assert truth.get('name') == 'gz::sim::systems::OdometryPublisher'
    assert truth.findtext('odom_frame') == 'map'
    assert truth.findtext('robot_base_frame') == f'{robot.name}/base_link'
    assert truth.findtext('dimensions') == '3'


def test_no_topic_is_bridged_whose_names_and_times_the_bridge_loses():
    # Poses of Gazebo's SceneBroadcaster carry a name, and no header of their own: ros_gz_bridge
    # makes transforms with empty frames at time 0 of them.
    assert '/clock' in {one.gz_topic_name for one in bridged(SWARM.names)}
    assert not [one for one in bridged(SWARM.names) if one.gz_topic_name.endswith('pose/info')]


def test_the_odometry_frame_is_map_for_the_odometry_publisher_and_the_start_for_diff_drive():
    for robot in SWARM.robots:
        start = robot.start
        if robot.kind == 'differential':
            reported = Pose(0.0, 0.0, 0.0, 0.0)  # DiffDrive counts from where it began
        else:
            reported = start  # OdometryPublisher reports the pose in the world
        assert compose(map_to_odom(robot), reported) == pytest.approx(start)


def test_only_odometry_that_is_counted_from_wheels_drifts():
    assert [drifts(robot) for robot in SWARM.robots] == [
        robot.kind == 'differential' for robot in SWARM.robots]


def test_a_quadrotor_flies_above_its_start_and_the_others_stay_on_the_ground():
    heights = {robot.kind: flight_height(robot) for robot in SWARM.robots}
    assert heights == {'holonomic': 0.0, 'differential': 0.0, 'quadrotor': 1.5}
    in_space = read_swarm({
        'all': {'control': {'dimensions': 3}}, 'robot_types': {'quadrotor': {'kind': 'quadrotor'}},
        'robots': {'robot1': {'type': 'quadrotor', 'start': {'x_m': 0.0, 'y_m': 0.0}}},
    }, 'test')
    assert flight_height(in_space.robots[0]) is None  # the controller commands the height


@pytest.mark.parametrize('kind', ['holonomic', 'quadrotor'])
def test_a_model_that_can_rise_tells_its_height_in_its_odometry(kind):
    # With a height of nought for ever, its controller would let it rise for ever.
    model = ElementTree.fromstring(model_sdf('robot1', kind)).find('model')
    (odometry,) = (p for p in model.findall('plugin')
                   if p.findtext('odom_topic') == '/model/robot1/odometry')
    assert odometry.findtext('dimensions') == '3'


def test_a_wheel_touches_the_ground_where_the_odometry_reckons_and_the_body_cannot_tip():
    model = ElementTree.fromstring(model_sdf('robot1', 'differential')).find('model')
    links = {link.get('name'): link for link in model.findall('link')}
    drive = next(p for p in model.findall('plugin') if p.get('name').endswith('DiffDrive'))
    for side, sign in (('left', 1), ('right', -1)):
        wheel = links[f'{side}_wheel']
        radius = float(wheel.findtext('collision/geometry/sphere/radius'))
        assert radius == float(drive.findtext('wheel_radius'))
        _, y, z = map(float, wheel.findtext('pose').split()[:3])
        assert (y, z) == (sign * float(drive.findtext('wheel_separation')) / 2, radius)
    casters = {c.get('name'): c for c in links['base_link'].findall('collision')}
    front, rear = (
        float(casters[f'{end}_caster'].findtext('pose').split()[0]) for end in ('front', 'rear'))
    assert front > 0 > rear
