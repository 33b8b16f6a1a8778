# SPDX-License-Identifier: Apache-2.0
"""The byte budget of one robot, in whole numbers: what may go, and what is put by for whom."""

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

    def comes_in_ns(self, size: int) -> int:
        """Time in which ``size`` bytes are gained."""
        return -(-size * NS_PER_S // self._rate)


# One byte in so many is put by for what waits while beacons go on: so neither gets less than half.
SAVED_SHARE = 2


class Savings:
    """
    Bytes of the bucket that only what waits may spend, so that beacons cannot spend them all.

    Without them a small budget would go into beacons as it comes, and no longer entry would ever
    fit; were the beacon to wait for the entry's bytes instead, it would be late by all of them.
    """

    def __init__(self, rate: int, now: int) -> None:
        self._rate = rate // SAVED_SHARE
        self._target = 0  # bytes that what waits needs; 0: nothing waits
        self._scaled = 0
        self._grown_ns = now

    def __bool__(self) -> bool:
        """Whether anything waits."""
        return self._target > 0

    def wait_for(self, size: int, now: int) -> None:
        """Put by up to ``size`` bytes from now on; 0 where nothing waits any more."""
        if not self._target:
            self._scaled, self._grown_ns = 0, now
        self._target = size

    def spend(self, size: int) -> None:
        """Take ``size`` bytes for what waited, as far as they were put by."""
        self._scaled = max(0, self._scaled - size * NS_PER_S)

    def held(self, now: int, tokens: int) -> int:
        """Whole bytes put by, of the ``tokens`` that there are."""
        grown = self._scaled + max(0, now - self._grown_ns) * self._rate
        self._scaled = min(grown, self._target * NS_PER_S, tokens * NS_PER_S)
        self._grown_ns = now
        return self._scaled // NS_PER_S

    def beside_ns(self, size: int, now: int, tokens: int) -> int:
        """Time at which ``size`` bytes are there beside those put by."""
        missing = size + self.held(now, tokens) + 1 - tokens
        return now + max(0, -(-missing * NS_PER_S // self._rate))

    def ready_ns(self, size: int, now: int, tokens: int) -> int:
        """Time at which ``size`` bytes, one at least, are put by, where so many are to be."""
        missing = (max(1, size) - self.held(now, tokens)) * NS_PER_S
        return now + max(0, -(-missing // self._rate))
