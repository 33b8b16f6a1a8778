# SPDX-License-Identifier: Apache-2.0
"""
What the adapters of all makers have in common: ``cmd_vel`` in, ``land``, ``fly``, diagnostics.

An adapter has a deadline of its own and decides by what it was told last and when: a controller
that died is seen here, not waited for.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Any

from geometry_msgs.msg import Twist, TwistStamped
from rclpy.node import Node
from rclpy.qos import QoSProfile
from sensor_msgs.msg import BatteryState
from std_msgs.msg import Bool
from std_srvs.srv import SetBool
from swarm_coordination.errors import SwarmError
from swarm_coordination.live.conversions import command_from, MessageMaker, MessageRefused
from swarm_coordination.live.frames import base_frame
from swarm_coordination.ros import qos
from swarm_coordination.ros.clock import CoreClock
from swarm_coordination.ros.diagnosing import Diagnosing
from swarm_coordination.ros.executor import Runner
from swarm_coordination.ros.health import Report
from swarm_coordination.ros.live_parameters import LiveParameters
from swarm_coordination.ros.messages import messages
from swarm_coordination.ros.options import ControllerOptions, HealthOptions
from swarm_coordination.ros.parameters import OF_ROBOTS, Overrides
from swarm_coordination.ros.vehicle_health import battery_health
from swarm_coordination.vehicles.safety import SafetyOptions
from swarm_coordination.views import Pose, VelocityCommand


class Adapter(Node):
    """Base of the adapters' nodes; ``options`` are the maker's own."""

    def __init__(self, runner: Runner, name: str, options: Any, **node_options: Any) -> None:
        """Read the parameters; raises ConfigurationError."""
        super().__init__(
            name,
            context=runner.context,
            automatically_declare_parameters_from_overrides=True,
            **node_options,
        )
        overrides = Overrides(self)
        self.options = overrides.group(options, '')
        self._stamped = overrides.group(ControllerOptions(), '').cmd_vel_stamped
        self._health = overrides.group(HealthOptions(), '')
        # Obeyed by the coordinator; here it is said where they cannot be.
        self._limits = overrides.group(SafetyOptions(), '')
        # One file of parameters serves the robot's nodes and its adapter.
        overrides.done(ignored=(*OF_ROBOTS, 'swarm_file'))
        LiveParameters(self).add('', self._health, self._take_health)
        self.robot = self.get_namespace().strip('/')
        self.core_clock = CoreClock(self)
        self.make = MessageMaker(messages())
        self.pose: tuple[Pose, int] | None = None
        self.command: tuple[VelocityCommand, int] | None = None
        self._charge: tuple[float, int] | None = None
        self.fly = self.land = False
        self.refused = 0
        self._runner = runner

    def begin(self) -> None:
        """Listen and act from now on."""
        kind = TwistStamped if self._stamped else Twist
        self.listen(kind, 'cmd_vel', self._on_command, qos.COMMAND)
        self.listen(Bool, 'land', self._on_land, qos.DESCRIPTION)
        self.listen(BatteryState, 'battery_state', self._on_battery, qos.STATE)
        self.create_service(SetBool, 'fly', self._on_fly)
        Diagnosing(self, self._runner, self._reports, lambda: self._health.diagnostics_period_s)
        self._next_ns = self.core_clock.now()
        self._runner.at(
            lambda: self.core_clock.due_ns(self._next_ns), self.guarded(self._on_deadline)
        )

    def listen(
        self, kind: Any, topic: str, take: Callable[[Any], None], profile: QoSProfile
    ) -> None:
        """Have ``take`` called with every message of a topic, guarded."""
        self.create_subscription(kind, topic, self.guarded(take), profile)

    def guarded(self, callback: Callable[..., None]) -> Callable[..., None]:
        """
        Return ``callback``, ending the process well where it raises one of our errors.

        A simulated time that went back may be met in any callback: what was told by the time
        before is of no use, and the launch starts the adapter anew.
        """
        def call(*args: Any) -> None:
            try:
                callback(*args)
            except SwarmError as error:
                self._runner.fail(error)

        return call

    @abstractmethod
    def act(self, now: int) -> int:
        """Send what is due at ``now`` (ns); return when to be called again."""

    @abstractmethod
    def health(self) -> Report:
        """Return what there is to report."""

    @abstractmethod
    def why_not(self) -> str:
        """Return why an operator's ``fly`` cannot be done now; empty: it can."""

    def soon(self) -> None:
        """Have ``act`` called next."""
        self._next_ns = self.core_clock.now()

    def refuse(self, topic: str, error: MessageRefused) -> None:
        """Count a message that cannot be used, and say so now and then."""
        self.refused += 1
        self.get_logger().error(f'{topic}: {error}', throttle_duration_sec=5.0)

    def _on_deadline(self) -> None:
        self._next_ns = self.act(self.core_clock.now())

    def _on_command(self, message: Any) -> None:
        if self.pose is None:
            return
        try:
            twist = self._twist(message)
            self.command = (command_from(twist, self.pose[0].yaw), self.core_clock.now())
        except MessageRefused as error:
            self.refuse('cmd_vel', error)
            return
        self.soon()

    def _twist(self, message: Any) -> Any:
        if not self._stamped:
            return message
        frame = message.header.frame_id
        if frame not in (base_frame(self.robot), 'base_link'):
            raise MessageRefused(
                'wrong_frame', f"a command in frame '{frame}', not '{base_frame(self.robot)}'"
            )
        return message.twist

    def _on_land(self, message: Any) -> None:
        self.land = self.land or message.data
        self.soon()

    def _on_battery(self, message: Any) -> None:
        if 0.0 <= message.percentage <= 1.0:  # NaN: not measured
            self._charge = (message.percentage, self.core_clock.now())

    def _on_fly(self, request: Any, response: Any) -> Any:
        # Answered whatever comes: who asked waits.
        response.message = 'fly: this adapter is on its way down'
        self.guarded(self._fly)(request, response)
        return response

    def _fly(self, request: Any, response: Any) -> None:
        why_not = self.why_not() if request.data else ''
        if request.data and self.land:
            why_not = 'the robot was told to land'
        if why_not:
            response.success, response.message = False, f'fly: refused: {why_not}'
            return
        self.fly = request.data
        self.soon()
        response.success, response.message = True, f'fly: {self.fly}'

    def _take_health(self, health: HealthOptions) -> None:
        self._health = health

    def _reports(self) -> tuple[Report, ...]:
        battery = battery_health(self.core_clock.now(), self._charge, self._limits)
        return self.health(), battery
