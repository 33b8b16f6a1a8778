# SPDX-License-Identifier: Apache-2.0
"""
Node ``crazyflie_adapter``: a robot of the swarm whose body is flown by Crazyswarm2.

``cmd_vel`` becomes full-state set-points; Crazyswarm2's ``pose`` topic is the robot's. Take-off is
the operator's, by Crazyswarm2's own services; ``land`` of the robot ends the set-points and lands.
What is decided stands in ``vehicles.crazyflie``.
"""

from __future__ import annotations

from typing import Any

from geometry_msgs.msg import Point, PoseStamped, Twist, Vector3
from rclpy.duration import Duration
from rclpy.node import Node
from std_msgs.msg import Bool
from swarm_coordination.live.conversions import (
    command_from,
    MAP,
    MessageMaker,
    MessageRefused,
    pose_from,
)
from swarm_coordination.ros import qos
from swarm_coordination.ros.clock import CoreClock
from swarm_coordination.ros.executor import Runner
from swarm_coordination.ros.messages import messages
from swarm_coordination.ros.options import CrazyflieOptions
from swarm_coordination.ros.parameters import Overrides
from swarm_coordination.ros.vendor import load
from swarm_coordination.vehicles.crazyflie import (
    Landing,
    landing,
    LANDING_HEIGHT_M,
    LANDING_S,
    Reference,
    REMAIN_VALID_MS,
)
from swarm_coordination.views import Pose


class CrazyflieNode(Node):
    """One Crazyflie."""

    def __init__(self, runner: Runner, **node_options: Any) -> None:
        """Read the parameters, join Crazyswarm2's topics; raises ConfigurationError."""
        super().__init__(
            'crazyflie_adapter',
            context=runner.context,
            automatically_declare_parameters_from_overrides=True,
            **node_options,
        )
        overrides = Overrides(self)
        options = overrides.group(CrazyflieOptions(), '')
        overrides.done()
        vendor = load('crazyflie_interfaces', 'msg', 'IMRCLab/crazyswarm2')
        services = load('crazyflie_interfaces', 'srv', 'IMRCLab/crazyswarm2')
        self._full_state, self._vendor_services = vendor.FullState, services
        self._make = MessageMaker(messages())
        name = options.crazyflie or self.get_namespace().strip('/')
        self._core_clock = CoreClock(self)
        self._reference = Reference()
        self._pose: Pose | None = None
        self._landing: int | None = None  # steps answered
        self._out = self.create_publisher(
            vendor.FullState, f'/{name}/cmd_full_state', qos.COMMAND
        )
        self._stop_setpoints = self.create_client(
            services.NotifySetpointsStop, f'/{name}/notify_setpoints_stop'
        )
        self._land_service = self.create_client(services.Land, f'/{name}/land')
        self.create_subscription(PoseStamped, 'pose', self._on_pose, qos.STATE)
        self.create_subscription(Twist, 'cmd_vel', self._on_command, qos.COMMAND)
        self.create_subscription(Bool, 'land', self._on_land, qos.DESCRIPTION)

    def _on_pose(self, message: Any) -> None:
        try:
            self._pose = pose_from(message)
        except MessageRefused as error:
            self.get_logger().error(f'pose: {error}', throttle_duration_sec=5.0)

    def _on_command(self, message: Any) -> None:
        if self._pose is None or self._landing is not None:
            return
        try:
            command = command_from(message, self._pose.yaw)
        except MessageRefused as error:
            self.get_logger().error(f'cmd_vel: {error}', throttle_duration_sec=5.0)
            return
        state = self._reference.step(command, self._pose, self._core_clock.now())
        out = self._full_state()
        out.header.frame_id, out.header.stamp = MAP, self._core_clock.stamp()
        x, y, z = state.position
        out.pose.position = Point(x=x, y=y, z=z)
        out.pose.orientation = self._make.yaw_to_quaternion(state.yaw)
        vx, vy, vz = state.velocity
        out.twist.linear = Vector3(x=vx, y=vy, z=vz)
        out.twist.angular = Vector3(z=state.yaw_rate)
        self._out.publish(out)

    def _on_land(self, message: Any) -> None:
        if message.data and self._landing is None:
            self._landing = 0
            self._next_landing_step()

    def _next_landing_step(self) -> None:
        assert self._landing is not None
        step = landing(self._landing)
        if step is Landing.NOTIFY_SETPOINTS_STOP:
            request = self._vendor_services.NotifySetpointsStop.Request(
                remain_valid_millisecs=REMAIN_VALID_MS
            )
            future = self._stop_setpoints.call_async(request)
        elif step is Landing.LAND:
            request = self._vendor_services.Land.Request(height=LANDING_HEIGHT_M)
            request.duration = Duration(seconds=LANDING_S).to_msg()
            future = self._land_service.call_async(request)
        else:
            return

        def answered(_: Any) -> None:
            assert self._landing is not None
            self._landing += 1
            self._next_landing_step()

        future.add_done_callback(answered)
