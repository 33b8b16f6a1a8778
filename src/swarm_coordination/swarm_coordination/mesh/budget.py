# SPDX-License-Identifier: Apache-2.0
"""Token bucket in whole numbers: the byte budget of one robot."""

from __future__ import annotations

from swarm_coordination.units import NS_PER_S


class TokenBucket:
    """
    At most ``burst`` bytes at once and ``rate`` bytes per second in the long run.

    Tokens are counted in byte-nanoseconds per second so that no fraction is ever lost.
    """

    def __init__(self, rate: int, burst: int, now: int) -> None:
        self._rate, self._burst = rate, burst
        self._scaled = burst * NS_PER_S
        self._filled_ns = now

    def available(self, now: int) -> int:
        """Whole bytes that may be sent now."""
        if now > self._filled_ns:
            gained = (now - self._filled_ns) * self._rate
            self._scaled = min(self._burst * NS_PER_S, self._scaled + gained)
            self._filled_ns = now
        return self._scaled // NS_PER_S

    def spend(self, size: int) -> None:
        """Take ``size`` bytes, which ``available`` has shown to be there."""
        self._scaled -= size * NS_PER_S

    def ready_ns(self, size: int, now: int) -> int:
        """Time at which ``size`` bytes (at most the burst) are there."""
        missing = min(size, self._burst) * NS_PER_S - self._scaled
        if missing <= 0:
            return now
        return max(now, self._filled_ns + -(-missing // self._rate))
