# SPDX-License-Identifier: Apache-2.0
"""
Carries the core's ``FormationController``: pose, table and target in, ``cmd_vel`` out.

All decisions are ``control.controller``'s, the watchdogs too: when the coordinator dies, its
table goes stale and the controller brakes to a stop. Whenever this part is paused or closed while
it was flying, its last word to the base is a command to stand.

One thing goes the other way: ``pose_frozen`` tells the coordinator, which knows of no commands,
not to beacon a pose that they do not move.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from swarm_coordination.configuration import RobotConfiguration
from swarm_coordination.control.controller import ControlReport, FormationController
from swarm_coordination.control.unicycle import steer
from swarm_coordination.live.conversions import (
    MessageMaker,
    MessageRefused,
    table_from,
    target_from,
)
from swarm_coordination.live.frames import base_frame
from swarm_coordination.live.localisation import localise
from swarm_coordination.live.quiet import Quiet
from swarm_coordination.recording.recorded import recorded
from swarm_coordination.robot.believing import finds_frozen
from swarm_coordination.ros.endpoints import Endpoints
from swarm_coordination.ros.health import controller_health, localisation_health, Report
from swarm_coordination.transport import profiles
from swarm_coordination.units import seconds_to_ns
from swarm_coordination.views import Pose


class ControllerShell:
    """One life of a controller; ``node`` is the ControllerNode whose part it is."""

    def __init__(
        self, node: Any, endpoints: Endpoints, robot: RobotConfiguration, storage_id: int
    ) -> None:
        self._bus, self._clock = endpoints, endpoints.clock
        self._make = MessageMaker(endpoints.types)
        self._name = robot.name
        control = robot.settings.control
        now = self._clock.now()
        self.core, self._recording = recorded(
            'controller', FormationController(storage_id, control, now, robot.settings.area),
            node.record_dir, endpoints.say, robot, now, storage_id=storage_id,
        )
        self._pose_timeout_s = control.pose_timeout_s
        self._refused: Counter[str] = Counter()
        self._refusals = Quiet()
        self._report: ControlReport | None = None
        self._yaw = 0.0  # of the newest pose believed
        self._steers = robot.kind == 'differential'
        self._stamped = node.options.cmd_vel_stamped
        types = endpoints.types
        kind = types.TwistStamped if self._stamped else types.Twist
        self._cmd_vel = endpoints.publisher(kind, 'cmd_vel', profiles.COMMAND)
        self._pose_frozen = endpoints.publisher(
            types.Bool, 'pose_frozen', profiles.TABLE_OFFERED
        )
        self.localisation = localise(
            endpoints, robot, node.localisation_options.pose_source, self._on_pose
        )
        endpoints.subscribe(
            types.swarm.NeighborTable, 'neighbors', profiles.TABLE, self._on_table
        )
        endpoints.subscribe(
            types.swarm.FormationTarget, 'target', profiles.TABLE, self._on_target
        )
        self._period_ns = seconds_to_ns(control.period_s)
        self._next_ns = self._clock.now()
        endpoints.at(lambda: self._clock.due_ns(self._next_ns), self._on_deadline)

    def activate(self) -> None:
        """Begin commands at once: standing, until there is something to fly by."""
        self._next_ns = self._clock.now()

    def deactivate(self) -> None:
        """Let the base stand."""
        self._command(self._bus.types.Twist())

    def close(self) -> None:
        """End the recording."""
        if self._recording is not None:
            self._recording.close()
            self._recording = None

    def health(self) -> list[Report]:
        """Return the health of controller and localisation."""
        found, now = self.localisation, self._clock.now()
        return [
            controller_health(self._report, sum(self._refused.values())),
            localisation_health(
                found.age_ns(now),
                self._pose_timeout_s,
                found.refused,
                found.fresh_refusal(now),
            ),
        ]

    def _on_pose(self, pose: Pose, velocity: tuple[float, float, float], time_ns: int) -> None:
        if self.core.observe(pose, velocity, time_ns):
            self._yaw = pose.yaw

    def _on_table(self, message: Any) -> None:
        try:
            self.core.table(table_from(message), self._clock.now())
        except MessageRefused as error:
            self._refuse('neighbors', error)

    def _on_target(self, message: Any) -> None:
        try:
            self.core.target(target_from(message), self._clock.now())
        except MessageRefused as error:
            self._refuse('target', error)

    def _refuse(self, topic: str, error: MessageRefused) -> None:
        self._refused[error.reason] += 1
        if self._refusals.over(self._clock.now()):
            self._bus.say(f'{topic} refused: {error}', 'error')

    def _on_deadline(self) -> None:
        now = self._clock.now()
        # A fixed rhythm; periods that a busy host has cost are not made up for.
        self._next_ns += max(1, -(-(now - self._next_ns + 1) // self._period_ns)) * self._period_ns
        report = self._report = self.core.update(now)
        steered = steer(report.command, self._yaw) if self._steers else report.command
        self._command(self._make.twist_to(steered, self._yaw))
        self._pose_frozen(self._bus.types.Bool(data=finds_frozen(report)))

    def _command(self, twist: Any) -> None:
        if self._stamped:
            stamp = self._clock.stamp()
            self._cmd_vel(self._make.stamped(twist, base_frame(self._name), stamp))
        else:
            self._cmd_vel(twist)
