# SPDX-License-Identifier: Apache-2.0
"""
Make a failing schedule small: fewer faults, then less time, as long as the same rule breaks.

Faults go in ever smaller blocks, down to one by one, until none can go any more (delta debugging:
Zeller and Hildebrandt 2002); then every fault is shortened; then the end of the run is put just
behind the failure.
"""

from __future__ import annotations

from collections.abc import Callable

from swarm_coordination.campaign.run import Outcome, play
from swarm_coordination.campaign.schedule import Schedule


class Shrinking:
    """
    Shrinks one outcome's schedule; ``told`` hears of every success.

    ``runs_max`` bounds the runs: a shrunk schedule is a help, not a proof.
    """

    def __init__(
        self, failed: Outcome, told: Callable[[str], None], runs_max: int = 200
    ) -> None:
        self.best = failed
        self._told, self._left = told, runs_max

    def shrink(self) -> Outcome:
        """Return the smallest failure found."""
        self._drop_faults()
        self._shorten_faults()
        self._cut_time()
        return self.best

    def _drop_faults(self) -> None:
        size = max(1, len(self.best.schedule.faults) // 2)
        while self.best.schedule.faults and self._left:
            start, dropped = 0, False
            while start < len(self.best.schedule.faults):
                faults = self.best.schedule.faults
                fewer = faults[:start] + faults[start + size:]
                if self._try(self.best.schedule._replace(faults=fewer)):
                    dropped = True
                else:
                    start += size
            if size == 1 and not dropped:
                return
            size = max(1, size // 2)

    def _shorten_faults(self) -> None:
        for at, fault in enumerate(self.best.schedule.faults):
            shorter = fault._replace(for_ms=fault.for_ms // 2)
            if fault.for_ms > 1:
                faults = self.best.schedule.faults
                self._try(self.best.schedule._replace(
                    faults=(*faults[:at], shorter, *faults[at + 1:])
                ))

    def _cut_time(self) -> None:
        """End the run just behind the failure (one of healing needs its bound)."""
        end = self.best.at_ms + 1
        if end < self.best.schedule.calm_ms:
            self._try(self.best.schedule._replace(calm_ms=end, end_ms=end))

    def _try(self, schedule: Schedule) -> bool:
        if not self._left:
            return False
        self._left -= 1
        outcome = play(schedule)
        if outcome.rule != self.best.rule:
            return False
        self.best = outcome
        self._told(f'{len(schedule.faults)} faults, {outcome.at_ms / 1000:g} s: {outcome.rule}')
        return True
