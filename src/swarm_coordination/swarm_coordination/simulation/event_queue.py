# SPDX-License-Identifier: Apache-2.0
"""An event queue with a virtual clock: same pushes, same order, on every machine."""

from __future__ import annotations

from collections.abc import Callable
import heapq

from swarm_coordination.errors import UsageError

Callback = Callable[[int], None]


class EventQueue:
    """Callbacks by virtual time in ns; equal times run in the order they were pushed."""

    def __init__(self, start_ns: int) -> None:
        self.now = start_ns
        self.handled = 0
        self._heap: list[tuple[int, int, Callback]] = []
        self._pushed = 0

    def push(self, time_ns: int, callback: Callback) -> None:
        """Have ``callback(time_ns)`` called then; raises UsageError for a time gone by."""
        if time_ns < self.now:
            raise UsageError(f'an event at {time_ns} ns lies before now ({self.now} ns)')
        self._pushed += 1
        heapq.heappush(self._heap, (time_ns, self._pushed, callback))

    def run_until(self, end_ns: int) -> None:
        """Run everything due up to and including ``end_ns``; the clock then stands there."""
        heap = self._heap
        while heap and heap[0][0] <= end_ns:
            time_ns, _, callback = heapq.heappop(heap)
            self.now = time_ns
            self.handled += 1
            callback(time_ns)
        self.now = end_ns

    def run_next(self, end_ns: int) -> bool:
        """Run one event due up to ``end_ns``; False, the clock then there, for none."""
        if not self._heap or self._heap[0][0] > end_ns:
            self.now = end_ns
            return False
        time_ns, _, callback = heapq.heappop(self._heap)
        self.now = time_ns
        self.handled += 1
        callback(time_ns)
        return True
