# SPDX-License-Identifier: Apache-2.0
"""A robot's files, by section 7 of docs/wire.md."""

from __future__ import annotations

import struct
from typing import Any, NamedTuple
import zlib

from wire.by_the_page.tables import disk_records

RECORDS = disk_records()
_FORMS = {'u8': '<B', 'u16': '<H', 'u32': '<I', 'u64': '<Q'}


class Log(NamedTuple):
    """A log: its header, its records (name, kind, fields) and where they end."""

    number: int
    storage_id: int
    records: list[tuple[str, int, dict[str, Any]]]
    end: int
    chain: int


class Slot(NamedTuple):
    """One slot of the mark."""

    sequence: int
    number: int
    offset: int
    chain: int
    damaged: int


def read_log(data: bytes) -> Log:
    """Return the log in ``data``, which must be valid to its end."""
    assert data[:8] == b'SWRMLOG\0'
    form, number, storage_id, chain = struct.unpack_from('<IQQI', data, 8)
    assert form == 1 and chain == zlib.crc32(data[:28])
    records, at = [], 32
    while at < len(data):
        (length,) = struct.unpack_from('<I', data, at)
        assert 1 <= length <= 524_288
        end = at + 4 + length
        chain = zlib.crc32(data[at:end], chain)
        assert struct.unpack_from('<I', data, end) == (chain,)
        records.append(_read(data[at + 4:end]))
        at = end + 4
    return Log(number, storage_id, records, at, chain)


def write_log(log: Log) -> bytes:
    """Return the bytes of a log."""
    head = b'SWRMLOG\0' + struct.pack('<IQQ', 1, log.number, log.storage_id)
    chain = zlib.crc32(head)
    parts = [head, struct.pack('<I', chain)]
    for _, kind, fields in log.records:
        body = _write(kind, fields)
        framed = struct.pack('<I', len(body)) + body
        chain = zlib.crc32(framed, chain)
        parts += [framed, struct.pack('<I', chain)]
    return b''.join(parts)


def _read(body: bytes) -> tuple[str, int, dict[str, Any]]:
    name, fields = RECORDS[body[0]]
    values: dict[str, Any] = {}
    lengths: dict[str, int] = {}
    at = 1
    for field, form in fields:
        if form == 'rest':
            values[field], at = body[at:], len(body)
        elif form == 'sized':
            values[field] = body[at:at + lengths[field]]
            at += lengths[field]
        else:
            (number,) = struct.unpack_from(_FORMS[form], body, at)
            at += struct.calcsize(_FORMS[form])
            is_length = (field, 'sized') in fields
            (lengths if is_length else values)[field] = number
    assert at == len(body)
    return name, body[0], values


def _write(kind: int, values: dict[str, Any]) -> bytes:
    parts = [bytes([kind])]
    for field, form in RECORDS[kind][1]:
        value = values[field]
        if form in _FORMS:
            number = value if isinstance(value, int) else len(value)
            parts.append(struct.pack(_FORMS[form], number))
        else:
            parts.append(value)
    return b''.join(parts)


def read_slot(data: bytes) -> Slot:
    """Return one slot of the mark."""
    assert data[:8] == b'SWRMMARK'
    *fields, crc = struct.unpack_from('<QQQIBI', data, 8)
    assert crc == zlib.crc32(data[:37])
    return Slot(*fields)


def write_slot(slot: Slot) -> bytes:
    """Return the bytes of one slot."""
    fields = b'SWRMMARK' + struct.pack('<QQQIB', *slot)
    return fields + struct.pack('<I', zlib.crc32(fields))
