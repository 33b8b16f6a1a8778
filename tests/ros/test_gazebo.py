# SPDX-License-Identifier: Apache-2.0
"""The node that stands for the world where Gazebo moves the robots."""

import time

import pytest
from rclpy.qos import QoSProfile
from ros.support import Ground
from swarm_coordination.errors import ConfigurationError
from swarm_coordination.gazebo.bridge import TRUTH_TOPIC
from swarm_coordination.live import topics
from swarm_coordination.live.conversions import MessageMaker
from swarm_coordination.ros import qos
from swarm_coordination.ros.gazebo_node import GazeboNode
from swarm_coordination.ros.messages import messages
from swarm_coordination.views import Pose
from swarm_msgs import msg as swarm
from swarm_msgs.srv import SetPartition

pytestmark = [
    pytest.mark.ros,
    pytest.mark.skipif(messages().TFMessage is None, reason='tf2_msgs is missing: make setup'),
]


class Gazebo:
    """Publishes poses of models as the bridge does."""

    def __init__(self, run, robots=3):
        runner = run.runner(robots=robots)
        runner.add(GazeboNode(runner))
        self.run, self.ground = run, Ground(run)
        self.ground.watch(swarm.RadioState, topics.RADIO, qos.RADIO)
        self.ground.watch(swarm.WorldState, topics.WORLD, qos.WORLD)
        self._out = self.ground.node.create_publisher(
            messages().TFMessage, TRUTH_TOPIC, QoSProfile(depth=10))
        self.seconds, self.places = 100.0, {}
        self._due = 0
        self.moves = lambda: None
        run.runners[-1].at(lambda: self._due, self._publish)

    def _publish(self):
        self._due = time.monotonic_ns() + 20_000_000
        self.seconds += 0.02
        self.moves()
        stamp = self.ground.node.get_clock().now().to_msg()
        stamp.sec, stamp.nanosec = divmod(int(self.seconds * 1e9), 10**9)
        strangers = {'left_wheel': Pose(0.0, 0.0, 0.0, 0.0), 'ground': Pose(9.0, 9.0, 0.0, 0.0)}
        self._out.publish(MessageMaker(messages()).transforms_to([
            ('gap', name, pose)
            for name, pose in {**strangers, **self.places}.items()
        ], stamp))

    def newest(self, topic):
        """Return the newest message."""
        return self.ground.newest(topic)


def test_truth_and_radio_follow_the_models_with_the_embedded_worlds_topics(run):
    gazebo = Gazebo(run)
    gazebo.places = {'robot1': Pose(0.0, 0.0, 0.0, 0.0), 'robot2': Pose(4.0, 0.0, 0.0, 1.0)}
    assert not run.spin(lambda: gazebo.newest(topics.WORLD) is not None, 1.0)  # one is missing

    def move():
        gazebo.places['robot3'] = Pose(50.0, 0.5 * (gazebo.seconds - 100.0), 0.0, 0.0)

    gazebo.moves = move
    assert run.spin(lambda: gazebo.newest(topics.WORLD) is not None)
    assert run.spin(lambda: abs(gazebo.newest(topics.WORLD).velocities[2].y - 0.5) < 0.05)
    world, radio = gazebo.newest(topics.WORLD), gazebo.newest(topics.RADIO)
    assert list(world.names) == ['robot1', 'robot2', 'robot3']
    assert (world.closest_first, world.closest_second) == ('robot1', 'robot2')
    assert world.closest_m == pytest.approx(4.0)
    assert radio.reception[1] > 0.9
    assert radio.reception[2] == 0.0  # 50 m away


def test_the_radio_is_cut_and_healed_by_the_same_service(run):
    gazebo = Gazebo(run, 2)
    gazebo.places = {'robot1': Pose(0.0, 0.0, 0.0, 0.0), 'robot2': Pose(4.0, 0.0, 0.0, 1.0)}
    assert run.spin(lambda: gazebo.newest(topics.RADIO) is not None)
    cut = SetPartition.Request(names=['robot1', 'robot2'], groups=[1, 2])
    assert gazebo.ground.call(run, SetPartition, topics.PARTITION_SERVICE, cut).accepted
    assert run.spin(lambda: gazebo.newest(topics.RADIO).reception[1] == 0.0)
    assert gazebo.ground.call(
        run, SetPartition, topics.PARTITION_SERVICE, SetPartition.Request()).accepted
    assert run.spin(lambda: gazebo.newest(topics.RADIO).reception[1] > 0.9)


def test_a_world_without_a_robot_is_refused(run):
    with pytest.raises(ConfigurationError, match='1 to 12 robots'):
        GazeboNode(run.runner(robots=13))
