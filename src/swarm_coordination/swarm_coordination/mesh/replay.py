# SPDX-License-Identifier: Apache-2.0
"""
Replay window: each frame counter of one sender and incarnation is accepted once.

The sliding bitmap of IPsec (RFC 4303, appendix A2), with counters that never wrap.
"""

from __future__ import annotations

# Frames reordered by more than this are lost: over 3 s of a robot's frames at 20 Hz.
WINDOW = 64
_MASK = (1 << WINDOW) - 1


class ReplayWindow:
    """Which of the last ``WINDOW`` counters have been seen."""

    __slots__ = ('highest', '_seen')

    def __init__(self) -> None:
        self.highest = -1
        self._seen = 0  # bit k: ``highest - k`` was seen

    def accept(self, counter: int) -> bool:
        """Return whether ``counter`` is new, and remember it."""
        if counter > self.highest:
            shift = counter - self.highest
            self._seen = 1 if shift >= WINDOW else ((self._seen << shift) | 1) & _MASK
            self.highest = counter
            return True
        behind = self.highest - counter
        if behind >= WINDOW or self._seen >> behind & 1:
            return False
        self._seen |= 1 << behind
        return True
