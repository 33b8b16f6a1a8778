# SPDX-License-Identifier: Apache-2.0
"""
Node ``formation_controller``: pose, neighbour table and target in, ``cmd_vel`` out.

All decisions are ``control.controller``'s, the watchdogs too: when the coordinator dies, its
table goes stale and the controller brakes to a stop.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from geometry_msgs.msg import Twist, TwistStamped
from rclpy.node import Node
from swarm_coordination.control.controller import ControlReport, FormationController
from swarm_coordination.ros import qos
from swarm_coordination.ros.clock import CoreClock
from swarm_coordination.ros.conversions import (
    MessageRefused,
    stamped,
    table_from,
    target_from,
    twist_to,
)
from swarm_coordination.ros.executor import Runner
from swarm_coordination.ros.localisation import Localisation, LOG_PERIOD_S
from swarm_coordination.ros.parameters import (
    ControllerOptions,
    CoordinatorOptions,
    Overrides,
    read_robot,
)
from swarm_coordination.settings import declared
from swarm_coordination.storage.provision import read_provision
from swarm_coordination.units import seconds_to_ns
from swarm_coordination.views import Pose
from swarm_msgs import msg as swarm

_BLIND = ('_missing', '_stale', '_refused')


class ControllerNode(Node):
    """Runs one ``FormationController`` at its period."""

    def __init__(self, runner: Runner, **node_options: Any) -> None:
        """Read parameters, then create the topics; raises SwarmError."""
        super().__init__(
            'formation_controller',
            context=runner.context,
            automatically_declare_parameters_from_overrides=True,
            **node_options,
        )
        overrides = Overrides(self)
        robot, storage = read_robot(self, overrides)
        self._options = overrides.group(ControllerOptions(), '')
        overrides.done(ignored=tuple(declared(CoordinatorOptions)))
        self._name = robot.name
        self._core_clock = CoreClock(self)
        self._core = FormationController(
            read_provision(storage).storage_id, robot.settings.control, 0
        )
        self._refused: Counter[str] = Counter()
        self._next_diagnostics = 0
        kind = TwistStamped if self._options.cmd_vel_stamped else Twist
        self._cmd_vel = self.create_publisher(
            kind, 'cmd_vel', qos.COMMAND, event_callbacks=qos.publisher_events(self, 'cmd_vel')
        )
        self._diagnostics = self.create_publisher(
            DiagnosticArray, '/diagnostics', qos.DIAGNOSTICS
        )
        self._localisation = Localisation(self, self._name, self._core_clock, self._on_pose)
        self.create_subscription(swarm.NeighborTable, 'neighbors', self._on_table, qos.TABLE)
        self.create_subscription(swarm.FormationTarget, 'target', self._on_target, qos.TABLE)
        self._period_ns = seconds_to_ns(robot.settings.control.period_s)
        self._next_ns = self._core_clock.now()
        runner.at(lambda: self._core_clock.due_ns(self._next_ns), self._on_deadline)

    def _on_pose(self, pose: Pose, velocity: tuple[float, float, float], time_ns: int) -> None:
        self._core.observe(pose, velocity, time_ns)

    def _on_table(self, message: Any) -> None:
        try:
            self._core.table(table_from(message), self._core_clock.now())
        except MessageRefused as error:
            self._refuse('neighbors', error)

    def _on_target(self, message: Any) -> None:
        try:
            self._core.target(target_from(message), self._core_clock.now())
        except MessageRefused as error:
            self._refuse('target', error)

    def _refuse(self, topic: str, error: MessageRefused) -> None:
        self._refused[error.reason] += 1
        self.get_logger().error(
            f'{topic} refused: {error}', throttle_duration_sec=LOG_PERIOD_S
        )

    def _on_deadline(self) -> None:
        now = self._core_clock.now()
        # A fixed rhythm; periods that a busy host has cost are not made up for.
        self._next_ns += max(1, -(-(now - self._next_ns + 1) // self._period_ns)) * self._period_ns
        report = self._core.update(now)
        pose = self._localisation.pose
        twist = twist_to(report.command, pose.yaw if pose is not None else 0.0)
        if self._options.cmd_vel_stamped:
            frame = f'{self._name}/base_link'
            self._cmd_vel.publish(stamped(twist, frame, self._core_clock.stamp()))
        else:
            self._cmd_vel.publish(twist)
        if now >= self._next_diagnostics:
            self._next_diagnostics = now + seconds_to_ns(self._options.diagnostics_period_s)
            self._diagnostics.publish(self._diagnose(report))

    def _diagnose(self, report: ControlReport) -> DiagnosticArray:
        """Return the controller's state in the form of diagnostic_msgs."""
        values = {
            'braking': report.braking,
            'kept_links': len(report.kept),
            'released_links': len(report.released),
            'nearest_m': report.nearest_m,
            'slot_error_m': report.slot_error_m,
            'deviation_mps': round(report.deviation_mps, 3),
            'relaxations_links': report.relaxations[0],
            'relaxations_collisions': report.relaxations[1],
            'poses_refused': report.poses_refused + sum(self._localisation.refused.values()),
            'tables_refused': report.tables_refused,
            'targets_refused': report.targets_refused,
            'messages_refused': sum(self._refused.values()),
        }
        # Without localisation or coordinator the robot cannot fly at all; the rest is its mission.
        stale = [reason for reason in report.reasons if reason.endswith(_BLIND)]
        status = DiagnosticStatus(
            level=DiagnosticStatus.WARN if stale else DiagnosticStatus.OK,
            name=f'{self._name}: formation_controller',
            message=', '.join(report.reasons) or 'flying',
            hardware_id=self._name,
            values=[KeyValue(key=key, value=str(value)) for key, value in values.items()],
        )
        message = DiagnosticArray(status=[status])
        message.header.stamp = self._core_clock.stamp()
        return message
