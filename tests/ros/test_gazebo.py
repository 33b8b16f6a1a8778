# SPDX-License-Identifier: Apache-2.0
"""What stands for the world where Gazebo moves the robots, and a scenario played there."""

import math
from pathlib import Path
import time

from geometry_msgs.msg import Twist
import pytest
from rcl_interfaces.msg import Log
from rclpy.qos import DurabilityPolicy, QoSProfile
from ros.gazebo_models import Models
from ros.support import Ground
from swarm_coordination.configuration import find_swarm_file, load_swarm
from swarm_coordination.errors import ConfigurationError
from swarm_coordination.live import topics, transforms
from swarm_coordination.ros import qos
from swarm_coordination.ros.gazebo_node import GazeboNode
from swarm_coordination.ros.messages import messages
from swarm_msgs import msg as swarm
from swarm_msgs.srv import SetPartition

pytestmark = [
    pytest.mark.ros,
    pytest.mark.beside,
    pytest.mark.skipif(messages().TFMessage is None, reason='tf2_msgs is missing: make setup'),
]
# What was logged before anybody listened, too.
LOGGED = QoSProfile(depth=100, durability=DurabilityPolicy.TRANSIENT_LOCAL)
SCENARIO = Path(__file__).with_name('gazebo.yaml')


class Gazebo:
    """The node beside models in a Gazebo that is not there, and who looks on."""

    def __init__(self, run, robots=3, swarm_file='', factor=1.0):
        self.run, self.ground = run, Ground(run)
        self.ground.watch(swarm.RadioState, topics.RADIO, qos.RADIO)
        self.ground.watch(swarm.WorldState, topics.WORLD, qos.WORLD)
        self.ground.watch(Log, '/rosout', LOGGED)
        found = load_swarm(find_swarm_file(swarm_file or None)).first(robots).robots
        self.models = Models(run, found, factor)
        runner = run.runner(robots=robots, swarm_file=swarm_file)
        runner.add(GazeboNode(runner))

    @property
    def world(self):
        """Return the newest ground truth."""
        return self.ground.newest(topics.WORLD)

    @property
    def lines(self):
        """Return what was logged."""
        return [one.msg for one in self.ground.seen['/rosout']]

    def said(self, text):
        """Return how many lines of the log have a text in them."""
        return sum(text in line for line in self.lines)

    @property
    def radio(self):
        """Return the newest state of the radio."""
        return self.ground.newest(topics.RADIO)


def test_truth_and_radio_follow_the_models_with_the_embedded_worlds_topics(run):
    gazebo = Gazebo(run)
    models = gazebo.models
    models.spawned.remove('robot3')
    models.poses['robot2'] = models.poses['robot1']._replace(x=4.0)
    models.poses['robot3'] = models.poses['robot1']._replace(x=50.0)
    assert run.spin(lambda: models.steps > 100, 20.0)
    assert gazebo.world is None  # one is missing
    models.spawned.add('robot3')
    assert run.spin(lambda: gazebo.world is not None, 10.0)
    assert list(gazebo.world.names) == ['robot1', 'robot2', 'robot3']
    assert gazebo.world.positions[2].x == pytest.approx(50.0)
    assert (gazebo.world.closest_first, gazebo.world.closest_second) == ('robot1', 'robot2')
    assert gazebo.world.closest_m == pytest.approx(4.0)
    assert run.spin(lambda: gazebo.radio is not None, 10.0)
    assert gazebo.radio.reception[1] > 0.9
    assert gazebo.radio.reception[2] == 0.0  # 50 m away


