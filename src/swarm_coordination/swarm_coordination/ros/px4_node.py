# SPDX-License-Identifier: Apache-2.0
"""
Node ``px4_adapter``: a robot of the swarm whose body is flown by PX4 over its DDS bridge.

``cmd_vel`` becomes velocity set-points under a heartbeat, PX4's local position the ``pose`` and
``odom``, its battery ``battery_state``. What is decided stands in ``vehicles.offboard``, what
PX4's numbers mean in ``vehicles.px4``. Mode and arming are asked for, and commands passed on, only
while an operator's ``fly`` (std_srvs/SetBool) is true; withdrawn in the air it lands the vehicle,
as ``land`` of the robot does. Messages go out with timestamp 0: PX4's client (uxrce_dds_client, as
it reads any message) puts its own time of receipt there, whether or not it synchronises its clock
with this computer's.
"""

from __future__ import annotations

import math
from typing import Any

from geometry_msgs.msg import PoseStamped
from nav_msgs.msg import Odometry
from sensor_msgs.msg import BatteryState
from swarm_coordination.live.conversions import MessageRefused
from swarm_coordination.ros import qos
from swarm_coordination.ros.adapter import Adapter
from swarm_coordination.ros.executor import Runner
from swarm_coordination.ros.health import Report
from swarm_coordination.ros.options import Px4Options
from swarm_coordination.ros.vehicle_health import px4_health
from swarm_coordination.ros.vendor import load
from swarm_coordination.vehicles import px4
from swarm_coordination.vehicles.offboard import Ask, HEARTBEAT_NS, not_ready, Offboard
from swarm_coordination.vehicles.px4 import Origin

# VehicleCommand of px4_msgs: mode with its two parameters (custom, offboard), arming, landing.
_COMMANDS = {
    Ask.OFFBOARD: (176, 1.0, 6.0), Ask.ARM: (400, 1.0, 0.0), Ask.LAND: (21, 0.0, 0.0),
}


class Px4Node(Adapter):
    """One vehicle."""

    def __init__(self, runner: Runner, **node_options: Any) -> None:
        """Read the parameters, join PX4's topics; raises ConfigurationError."""
        super().__init__(runner, 'px4_adapter', Px4Options(), **node_options)
        options = self.options
        self._types = load('px4_msgs', 'msg', 'PX4/px4_msgs of the release on the vehicle')
        self._shared = Origin(
            options.origin_latitude_deg, options.origin_longitude_deg, options.origin_altitude_m
        )
        self._core = Offboard()
        self._status: tuple[int, bool, int] | None = None  # navigation, armed, when (ns)
        self._refusal = ''  # of the newest position
        self._join()
        self.begin()

    def _join(self) -> None:
        types, version = self._types, self.options.message_version

        def name(topic: str, topic_version: int = 0) -> str:
            return f'{self.options.fmu}/{px4.topic(topic, topic_version)}'

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
        self._position_topic = name('vehicle_local_position', version)
        self.listen(
            types.VehicleLocalPosition, self._position_topic, self._on_position, qos.STATE
        )
        self.listen(
            types.VehicleStatus, name('vehicle_status', version), self._on_status, qos.STATE
        )
        self.listen(
            types.BatteryStatus, name('battery_status', self.options.battery_version),
            self._on_battery_status, qos.STATE,
        )
        self._batteries = self.create_publisher(BatteryState, 'battery_state', qos.STATE_OFFERED)
        self._poses = self.create_publisher(PoseStamped, 'pose', qos.STATE_OFFERED)
        self._odometry = self.create_publisher(Odometry, 'odom', qos.STATE_OFFERED)

    def _on_position(self, message: Any) -> None:
        try:
            pose, velocity = px4.local_position(message, self._shared)
        except MessageRefused as error:
            self._refusal = str(error)
            self.refuse('vehicle_local_position', error)
            return  # the localisation watchdog of the robot sees that nothing comes
        self._refusal = ''
        self.pose = (pose, self.core_clock.now())
        stamp = self.core_clock.stamp()
        self._poses.publish(self.make.pose_to(pose, stamp))
        self._odometry.publish(self.make.odometry_to(pose, velocity, self.robot, stamp))

    def _on_status(self, message: Any) -> None:
        armed = message.arming_state == message.ARMING_STATE_ARMED
        self._status = (message.nav_state, armed, self.core_clock.now())

    def _on_battery_status(self, message: Any) -> None:
        charge, voltage, current = px4.battery(message)
        out = BatteryState(
            percentage=charge, voltage=voltage, current=current, temperature=math.nan,
            charge=math.nan, capacity=math.nan, design_capacity=math.nan,
            present=message.connected,
        )
        out.header.stamp = self.core_clock.stamp()
        self._batteries.publish(out)

    def why_not(self) -> str:
        """Return why it cannot be flown by set-points now."""
        return not_ready(
            self.core_clock.now(), self._status and self._status[2], self.pose and self.pose[1],
            self._refusal, self.count_publishers(self._position_topic),
        )

    def health(self) -> Report:
        """Return how the flight stands."""
        now = self.core_clock.now()
        return px4_health(self._core, now, self.command, self.pose, self._status, self.refused)

    def act(self, now: int) -> int:
        """Send heartbeat, set-point and request that are due."""
        navigation, armed, _ = self._status or (0, False, 0)
        step = self._core.step(now, self.command, navigation, armed, self.fly, self.land)
        if step.heartbeat:
            self._heartbeat.publish(self._types.OffboardControlMode(velocity=True))
        if step.setpoint is not None:
            free = [math.nan] * 3
            self._setpoint.publish(
                self._types.TrajectorySetpoint(
                    position=free, acceleration=free, yaw=math.nan,
                    velocity=list(step.setpoint.velocity), yawspeed=step.setpoint.yawspeed,
                )
            )
        if step.ask is not Ask.NOTHING:
            command, param1, param2 = _COMMANDS[step.ask]
            target = self.options.system_id
            self._ask.publish(
                self._types.VehicleCommand(
                    command=command, param1=param1, param2=param2,
                    target_system=target, target_component=1, source_system=target,
                    source_component=1, from_external=True,
                )
            )
        return now + HEARTBEAT_NS
