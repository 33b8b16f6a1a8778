# SPDX-License-Identifier: Apache-2.0
"""
Node ``world``: the embedded world in real time, for robots that have no bodies.

It integrates one plant for each robot of the swarm file from that robot's ``cmd_vel``, publishes
localisation in each robot's namespace, the state of the radio for the receivers' filters, and
ground truth for whoever judges. It knows nothing of the robots' processes: a plant whose robot is
dead brakes and stands, an obstacle.
"""

from __future__ import annotations

import math
import random
from typing import Any

from geometry_msgs.msg import PoseStamped, Twist
from nav_msgs.msg import Odometry
from rclpy.node import Node
from swarm_coordination.configuration import find_swarm_file, load_swarm
from swarm_coordination.live import topics
from swarm_coordination.live.frames import base_frame, odom_frame
from swarm_coordination.ros import qos, tf
from swarm_coordination.ros.clock import ClockWentBack, CoreClock
from swarm_coordination.ros.conversions import (
    command_from,
    MAP,
    MessageRefused,
    odometry_to,
    pose_to,
)
from swarm_coordination.ros.executor import Runner
from swarm_coordination.ros.options import WorldOptions
from swarm_coordination.ros.parameters import OF_ROBOTS, Overrides
from swarm_coordination.ros.truth import NOTHING_CLOSE, Truth
from swarm_coordination.scenario.backend import TrueState
from swarm_coordination.scenario.loading import load_scenario
from swarm_coordination.scenario.schema import RadioSettings, WorldSettings
from swarm_coordination.simulation.radio import Radio
from swarm_coordination.simulation.world import World
from swarm_coordination.units import ns_to_seconds, seconds_to_ns
from swarm_coordination.views import Pose

WORLD_TOPIC, PARTITION_SERVICE = topics.WORLD, topics.PARTITION_SERVICE


class WorldNode(Node):
    """Plants and radio of a whole swarm."""

    def __init__(self, runner: Runner, **node_options: Any) -> None:
        """Read parameters, create the topics of every robot; raises SwarmError."""
        super().__init__(
            'world',
            context=runner.context,
            automatically_declare_parameters_from_overrides=True,
            **node_options,
        )
        overrides = Overrides(self)
        self._options = overrides.group(WorldOptions(), '')
        overrides.done(ignored=OF_ROBOTS)
        found = load_swarm(find_swarm_file(self._options.swarm_file or None))
        self._robots = (
            found.first(self._options.robots) if self._options.robots else found
        ).robots
        radio, self._plants = RadioSettings(), WorldSettings()
        if self._options.scenario:
            played = load_scenario(self._options.scenario)
            radio, self._plants = played.radio, played.world
        self._names = tuple(robot.name for robot in self._robots)
        self._radio = Radio(radio, self._robots[0].settings.control.range_m, self._names)
        self._begin()
        self._create_topics()
        runner.at(
            lambda: self._core_clock.due_ns(self._now_ns + self._world.step_ns), self._on_step
        )

    def _begin(self) -> None:
        """Put every plant to its start; the world's time begins with the clock's."""
        self._core_clock = CoreClock(self)
        self._start_ns = self._now_ns = self._core_clock.now()
        self._noise_m, self._rng = self._plants.pose_noise_m, random.Random(self._options.seed)
        self._world = World(
            ((robot.name, robot.start) for robot in self._robots), self._plants, self._now_ns
        )
        self._closest = NOTHING_CLOSE
        self._commanded_ns: dict[str, int] = {}
        self._due = {'odom': 0, 'radio': 0, 'world': 0}

    def _create_topics(self) -> None:
        self._poses, self._odometry = {}, {}
        for name in self._names:
            self._poses[name] = self.create_publisher(
                PoseStamped, f'/{name}/pose', qos.STATE_OFFERED
            )
            self._odometry[name] = self.create_publisher(
                Odometry, f'/{name}/odom', qos.STATE_OFFERED
            )
            self._subscribe(name)
        self._transforms = None
        if self._options.tf and tf.available():
            self._transforms = self.create_publisher(tf.MESSAGE, tf.TF, qos.TF)
            fixed = self.create_publisher(
                tf.MESSAGE, tf.TF_STATIC, qos.TF_STATIC
            )
            stamp, here = self._core_clock.stamp(), Pose(0.0, 0.0, 0.0, 0.0)
            # This world's odometry does not drift: it is in map.
            fixed.publish(tf.message(
                [tf.transform(MAP, odom_frame(name), here, stamp) for name in self._names]
            ))
        self._truth = Truth(self, self._radio, lambda: self._due.update(radio=0))

    def _subscribe(self, name: str) -> None:
        def command(message: Any) -> None:
            plant = self._world.plants[name]
            try:
                velocity = command_from(message, plant.state.yaw)
            except MessageRefused as error:
                self.get_logger().error(f'{name}: {error}', throttle_duration_sec=5.0)
                return
            try:
                now = self._core_clock.now()
            except ClockWentBack:
                return  # of a world that the next step ends
            if now > 0:  # before the first /clock there is nothing to move
                self._commanded_ns[name] = now
                plant.command(velocity, now)

        self.create_subscription(
            Twist, f'/{name}/cmd_vel', command, qos.COMMAND,
            event_callbacks=qos.subscription_events(self, f'/{name}/cmd_vel'),
        )

    def _on_step(self) -> None:
        try:
            now = self._core_clock.now()
        except ClockWentBack as error:
            self.get_logger().warning(f'the world begins anew: {error}')
            self._begin()
            return
        if not self._now_ns:  # the first /clock
            self._begin()
        while self._now_ns + self._world.step_ns <= now:
            self._now_ns += self._world.step_ns
            closest = self._world.step(self._now_ns)
            if closest.distance_m < self._closest.distance_m:
                self._closest = closest
        truth, stamp = self._world.truth(), self._core_clock.stamp()
        self._publish_localisation(truth, stamp, now)
        elapsed_ns = self._now_ns - self._start_ns
        if self._is_due('radio', self._options.radio_period_s, now):
            self._truth.publish_radio(truth, stamp, elapsed_ns)
        if self._is_due('world', self._options.world_period_s, now):
            ages = [
                ns_to_seconds(now - self._commanded_ns[name])
                if name in self._commanded_ns else math.inf for name in self._names
            ]
            self._truth.publish_world(
                truth, stamp, elapsed_ns, self._closest, ages, self._plants.command_timeout_s
            )
            self._closest = NOTHING_CLOSE

    def _is_due(self, what: str, period_s: float, now: int) -> bool:
        if now < self._due[what]:
            return False
        self._due[what] = max(self._due[what] + seconds_to_ns(period_s), now)
        return True

    def _publish_localisation(self, truth: dict[str, TrueState], stamp: Any, now: int) -> None:
        odometry = self._is_due('odom', self._options.odom_period_s, now)
        if odometry and self._transforms is not None:
            self._transforms.publish(tf.message([
                tf.transform(odom_frame(name), base_frame(name), Pose(*state[:4]), stamp)
                for name, state in truth.items()
            ]))
        for name, state in truth.items():
            pose = Pose(*state[:4])
            if self._noise_m:
                noise = self._rng.gauss
                pose = pose._replace(
                    x=pose.x + noise(0.0, self._noise_m), y=pose.y + noise(0.0, self._noise_m)
                )
            self._poses[name].publish(pose_to(pose, stamp))
            if odometry:
                self._odometry[name].publish(odometry_to(pose, state[4:], name, stamp))
