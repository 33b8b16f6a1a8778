# SPDX-License-Identifier: Apache-2.0
"""
Node ``px4_adapter``: a robot of the swarm whose body is flown by PX4 over its DDS bridge.

``cmd_vel`` becomes velocity set-points under a heartbeat, PX4's local position the ``pose`` and
``odom``. What is decided stands in ``vehicles.px4``. Mode and arming are asked for only while
an operator's ``fly`` (std_srvs/SetBool) is true.
"""

from __future__ import annotations

import math
from typing import Any

from geometry_msgs.msg import PoseStamped, Twist
from nav_msgs.msg import Odometry
from rclpy.node import Node
from std_msgs.msg import Bool
from std_srvs.srv import SetBool
from swarm_coordination.live.conversions import command_from, MessageMaker, MessageRefused
from swarm_coordination.ros import qos
from swarm_coordination.ros.clock import CoreClock
from swarm_coordination.ros.executor import Runner
from swarm_coordination.ros.messages import messages
from swarm_coordination.ros.options import Px4Options
from swarm_coordination.ros.parameters import Overrides
from swarm_coordination.ros.vendor import load
from swarm_coordination.units import ns_to_seconds
from swarm_coordination.vehicles import px4
from swarm_coordination.vehicles.px4 import Ask, Offboard, Origin
from swarm_coordination.views import Pose, VelocityCommand

# VehicleCommand of px4_msgs: mode with its two parameters (custom, offboard), arming, landing.
_COMMANDS = {
    Ask.OFFBOARD: (176, 1.0, 6.0), Ask.ARM: (400, 1.0, 0.0), Ask.LAND: (21, 0.0, 0.0),
}


class Px4Node(Node):
    """One vehicle."""

    def __init__(self, runner: Runner, **node_options: Any) -> None:
        """Read the parameters, join PX4's topics; raises ConfigurationError."""
        super().__init__(
            'px4_adapter',
            context=runner.context,
            automatically_declare_parameters_from_overrides=True,
            **node_options,
        )
        overrides = Overrides(self)
        options = self._options = overrides.group(Px4Options(), '')
        overrides.done()
        self._types = load('px4_msgs', 'msg', 'PX4/px4_msgs of the release on the vehicle')
        self._make = MessageMaker(messages())
        self._robot = self.get_namespace().strip('/')
        self._core_clock = CoreClock(self)
        self._shared = Origin(
            options.origin_latitude_deg, options.origin_longitude_deg, options.origin_altitude_m
        )
        self._core = Offboard()
        self._pose: Pose | None = None
        self._command: tuple[VelocityCommand, int] | None = None
        self._navigation, self._armed, self._fly, self._land = 0, False, False, False
        self._join()
        self._next_ns = self._core_clock.now()
        runner.at(lambda: self._core_clock.due_ns(self._next_ns), self._step)

    def _join(self) -> None:
        types, version = self._types, self._options.message_version

        def name(topic: str, topic_version: int = 0) -> str:
            return f'{self._options.fmu}/{px4.topic(topic, topic_version)}'

        self._heartbeat = self.create_publisher(
            types.OffboardControlMode, name('offboard_control_mode'), qos.STATE
        )
        self._setpoint = self.create_publisher(
            types.TrajectorySetpoint, name('trajectory_setpoint'), qos.STATE
        )
        self._ask = self.create_publisher(
            types.VehicleCommand, name('vehicle_command'), qos.STATE
        )
        # PX4's bridge offers best effort: so do we ask.
        self.create_subscription(
            types.VehicleLocalPosition, name('vehicle_local_position', version),
            self._on_position, qos.STATE,
        )
        self.create_subscription(
            types.VehicleStatus, name('vehicle_status', version), self._on_status, qos.STATE
        )
        self._poses = self.create_publisher(PoseStamped, 'pose', qos.STATE_OFFERED)
        self._odometry = self.create_publisher(Odometry, 'odom', qos.STATE_OFFERED)
        self.create_subscription(Twist, 'cmd_vel', self._on_command, qos.COMMAND)
        self.create_subscription(Bool, 'land', self._on_land, qos.DESCRIPTION)
        self.create_service(SetBool, 'fly', self._on_fly)

    def _on_position(self, message: Any) -> None:
        if not (message.xy_valid and message.z_valid and message.xy_global):
            return  # the localisation watchdog of the robot sees that nothing comes
        own = Origin(message.ref_lat, message.ref_lon, message.ref_alt)
        pose = self._pose = px4.pose_from_ned(
            (message.x, message.y, message.z), message.heading, px4.shift(own, self._shared)
        )
        velocity = px4.velocity_from_ned((message.vx, message.vy, message.vz))
        stamp = self._core_clock.stamp()
        self._poses.publish(self._make.pose_to(pose, stamp))
        self._odometry.publish(self._make.odometry_to(pose, velocity, self._robot, stamp))

    def _on_status(self, message: Any) -> None:
        self._navigation = message.nav_state
        self._armed = message.arming_state == message.ARMING_STATE_ARMED

    def _on_command(self, message: Any) -> None:
        if self._pose is None:
            return
        try:
            command = command_from(message, self._pose.yaw)
        except MessageRefused as error:
            self.get_logger().error(f'cmd_vel: {error}', throttle_duration_sec=5.0)
            return
        self._command = (command, self._core_clock.now())

    def _on_land(self, message: Any) -> None:
        self._land = self._land or message.data

    def _on_fly(self, request: Any, response: Any) -> Any:
        self._fly = request.data
        response.success, response.message = True, f'fly: {self._fly}'
        return response

    def _step(self) -> None:
        now = self._core_clock.now()
        self._next_ns = now + px4.HEARTBEAT_NS
        step = self._core.step(
            now, self._command, self._navigation, self._armed, self._fly, self._land
        )
        stamp_us = round(ns_to_seconds(now) * 1e6)
        if step.heartbeat:
            self._heartbeat.publish(
                self._types.OffboardControlMode(timestamp=stamp_us, velocity=True)
            )
        if step.setpoint is not None:
            free = [math.nan] * 3
            self._setpoint.publish(
                self._types.TrajectorySetpoint(
                    timestamp=stamp_us, position=free, acceleration=free, yaw=math.nan,
                    velocity=list(step.setpoint.velocity), yawspeed=step.setpoint.yawspeed,
                )
            )
        if step.ask is not Ask.NOTHING:
            command, param1, param2 = _COMMANDS[step.ask]
            target = self._options.system_id
            self._ask.publish(
                self._types.VehicleCommand(
                    timestamp=stamp_us, command=command, param1=param1, param2=param2,
                    target_system=target, target_component=1, source_system=target,
                    source_component=1, from_external=True,
                )
            )
