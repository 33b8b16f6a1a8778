# SPDX-License-Identifier: Apache-2.0
"""
Frames that somebody without the swarm key can send: made up, or made of frames overheard.

What cannot be told from a good frame by its bytes, a replay, is among them.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable
import random

# Bytes of a frame: version, cluster (2 to 9), configuration, tag (18 to 33), see wire/codec.py.
_CLUSTER, _TAG = slice(2, 10), slice(18, 34)
# Overheard frames kept: 0.6 s of five robots, old enough to be replays.
KEPT = 64
RANDOM_BYTES_MAX = 1_400
OVERSIZED_BYTES = 8_999  # what a MeshFrame message can hold, less one


class Forger:
    """
    Makes hostile frames of every kind in turn, or of those of ``kinds`` only.

    ``earlier`` are frames of another run; without any there is no such kind.
    """

    def __init__(
        self, rng: random.Random, earlier: Iterable[bytes] = (), kinds: Iterable[str] = ()
    ) -> None:
        self._rng = rng
        self._earlier = tuple(earlier)
        self._heard: deque[bytes] = deque(maxlen=KEPT)
        self.made: Counter[str] = Counter()
        self._kinds: dict[str, Callable[[bytes], bytes]] = {
            'random': lambda _: rng.randbytes(rng.randrange(RANDOM_BYTES_MAX)),
            'mutated': self._mutated,
            'truncated': lambda frame: frame[: rng.randrange(len(frame))],
            'replayed': lambda frame: frame,
            'oversized': lambda frame: frame + rng.randbytes(OVERSIZED_BYTES - len(frame)),
            'wrong_version': lambda frame: bytes((frame[0] + 1,)) + frame[1:],
            'wrong_cluster': lambda frame: self._with(frame, _CLUSTER),
            'wrong_key': lambda frame: self._with(frame, _TAG),
        }
        if self._earlier:
            self._kinds['earlier'] = lambda _: rng.choice(self._earlier)
        self._chosen = tuple(kinds) or tuple(self._kinds)

    def hear(self, frame: bytes) -> None:
        """Keep a frame overheard."""
        self._heard.append(frame)

    def forge(self) -> tuple[str, bytes]:
        """Return one more hostile frame, after its kind."""
        kind = self._rng.choice(self._chosen) if self._heard else 'random'
        self.made[kind] += 1
        return kind, self._kinds[kind](self._rng.choice(self._heard) if self._heard else b'')

    def _mutated(self, frame: bytes) -> bytes:
        changed = bytearray(frame)
        for _ in range(self._rng.randrange(1, 9)):
            changed[self._rng.randrange(len(changed))] ^= 1 << self._rng.randrange(8)
        return bytes(changed)

    def _with(self, frame: bytes, where: slice) -> bytes:
        return frame[: where.start] + self._rng.randbytes(where.stop - where.start) + (
            frame[where.stop:])
