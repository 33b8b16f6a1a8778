# SPDX-License-Identifier: Apache-2.0
"""The loop of a process whose messages Cyclone DDS carries."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from swarm_coordination.live.loop import Loop
from swarm_coordination.transport.cyclone import Participant


class CycloneLoop(Loop):
    """Waits for one participant; callbacks of other threads come in between."""

    def __init__(self, domain: int) -> None:
        """Join the domain."""
        super().__init__()
        self.participant = Participant(domain)
        # Bounded by its writers: one callback for each group commit of the disk.
        self._posted: deque[Callable[[], None]] = deque()

    def post(self, callback: Callable[[], None]) -> None:
        """Run ``callback`` in the loop's thread; may be called from any thread."""
        self._posted.append(callback)
        self.participant.wake()

    def hurry(self) -> None:
        """Let nothing that comes wait for more for a while."""
        self.participant.hurry()

    def fail(self, error: Exception) -> None:
        """End ``run`` with ``error``; may be called from any thread."""
        super().fail(error)
        self.participant.wake()

    def _wait(self, timeout_s: float) -> None:
        self.participant.wait(timeout_s)
        while self._posted:
            self._posted.popleft()()
        self.participant.poll()

    def close(self) -> None:
        """Leave the domain."""
        self._deadlines.clear()
        self.participant.close()
