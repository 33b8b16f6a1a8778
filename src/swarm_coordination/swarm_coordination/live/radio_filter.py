# SPDX-License-Identifier: Apache-2.0
"""
The simulated radio at a receiver: DDS delivers to everybody, this decides who heard it.

The world publishes the probability of reception for every pair; each receiver draws for each
frame. Without a fresh radio state nothing is heard: a filter that let frames pass when the
world is silent would make every partition leak.
"""

from __future__ import annotations

from collections.abc import Sequence
import random

from swarm_coordination.units import seconds_to_ns


class RadioFilter:
    """
    Draws whether a frame is heard.

    Parameters
    ----------
    robot : name of the receiver.
    timeout_s : age from which a radio state counts for nothing.
    rng : source of the draws.

    """

    def __init__(self, robot: str, timeout_s: float, rng: random.Random) -> None:
        self._robot = robot
        self._timeout_ns = seconds_to_ns(timeout_s)
        self._rng = rng
        self._reception: dict[str, float] = {}
        self._reference_bytes = 0
        self._updated_ns: int | None = None
        self.dropped = 0
        self.blind = 0  # of those, for want of a fresh radio state

    def update(
        self, names: Sequence[str], reception: Sequence[float], reference_bytes: int, now: int
    ) -> None:
        """
        Take a radio state.

        ``reception`` is row-major, sender by receiver, for frames of ``reference_bytes``; 0
        means that the size of a frame does not matter. A state of another shape, one that does
        not know this robot or one whose numbers of it are no probabilities leaves it deaf.
        """
        count = len(names)
        self._updated_ns, self._reference_bytes, self._reception = now, reference_bytes, {}
        if self._robot not in names or len(reception) != count * count:
            return
        column = reception[list(names).index(self._robot)::count]
        if all(0.0 <= chance <= 1.0 for chance in column):
            self._reception = dict(zip(names, column))

    def hears(self, sender: str, size_bytes: int, now: int) -> bool:
        """Draw whether a frame of ``size_bytes`` of ``sender`` is heard now."""
        if self._updated_ns is None or now - self._updated_ns > self._timeout_ns:
            self.blind += 1
            self.dropped += 1
            return False
        chance = self._reception.get(sender, 0.0)
        if self._reference_bytes and chance > 0.0:
            # Bits are lost independently: a frame twice as long has to be lucky twice.
            chance = chance ** (size_bytes / self._reference_bytes)
        if self._rng.random() < chance:
            return True
        self.dropped += 1
        return False
