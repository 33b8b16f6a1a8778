# SPDX-License-Identifier: Apache-2.0
"""
The high-water mark: up to where the log was synced, in a file of its own.

Without it a log that lost its synced tail looks like one whose unsynced tail was torn. The mark
stands in two slots that are written in turn, each in a block of its own and with its own CRC:
a write that is torn by a power cut leaves the other slot, one sync older.
"""

from __future__ import annotations

import os
from pathlib import Path
import struct
from typing import NamedTuple
import zlib

from swarm_coordination.storage.records import Position

FILE_NAME = 'mark'
# A block of every usual file system: writing one slot cannot touch the other.
_SLOT_BYTES = 4096
_FIELDS = struct.Struct('<8sQQQIB')
_CRC = struct.Struct('<I')
_MAGIC = b'SWRMMARK'


class Mark(NamedTuple):
    """
    Everything up to ``position`` of log file ``generation`` was synced.

    ``damaged``: synced records have been lost at some time; never taken back.
    """

    sequence: int
    generation: int
    position: Position
    damaged: bool


def read_mark(directory: Path) -> Mark | None:
    """Return the newest valid mark; None where no slot holds one."""
    valid = [mark for mark in _read_slots(directory) if mark is not None]
    return max(valid, key=lambda mark: mark.sequence) if valid else None


def is_in_both_slots(directory: Path, generation: int) -> bool:
    """Whether the mark still says where the log is should one of its slots be damaged."""
    return all(
        mark is not None and mark.generation == generation for mark in _read_slots(directory)
    )


def _read_slots(directory: Path) -> tuple[Mark | None, ...]:
    try:
        data = (directory / FILE_NAME).read_bytes()
    except FileNotFoundError:
        return ()
    return tuple(_decode(data[at:at + _SLOT_BYTES]) for at in (0, _SLOT_BYTES))


def write_mark(descriptor: int, mark: Mark) -> None:
    """Write and sync ``mark`` into its slot of the open mark file."""
    slot = mark.sequence % 2
    data = _encode(mark)
    if os.pwrite(descriptor, data, slot * _SLOT_BYTES) != len(data):
        raise OSError('short write of the high-water mark')
    os.fdatasync(descriptor)


def _encode(mark: Mark) -> bytes:
    fields = _FIELDS.pack(
        _MAGIC,
        mark.sequence,
        mark.generation,
        mark.position.offset,
        mark.position.chain,
        int(mark.damaged),
    )
    return fields + _CRC.pack(zlib.crc32(fields))


def _decode(slot: bytes) -> Mark | None:
    if len(slot) < _FIELDS.size + _CRC.size:
        return None
    magic, sequence, generation, offset, chain, damaged = _FIELDS.unpack_from(slot)
    (crc,) = _CRC.unpack_from(slot, _FIELDS.size)
    if magic != _MAGIC or crc != zlib.crc32(slot[: _FIELDS.size]):
        return None
    return Mark(sequence, generation, Position(offset, chain), bool(damaged))
