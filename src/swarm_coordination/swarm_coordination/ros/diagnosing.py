# SPDX-License-Identifier: Apache-2.0
"""
When health is told: at a steady rhythm, and at once where a part has become worse.

Reports are looked at every ``LOOK_NS``; a part that has reached another level than the one told
last, and is not well, is not kept waiting for the rhythm. So a fault is known within
``LOOK_NS`` however slow the rhythm is, and one that flaps is told at most as often; a part that
is well again waits for the rhythm.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
import time
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from swarm_coordination.ros import qos
from swarm_coordination.ros.executor import Runner
from swarm_coordination.ros.health import Level, Report, to_message
from swarm_coordination.units import NS_PER_MS, seconds_to_ns

# Five a second: soon for a person who looks on, and next to nothing beside status at 10 Hz.
LOOK_NS = 200 * NS_PER_MS


class Cadence:
    """Decides what is told when; ``due_ns`` is when ``take`` is to be called next."""

    def __init__(self) -> None:
        self.due_ns = 0
        self._next_ns = 0  # of the rhythm
        self._told: dict[str, Level] = {}

    def soon(self) -> None:
        """Have the next reports told, whatever they say."""
        self.due_ns = self._next_ns = 0

    def take(self, reports: Sequence[Report], now: int, period_ns: int) -> bool:
        """Return whether to tell ``reports`` at ``now`` (ns), by a rhythm of that period."""
        worse = any(
            report.level is not Level.OK and self._told.get(report.part) is not report.level
            for report in reports
        )
        due = now >= self._next_ns
        if due or worse:
            self._told = {report.part: report.level for report in reports}
            self._next_ns = now + period_ns
        self.due_ns = min(self._next_ns, now + LOOK_NS)
        return due or worse


class Diagnosing:
    """Publishes what ``reports`` returns on ``/diagnostics``, for a node of a robot."""

    def __init__(
        self,
        node: Any,
        runner: Runner,
        reports: Callable[[], Sequence[Report]],
        period_s: Callable[[], float],
    ) -> None:
        """``node`` has the robot's name as ``robot``; ``period_s`` may change at any time."""
        self._node, self._reports, self._period_s = node, reports, period_s
        self._cadence = Cadence()
        self._publisher = node.create_publisher(DiagnosticArray, '/diagnostics', qos.DIAGNOSTICS)
        runner.at(lambda: self._cadence.due_ns, self._look)

    def soon(self) -> None:
        """Have the health told as soon as the callback in hand has returned."""
        self._cadence.soon()

    def now(self) -> None:
        """Tell the health now."""
        self._cadence.soon()
        self._look()

    def _look(self) -> None:
        reports = self._reports()
        period_ns = seconds_to_ns(self._period_s())
        if self._cadence.take(reports, time.monotonic_ns(), period_ns):
            message = DiagnosticArray(
                status=[to_message(self._node.robot, one) for one in reports]
            )
            message.header.stamp = self._node.get_clock().now().to_msg()
            self._publisher.publish(message)
