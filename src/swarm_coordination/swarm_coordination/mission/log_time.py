# SPDX-License-Identifier: Apache-2.0
"""
Log time: a clock that the log itself carries, so that leases need no common clock.

A leader begins its term at the greatest stamp in its log and adds what passes on its own clock
while it leads. It asks for a tick often enough that a long step is a pause or a leap of its clock:
such a step counts for next to nothing, however long it was. So log time all but stands still
while nobody leads, while a leader sleeps, and over a leap. A leap that is shorter than a step may
be cannot be told from time: who relies on a lease leaves room for one (robot/tasks.py).
"""

from __future__ import annotations

from swarm_coordination.bounds import COUNTER_MAX
from swarm_coordination.units import NS_PER_MS

# A longer step is a pause, a leap or a late tick: nobody can tell how much of it really passed.
STEP_MAX_NS = 100 * NS_PER_MS
# What a longer step counts for. Log time goes on, slowly, where every tick of a leader is late;
# leaps that come one after the other hardly add up.
LATE_STEP_NS = 10 * NS_PER_MS
# A tick is asked for after so long, and may be late by as much.
_STEP_NS = STEP_MAX_NS // 2


class LogClock:
    """Log time of one leader during one term; ``stamp_ms``: the greatest stamp in its log."""

    def __init__(self, stamp_ms: int, now: int) -> None:
        self._reading_ns = stamp_ms * NS_PER_MS
        self._at = now

    def tick(self, now: int) -> None:
        """Let time pass; to be called at every tick of the robot."""
        elapsed, self._at = max(0, now - self._at), now
        self._reading_ns += elapsed if elapsed <= STEP_MAX_NS else LATE_STEP_NS

    def next_deadline(self) -> int:
        """Time by which ``tick`` wants to be called."""
        return self._at + _STEP_NS

    def stamp_ms(self, now: int) -> int:
        """Stamp for an entry that is proposed at ``now``."""
        self.tick(now)
        return min(self._reading_ns // NS_PER_MS, COUNTER_MAX)
