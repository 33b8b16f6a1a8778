# SPDX-License-Identifier: Apache-2.0
"""
A snapshot cut into chunks: those that are here, by bitmap, until it is whole.

A snapshot is named by index, term and a hash of both with its bytes, so chunks of it may come from
anybody, in any order and more than once, and the whole is believed only if the hash agrees.
"""

from __future__ import annotations

import hashlib
import struct

from swarm_coordination.bounds import ID_MAX
from swarm_coordination.mesh.rows import CHUNK_BYTES, SnapshotChunk, SnapshotKey

_HEAD = struct.Struct('>QQ')


def snapshot_key(index: int, term: int, data: bytes) -> SnapshotKey:
    """Return the key of a snapshot; ``data`` is 1 byte to ``SNAPSHOT_BYTES_MAX`` long."""
    hashed = hashlib.blake2b(_HEAD.pack(index, term) + data, digest_size=8).digest()
    return SnapshotKey(index, term, int.from_bytes(hashed, 'big') & ID_MAX, len(data))


def chunk_count(key: SnapshotKey) -> int:
    """Return how many chunks a snapshot has."""
    return -(-key.size // CHUNK_BYTES)


class Transfer:
    """Chunks of one snapshot."""

    def __init__(self, key: SnapshotKey, data: bytes | None = None) -> None:
        """Start without chunks, or with all of ``data``, whose key it is."""
        self.key = key
        self._count = chunk_count(key)
        self._chunks: dict[int, bytes] = {}
        if data is not None:
            self._chunks = {
                number: data[number * CHUNK_BYTES:(number + 1) * CHUNK_BYTES]
                for number in range(self._count)
            }

    @property
    def is_whole(self) -> bool:
        """Whether every chunk is here."""
        return len(self._chunks) == self._count

    @property
    def arrived(self) -> int:
        """Count of the chunks that are here."""
        return len(self._chunks)

    @property
    def held(self) -> bytes:
        """Bitmap of the chunks that are here."""
        bits = bytearray((self._count + 7) // 8)
        for number in self._chunks:
            bits[number // 8] |= 1 << number % 8
        return bytes(bits)

    def chunk(self, number: int) -> SnapshotChunk | None:
        """Return one chunk, where it is here."""
        data = self._chunks.get(number)
        return None if data is None else SnapshotChunk(self.key.digest, number, data)

    def lacking(self, held: bytes) -> tuple[int, ...]:
        """Numbers of the chunks that are here and not in the bitmap ``held``, ascending."""
        return tuple(
            number
            for number in range(self._count)
            if number in self._chunks
            and not (number // 8 < len(held) and held[number // 8] >> number % 8 & 1)
        )

    def take(self, chunk: SnapshotChunk) -> bool:
        """Take a chunk of this snapshot; False where it cannot be one (number or length)."""
        if chunk.number >= self._count:
            return False
        length = min(CHUNK_BYTES, self.key.size - chunk.number * CHUNK_BYTES)
        if len(chunk.data) != length:
            return False
        self._chunks.setdefault(chunk.number, chunk.data)
        return True

    def data(self) -> bytes | None:
        """Return the bytes of a whole transfer; None where the hash does not agree."""
        data = b''.join(self._chunks[number] for number in range(self._count))
        agrees = snapshot_key(self.key.index, self.key.term, data) == self.key
        return data if agrees else None
