# SPDX-License-Identifier: Apache-2.0
"""Frames that were refused: counted by reason, and told at a limited rate."""

from __future__ import annotations

from swarm_coordination.errors import FrameError
from swarm_coordination.units import NS_PER_S

# Whoever floods the air shall not flood the log too.
PERIOD_NS = 10 * NS_PER_S
_WORDS = {
    'wrong_version': 'another protocol version, not understood',
    'wrong_cluster': 'another swarm',
    'bad_tag': "not under this swarm's key, or changed on the way",
}


class Refusals:
    """Counts by reason, of which there are few (wire/codec.py)."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._newest: dict[str, str] = {}
        self._told_ns: int | None = None

    @property
    def total(self) -> int:
        """How many frames were refused."""
        return sum(self._counts.values())

    def note(self, error: FrameError, now: int) -> str:
        """Count a refused frame; return what people should read now, mostly nothing."""
        self._counts[error.reason] = self._counts.get(error.reason, 0) + 1
        self._newest[error.reason] = str(error)
        if self._told_ns is not None and now - self._told_ns < PERIOD_NS:
            return ''
        self._told_ns = now
        told = (
            f'{count} {self._newest[reason]}'
            + (f' ({_WORDS[reason]})' if reason in _WORDS else '')
            for reason, count in sorted(self._counts.items())
        )
        return f'{self.total} frames refused so far: ' + '; '.join(told)
