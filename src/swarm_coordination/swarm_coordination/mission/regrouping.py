# SPDX-License-Identifier: Apache-2.0
"""
Free a formation that is stuck: shrink it for a while, and open it again.

A formation that gets no nearer to its slots although they are far is held by a link that only a
path around the whole formation could replace, longer than what ages certify. Shrunk, such paths
are short; the link is let go, the formation goes on and is opened again.

What does not help is not repeated for ever: every change is a commit. Robots that cannot move at
all are left alone for longer and longer.
"""

from __future__ import annotations

from collections.abc import Sequence
import math

# No progress: the sum of the way to all slots has not shrunk by this share for so long, nor by so
# much (m) for each robot: long chains open steadily, though slowly for ways as long as theirs.
STUCK_S, PROGRESS_SHARE, STUCK_M = 6.0, 0.02, 1.0
PROGRESS_M = 0.5
# Shrunk formations, tried in turn.
SCALES = (0.3, 0.22)
# So often at once: with four, one ring of forty that had lost their leader did not close within
# 240 s. Each further attempt in vain doubles the wait before the next. What held the formation
# up may go away by itself, so it is tried again some day.
QUICK_ATTEMPTS, WAIT_MAX_S = 40, 600.0


class Regrouping:
    """
    Decides when to shrink and when to open, from the distances of all robots to their slots.

    ``shrunk`` counts how often it has shrunk the formation; ``begin`` is called whenever slots
    have been assigned for another reason.
    """

    def __init__(self) -> None:
        self.shrunk = 0
        self._best_m, self._best_at_s = math.inf, 0.0
        self._in_vain = 0  # times shrunk since that, or flying on, last brought anybody nearer
        self._open_m = math.inf  # the least way to all slots at full size before a shrinking

    def begin(self, now_s: float) -> None:
        """Measure progress anew from here."""
        self._best_m, self._best_at_s = math.inf, now_s

    def scale(
        self, errors_m: Sequence[float], scale: float, least: float, now_s: float
    ) -> float | None:
        """
        Return the scale to fly at from now on; None to leave it.

        ``scale`` is in force, 1 for the formation's own size; ``least``: no smaller one is safe.
        """
        total_m, worst_m = math.fsum(errors_m), max(errors_m, default=0.0)
        least_m = min(PROGRESS_SHARE * self._best_m, PROGRESS_M * len(errors_m))
        if total_m < self._best_m - least_m:
            self._best_m, self._best_at_s = total_m, now_s
        arrived = worst_m <= STUCK_M
        if arrived and scale >= 1.0:
            self._in_vain, self._open_m = 0, math.inf
        wait_s = STUCK_S if scale < 1.0 else self._wait_s()
        if now_s - self._best_at_s < wait_s and not (arrived and scale < 1.0):
            return None
        if scale < 1.0:
            self.begin(now_s)
            return 1.0
        wanted = max(SCALES[self.shrunk % len(SCALES)], least)
        if arrived or wanted >= 1.0:
            return None
        if total_m < (1.0 - PROGRESS_SHARE) * self._open_m:
            self._in_vain, self._open_m = 0, total_m
        self.shrunk += 1
        self._in_vain += 1
        self.begin(now_s)
        return wanted

    def _wait_s(self) -> float:
        """Return how long there has to be no progress at full size before it is shrunk."""
        doublings = min(max(0, self._in_vain - QUICK_ATTEMPTS), 10)
        return min(STUCK_S * 2.0**doublings, WAIT_MAX_S)
