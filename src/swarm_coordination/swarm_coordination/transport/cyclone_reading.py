# SPDX-License-Identifier: Apache-2.0
"""
Reading samples that Cyclone DDS has received: one bad sample must not cost those beside it.

Cyclone's Python reads any type field by field and byte arrays number by number, 10 to 30
microseconds a frame. Frames of the mesh are most of what a robot among forty receives, and of one
shape: a name and bytes. They have a reader of their own; whatever looks unusual goes the general
way.
"""

from __future__ import annotations

from collections.abc import Callable
import struct
from typing import Any

from swarm_coordination.transport.interfaces import FieldType, Part

# Second byte of a sample: little endian, plain CDR of the first or second kind. With 4-byte
# alignment at most both lay out a name and bytes alike (OMG DDS-XTypes 1.3, 7.4.3 and 7.6.3.1).
LITTLE_ENDIAN = (1, 7)
_SIZE = struct.Struct('<I')
HEADER_BYTES = 4
_TEXT_AT = HEADER_BYTES + _SIZE.size


class Unreadable:
    """A sample whose bytes are no message: somebody else's, or broken on purpose."""

    sample_info: Any = None


def read_any(cls: Any, data: bytes, /, **how: Any) -> Any:
    """Return a message, or an Unreadable."""
    try:
        return cls.__idl__.deserialize(data, **how)
    except Exception:  # noqa: BLE001 - strangers' bytes fail in any way (UTF-8, lengths, enums)
        return Unreadable()


def reader_of(part: Part) -> Callable[..., Any]:
    """Return what reads samples of a message: ``read_any``, or what is faster for its shape."""
    kinds = [kind for _, kind, _ in part.fields]
    if len(kinds) != 2 or not _is_name(kinds[0]) or not _is_bytes(kinds[1]):
        return read_any
    longest, most = kinds[0].length or 0, kinds[1].size or 0

    def read(cls: Any, data: bytes, /, **how: Any) -> Any:
        """Return a name and bytes, or an Unreadable."""
        if how or len(data) < HEADER_BYTES or data[1] not in LITTLE_ENDIAN:
            return read_any(cls, data, **how)
        try:
            (size,) = _SIZE.unpack_from(data, HEADER_BYTES)
            ends = _TEXT_AT + size
            name = data[_TEXT_AT:ends - 1].decode()
            counted = ends + -size % 4
            (count,) = _SIZE.unpack_from(data, counted)
        except (struct.error, UnicodeDecodeError):
            return Unreadable()
        held = data[counted + _SIZE.size:][:count]
        if not 0 < size <= longest + 1 or len(held) != count or count > most:
            return Unreadable()
        return cls(name, held)

    return read


def _is_name(kind: FieldType) -> bool:
    return kind.base == 'string' and not kind.is_array and kind.length is not None


def _is_bytes(kind: FieldType) -> bool:
    return kind.base == 'uint8' and kind.is_array and kind.bounded and kind.size is not None
