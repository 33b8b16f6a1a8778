# SPDX-License-Identifier: Apache-2.0
"""The chain map -> <robot>/odom -> <robot>/base_link, published and flown by."""

import math
import time
from xml.etree import ElementTree

from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import PoseStamped
from nav_msgs.msg import Odometry
import pytest
from rclpy.duration import Duration
from rclpy.qos import DurabilityPolicy, QoSProfile
from ros.support import bring_up, Ground, MAKE
from std_msgs.msg import String
from swarm_coordination.control.unicycle import AHEAD_M
from swarm_coordination.errors import ConfigurationError
from swarm_coordination.live.conversions import MessageMaker
from swarm_coordination.live.own_frames import TF_PERIOD_NS
from swarm_coordination.ros import qos
from swarm_coordination.ros.controller_node import ControllerNode
from swarm_coordination.ros.coordinator_node import CoordinatorNode
from swarm_coordination.ros.health import Level
from swarm_coordination.ros.messages import messages
from swarm_coordination.ros.world_node import WorldNode
from swarm_coordination.views import Pose

pytestmark = pytest.mark.ros
TF_MESSAGE = messages().TFMessage
needs_tf = pytest.mark.skipif(TF_MESSAGE is None, reason='tf2_msgs is missing: make setup')


def robot(run, kind, moves='holonomic', **parameters):
    """Return a node of robot1, which starts at the origin looking north, active."""
    runner = run.runner(
        'robot1', swarm_file=run.swarm_file(math.pi / 2, moves),
        storage_dir=run.storage() / 'robot1', **parameters,
    )
    return bring_up(kind(runner))


def send_odometry(run, ground, frame='robot1/odom'):
    """Send odometry of a robot 1 m ahead of where it began; return its frame, to be changed."""
    publisher = ground.node.create_publisher(Odometry, '/robot1/odom', 10)
    frames = [frame]

    def publish():
        stamp = ground.node.get_clock().now().to_msg()
        message = MAKE.odometry_to(Pose(1.0, 0.0, 0.0, 0.0), (0.0, 0.0, 0.0), 'robot1', stamp)
        message.header.frame_id = frames[0]
        publisher.publish(message)

    run.runners[-1].at(lambda: 0, publish)
    return frames


def send_poses(run, ground, ages_s=(0,)):
    """
    Send poses as fast as they can be taken; return how many, in a list that is kept.

    The first of ``ages_s``, which may be changed, is how old they are.
    """
    publisher = ground.node.create_publisher(PoseStamped, '/robot1/pose', 10)
    sent = [0]

    def publish():
        sent[0] += 1
        stamp = (ground.node.get_clock().now() - Duration(seconds=ages_s[0])).to_msg()
        publisher.publish(MAKE.pose_to(Pose(3.0, 0.0, 1.5, 0.0), stamp))

    run.runners[-1].at(lambda: 0, publish)
    return sent


