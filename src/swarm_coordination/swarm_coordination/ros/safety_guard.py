# SPDX-License-Identifier: Apache-2.0
"""
Acts on what a robot watches of itself: leaving the fence stops the swarm, a low battery its part.

Beyond the fence the coordinator raises the safety stop, once for each time the robot leaves; as
any stop it is lifted by a committed command. A low battery is told to the core, which hands
leadership over; then the robot asks to be taken off the roster, and at last says on ``land``
(std_msgs/Bool) that it has to land, which its autopilot's adapter obeys.
"""

from __future__ import annotations

from typing import Any

from sensor_msgs.msg import BatteryState
from std_msgs.msg import Bool
from swarm_coordination.errors import CommandError, ProposalRefused
from swarm_coordination.mission.commands import encode_command, RosterRemove
from swarm_coordination.ros import qos
from swarm_coordination.ros.endpoints import Endpoints
from swarm_coordination.vehicles.safety import BatteryWatch, Charge, outside, SafetyOptions
from swarm_coordination.views import Pose

STOP = 2  # swarm_msgs/SetStop LEVEL_STOP


class SafetyGuard:
    """Guards the robot of one CoordinatorShell."""

    def __init__(self, shell: Any, endpoints: Endpoints, options: SafetyOptions) -> None:
        self._shell, self._options = shell, options
        self._battery = BatteryWatch(options)
        self._acted = Charge.FLY
        self._beyond = False
        self._land = endpoints.publisher(Bool, 'land', qos.DESCRIPTION)
        endpoints.subscription(BatteryState, 'battery_state', self._on_battery, qos.STATE)

    def observe(self, pose: Pose, now: int) -> None:
        """Look whether the robot is within its fence."""
        text = outside(pose, self._options)
        if text and not self._beyond:
            counter = self._shell.core.stop(STOP, now)
            self._say(f'{text}: safety stop {counter}')
            self._shell.pump(now)
        self._beyond = bool(text)

    def _on_battery(self, message: Any) -> None:
        charge = float(message.percentage)
        if not 0.0 <= charge <= 1.0:
            return  # NaN: not measured
        self._shell.core.battery(charge)
        verdict, now = self._battery.take(charge), self._shell.clock.now()
        if verdict is self._acted:
            return
        self._say(f'battery at {100.0 * charge:.0f} %: {verdict.name.lower()}')
        if self._acted is Charge.FLY:
            command = encode_command(RosterRemove(self._shell.core.storage_id)).decode()
            try:
                self._shell.core.propose(command, now)
            except (CommandError, ProposalRefused) as error:
                self._say(f'cannot leave the formation: {error}')
        if verdict is Charge.LAND:
            self._land.publish(Bool(data=True))
        self._acted = verdict
        self._shell.pump(now)

    def _say(self, text: str) -> None:
        self._shell.node.get_logger().error(text)
