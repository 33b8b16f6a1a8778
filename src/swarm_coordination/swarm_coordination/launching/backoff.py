# SPDX-License-Identifier: Apache-2.0
"""How long to wait before a process that ended is started again: longer each time."""

from __future__ import annotations

# A robot that fails at once would write an incarnation to its disk at every start.
FIRST_S, FACTOR, LONGEST_S = 1.0, 2.0, 30.0
# What ran so long was well: the next failure is another one.
HEALTHY_S = 60.0


class Backoff:
    """Waiting times of one process."""

    def __init__(self) -> None:
        self._next_s = FIRST_S

    def after(self, ran_s: float) -> float:
        """Return the time (s) to wait, for a process that ended after ``ran_s`` seconds."""
        if ran_s >= HEALTHY_S:
            self._next_s = FIRST_S
        wait_s, self._next_s = self._next_s, min(LONGEST_S, FACTOR * self._next_s)
        return wait_s
