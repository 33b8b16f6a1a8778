# SPDX-License-Identifier: Apache-2.0
"""
Frames that were refused: counted by reason, and told at a limited rate.

Of those that cannot be read every one is a reason to tell. Of those that can, and come again, a
network makes some itself: they are told once there are more than it makes. The mesh counts them.
"""

from __future__ import annotations

from collections.abc import Callable

from swarm_coordination.errors import FrameError
from swarm_coordination.units import NS_PER_S

# Whoever floods the air shall not flood the log too.
PERIOD_NS = 10 * NS_PER_S
# Frames that came again, in one period: 25 a second. A network that sends every tenth frame of
# ten robots twice makes less.
FLOOD = 250
_WORDS = {
    'wrong_version': 'another protocol version, not understood',
    'wrong_cluster': 'another swarm',
    'bad_tag': "not under this swarm's key, or changed on the way",
    'replay': 'come before: sent again by somebody',
    'old_incarnation': "of a robot's earlier life: sent again by somebody",
    'own_echo': 'our own: sent again by somebody',
}
# Takes the time, a kind of event, words and how many frames.
Tell = Callable[[int, str, str, int], None]


class Refusals:
    """Counts by reason, of which there are few (wire/codec.py, mesh/reception.py)."""

    def __init__(self, tell: Tell) -> None:
        """``tell`` is called with what people should read."""
        self._tell = tell
        self._counts: dict[str, int] = {}
        self._newest: dict[str, str] = {}
        self._again: dict[str, int] = {}
        self._told_ns: int | None = None
        self._flood, self._flood_ns = 0, 0  # since when

    @property
    def total(self) -> int:
        """How many frames could not be read."""
        return sum(self._counts.values())

    def note(self, error: FrameError, now: int) -> None:
        """Count a frame that cannot be read."""
        self._counts[error.reason] = self._counts.get(error.reason, 0) + 1
        self._newest[error.reason] = str(error)
        self._say(now)

    def dropped(self, reason: str, now: int) -> None:
        """Count a frame that can be read, and that the mesh does not take for this reason."""
        if reason not in _WORDS:
            return  # no stranger's doing
        self._again[reason] = self._again.get(reason, 0) + 1
        if now - self._flood_ns >= PERIOD_NS:
            self._flood, self._flood_ns = 0, now
        self._flood += 1
        if self._flood >= FLOOD:
            self._say(now)

    def _say(self, now: int) -> None:
        if self._told_ns is not None and now - self._told_ns < PERIOD_NS:
            return
        self._told_ns = now
        counts = [(count, self._newest[reason], reason) for reason, count in self._counts.items()]
        counts += [(count, reason, reason) for reason, count in self._again.items()]
        told = (
            f'{count} {text}' + (f' ({_WORDS[reason]})' if reason in _WORDS else '')
            for count, text, reason in sorted(counts, key=lambda one: one[2])
        )
        total = sum(count for count, _, _ in counts)
        self._tell(
            now, 'frames_refused', f'{total} frames refused so far: ' + '; '.join(told), total
        )