def test_a_robot_moves_as_commanded_and_stops_when_nobody_commands_it_any_more(run):
    gazebo = Gazebo(run, 2)
    out = gazebo.ground.node.create_publisher(Twist, '/robot2/cmd_vel', qos.COMMAND)
    sent = [0]

    def command():
        sent[0] = time.monotonic_ns()
        told = Twist()
        told.linear.x, told.linear.y = 0.5, -0.25
        out.publish(told)

    end = run.runners[0].at(lambda: sent[0] + 50_000_000, command)
    assert run.spin(
        lambda: gazebo.world is not None and gazebo.world.velocities[1].x == 0.5, 20.0)
    assert gazebo.world.velocities[1].y == -0.25
    assert list(gazebo.world.commanded) == [False, True]
    assert gazebo.world.command_age_s[1] < 0.5
    end()
    # The model itself would drive on for ever: it is told to stop.
    assert run.spin(lambda: not gazebo.world.commanded[1], 20.0)
    assert run.spin(lambda: gazebo.world.velocities[1].x == 0.0, 20.0)
    stood = gazebo.models.poses['robot2']
    after = gazebo.models.steps + 30
    assert run.spin(lambda: gazebo.models.steps > after, 20.0)
    assert gazebo.models.poses['robot2'] == stood
    assert gazebo.world.command_age_s[1] > 0.5


DIFFERENTIAL = """
all: {}
robot_types: {differential: {kind: differential, control: {yaw_rate_max_radps: 10.0}}}
robots: {robot1: {type: differential, start: {x_m: 1.0, y_m: -2.0, yaw_rad: 0.5}}}
"""


def test_where_a_drifting_odometry_frame_stands_is_said_as_a_localisation_would(run):
    source = run.folder / 'differential.yaml'
    source.write_text(DIFFERENTIAL)
    gazebo = Gazebo(run, 1, str(source))
    gazebo.ground.watch(messages().TFMessage, transforms.TF, qos.TF)

    def stands():
        found = gazebo.ground.newest(transforms.TF)
        if found is None:
            return None
        (one,) = found.transforms
        assert (one.header.frame_id, one.child_frame_id) == ('map', 'robot1/odom')
        return one.transform.translation.x, one.transform.translation.y

    assert run.spin(lambda: stands() == pytest.approx((1.0, -2.0)))
    gazebo.models.slip_m = 0.3  # the wheels have turned more than the robot has moved
    moved = 1.0 - 0.3 * math.cos(0.5), -2.0 - 0.3 * math.sin(0.5)
    assert run.spin(lambda: stands() == pytest.approx(moved))


@pytest.mark.parametrize(('given', 'wrong'), [
    ('frames', 'robot2/odom'),
    ('bases', 'robot1/base_link'),
])
def test_truth_in_another_frame_or_of_another_body_is_no_truth(run, given, wrong):
    gazebo = Gazebo(run, 2)
    frames = getattr(gazebo.models, given)
    right, frames['robot2'] = frames['robot2'], wrong
    assert run.spin(lambda: gazebo.said('robot2: wrong_frame'), 20.0), gazebo.lines
    assert f"frame '{wrong}'" in gazebo.lines[0]
    assert gazebo.world is None
    frames['robot2'] = right
    assert run.spin(lambda: gazebo.world is not None, 10.0)


def test_odometry_in_another_frame_says_nothing_of_where_a_robot_is(run):
    source = run.folder / 'differential.yaml'
    source.write_text(DIFFERENTIAL)
    gazebo = Gazebo(run, 1, str(source))
    gazebo.ground.watch(messages().TFMessage, transforms.TF, qos.TF)
    gazebo.models.odometry['robot1'] = 'robot2/odom'
    assert run.spin(lambda: gazebo.said('robot1: wrong_frame'), 20.0), gazebo.lines
    assert "odometry in frame 'robot2/odom'" in gazebo.lines[0]
    assert gazebo.ground.newest(transforms.TF) is None
    gazebo.models.odometry['robot1'] = 'robot1/odom'
    assert run.spin(lambda: gazebo.ground.newest(transforms.TF) is not None, 10.0)


FLYING = """
all: {}
robot_types: {quadrotor: {kind: quadrotor}, holonomic: {kind: holonomic}}
robots:
  robot1: {type: quadrotor, start: {x_m: 0.0, y_m: 0.0}}
  robot2: {type: holonomic, start: {x_m: 3.0, y_m: 0.0}}
"""