@needs_tf
def test_the_world_publishes_both_links_of_every_robot_the_fixed_one_for_late_joiners(run):
    world = run.runner(robots=3)
    world.add(WorldNode(world))
    run.spin(lambda: False, 0.3)
    ground = Ground(run)
    ground.watch(TF_MESSAGE, '/tf', QoSProfile(depth=100))
    static = QoSProfile(depth=100, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    ground.watch(TF_MESSAGE, '/tf_static', static)

    def links(topic):
        return {(t.header.frame_id, t.child_frame_id)
                for message in ground.seen[topic] for t in message.transforms}

    names = ('robot1', 'robot2', 'robot3')
    assert run.spin(lambda: links('/tf_static') == {('map', f'{name}/odom') for name in names})
    assert run.spin(lambda: links('/tf') == {(f'{n}/odom', f'{n}/base_link') for n in names})


@needs_tf
@pytest.mark.parametrize('topic', ['/tf', '/tf_static'])
def test_a_pose_is_composed_of_odometry_and_the_transform_of_its_frame(run, topic):
    node = robot(run, ControllerNode, pose_source='tf')
    ground = Ground(run)
    send_odometry(run, ground)
    assert run.spin(lambda: node.part.localisation.refused['no_transform'] > 3)
    assert node.part.localisation.pose is None
    profile = qos.TF_STATIC if topic == '/tf_static' else qos.TF
    publisher = ground.node.create_publisher(TF_MESSAGE, topic, profile)
    run.spin(lambda: False, 0.5)
    stamp = ground.node.get_clock().now().to_msg()
    link = ('map', 'robot1/odom', Pose(5.0, 2.0, 0.0, math.pi))
    publisher.publish(MessageMaker(messages()).transforms_to([link], stamp))
    assert run.spin(lambda: node.part.localisation.pose is not None)
    assert node.part.localisation.pose == pytest.approx((4.0, 2.0, 0.0, math.pi))


def test_a_pose_is_composed_of_odometry_and_the_start_of_the_swarm_file(run):
    node = robot(run, ControllerNode, pose_source='start')
    send_odometry(run, Ground(run))
    assert run.spin(lambda: node.part.localisation.pose is not None)
    assert node.part.localisation.pose == pytest.approx((0.0, 1.0, 0.0, math.pi / 2))


@pytest.mark.parametrize('moves', ['holonomic', 'differential'])
def test_a_composed_pose_is_published_of_the_base_whatever_point_is_steered(run, moves):
    node = robot(run, CoordinatorNode, moves, pose_source='start')
    ground = Ground(run)
    ground.watch(PoseStamped, '/robot1/pose', qos.STATE)
    send_odometry(run, ground)
    assert run.spin(lambda: ground.seen['/robot1/pose'])
    told = ground.newest('/robot1/pose').pose.position
    assert (told.x, told.y) == pytest.approx((0.0, 1.0))
    steered = node.part._carrier.pose
    assert steered.y == pytest.approx(1.0 + AHEAD_M if moves == 'differential' else 1.0)


def test_odometry_in_another_frame_is_refused_and_moves_nothing(run):
    node = robot(run, ControllerNode, pose_source='start')
    send_odometry(run, Ground(run), 'map')
    assert run.spin(lambda: node.part.localisation.refused['wrong_frame'] > 3)
    assert node.part.localisation.pose is None


@needs_tf
def test_who_flies_by_the_start_pose_publishes_where_its_odometry_began(run):
    robot(run, CoordinatorNode, pose_source='start')
    ground = Ground(run)
    ground.watch(TF_MESSAGE, '/tf_static', qos.TF_STATIC)
    assert run.spin(lambda: ground.seen['/tf_static'])
    link = ground.newest('/tf_static').transforms[0]
    assert (link.header.frame_id, link.child_frame_id) == ('map', 'robot1/odom')
    assert link.transform.rotation.z == pytest.approx(math.sin(math.pi / 4))


@needs_tf
def test_a_robot_whose_pose_comes_whole_says_both_links_but_not_at_every_pose(run):
    # One that steers a point ahead of its base.
    node = robot(run, CoordinatorNode, 'differential', publish_tf='pose')
    ground = Ground(run)
    ground.watch(TF_MESSAGE, '/tf', qos.TF)
    ground.watch(TF_MESSAGE, '/tf_static', qos.TF_STATIC)
    begun_ns = time.monotonic_ns()
    sent = send_poses(run, ground)
    assert run.spin(lambda: len(ground.seen['/tf']) > 4)
    for message in ground.seen['/tf']:
        (link,) = message.transforms
        assert (link.header.frame_id, link.child_frame_id) == ('robot1/odom', 'robot1/base_link')
        assert (link.transform.translation.x, link.transform.translation.z) == (3.0, 1.5)
    assert run.spin(lambda: ground.seen['/tf_static'])
    (link,) = ground.newest('/tf_static').transforms
    assert (link.header.frame_id, link.child_frame_id) == ('map', 'robot1/odom')
    assert (link.transform.translation.x, link.transform.rotation.w) == (0.0, 1.0)
    assert node.part._carrier.pose.x == pytest.approx(3.0 + AHEAD_M)
    # However late they come: never more than one in each period since before the first pose.
    assert len(ground.seen['/tf']) <= 1 + (time.monotonic_ns() - begun_ns) / TF_PERIOD_NS
    assert sent[0] > len(ground.seen['/tf'])


@needs_tf
def test_a_chain_that_would_stay_broken_is_a_warning_in_diagnostics_until_it_joins(run):
    robot(run, CoordinatorNode, publish_tf='map_to_odom')
    ground = Ground(run)
    ground.watch(DiagnosticArray, '/diagnostics', qos.DIAGNOSTICS)
    ground.watch(TF_MESSAGE, '/tf', qos.TF)

    def told(level, text):
        return any(
            status.name == 'robot1: frames' and status.level == level.value
            and text in status.message
            for array in ground.seen['/diagnostics'] for status in array.status)

    assert run.spin(lambda: told(Level.WARN, 'no odometry'))
    ages_s = [5]  # as in a backlog
    send_poses(run, ground, ages_s)
    frame = send_odometry(run, ground, 'odom')
    assert run.spin(lambda: told(Level.WARN, "have to be 'robot1/odom'"))
    frame[0] = 'robot1/odom'
    assert run.spin(lambda: told(Level.WARN, 's apart'))
    assert ground.seen['/tf'] == []
    ages_s[0] = 0
    assert run.spin(lambda: told(Level.OK, 'said'))
    assert run.spin(lambda: ground.seen['/tf'])
    (link,) = ground.newest('/tf').transforms
    assert (link.header.frame_id, link.child_frame_id) == ('map', 'robot1/odom')
    assert link.transform.translation.x == pytest.approx(2.0)


@needs_tf
@pytest.mark.parametrize('parameters', [{}, {'publish_tf': 'pose', 'pose_source': 'start'}])
def test_where_the_base_is_stays_with_those_who_say_it(run, parameters):
    node = robot(run, CoordinatorNode, **parameters)
    ground = Ground(run)
    ground.watch(TF_MESSAGE, '/tf', qos.TF)
    if parameters:
        send_odometry(run, ground)
    else:
        send_poses(run, ground)
    assert run.spin(lambda: node.part._carrier.pose is not None)
    run.spin(lambda: False, 0.3)
    assert ground.seen['/tf'] == []


def test_an_unknown_source_is_refused_at_the_start(run):
    with pytest.raises(ConfigurationError, match='one of pose, tf, start'):
        robot(run, ControllerNode, pose_source='gps')


def test_flying_by_tf_without_its_messages_says_so(run, monkeypatch):
    monkeypatch.setattr(messages(), 'TFMessage', None)
    runner = run.runner('robot1', swarm_file=run.swarm_file(),
                        storage_dir=run.storage() / 'robot1', pose_source='tf')
    node = ControllerNode(runner)
    node.trigger_configure()
    assert node.state == 'unconfigured'
    assert 'tf2_msgs' in str(node.problem)


def test_rviz_gets_a_description_whose_link_is_base_link_even_when_it_joins_late(run):
    robot(run, CoordinatorNode)
    run.spin(lambda: False, 0.2)
    ground = Ground(run)
    ground.watch(String, '/robot1/robot_description', qos.DESCRIPTION)
    assert run.spin(lambda: ground.seen['/robot1/robot_description'])
    urdf = ElementTree.fromstring(ground.newest('/robot1/robot_description').data)
    assert urdf.get('name') == 'robot1'
    assert [link.get('name') for link in urdf.iter('link')] == ['base_link']
    assert urdf.find('link/visual/geometry/cylinder') is not None
