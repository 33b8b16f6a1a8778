# SPDX-License-Identifier: Apache-2.0
"""
Log time: a clock that the log itself carries, so that leases need no common clock.

A leader begins its term at the greatest stamp in its log and adds what passes on its own clock
while it leads. So between two stamps of one log at least that much time has really passed: log
time stands still while nobody leads, while a leader sleeps, and over a leap of its clock, and a
lease by log time is never over too soon.
"""

from __future__ import annotations

from swarm_coordination.bounds import COUNTER_MAX
from swarm_coordination.units import NS_PER_MS

# A longer gap between ticks (design of the mesh: 0.3 s) is a pause or a leap: nobody can tell
# how much of it really passed.
STEP_MAX_NS = 300 * NS_PER_MS


class LogClock:
    """Log time of one leader during one term; ``stamp_ms``: the greatest stamp in its log."""

    def __init__(self, stamp_ms: int, now: int) -> None:
        self._reading_ns = stamp_ms * NS_PER_MS
        self._at = now

    def tick(self, now: int) -> None:
        """Let time pass; to be called at every tick of the robot."""
        elapsed, self._at = now - self._at, now
        self._reading_ns += min(max(0, elapsed), STEP_MAX_NS)

    def stamp_ms(self, now: int) -> int:
        """Stamp for an entry that is proposed at ``now``."""
        self.tick(now)
        return min(self._reading_ns // NS_PER_MS, COUNTER_MAX)
