# SPDX-License-Identifier: Apache-2.0
"""
Records as bytes, each with a CRC chained over everything before it.

A record is its length (of kind and body), its kind, its body and a CRC-32 that starts from the
CRC of the record before. A record that is whole but stands in the wrong place, or after a
damaged one, is therefore as invalid as a flipped bit. All numbers are little-endian.
"""

from __future__ import annotations

import struct
from typing import NamedTuple
import zlib

from swarm_coordination.persistence import (
    Entry,
    EntryKind,
    EntryRecord,
    ForfeitRecord,
    HardState,
    IncarnationRecord,
    IntentRecord,
    IntentSettled,
    Record,
    RequestRecord,
    SnapshotRecord,
    StopRecord,
)

_LENGTH = struct.Struct('<I')
_CRC = struct.Struct('<I')
_ONE = struct.Struct('<BQ')
_TWO = struct.Struct('<BQQ')
_STOP = struct.Struct('<BQQB')
_NAMED = struct.Struct('<BQH')  # the last is the length of the name
_SNAPSHOT = struct.Struct('<BQQI')  # the last is the length of the configuration
# Twice the largest snapshot (256 kB), the longest record there is; a longer length is not one
# of ours.
RECORD_MAX_BYTES = 524_288
_ENTRY_CODES = {EntryKind.COMMAND: 2, EntryKind.CONFIGURATION: 7}
_ENTRY_KINDS = {code: kind for kind, code in _ENTRY_CODES.items()}


def encode(record: Record, chain: int) -> tuple[bytes, int]:
    """Return the bytes of ``record`` after a record with CRC ``chain``, and its own CRC."""
    body = _body(record)
    framed = _LENGTH.pack(len(body)) + body
    crc = zlib.crc32(framed, chain)
    return framed + _CRC.pack(crc), crc


def _body(record: Record) -> bytes:
    match record:
        case HardState(term, vote):
            return _TWO.pack(1, term, vote)
        case EntryRecord(Entry(index, term, payload, kind)):
            return _TWO.pack(_ENTRY_CODES[kind], index, term) + payload
        case IncarnationRecord(incarnation):
            return _ONE.pack(3, incarnation)
        case StopRecord(issuer, counter, level):
            return _STOP.pack(4, issuer, counter, level)
        case IntentRecord(serial, payload, ''):
            return _ONE.pack(5, serial) + payload
        case IntentRecord(serial, payload, request):
            name = request.encode('utf-8', 'surrogatepass')
            return _NAMED.pack(10, serial, len(name)) + name + payload
        case RequestRecord(serial, request):
            return _ONE.pack(11, serial) + request.encode('utf-8', 'surrogatepass')
        case IntentSettled(serial):
            return _ONE.pack(6, serial)
        case SnapshotRecord(index, term, configuration, state):
            return _SNAPSHOT.pack(8, index, term, len(configuration)) + configuration + state
        case ForfeitRecord(reason):
            return b'\x09' + reason.encode('ascii', 'replace')


def _record(body: bytes) -> Record | None:
    """Return the record with this body; None where there is no such record."""
    try:
        if body[0] == 1:
            return HardState(*_TWO.unpack(body)[1:])
        if body[0] in _ENTRY_KINDS:
            index, term = _TWO.unpack_from(body)[1:]
            return EntryRecord(Entry(index, term, body[_TWO.size:], _ENTRY_KINDS[body[0]]))
        if body[0] == 3:
            return IncarnationRecord(*_ONE.unpack(body)[1:])
        if body[0] == 4:
            return StopRecord(*_STOP.unpack(body)[1:])
        if body[0] == 5:
            return IntentRecord(_ONE.unpack_from(body)[1], body[_ONE.size:])
        if body[0] == 6:
            return IntentSettled(*_ONE.unpack(body)[1:])
        if body[0] == 8:
            return _snapshot(body)
        if body[0] in (10, 11):
            return _named(body)
        if body[0] == 9:
            return ForfeitRecord(body[1:].decode('ascii', 'replace'))
    except (struct.error, UnicodeDecodeError):
        pass
    return None


def _named(body: bytes) -> IntentRecord | RequestRecord:
    if body[0] == 11:
        name = body[_ONE.size:].decode('utf-8', 'surrogatepass')
        return RequestRecord(_ONE.unpack_from(body)[1], name)
    _, serial, length = _NAMED.unpack_from(body)
    payload_at = _NAMED.size + length
    name = body[_NAMED.size:payload_at].decode('utf-8', 'surrogatepass')
    return IntentRecord(serial, body[payload_at:], name)


def _snapshot(body: bytes) -> SnapshotRecord | None:
    _, index, term, length = _SNAPSHOT.unpack_from(body)
    state_at = _SNAPSHOT.size + length
    if state_at > len(body):
        return None
    return SnapshotRecord(index, term, body[_SNAPSHOT.size:state_at], body[state_at:])


class Position(NamedTuple):
    """A boundary between records: byte offset in the file and CRC of the record before."""

    offset: int
    chain: int


class Scanned(NamedTuple):
    """The valid records at the start of some bytes."""

    records: tuple[Record, ...]
    end: Position  # of the last valid record
    passed: bool  # whether the scan came by the position that was asked for


def scan(data: bytes, start: Position, expected: Position) -> Scanned:
    """Read records from ``start`` on up to the first invalid one; look out for ``expected``."""
    records: list[Record] = []
    position, passed = start, start == expected
    while (step := _next(data, position)) is not None:
        record, position = step
        records.append(record)
        passed = passed or position == expected
    return Scanned(tuple(records), position, passed)


def _next(data: bytes, at: Position) -> tuple[Record, Position] | None:
    body_at = at.offset + _LENGTH.size
    if len(data) < body_at:
        return None
    (length,) = _LENGTH.unpack_from(data, at.offset)
    end = body_at + length
    if not 0 < length <= RECORD_MAX_BYTES or len(data) < end + _CRC.size:
        return None
    crc = zlib.crc32(data[at.offset:end], at.chain)
    if _CRC.unpack_from(data, end)[0] != crc:
        return None
    record = _record(data[body_at:end])
    return None if record is None else (record, Position(end + _CRC.size, crc))
