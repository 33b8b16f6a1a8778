# SPDX-License-Identifier: Apache-2.0
"""
A robot's own steady clock: another zero, another rate, and leaps ahead (a suspended host).

It goes back only where its machine is booted: then it begins anew, and so does the process.
"""

from __future__ import annotations

_PPM = 1_000_000


class Clock:
    """
    Converts between the time of the world and that of one robot, both in ns.

    ``rate_ppm``: parts per million that it runs fast (below 0: slow). Whole numbers throughout.
    """

    def __init__(self, zero_ns: int, rate_ppm: int, now: int) -> None:
        self._local, self._since, self.rate_ppm = zero_ns, now, rate_ppm
        self.changes = 0  # how often it was set or leapt: what was converted before is void

    def local(self, now: int) -> int:
        """Return what the clock shows at the world's ``now``, which never goes back."""
        elapsed = now - self._since
        return self._local + elapsed + elapsed * self.rate_ppm // _PPM

    def world(self, local: int) -> int:
        """Return the first time of the world at which the clock shows ``local`` or more."""
        elapsed = local - self._local
        return self._since - (-elapsed * _PPM // (_PPM + self.rate_ppm))

    def set_rate(self, rate_ppm: int, now: int) -> None:
        """Run at another rate from ``now`` on."""
        self._local, self._since, self.rate_ppm = self.local(now), now, rate_ppm
        self.changes += 1

    def leap(self, ahead_ns: int, now: int) -> None:
        """Jump ahead; a clock that goes back is a restart of its robot, and no leap."""
        self._local, self._since = self.local(now) + max(0, ahead_ns), now
        self.changes += 1

    def set_back(self, back_ns: int, now: int) -> None:
        """Show an earlier time from ``now`` on, 0 at the least; its process has to be dead."""
        self._local, self._since = max(0, self.local(now) - back_ns), now
        self.changes += 1
