# SPDX-License-Identifier: Apache-2.0
"""The part of msgpack that docs/wire.md names: nil, booleans, numbers, text, bytes, arrays."""

from __future__ import annotations

import struct
from typing import Any

_UNSIGNED = ((0xcc, '>B', 2**8), (0xcd, '>H', 2**16), (0xce, '>I', 2**32), (0xcf, '>Q', 2**64))
_SIGNED = ((0xd0, '>b', 2**7), (0xd1, '>h', 2**15), (0xd2, '>i', 2**31), (0xd3, '>q', 2**63))
_NUMBERS = {tag: form for tag, form, _ in (*_UNSIGNED, *_SIGNED)}
_TEXT = ((0xd9, '>B', 2**8), (0xda, '>H', 2**16), (0xdb, '>I', 2**32))
_BYTES = ((0xc4, '>B', 2**8), (0xc5, '>H', 2**16), (0xc6, '>I', 2**32))
_ARRAY = ((0xdc, '>H', 2**16), (0xdd, '>I', 2**32))
_CONSTANTS = {0xc0: None, 0xc2: False, 0xc3: True}
# No value of a frame lies deeper; a body of one-element arrays ends here.
DEPTH_MAX = 16


class NotMsgpack(ValueError):
    """Bytes that are none of what a frame may hold."""


def pack(value: Any) -> bytes:
    """Return the shortest bytes of a value."""
    if value is None or isinstance(value, bool):
        return bytes([next(tag for tag, held in _CONSTANTS.items() if held is value)])
    if isinstance(value, int):
        return _number(value)
    if isinstance(value, str):
        text = value.encode('utf-8')
        return _head(len(text), 0xa0, 32, _TEXT) + text
    if isinstance(value, bytes):
        return _head(len(value), 0, 0, _BYTES) + value
    return _head(len(value), 0x90, 16, _ARRAY) + b''.join(map(pack, value))


def _number(value: int) -> bytes:
    if -32 <= value < 128:
        return bytes([value & 0xff])
    if value >= 0:
        tag, form, _ = next(kind for kind in _UNSIGNED if value < kind[2])
    else:
        tag, form, _ = next(kind for kind in _SIGNED if value >= -kind[2])
    return bytes([tag]) + struct.pack(form, value)


def _head(length: int, fixed: int, below: int, kinds: Any) -> bytes:
    if length < below:
        return bytes([fixed | length])
    tag, form, _ = next(kind for kind in kinds if length < kind[2])
    return bytes([tag]) + struct.pack(form, length)


def unpack(data: bytes) -> Any:
    """Return the one value that ``data`` is; raises NotMsgpack."""
    try:
        value, end = _value(data, 0, 0)
    except (IndexError, struct.error, UnicodeDecodeError) as error:
        raise NotMsgpack(str(error)) from error
    if end != len(data):
        raise NotMsgpack(f'{len(data) - end} bytes too many')
    return value


def _value(data: bytes, at: int, depth: int) -> tuple[Any, int]:
    tag = data[at]
    at += 1
    if tag in _CONSTANTS:
        return _CONSTANTS[tag], at
    if tag < 0x80 or tag >= 0xe0:
        return (tag if tag < 0x80 else tag - 256), at
    if tag in _NUMBERS:
        (number,) = struct.unpack_from(_NUMBERS[tag], data, at)
        return number, at + struct.calcsize(_NUMBERS[tag])
    for kinds, fixed, below in ((_TEXT, 0xa0, 32), (_BYTES, None, 0), (_ARRAY, 0x90, 16)):
        if fixed is not None and fixed <= tag < fixed + below:
            return _held(data, at, tag - fixed, kinds, depth)
        for known, form, _ in kinds:
            if tag == known:
                (length,) = struct.unpack_from(form, data, at)
                return _held(data, at + struct.calcsize(form), length, kinds, depth)
    raise NotMsgpack(f'byte {tag:#x}')


def _held(data: bytes, at: int, length: int, kinds: Any, depth: int) -> tuple[Any, int]:
    if kinds is not _ARRAY:
        if at + length > len(data):
            raise NotMsgpack('cut off')
        raw = data[at:at + length]
        return (raw.decode('utf-8') if kinds is _TEXT else raw), at + length
    if depth >= DEPTH_MAX or length > len(data) - at:
        raise NotMsgpack('too deep, or cut off')
    values = []
    for _ in range(length):
        value, at = _value(data, at, depth + 1)
        values.append(value)
    return values, at
