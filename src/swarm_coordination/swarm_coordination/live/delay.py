# SPDX-License-Identifier: Apache-2.0
"""Simulated latency at a receiver: frames are taken later, and out of order."""

from __future__ import annotations

from collections.abc import Iterator
import heapq
import itertools
import random

from swarm_coordination.units import NS_PER_MS

# Frames under way: 0.4 s of those of 64 robots at 20 Hz; the network loses what comes beyond.
UNDER_WAY_MAX = 512
_NEVER = 2**62


class Delay:
    """Holds each frame for ``latency_ms`` and up to ``jitter_ms`` more."""

    def __init__(self, latency_ms: float, jitter_ms: float, rng: random.Random) -> None:
        self._latency_ms, self._jitter_ms, self._rng = latency_ms, jitter_ms, rng
        self._frames: list[tuple[int, int, bytes]] = []
        self._order = itertools.count()

    def put(self, frame: bytes, now: int) -> None:
        """Take a frame that came at ``now``."""
        if len(self._frames) < UNDER_WAY_MAX:
            late_ms = self._latency_ms + self._jitter_ms * self._rng.random()
            due_ns = now + round(late_ms * NS_PER_MS)
            heapq.heappush(self._frames, (due_ns, next(self._order), frame))

    def due_ns(self) -> int:
        """When the next frame is due."""
        return self._frames[0][0] if self._frames else _NEVER

    def due(self, now: int) -> Iterator[bytes]:
        """Yield the frames that are due, each once."""
        while self._frames and self._frames[0][0] <= now:
            yield heapq.heappop(self._frames)[2]
