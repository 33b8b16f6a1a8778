# SPDX-License-Identifier: Apache-2.0
"""
Node ``gazebo_world``: what the embedded world is for the robots, where Gazebo moves them.

From where the models really are (``gazebo.bridge``) it draws the radio and publishes ground truth,
with the same topics, service and radio model as the embedded world; it says where the odometry
frames stand in map, where wheels slip again and again, as a localisation would. It is the robots'
bases too: commands pass through it (``gazebo.base``). Bodies, odometry and clock are Gazebo's.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
import itertools
import math
from typing import Any

from rclpy.node import Node
from swarm_coordination.configuration import find_swarm_file, load_swarm
from swarm_coordination.gazebo.base import Base, BaseVelocity, STILL
from swarm_coordination.gazebo.bridge import BASE_COMMAND, TRUTH
from swarm_coordination.gazebo.gathering import Gathering
from swarm_coordination.gazebo.models import drifts, flight_height, map_to_odom
from swarm_coordination.live import transforms
from swarm_coordination.live.conversions import (
    base_velocity_from,
    command_from,
    MAP,
    MessageMaker,
    MessageRefused,
    pose_from,
    to_map,
)
from swarm_coordination.live.frames import base_frame, odom_frame, odometry_pose, origin_of
from swarm_coordination.live.truth import NOTHING_CLOSE, Truth
from swarm_coordination.ros.bus import RosBus
from swarm_coordination.ros.clock import CoreClock
from swarm_coordination.ros.executor import Runner
from swarm_coordination.ros.options import GazeboOptions
from swarm_coordination.ros.parameters import OF_ROBOTS, Overrides
from swarm_coordination.scenario.backend import TrueState
from swarm_coordination.scenario.loading import load_scenario
from swarm_coordination.scenario.schema import RadioSettings, WorldSettings
from swarm_coordination.simulation.radio import Radio
from swarm_coordination.simulation.world import Closest
from swarm_coordination.transport import profiles
from swarm_coordination.units import NS_PER_MS, NS_PER_S, seconds_to_ns
from swarm_coordination.views import Pose

# As often as the embedded world by default.
PERIOD_NS = 50 * NS_PER_MS
# Between two words of where a drifting odometry frame stands: little slip in that time.
LOCALISED_NS = 200 * NS_PER_MS
# Truth and odometry come from two systems of Gazebo, at most two of its steps apart.
TOGETHER_NS = 10 * NS_PER_MS


class GazeboNode(Node):
    """Radio, ground truth and bases of the robots in Gazebo."""

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
        bus = self._bus = RosBus(self, runner, CoreClock(self))
        transforms.require(bus)
        found = load_swarm(find_swarm_file(options.swarm_file or None))
        self._robots = (found.first(options.robots) if options.robots else found).robots
        radio, plants = RadioSettings(), WorldSettings()
        if options.scenario:
            played = load_scenario(options.scenario)
            radio, plants = played.radio, played.world
        self._timeout_s = plants.command_timeout_s
        self._names = tuple(robot.name for robot in self._robots)
        self._gathering = Gathering(self._names)
        self._begin()
        self._tells = Truth(
            bus, Radio(radio, self._robots[0].settings.control.range_m, self._names), self._cut
        )
        self._to_models = {name: self._connect(name) for name in self._names}
        self._make, kind = MessageMaker(bus.types), bus.types.TFMessage
        self._transforms = bus.publisher(kind, transforms.TF, profiles.TF)
        fixed = [robot for robot in self._robots if not drifts(robot)]
        bus.publisher(kind, transforms.TF_STATIC, profiles.TF_STATIC)(self._make.transforms_to(
            ((MAP, odom_frame(robot.name), map_to_odom(robot)) for robot in fixed),
            self.get_clock().now().to_msg(),
        ))
        for robot in self._robots:
            if drifts(robot):
                bus.subscribe(
                    bus.types.Odometry, f'/{robot.name}/odom', profiles.STATE,
                    partial(self._on_odometry, robot.name),
                )

    def _begin(self) -> None:
        """Know nothing of the world: at the start, and when its time has gone back."""
        timeout_ns = seconds_to_ns(self._timeout_s)
        self._bases = {r.name: Base(flight_height(r), timeout_ns) for r in self._robots}
        self._truth: dict[str, TrueState] = {}
        self._truth_ns: dict[str, int] = {}
        self._counted: dict[str, tuple[int, Pose, Any]] = {}  # drifting: time, pose, stamp
        self._localised_ns: dict[str, int] = {}
        self._closest = NOTHING_CLOSE
        self._start_ns = self._now_ns = self._shown_ns = -1

    def _connect(self, name: str) -> Callable[[Any], None]:
        bus, types = self._bus, self._bus.types
        bus.subscribe(
            types.Odometry, f'/{name}/{TRUTH}', profiles.STATE, partial(self._on_truth, name)
        )
        bus.subscribe(
            types.Twist, f'/{name}/cmd_vel', profiles.COMMAND, partial(self._on_command, name)
        )
        return bus.publisher(types.Twist, f'/{name}/{BASE_COMMAND}', profiles.COMMAND)

    def _cut(self) -> None:
        self._shown_ns = -1

    def _on_command(self, name: str, message: Any) -> None:
        try:
            told = command_from(message, 0.0)  # as it is, in base_link
        except MessageRefused as error:
            self._refuse(name, error)
            return
        if self._gathering.whole:
            self._bases[name].command(BaseVelocity(*told), self._now_ns)
            self._tell(name)

    def _tell(self, name: str) -> None:
        """Tell a model how to move; again and again, or a silent robot would never stop."""
        # Still, its height kept, while somebody is missing: also where it flew when this process
        # was started again, and the model goes on as it was told before.
        velocity = STILL
        if self._gathering.whole:
            velocity = self._bases[name].velocity(self._truth[name].z, self._now_ns)
        types = self._bus.types
        self._to_models[name](types.Twist(
            linear=types.Vector3(x=velocity.x, y=velocity.y, z=velocity.z),
            angular=types.Vector3(x=0.0, y=0.0, z=velocity.yaw_rate),
        ))

    def _on_truth(self, name: str, message: Any) -> None:
        stamp = message.header.stamp
        now = stamp.sec * NS_PER_S + stamp.nanosec
        try:
            pose = pose_from(
                self._bus.types.PoseStamped(header=message.header, pose=message.pose.pose)
            )
            vx, vy, vz = base_velocity_from(message, base_frame(name))
        except MessageRefused as error:
            self._refuse(name, error)
            return
        if not self._gathering.see(name, now):
            self.get_logger().warning('the world begins anew')
            self._begin()
        self._now_ns = max(self._now_ns, now)
        self._truth[name] = TrueState(*pose, *to_map(vx, vy, pose.yaw), vz)
        self._truth_ns[name] = now
        self._localise(name)
        self._tell(name)
        if self._gathering.whole:
            self._show(stamp)
        if absent := self._gathering.absent:
            moved = 'it stays where it was' if self._gathering.whole else 'nobody is moved'
            self.get_logger().error(
                f'the world is without {", ".join(absent)}: {moved}', throttle_duration_sec=5.0
            )

    def _on_odometry(self, name: str, message: Any) -> None:
        stamp = message.header.stamp
        try:
            counted = odometry_pose(message, name)
        except MessageRefused as error:
            self._refuse(name, error)
            return
        self._counted[name] = (stamp.sec * NS_PER_S + stamp.nanosec, counted, stamp)
        self._localise(name)

    def _localise(self, name: str) -> None:
        """Say where a drifting odometry frame stands, by truth and odometry of one instant."""
        now, counted, stamp = self._counted.get(name, (0, None, None))
        if counted is None or abs(now - self._truth_ns.get(name, -NS_PER_S)) > TOGETHER_NS:
            return
        if now - self._localised_ns.get(name, -LOCALISED_NS) < LOCALISED_NS:
            return
        self._localised_ns[name] = now
        # What a localisation would find out.
        found = origin_of(Pose(*self._truth[name][:4]), counted)
        self._transforms(self._make.transforms_to([(MAP, odom_frame(name), found)], stamp))

    def _refuse(self, name: str, error: MessageRefused) -> None:
        self.get_logger().error(f'{name}: {error}', throttle_duration_sec=5.0)

    def _show(self, stamp: Any) -> None:
        now, truth = self._now_ns, {name: self._truth[name] for name in self._names}
        if self._start_ns < 0:
            self._start_ns = now
        for a, b in itertools.combinations(self._names, 2):
            distance = math.dist(truth[a][:3], truth[b][:3])
            if distance < self._closest.distance_m:
                self._closest = Closest(distance, a, b)
        if self._shown_ns >= 0 and now - self._shown_ns < PERIOD_NS:
            return
        self._shown_ns = now
        elapsed = now - self._start_ns
        self._tells.publish_radio(truth, stamp, elapsed)
        ages_s = [self._bases[name].age_s(now) for name in self._names]
        self._tells.publish_world(truth, stamp, elapsed, self._closest, ages_s, self._timeout_s)
        self._closest = NOTHING_CLOSE
