# SPDX-License-Identifier: Apache-2.0
"""
Node ``crazyflie_adapter``: a robot of the swarm whose body is flown by Crazyswarm2.

``cmd_vel`` becomes full-state set-points while an operator's ``fly`` (std_srvs/SetBool) is true;
Crazyswarm2's ``pose`` topic is the robot's. Take-off is the operator's, by Crazyswarm2's own
services. ``land`` of the robot, ``fly`` withdrawn, commands or poses that stay away, and the end
of this process end the set-points and land. What is decided stands in ``vehicles.crazyflie``.
"""

from __future__ import annotations

import time
from typing import Any

from geometry_msgs.msg import Point, PoseStamped, Vector3
from rclpy.duration import Duration
from swarm_coordination.live.conversions import MAP, MessageRefused, pose_from
from swarm_coordination.ros import qos
from swarm_coordination.ros.adapter import Adapter
from swarm_coordination.ros.executor import Runner
from swarm_coordination.ros.health import Report
from swarm_coordination.ros.options import CrazyflieOptions
from swarm_coordination.ros.vehicle_health import crazyflie_health
from swarm_coordination.ros.vendor import load
from swarm_coordination.vehicles.crazyflie import (
    Ask,
    Flight,
    FullState,
    LANDING_HEIGHT_M,
    LANDING_S,
    not_ready,
    PERIOD_NS,
    REMAIN_VALID_MS,
)

# At the end of the process: from one request to the next, and to the end. The server gets them
# without an answer being waited for.
LAST_WORD_S = 0.2


class CrazyflieNode(Adapter):
    """One Crazyflie."""

    def __init__(self, runner: Runner, **node_options: Any) -> None:
        """Read the parameters, join Crazyswarm2's topics; raises ConfigurationError."""
        self._flight = Flight()
        super().__init__(runner, 'crazyflie_adapter', CrazyflieOptions(), **node_options)
        vendor = load('crazyflie_interfaces', 'msg', 'IMRCLab/crazyswarm2')
        services = load('crazyflie_interfaces', 'srv', 'IMRCLab/crazyswarm2')
        self._full_state, self._vendor_services = vendor.FullState, services
        name = self.options.crazyflie or self.robot
        self._out = self.create_publisher(
            vendor.FullState, f'/{name}/cmd_full_state', qos.COMMAND
        )
        self._asking = {
            Ask.NOTIFY_SETPOINTS_STOP: self.create_client(
                services.NotifySetpointsStop, f'/{name}/notify_setpoints_stop'
            ),
            Ask.LAND: self.create_client(services.Land, f'/{name}/land'),
        }
        self.listen(PoseStamped, 'pose', self._on_pose, qos.STATE)
        self.begin()

    def why_not(self) -> str:
        """Return why it cannot be flown by set-points now."""
        return not_ready(self.core_clock.now(), self.pose, self._ready())

    def act(self, now: int) -> int:
        """Send the set-point or request that is due."""
        phase = self._flight.phase
        step = self._flight.step(
            now, self.command, self.pose, fly=self.fly, land=self.land, ready=self._ready()
        )
        if self._flight.phase is not phase:
            self.get_logger().info(self._flight.phase.value)
        if step.setpoint is not None:
            self._send(step.setpoint)
        if step.ask is not Ask.NOTHING:
            self._request(step.ask)
        return now + PERIOD_NS

    def health(self) -> Report:
        """Return how the flight stands."""
        now = self.core_clock.now()
        return crazyflie_health(
            self._flight, now, self.command, self.pose, self._ready(), self.refused
        )

    def destroy_node(self) -> None:
        """Have a robot that hangs on our set-points land, then leave."""
        if self._flight.to_be_landed and self.context.ok():
            for ask in (Ask.NOTIFY_SETPOINTS_STOP, Ask.LAND):
                self._call(ask)
                time.sleep(LAST_WORD_S)
        super().destroy_node()

    def _ready(self) -> bool:
        return all(client.service_is_ready() for client in self._asking.values())

    def _on_pose(self, message: Any) -> None:
        try:
            self.pose = (pose_from(message), self.core_clock.now())
        except MessageRefused as error:
            self.refuse('pose', error)

    def _send(self, state: FullState) -> None:
        out = self._full_state()
        out.header.frame_id, out.header.stamp = MAP, self.core_clock.stamp()
        x, y, z = state.position
        out.pose.position = Point(x=x, y=y, z=z)
        out.pose.orientation = self.make.yaw_to_quaternion(state.yaw)
        vx, vy, vz = state.velocity
        out.twist.linear = Vector3(x=vx, y=vy, z=vz)
        out.twist.angular = Vector3(z=state.yaw_rate)
        self._out.publish(out)

    def _request(self, ask: Ask) -> None:
        def answered(future: Any) -> None:
            if not future.cancelled() and future.exception() is None:
                self._flight.answered(ask, self.core_clock.now())
                self.soon()

        self._call(ask).add_done_callback(self.guarded(answered))

    def _call(self, ask: Ask) -> Any:
        services, client = self._vendor_services, self._asking[ask]
        if ask is Ask.NOTIFY_SETPOINTS_STOP:
            return client.call_async(
                services.NotifySetpointsStop.Request(remain_valid_millisecs=REMAIN_VALID_MS)
            )
        request = services.Land.Request(height=LANDING_HEIGHT_M)
        request.duration = Duration(seconds=LANDING_S).to_msg()
        return client.call_async(request)
