# SPDX-License-Identifier: Apache-2.0
"""
Waiting for many Cyclone DDS conditions at once, and knowing which of them it was.

Cyclone's Python says only how many. Asking each of a robot's eight readers after each frame took
as long as reading the frame.
"""

from __future__ import annotations

from typing import Any

from cyclonedds.core import DDSException, WaitSet
from cyclonedds.internal import dds_c_t


class Conditions(WaitSet):  # type: ignore[misc]  # cyclonedds has no types
    """Conditions by number, from 1 on in the order in which they were added."""

    def __init__(self, participant: Any) -> None:
        super().__init__(participant)
        self._triggered = (dds_c_t.attach * 0)()

    def add(self, condition: Any) -> int:
        """Wait for ``condition``, too; return its number."""
        # What is given here comes back from ``dds_waitset_wait``.
        number = len(self.attached) + 1
        code = self._waitset_attach(self._ref, condition._ref, number)
        if code < 0:
            raise DDSException(code, f'a condition could not be attached to {self!r}')
        self.attached.append((condition, number))
        self._triggered = (dds_c_t.attach * number)()
        return number

    def which(self, timeout_ns: int) -> list[int]:
        """Sleep until a condition holds, for at most ``timeout_ns``; return those that do."""
        found = self._waitset_wait(
            self._ref, self._triggered, len(self._triggered), timeout_ns
        )
        if found < 0:
            raise DDSException(found, f'waiting in {self!r}')
        return sorted(self._triggered[:found])
