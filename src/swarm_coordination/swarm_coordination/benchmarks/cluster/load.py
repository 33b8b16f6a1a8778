# SPDX-License-Identifier: Apache-2.0
"""
The load on a leader, the same for every system: one command after the other, or a full window.

A command counts once the member it was handed to has applied it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
import json
import sys
from typing import Any

_Time = Callable[[], float]
# Commands handed over at once: a thousand would keep a member from all else for half a second,
# and cost it the lead.
_AT_ONCE = 8


def tell(**what: Any) -> None:
    """Print one line for whoever drives this process."""
    sys.stdout.write(json.dumps(what) + '\n')
    sys.stdout.flush()


class Load:
    """
    Keeps ``window`` commands under way; not thread-safe: call from one thread.

    ``propose`` hands over a command of about ``size`` bytes and returns whether it was taken;
    ``clock`` gives seconds; ``state`` says how the member stands, for a load that falls short.
    """

    def __init__(
        self,
        propose: Callable[[int], bool],
        clock: _Time,
        state: Callable[[], str] = lambda: '',
    ) -> None:
        self._propose, self._clock, self._state = propose, clock, state
        self._begun: deque[float] = deque()
        self._latencies: list[float] = []
        self._window = self._size = self._count = 0
        self._end_s = self._start_s = 0.0

    def start(self, window: int, size: int, count: int, seconds: float) -> None:
        """Begin; it ends after ``count`` commands or ``seconds``, whichever comes first."""
        self._window, self._size, self._count = window, size, count
        self._latencies.clear()
        self._begun.clear()
        self._start_s = self._clock()
        self._end_s = self._start_s + seconds
        self.fill()

    def applied(self) -> None:
        """Note that the oldest command under way has been applied; then ``fill``."""
        if not self._begun:
            return  # of a load before this one
        now = self._clock()
        self._latencies.append(now - self._begun.popleft())
        if len(self._latencies) >= self._count or now >= self._end_s:
            self._finish(now)

    def tick(self) -> None:
        """Go on where nothing was taken, end where time is over."""
        now = self._clock()
        if self._window and now >= self._end_s:
            self._finish(now)
        else:
            self.fill()

    def fill(self) -> None:
        """Hand over commands where the window has room."""
        room = min(self._window, self._count - len(self._latencies))
        for _ in range(min(_AT_ONCE, room - len(self._begun))):
            self._begun.append(self._clock())
            if not self._propose(self._size):
                self._begun.pop()
                return

    def _finish(self, now: float) -> None:
        self._window = 0
        self._begun.clear()
        seconds = now - self._start_s
        done = len(self._latencies)
        kept = self._latencies if done <= 5_000 else []
        state = self._state() if done < self._count else ''
        tell(load={'seconds': seconds, 'done': done, 'latencies': kept, 'state': state})
