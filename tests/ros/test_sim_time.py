# SPDX-License-Identifier: Apache-2.0
"""Under ``use_sim_time`` /clock is the time: it starts, paces, pauses and restarts the swarm."""

import json
import time

from geometry_msgs.msg import Twist
import pytest
from rclpy.qos import QoSProfile
from ros.support import Ground
from rosgraph_msgs.msg import Clock
from swarm_coordination.live.topics import WORLD as WORLD_TOPIC
from swarm_coordination.ros import qos
from swarm_coordination.ros.controller_node import ControllerNode
from swarm_coordination.ros.coordinator_node import CoordinatorNode
from swarm_coordination.ros.manager import Manager
from swarm_coordination.ros.world_node import WorldNode
from swarm_coordination.units import NS_PER_S
from swarm_msgs import msg as swarm
from swarm_msgs.srv import ProposeCommand

pytestmark = [pytest.mark.ros, pytest.mark.beside]
SPEED_MPS = 0.6
MISSION = {
    'kind': 'start_mission', 'name': 'straight', 'speed_mm_s': 600, 'lease_ms': 60_000,
    'formation': {'shape': 'column', 'spacing_mm': 2000}, 'path': [[0, 0], [90_000, 0]],
    'on_loss': 'repack',
}
START_NS = 100 * NS_PER_S
CLOCK_PERIOD_NS = 10_000_000


class SimulatedTime:
    """Publishes /clock at a real-time factor, from ``go`` to ``pause``."""

    def __init__(self, ground, run):
        self.factor, self.now_ns = 1.0, 0
        self._publisher = ground.node.create_publisher(Clock, '/clock', QoSProfile(depth=10))
        self._seen_ns: int | None = None
        self._due_ns = 0
        run.runners[-1].at(lambda: self._due_ns, self._tick)

    def go(self, factor, at_ns=None):
        """Let time run, from ``at_ns`` or from where it stands."""
        self.factor = factor
        if at_ns is not None:
            self.now_ns = at_ns
        self._seen_ns = time.monotonic_ns()

    def pause(self):
        """Publish on, but let time stand."""
        self.factor = 0.0

    def _tick(self):
        real = time.monotonic_ns()
        self._due_ns = real + CLOCK_PERIOD_NS
        if self._seen_ns is None:
            return
        # A busy host makes the clock late, never jumpy: its steps stay below a pose's time-out.
        step = min(real - self._seen_ns, 3 * CLOCK_PERIOD_NS)
        self._seen_ns = real
        self.now_ns += int(self.factor * step)
        message = Clock()
        message.clock.sec, message.clock.nanosec = divmod(self.now_ns, NS_PER_S)
        self._publisher.publish(message)


class Stage:
    """A swarm of one with its world, on a clock of the test's."""

    def __init__(self, run):
        self.run = run
        source, storage = run.swarm_file(), run.storage() / 'robot1'
        world = run.runner(swarm_file=source, use_sim_time=True)
        world.add(WorldNode(world))
        runner = run.runner('robot1', swarm_file=source, storage_dir=storage, use_sim_time=True)
        self.nodes = [CoordinatorNode(runner), ControllerNode(runner)]
        for node in self.nodes:
            runner.add(node)
        Manager(runner, self.nodes)
        self.ground = Ground(run)
        self.ground.watch(swarm.WorldState, WORLD_TOPIC, qos.WORLD)
        self.ground.watch(Twist, '/robot1/cmd_vel', qos.COMMAND)
        self.clock = SimulatedTime(self.ground, run)

    def states(self):
        """Return the lifecycle states of both nodes."""
        return [node.state for node in self.nodes]

    def fly(self):
        """Start the mission, wait until the robot is at speed."""
        command = ProposeCommand.Request(command=json.dumps(MISSION))
        answer = self.ground.call(
            self.run, ProposeCommand, '/robot1/propose', command, 15.0
        )
        assert answer.accepted, answer.message
        assert self.run.spin(lambda: self.speed() > 0.9 * SPEED_MPS)

    def speed(self):
        """Return the true speed along the path."""
        world = self.ground.newest(WORLD_TOPIC)
        return world.velocities[0].x if world else 0.0

    def seen(self):
        """Return (simulated seconds, position) of the newest true state."""
        world = self.ground.newest(WORLD_TOPIC)
        return world.stamp.sec + 1e-9 * world.stamp.nanosec, world.positions[0].x


