# SPDX-License-Identifier: Apache-2.0
"""
Log time: a clock that the log itself carries, so that leases need no common clock.

A leader stamps a new entry with max(previous stamp, previous stamp + the time that passed on
the leader's own clock since it applied that stamp). Log time never runs ahead of any leader's
elapsed time and stands still while nobody leads.
"""

from __future__ import annotations

from swarm_coordination.bounds import COUNTER_MAX
from swarm_coordination.units import NS_PER_MS


class LogClock:
    """One robot's view of log time; only a leader stamps with it."""

    def __init__(self) -> None:
        self._stamp_ms = 0
        self._since_ns: int | None = None

    def applied(self, log_time_ms: int, now: int) -> None:
        """Note log time after an entry was applied at ``now``."""
        if self._since_ns is None or log_time_ms > self._stamp_ms:
            self._stamp_ms, self._since_ns = log_time_ms, now

    def stamp_ms(self, now: int) -> int:
        """Stamp for an entry that is proposed at ``now``."""
        if self._since_ns is None:
            return self._stamp_ms
        elapsed_ms = max(0, now - self._since_ns) // NS_PER_MS
        return min(self._stamp_ms + elapsed_ms, COUNTER_MAX)
