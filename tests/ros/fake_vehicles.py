# SPDX-License-Identifier: Apache-2.0
"""
What stands behind an adapter, as a process: a vehicle that does what its interface says.

``python -m ros.fake_vehicles px4|crazyflie|slow_crazyflie``: it moves as it is told, and tells on
``/vehicle`` what it is and what it was asked for (JSON).
"""

import json
import math
import sys
import time

from geometry_msgs.msg import PoseStamped
import rclpy
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from std_msgs.msg import String
from swarm_coordination.live.conversions import MessageMaker
from swarm_coordination.ros.messages import messages
from swarm_coordination.views import Pose

STEP_S = 0.02
BEST_EFFORT = QoSProfile(depth=5, reliability=ReliabilityPolicy.BEST_EFFORT)


class Vehicle(Node):
    """The part that both have."""

    def __init__(self, name):
        super().__init__(name)
        self.asked, self.heartbeats, self.setpoints = [], 0, 0
        self.told = (0.0, 0.0, 0.0)
        self._state = self.create_publisher(String, '/vehicle', 10)
        self.create_timer(STEP_S, self._step)

    def _step(self):
        self.move()
        self._state.publish(String(data=json.dumps({
            'asked': self.asked, 'heartbeats': self.heartbeats, 'setpoints': self.setpoints,
            'told': self.told, **self.shown()})))


class Px4(Vehicle):
    """PX4 behind its DDS bridge: NED, its own origin, offboard mode while set-points come."""

    # 10 m north and 5 m east of the origin of map, as PX4 projects it.
    NORTH_M, EAST_M = 10.0, 5.0
    LOSS_S = 1.0  # COM_OF_LOSS_T

    def __init__(self):
        from px4_msgs import msg as px4

        super().__init__('px4')
        self.px4, self.at = px4, [0.0, 0.0, -2.0]
        self.mode, self.armed, self._heard_s = 4, False, 0.0
        self._position = self.create_publisher(
            px4.VehicleLocalPosition, '/fmu/out/vehicle_local_position_v1', BEST_EFFORT)
        self._status = self.create_publisher(
            px4.VehicleStatus, '/fmu/out/vehicle_status_v1', BEST_EFFORT)
        self._battery = self.create_publisher(
            px4.BatteryStatus, '/fmu/out/battery_status', BEST_EFFORT)
        for kind, name, take in (
                (px4.OffboardControlMode, 'offboard_control_mode', self._on_mode),
                (px4.TrajectorySetpoint, 'trajectory_setpoint', self._on_setpoint),
                (px4.VehicleCommand, 'vehicle_command', self._on_command)):
            self.create_subscription(kind, f'/fmu/in/{name}', take, BEST_EFFORT)

    def _on_mode(self, message):
        assert message.timestamp == 0
        assert message.velocity
        assert not message.position
        self.heartbeats += 1
        self._heard_s = time.monotonic()

    def _on_setpoint(self, message):
        self.setpoints += 1
        assert all(math.isnan(value) for value in message.position)
        self.told = tuple(float(value) for value in message.velocity)

    def _on_command(self, message):
        self.asked.append(int(message.command))
        if message.command == 176 and message.param2 == 6.0:
            self.mode = 14
        elif message.command == 400:
            self.armed = message.param1 == 1.0
        elif message.command == 21:
            self.mode = 18

    def move(self):
        if time.monotonic() - self._heard_s > self.LOSS_S and self.mode == 14:
            self.mode = 4  # COM_OBL_RC_ACT: hold
        if self.mode == 14 and self.armed:
            self.at = [a + STEP_S * v for a, v in zip(self.at, self.told)]
        moving = self.told if self.mode == 14 and self.armed else (0.0, 0.0, 0.0)
        degrees = math.degrees(1.0 / 6_371_000.0)
        position = self.px4.VehicleLocalPosition(
            xy_valid=True, z_valid=True, xy_global=True, heading=math.pi / 2,
            heading_good_for_control=True,
            ref_lat=self.NORTH_M * degrees, ref_lon=self.EAST_M * degrees)
        position.x, position.y, position.z = self.at
        position.vx, position.vy, position.vz = moving
        self._position.publish(position)
        armed = self.px4.VehicleStatus.ARMING_STATE_ARMED if self.armed else 1
        self._status.publish(self.px4.VehicleStatus(arming_state=armed, nav_state=self.mode))
        self._battery.publish(self.px4.BatteryStatus(
            connected=True, voltage_v=15.2, current_a=4.0, remaining=0.75))

    def shown(self):
        return {'mode': self.mode, 'armed': self.armed, 'at': self.at}


class Crazyflie(Vehicle):
    """A Crazyflie at Crazyswarm2: full states, and the two services of a landing."""

    def __init__(self, answers_after_s=0.0):
        from crazyflie_interfaces.msg import FullState
        from crazyflie_interfaces.srv import Land, NotifySetpointsStop

        super().__init__('crazyflie')
        self._answers_after_s = answers_after_s
        self.at = [0.0, 0.0, 1.0]
        self._make = MessageMaker(messages())
        self._pose = self.create_publisher(PoseStamped, '/robot1/pose', BEST_EFFORT)
        self.create_subscription(FullState, '/robot1/cmd_full_state', self._on_state, 10)
        self.create_service(
            NotifySetpointsStop, '/robot1/notify_setpoints_stop', self._answer('notify'))
        self.create_service(Land, '/robot1/land', self._answer('land'))

    def _answer(self, name):
        def answer(request, response):
            time.sleep(self._answers_after_s)
            self.asked.append(name)
            if name == 'land':
                self.at[2] = request.height
            return response

        return answer

    def _on_state(self, message):
        self.setpoints += 1
        place, velocity = message.pose.position, message.twist.linear
        assert message.header.frame_id == 'map'
        self.at = [place.x, place.y, place.z]
        self.told = (velocity.x, velocity.y, velocity.z)

    def move(self):
        stamp = self.get_clock().now().to_msg()
        self._pose.publish(self._make.pose_to(Pose(*self.at, 0.0), stamp))

    def shown(self):
        return {'at': self.at}


if __name__ == '__main__':
    rclpy.init()
    # The slow one answers later than its adapter asks again.
    rclpy.spin({'px4': Px4, 'crazyflie': Crazyflie,
                'slow_crazyflie': lambda: Crazyflie(5.0)}[sys.argv[1]]())