@pytest.fixture
def stage(run):
    """Give a ``Stage``."""
    return Stage(run)


@pytest.mark.parametrize('factor', [0.5, 3.0])
def test_a_robot_flies_at_its_speed_in_simulated_time_whatever_the_real_time_factor(
        stage, run, factor):
    stage.clock.go(factor, START_NS)
    assert run.spin(lambda: stage.states() == ['active'] * 2)
    stage.fly()
    flown_s, _ = stage.seen()
    # It catches up with its mission first.
    assert run.spin(lambda: stage.seen()[0] > flown_s + 4.0, 30.0)
    began, at = stage.seen()
    assert run.spin(lambda: stage.seen()[0] > began + 3.0, 30.0)
    ended, there = stage.seen()
    assert (there - at) / (ended - began) == pytest.approx(SPEED_MPS, rel=0.1)


def test_nothing_starts_before_the_first_clock(stage, run):
    assert not run.spin(lambda: stage.states() != ['unconfigured'] * 2, 1.0)
    assert stage.ground.seen[WORLD_TOPIC] == []
    stage.nodes[0].trigger_configure()  # asked for by somebody: refused, the node lives
    assert stage.states() == ['unconfigured'] * 2
    stage.clock.go(1.0, START_NS)
    assert run.spin(lambda: stage.states() == ['active'] * 2)
    assert run.spin(lambda: stage.ground.seen[WORLD_TOPIC])
    assert stage.ground.seen[WORLD_TOPIC][0].stamp.sec >= 100


def test_a_paused_clock_pauses_the_swarm_and_it_flies_on_with_it(stage, run):
    stage.clock.go(1.0, START_NS)
    stage.fly()
    stage.clock.pause()
    run.spin(lambda: False, 0.2)
    at = stage.seen()
    commands = len(stage.ground.seen['/robot1/cmd_vel'])
    assert not run.spin(lambda: stage.seen() != at, 1.5)
    assert len(stage.ground.seen['/robot1/cmd_vel']) == commands
    assert stage.states() == ['active'] * 2
    stage.clock.go(1.0)
    assert run.spin(lambda: stage.seen()[1] > at[1] + 0.3)
    # A pause is no gap: the robot never stood in its own time.
    later = [state for state in stage.ground.seen[WORLD_TOPIC] if state.positions[0].x > at[1]]
    assert min(state.velocities[0].x for state in later) > 0.5 * SPEED_MPS


def test_a_clock_that_jumps_back_restarts_world_and_robot_with_its_disk(stage, run):
    stage.clock.go(1.0, START_NS)
    stage.fly()
    parts = [node.part for node in stage.nodes]
    incarnation = parts[0].core.status(parts[0].clock.now()).incarnation
    stage.clock.go(1.0, 10 * NS_PER_S)

    def restarted():
        new = [node.part for node in stage.nodes]
        return stage.states() == ['active'] * 2 and not set(new) & set(parts)

    assert run.spin(restarted)
    core = stage.nodes[0].part.core
    assert run.spin(lambda: core.status(stage.nodes[0].part.clock.now()).commit > 0)
    assert core.status(stage.nodes[0].part.clock.now()).incarnation > incarnation
    assert core.status(stage.nodes[0].part.clock.now()).mission == 'straight'
    stage.ground.seen[WORLD_TOPIC].clear()
    assert run.spin(lambda: stage.ground.seen[WORLD_TOPIC] and stage.seen()[0] < 60.0)