def test_a_robot_that_is_not_in_the_world_is_named_and_nobody_moves_or_climbs(run):
    source = run.folder / 'flying.yaml'
    source.write_text(FLYING)
    gazebo = Gazebo(run, 2, str(source), factor=3.0)
    models = gazebo.models
    models.spawned.remove('robot2')
    # It flew when the node was started again, and goes on as it was told before that.
    models.poses['robot1'] = models.poses['robot1']._replace(z=0.7)
    models.told['robot1'].linear.x = 0.3
    out = gazebo.ground.node.create_publisher(Twist, '/robot1/cmd_vel', qos.COMMAND)
    told = Twist()
    told.linear.x = 0.5
    run.runners[0].at(lambda: 0, lambda: out.publish(told))
    assert run.spin(lambda: models.told['robot1'].linear.x == 0.0, 20.0)
    stood = models.poses['robot1']
    assert run.spin(lambda: gazebo.said('the world is without robot2: nobody is moved'), 40.0)
    assert gazebo.world is None
    assert models.poses['robot1'] == stood
    models.spawned.add('robot2')
    assert run.spin(lambda: models.poses['robot1'].z > 1.4, 20.0)  # on its way up to 1.5 m
    assert models.poses['robot1'].x > stood.x


def test_a_world_that_is_reset_begins_anew_each_time(run):
    gazebo = Gazebo(run, 2, factor=3.0)
    for times in range(1, 4):
        # Each world runs for longer than the one before it took to begin.
        assert run.spin(
            lambda: gazebo.world is not None and gazebo.world.elapsed_ns > 10**9, 40.0), times
        gazebo.models.reset()
        assert run.spin(lambda n=times: gazebo.said('the world begins anew') == n, 10.0), times
        assert run.spin(lambda: gazebo.world.elapsed_ns < 10**9, 10.0)


def test_the_radio_is_cut_and_healed_by_the_same_service(run):
    gazebo = Gazebo(run, 2)
    assert run.spin(lambda: gazebo.radio is not None, 20.0)
    cut = SetPartition.Request(names=['robot1', 'robot2'], groups=[1, 2])
    assert gazebo.ground.call(run, SetPartition, topics.PARTITION_SERVICE, cut).accepted
    assert run.spin(lambda: gazebo.radio.reception[1] == 0.0, 10.0)
    assert gazebo.ground.call(
        run, SetPartition, topics.PARTITION_SERVICE, SetPartition.Request()).accepted
    assert run.spin(lambda: gazebo.radio.reception[1] > 0.9, 10.0)


def test_a_cut_that_names_a_robot_that_is_not_in_the_world_is_refused(run):
    gazebo = Gazebo(run, 2)
    for name in ('robot3', 'nobody'):  # the swarm file has one of them, beyond the first two
        cut = SetPartition.Request(names=['robot1', name], groups=[1, 2])
        answer = gazebo.ground.call(run, SetPartition, topics.PARTITION_SERVICE, cut)
        assert not answer.accepted
        assert (answer.error, name in answer.message) == (answer.ERROR_INVALID, True)


@pytest.mark.parametrize(('parameters', 'said'), [
    ({'robots': 13}, '1 to 12 robots'),
    ({'robots': -1}, 'robots: -1 is not valid'),
    ({'robots': 'three'}, 'robots'),
    ({'swarm_file': '/nowhere.yaml'}, 'an existing file'),
    ({'scenario': 'nothing'}, 'nothing'),
    ({'robotz': 3}, 'robotz'),
])
def test_a_wrong_parameter_or_file_is_refused_before_anybody_is_listened_to(
        run, parameters, said):
    with pytest.raises(ConfigurationError, match=said):
        GazeboNode(run.runner(**parameters))


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_scenario_is_played_in_gazebo_killing_and_splitting_included(run):
    robots = load_swarm(find_swarm_file()).first(3).robots
    models = Models(run, robots, factor=1.5)
    run.start_nodes(
        'gazebo_main', '-p', 'robots:=3', '-p', f'scenario:={SCENARIO}',
        '-p', 'use_sim_time:=true')
    process, out = run.play('gazebo', SCENARIO, '--world', 'gazebo', '--seed', '3')
    assert run.spin(lambda: process.poll() is not None, 240.0), run.log('gazebo').read_text()
    report = run.judged(process, out, 1.0, backend='gazebo')
    assert report['ok']
    # The whole run is timed by /clock, and the models moved as they were told.
    assert report['duration_s'] < 0.01 * models.steps
    assert max(math.dist(models.poses[r.name][:2], r.start[:2]) for r in robots) > 1.0
