# SPDX-License-Identifier: Apache-2.0
"""Packed lists of robots heard, by section 3 of docs/wire.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import hashlib
from typing import NamedTuple


class Heard(NamedTuple):
    """One robot of a list."""

    storage_id: int
    incarnation: int
    heartbeat: int
    direct: bool


def directory_hash(members: Sequence[tuple[int, int]]) -> bytes:
    """Return the hash of a directory, ascending pairs (storage id, incarnation)."""
    said = b''.join(number.to_bytes(8, 'big') for member in members for number in member)
    return hashlib.blake2b(said, digest_size=16, person=b'directory').digest()


def unpack(
    packed: bytes, members: Sequence[tuple[int, int]], known: Mapping[int, int]
) -> list[Heard] | None:
    """
    Return the list in ``packed``; None where it is not by this directory.

    ``known``: the newest heartbeat known of each robot.
    """
    whole = directory_hash(members)
    width = -(-len(members) // 8)
    if packed[:2] != whole[:2] or len(packed) < 8 + width:
        return None
    places = _places(packed[8:8 + width])
    lows_at = len(packed) - 2 * len(places)
    bitmaps = packed[8:lows_at]
    direct = _places(bitmaps[-width:])
    heartbeats = []
    for at, place in enumerate(places):
        low = int.from_bytes(packed[lows_at + 2 * at:lows_at + 2 * at + 2], 'big')
        near = known[members[place][0]]
        heartbeats.append(near + (low - near + 32768) % 65536 - 32768)
    if min(heartbeats) < 0 or packed[2:8] != _check(whole, bitmaps, heartbeats):
        return None
    return [
        Heard(*members[place], heartbeat, place in direct)
        for place, heartbeat in zip(places, heartbeats)
    ]


def pack(heard: Sequence[Heard], members: Sequence[tuple[int, int]]) -> bytes:
    """Return a list packed by a directory that holds everybody in it."""
    whole = directory_hash(members)
    if not heard:
        return whole[:2]
    width = -(-len(members) // 8)
    by_place = sorted((members.index(one[:2]), one) for one in heard)
    bitmaps = _bitmap([place for place, _ in by_place], width)
    direct = _bitmap([place for place, one in by_place if one.direct], width)
    if direct != bitmaps:
        bitmaps += direct
    heartbeats = [one.heartbeat for _, one in by_place]
    lows = b''.join((number % 65536).to_bytes(2, 'big') for number in heartbeats)
    return whole[:2] + _check(whole, bitmaps, heartbeats) + bitmaps + lows


def _check(whole: bytes, bitmaps: bytes, heartbeats: Sequence[int]) -> bytes:
    said = whole + bitmaps + b''.join(number.to_bytes(8, 'big') for number in heartbeats)
    return hashlib.blake2b(said, digest_size=6, person=b'echoes').digest()


def _places(bitmap: bytes) -> list[int]:
    return [k for k in range(8 * len(bitmap)) if bitmap[k // 8] >> k % 8 & 1]


def _bitmap(places: Sequence[int], width: int) -> bytes:
    bits = bytearray(width)
    for k in places:
        bits[k // 8] |= 1 << k % 8
    return bytes(bits)
