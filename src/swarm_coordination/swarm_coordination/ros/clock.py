# SPDX-License-Identifier: Apache-2.0
"""
The one clock of a node: integer nanoseconds, steady, or ROS time under ``use_sim_time``.

Under simulated time nothing starts before the first ``/clock``, a paused clock pauses the robot,
and a jump back ends the life of what runs by it: the core's ``now`` never goes backwards, so a
rewound simulation is a restart of the robot, with its disk (``manager``).
"""

from __future__ import annotations

import time
from typing import Any

from swarm_coordination.errors import SwarmError
from swarm_coordination.units import NS_PER_MS, NS_PER_S

# Simulated time moves in the steps of ``/clock``: looked at this often, in real time.
POLL_NS = 5 * NS_PER_MS


class ClockWentBack(SwarmError):
    """Simulated time jumped back: what ran by it has to be started again."""


class CoreClock:
    """Gives the core its ``now`` and the loop the time to wait for."""

    def __init__(self, node: Any) -> None:
        self._simulated = bool(node.get_parameter('use_sim_time').value)
        self._ros = node.get_clock()
        self._newest = 0

    @property
    def started(self) -> bool:
        """Whether there is a time: at once, or from the first ``/clock`` on."""
        return not self._simulated or self._ros.now().nanoseconds > 0

    def now(self) -> int:
        """Nanoseconds now; raises ClockWentBack where simulated time did."""
        if not self._simulated:
            return time.monotonic_ns()
        now = int(self._ros.now().nanoseconds)
        if now < self._newest:
            raise ClockWentBack(f'simulated time went from {self._newest} ns back to {now} ns')
        self._newest = now
        return now

    def due_ns(self, deadline_ns: int) -> int:
        """Steady time at which to see to ``deadline_ns`` of this clock; 0: now."""
        if not self._simulated:
            return deadline_ns
        now = int(self._ros.now().nanoseconds)
        # Where it went back the callback is due: it learns so by asking for the time.
        if now > 0 and (now >= deadline_ns or now < self._newest):
            return 0
        return time.monotonic_ns() + POLL_NS

    def age_ns(self, stamp: Any) -> int:
        """Age of a header's stamp by ROS time; below 0 where it lies ahead."""
        return int(self._ros.now().nanoseconds) - stamp.sec * NS_PER_S - int(stamp.nanosec)

    def stamp(self) -> Any:
        """ROS time now, for the header of a message."""
        return self._ros.now().to_msg()
