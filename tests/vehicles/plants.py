# SPDX-License-Identifier: Apache-2.0
"""
What stands behind the adapters' rules, in virtual time: plants that do what their makers document.

Both live in their own frame and mode; whoever flies them goes through the adapter's pure
functions, as its node does.
"""

import math
from types import SimpleNamespace

from swarm_coordination.units import NS_PER_S, ns_to_seconds
from swarm_coordination.vehicles import crazyflie, px4
from swarm_coordination.vehicles.offboard import Ask, HEARTBEAT_NS, Offboard
from swarm_coordination.views import Pose, VelocityCommand

# A velocity follows its set-point with this time constant.
LAG_S = 0.2


def towards(goal, pose, speed=1.0):
    """Return the command of a simple controller: to the goal, at most at that speed."""
    away = [there - here for there, here in zip(goal, pose)]
    far = math.hypot(*away)
    share = min(1.0, speed / far) if far else 0.0
    return VelocityCommand(*(share * one for one in away), 0.0)


class Px4Vehicle:
    """
    PX4 and the adapter's decisions around it; ``run`` lets time pass.

    It enters offboard mode only after a second of heartbeat, leaves it for ``loss_mode`` a
    second after the last (COM_OF_LOSS_T), lands at 0.7 m/s and disarms on the ground.
    """

    HOLD, OFFBOARD, LAND = 4, 14, 18

    def __init__(self, own, shared, loss_mode=HOLD):
        self.core, self.now = Offboard(), 0
        self.own, self.shared, self.loss_mode = own, shared, loss_mode
        self.ned, self.velocity, self.heading = [0.0, 0.0, 0.0], [0.0, 0.0, 0.0], 0.4
        self.mode, self.armed = self.HOLD, False
        self.fly = self.land = False
        self.goal, self.yaw_rate, self.command = None, 0.0, None
        self._beats_since, self._beat = None, -NS_PER_S
        self.asked = []

    @property
    def pose(self):
        """Return the pose in map, as the adapter reads PX4's message."""
        return self._read()[0]

    @property
    def velocity_in_map(self):
        """Return the velocity in map, as the adapter reads PX4's message."""
        return self._read()[1]

    def _read(self):
        message = SimpleNamespace(
            xy_valid=True, z_valid=True, xy_global=True, heading_good_for_control=True,
            x=self.ned[0], y=self.ned[1], z=self.ned[2], vx=self.velocity[0],
            vy=self.velocity[1], vz=self.velocity[2], heading=self.heading,
            ref_lat=self.own.latitude, ref_lon=self.own.longitude, ref_alt=self.own.altitude)
        return px4.local_position(message, self.shared)

    def run(self, seconds):
        """Let time pass; return the last step."""
        for _ in range(round(seconds * NS_PER_S / HEARTBEAT_NS)):
            self.now += HEARTBEAT_NS
            if self.goal is not None:
                aim = towards(self.goal, self.pose)._replace(yaw_rate=self.yaw_rate)
                self.command = (aim, self.now)
            step = self.core.step(
                self.now, self.command, self.mode, self.armed, self.fly, self.land)
            self._take(step)
            self._move(step)
        return step

    def _take(self, step):
        if step.heartbeat:
            if self.now - self._beat > NS_PER_S // 2:
                self._beats_since = self.now
            self._beat = self.now
        elif self.mode == self.OFFBOARD and self.now - self._beat > NS_PER_S:
            self.mode = self.loss_mode
        if step.ask is not Ask.NOTHING:
            self.asked.append(step.ask)
        proven = step.heartbeat and self.now - self._beats_since >= NS_PER_S
        if step.ask is Ask.OFFBOARD and proven:
            self.mode = self.OFFBOARD
        elif step.ask is Ask.ARM:
            self.armed = True
        elif step.ask is Ask.LAND:
            self.mode = self.LAND

    def _move(self, step):
        dt = ns_to_seconds(HEARTBEAT_NS)
        wanted = (0.0, 0.0, 0.0)
        if self.mode == self.OFFBOARD and step.setpoint is not None:
            wanted = step.setpoint.velocity
            self.heading += dt * step.setpoint.yawspeed if self.armed else 0.0
        elif self.mode == self.LAND:
            wanted = (0.0, 0.0, 0.7)
        if not self.armed:
            self.velocity = [0.0, 0.0, 0.0]
            return
        for axis in range(3):
            self.velocity[axis] += dt / LAG_S * (wanted[axis] - self.velocity[axis])
            self.ned[axis] += dt * self.velocity[axis]
        if self.ned[2] >= 0.0:
            self.ned[2] = 0.0
            self.armed = self.mode != self.LAND


class CrazyflieVehicle:
    """
    A Crazyflie, its server and the adapter's decisions around them; ``run`` lets time pass.

    It follows full states, which pre-empt its own trajectories. Two seconds after the last one
    its motors stop, unless it was told that they end and to land.
    """

    def __init__(self):
        self.core, self.now = crazyflie.Flight(), 0
        self.at, self.motors, self.fell = [1.0, 2.0, 0.0], False, False
        self.fly, self.land, self.ready, self.answers = False, False, True, True
        self.goal, self.poses, self.command, self.pose = None, True, None, None
        self._heard, self._lands = None, False
        self.asked, self.sent = [], 0

    def take_off(self, height):
        """Take off by Crazyswarm2's own service."""
        self.at[2], self.motors = height, True

    def run(self, seconds):
        """Let time pass; return the last step."""
        for _ in range(round(seconds * NS_PER_S / crazyflie.PERIOD_NS)):
            self.now += crazyflie.PERIOD_NS
            if self.poses:
                self.pose = (Pose(*self.at, 0.0), self.now)
            if self.goal is not None:
                self.command = (towards(self.goal, self.at, 0.5), self.now)
            step = self.core.step(
                self.now, self.command, self.pose, fly=self.fly, land=self.land, ready=self.ready)
            self._take(step)
            self._move(step)
        return step

    def _take(self, step):
        if step.setpoint is not None:
            self.sent += 1
            self._heard, self._lands = self.now, False
        if step.ask is crazyflie.Ask.NOTHING:
            return
        self.asked.append(step.ask)
        if not self.ready:
            return
        if step.ask is crazyflie.Ask.NOTIFY_SETPOINTS_STOP:
            self._heard = None
        else:
            self._lands = self.motors
        if self.answers:
            self.core.answered(step.ask, self.now)

    def _move(self, step):
        if self._heard is not None and self.now - self._heard > 2 * NS_PER_S:
            self.fell = self.fell or (self.motors and self.at[2] > 0.05)
            self.motors, self.at[2] = False, 0.0
        if not self.motors:
            return
        dt = ns_to_seconds(crazyflie.PERIOD_NS)
        if step.setpoint is not None:
            wanted = step.setpoint.position
            self.at = [a + dt / LAG_S * (b - a) for a, b in zip(self.at, wanted)]
        elif self._lands:
            self.at[2] = max(crazyflie.LANDING_HEIGHT_M, self.at[2] - 0.3 * dt)
            self.motors = self.at[2] > crazyflie.LANDING_HEIGHT_M
