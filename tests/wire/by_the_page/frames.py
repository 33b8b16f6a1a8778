# SPDX-License-Identifier: Apache-2.0
"""Frames by section 1 and 2 of docs/wire.md: bytes to dictionaries and back."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any, NamedTuple

from wire.by_the_page.packing import NotMsgpack, pack, unpack
from wire.by_the_page.tables import Field, Kind, records, REQUIRED

MAJOR, MINOR = 2, 1
SHORTEST, LONGEST, BODY_AT = 35, 9_000, 34
RECORDS = records()

Values = dict[str, Any]


class Refused(Exception):
    """A frame that is not taken; its text is the reason."""


class Frame(NamedTuple):
    """A frame with its body as a dictionary by the names of the page."""

    minor: int
    cluster: int
    configuration: int
    body: Values


def read(data: bytes, key: bytes, cluster: int) -> Frame:
    """Return the frame in ``data``; raises Refused."""
    if len(data) < SHORTEST:
        raise Refused('too_short')
    if len(data) > LONGEST:
        raise Refused('too_long')
    if data[0] != MAJOR:
        raise Refused('wrong_version')
    if int.from_bytes(data[2:10], 'big') != cluster:
        raise Refused('wrong_cluster')
    if not hmac.compare_digest(data[18:BODY_AT], _tag(data[:18], data[BODY_AT:], key)):
        raise Refused('bad_tag')
    try:
        value = unpack(data[BODY_AT:])
    except NotMsgpack:
        raise Refused('malformed') from None
    body = _read(value, 'Body', newer=data[1] > MINOR)
    sender = body['header']['sender']
    for fragment in body['fragments']:
        fragment['owner'] = fragment['owner'] or sender
    return Frame(data[1], cluster, int.from_bytes(data[10:18], 'big'), body)


def write(frame: Frame, key: bytes) -> bytes:
    """Return the bytes of a frame."""
    prefix = bytes((MAJOR, frame.minor)) + frame.cluster.to_bytes(8, 'big')
    prefix += frame.configuration.to_bytes(8, 'big')
    body = pack(_write(frame.body, 'Body', frame.body['header']['sender']))
    return prefix + _tag(prefix, body, key) + body


def _tag(prefix: bytes, body: bytes, key: bytes) -> bytes:
    said = prefix + body
    return hashlib.blake2b(said, key=key, digest_size=16, person=b'swarm-mesh').digest()


def _read(value: Any, name: str, *, newer: bool) -> Values:
    fields = RECORDS[name]
    if not isinstance(value, list):
        raise Refused('malformed')
    if len(value) > len(fields) and not newer:
        raise Refused('out_of_bounds')
    values: Values = {}
    for at, field in enumerate(fields):
        if at < len(value):
            values[field.name] = _read_field(value[at], field, name, newer=newer)
        elif field.default is REQUIRED:
            raise Refused('out_of_bounds')
        else:
            values[field.name] = field.default
    return values


def _read_field(value: Any, field: Field, name: str, *, newer: bool) -> Any:
    kind: Kind = field.kind
    if value is None and (kind.nil or (name, field.name) == ('Fragment', 'owner')):
        return None
    if kind.shape == 'record':
        return _read(value, kind.record, newer=newer)
    types = {'number': int, 'bool': bool, 'text': str, 'bytes': bytes, 'many': list}
    if not isinstance(value, types[kind.shape]):
        raise Refused('malformed')
    if kind.shape == 'bool':
        return value
    if kind.shape == 'number' and isinstance(value, bool):
        raise Refused('malformed')
    if not kind.low <= (value if kind.shape == 'number' else len(value)) <= kind.high:
        raise Refused('out_of_bounds')
    if kind.shape == 'many':
        return [_read(item, kind.record, newer=newer) for item in value]
    return value


def _write(values: Values, name: str, sender: Values) -> list[Any]:
    parts: list[Any] = []
    for field in RECORDS[name]:
        value = values[field.name]
        if field.kind.shape == 'record' and value is not None:
            value = _write(value, field.kind.record, sender)
        elif field.kind.shape == 'many':
            value = [_write(item, field.kind.record, sender) for item in value]
        parts.append(value)
    if name == 'Fragment':
        if values['owner'] == sender:
            parts[0] = None
        while parts[-1] is None or parts[-1] is False:
            parts.pop()
    if name == 'MissionSection' and not values['offer']:
        parts.pop()
    return parts
