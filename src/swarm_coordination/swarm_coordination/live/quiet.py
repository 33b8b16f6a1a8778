# SPDX-License-Identifier: Apache-2.0
"""A limit on how often one place of the code may write to the log."""

from __future__ import annotations

from swarm_coordination.units import NS_PER_S

# A line every 5 s shows that something goes on; more would hide the others.
PERIOD_NS = 5 * NS_PER_S


class Quiet:
    """Says at most once in ``PERIOD_NS`` that a line may be written."""

    def __init__(self) -> None:
        self._until_ns: int | None = None

    def over(self, now: int) -> bool:
        """Whether a line may be written at ``now``; the next one then waits."""
        if self._until_ns is not None and now < self._until_ns:
            return False
        self._until_ns = now + PERIOD_NS
        return True
