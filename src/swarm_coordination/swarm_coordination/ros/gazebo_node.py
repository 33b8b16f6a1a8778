# SPDX-License-Identifier: Apache-2.0
"""
Node ``gazebo_world``: what the embedded world tells, where Gazebo moves the robots.

From the poses of all models (``gazebo.bridge``) it draws the radio and publishes ground truth,
with the same topics, service and radio model as the embedded world; it says where the odometry
frames stand in map. Bodies, sensors and clock are Gazebo's.
"""

from __future__ import annotations

import itertools
import math
from typing import Any

from rclpy.node import Node
from swarm_coordination.configuration import find_swarm_file, load_swarm
from swarm_coordination.gazebo.bridge import TRUTH_TOPIC
from swarm_coordination.gazebo.models import map_to_odom
from swarm_coordination.live import transforms
from swarm_coordination.live.conversions import (
    MAP,
    MessageMaker,
    MessageRefused,
    quaternion_to_yaw,
)
from swarm_coordination.live.frames import odom_frame
from swarm_coordination.live.truth import NOTHING_CLOSE, Truth
from swarm_coordination.ros.bus import RosBus
from swarm_coordination.ros.clock import CoreClock
from swarm_coordination.ros.executor import Runner
from swarm_coordination.ros.options import GazeboOptions
from swarm_coordination.ros.parameters import OF_ROBOTS, Overrides
from swarm_coordination.scenario.backend import TrueState
from swarm_coordination.scenario.loading import load_scenario
from swarm_coordination.scenario.schema import RadioSettings
from swarm_coordination.simulation.radio import Radio
from swarm_coordination.simulation.world import Closest
from swarm_coordination.transport import profiles
from swarm_coordination.units import NS_PER_MS, NS_PER_S, ns_to_seconds

# As often as the embedded world by default.
PERIOD_NS = 50 * NS_PER_MS


class GazeboNode(Node):
    """Radio and ground truth of the robots in Gazebo."""

    def __init__(self, runner: Runner, **node_options: Any) -> None:
        """Read the parameters, create the topics; raises ConfigurationError."""
        super().__init__(
            'gazebo_world',
            context=runner.context,
            automatically_declare_parameters_from_overrides=True,
            **node_options,
        )
        overrides = Overrides(self)
        options = overrides.group(GazeboOptions(), '')
        overrides.done(ignored=OF_ROBOTS)
        bus = RosBus(self, runner, CoreClock(self))
        transforms.require(bus)
        found = load_swarm(find_swarm_file(options.swarm_file or None))
        robots = (found.first(options.robots) if options.robots else found).robots
        radio = load_scenario(options.scenario).radio if options.scenario else RadioSettings()
        self._names = tuple(robot.name for robot in robots)
        self._truth: dict[str, TrueState] = {}
        self._stamps_ns: dict[str, int] = {}
        self._start_ns = self._shown_ns = -1
        self._closest = NOTHING_CLOSE
        self._tells = Truth(
            bus, Radio(radio, robots[0].settings.control.range_m, self._names), self._cut
        )
        kind = bus.types.TFMessage
        bus.publisher(kind, transforms.TF_STATIC, profiles.TF_STATIC)(
            MessageMaker(bus.types).transforms_to(
                ((MAP, odom_frame(robot.name), map_to_odom(robot)) for robot in robots),
                self.get_clock().now().to_msg(),
            )
        )
        bus.subscribe(kind, TRUTH_TOPIC, profiles.TF, self._on_poses)

    def _cut(self) -> None:
        self._shown_ns = -1

    def _on_poses(self, message: Any) -> None:
        now = 0
        for one in message.transforms:
            name = one.child_frame_id
            if name not in self._names:
                continue  # a link, a wheel, another model
            now = one.header.stamp.sec * NS_PER_S + one.header.stamp.nanosec
            try:
                self._place(name, one.transform, now)
            except MessageRefused as error:
                self.get_logger().error(f'{name}: {error}', throttle_duration_sec=5.0)
        if len(self._truth) == len(self._names):
            self._show(now, message.transforms[0].header.stamp)

    def _place(self, name: str, transform: Any, now: int) -> None:
        """Take a pose; the velocity is the way since the one before."""
        at, yaw = transform.translation, quaternion_to_yaw(transform.rotation)
        before = self._truth.get(name)
        took_s = ns_to_seconds(now - self._stamps_ns.get(name, now))
        velocity = (0.0, 0.0, 0.0)
        if before is not None and took_s > 0.0:
            velocity = (
                (at.x - before.x) / took_s, (at.y - before.y) / took_s, (at.z - before.z) / took_s
            )
        self._truth[name] = TrueState(at.x, at.y, at.z, yaw, *velocity)
        self._stamps_ns[name] = now

    def _show(self, now: int, stamp: Any) -> None:
        truth = {name: self._truth[name] for name in self._names}
        for a, b in itertools.combinations(self._names, 2):
            distance = math.dist(truth[a][:3], truth[b][:3])
            if distance < self._closest.distance_m:
                self._closest = Closest(distance, a, b)
        if now < self._start_ns or self._start_ns < 0:  # the first one, or a world begun anew
            self._start_ns, self._shown_ns = now, -1
        if self._shown_ns >= 0 and now - self._shown_ns < PERIOD_NS:
            return
        self._shown_ns = now
        elapsed = now - self._start_ns
        self._tells.publish_radio(truth, stamp, elapsed)
        # Who commands whom is Gazebo's to know: the ages are not known here.
        ages = [math.inf] * len(self._names)
        self._tells.publish_world(truth, stamp, elapsed, self._closest, ages, 0.0)
        self._closest = NOTHING_CLOSE
