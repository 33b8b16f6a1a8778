# SPDX-License-Identifier: Apache-2.0
"""
Lists of robots heard, packed by a directory that sender and receivers have in common.

Most of a beacon is the list of whom its owner hears: storage id, incarnation, heartbeat. Robots
that know of the same robots alive can number them instead. The *directory* is everybody alive in
ascending order, with incarnations; its tag stands in every beacon, and a list is packed only
while everybody whom one hears shows the tag one has oneself. Otherwise it is written out, as it
is for a moment whenever a robot joins or dies, and as long as somebody is heard whose past is
shorter than ours (a disk that forgot), or who is a copy. Bytes of a packed list::

    0      tag of the directory (2)
    2      check (6): over the directory and the whole numbers below
    8      bitmap of the robots listed, by their place in the directory
    ...    bitmap of those heard directly, left out where that is all of them
    ...    for each listed, in order: the low 16 bits of the heartbeat

A receiver takes the number nearest to what it knows of that robot. Numbers wrap after 55 minutes
at 20 Hz, directories may agree in their tags by chance: then the check, over all of both, does
not, and the list is dropped. So it says what the sender put in, or nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache, partial
import hashlib
import struct
from typing import NamedTuple

from swarm_coordination.mesh.rows import Beacon, Heard, HEARD_MAX, Identity
from swarm_coordination.mesh.table import Life, Row
from swarm_coordination.units import NS_PER_S

TAG_BYTES = 2
_CHECK_BYTES = 6
_LISTS_AT = TAG_BYTES + _CHECK_BYTES
_LOW = 1 << 16
_HALF = _LOW // 2
# Lists are written out this long after another tag was heard: ten beacons of a neighbour.
_APART_NS = NS_PER_S // 2
# A bitmap of each neighbour, and a few that have changed lately.
_BITMAPS_MAX = 128
_ALIVE = (Life.ALIVE, Life.SUSPECT)
# Lists unpacked lately, by all that they follow from: where a process holds many robots, as a
# simulator does, what one has checked is read by all that hear the frame. Of fifty robots that
# send twenty beacons a second five are on their way at once where that takes 5 ms.
_UNPACKED: dict[tuple[bytes, bytes, tuple[int, ...]], tuple[Heard, ...]] = {}
_UNPACKED_MAX = 256
# With every frame for each robot listed: without a call of Python's.
_as_heard = partial(tuple.__new__, Heard)
# Places of the bits set in a byte, by its value.
_BITS = tuple(tuple(bit for bit in range(8) if byte >> bit & 1) for byte in range(256))


class _Listed(NamedTuple):
    """Who is listed by a bitmap, in the order of the numbers: columns of the list."""

    robots: tuple[int, ...]
    incarnations: tuple[int, ...]
    direct: tuple[bool, ...]
    others: tuple[int, ...]  # the robots without ourselves
    own_at: int | None  # where we stand among the robots; None: not at all
    links: tuple[int, ...] | None  # the robots, where all are heard directly


_NOBODY = _Listed((), (), (), (), None, None)


class Unpacked(NamedTuple):
    """
    A packed list, and what of it matters here.

    ``own``: the entry about ourselves. ``fresher``: those with a newer heartbeat than was known.
    ``links``: all robots listed, where all are heard directly; else None.
    """

    heard: tuple[Heard, ...]
    own: Heard | None
    fresher: list[Heard]
    links: tuple[int, ...] | None


class EchoBook:
    """
    The directory of one robot, and lists packed and unpacked by it.

    ``tag``: of the directory, as it stands in beacons.
    """

    def __init__(self) -> None:
        self._members: tuple[tuple[int, int], ...] = ()
        self._places: dict[int, int] = {}
        self._bitmap_bytes = 0
        self.tag = self._digest = b''
        self._seeded = _seeded(b'')
        self._own_id = 0
        # Bitmaps read lately, for beacons mostly repeat them.
        self._listed: dict[bytes, _Listed] = {}
        # Lists of live links unpacked lately, with their bytes, by the list's own identity.
        self._came: dict[int, tuple[tuple[Heard, ...], bytes]] = {}
        self._apart_ns: int | None = None  # when another tag was heard last

    def refresh(self, own: Identity, rows: Iterable[Row]) -> None:
        """Make the directory anew where anybody came, went or rose in incarnation."""
        members = [(own.storage_id, own.incarnation)]
        members += [row.identity[1:] for row in rows if row.life in _ALIVE]
        members.sort()
        if tuple(members) == self._members:
            return
        self._own_id = own.storage_id
        self._members = tuple(members)
        self._listed.clear()
        self._came.clear()
        self._places = {member[0]: place for place, member in enumerate(members)}
        self._bitmap_bytes = (len(members) + 7) // 8
        numbers = [number for member in members for number in member]
        digest = hashlib.blake2b(
            struct.pack(f'>{len(numbers)}Q', *numbers), digest_size=16, person=b'directory'
        ).digest()
        self.tag, self._digest, self._seeded = digest[:TAG_BYTES], digest, _seeded(digest)

    def compare(self, beacon: Beacon, now: int) -> None:
        """Note where a neighbour's directory is not ours, whether it is believed or not."""
        if beacon.echoes[:TAG_BYTES] != self.tag:
            self._apart_ns = now

    def pack(self, heard: Iterable[Heard], now: int) -> bytes | None:
        """Return a list packed; None where it has to be written out for somebody to read it."""
        if self._is_apart(now):
            return None
        entries: list[tuple[int, int]] = []
        listed = links = 0
        for who, incarnation, heartbeat, direct in heard:
            place = self._places.get(who)
            if place is None or self._members[place][1] != incarnation:
                return None
            entries.append((place, heartbeat))
            listed |= 1 << place
            if direct:
                links |= 1 << place
        if not entries:
            return self.tag
        entries.sort()
        bitmaps = listed.to_bytes(self._bitmap_bytes, 'little')
        if links != listed:
            bitmaps += links.to_bytes(self._bitmap_bytes, 'little')
        numbers = [heartbeat for _, heartbeat in entries]
        low = _numbers(len(numbers), 'H').pack(*[number % _LOW for number in numbers])
        return b''.join((self.tag, self._check(bitmaps, numbers), bitmaps, low))

    def as_it_came(self, heard: tuple[Heard, ...], now: int) -> bytes | None:
        """Return the bytes that ``pack`` would make of a list where it was just unpacked here."""
        held, packed = self._came.get(id(heard), (None, None))
        return packed if held is heard and not self._is_apart(now) else None

    def unpack(
        self, packed: bytes, rows: Mapping[int, Row], own_heartbeat: int
    ) -> Unpacked | None:
        """Return the list; None where it is of another directory, or of numbers not known here."""
        bitmaps_end = _LISTS_AT + self._bitmap_bytes
        if packed[:TAG_BYTES] != self.tag or len(packed) < bitmaps_end:
            return None
        count = int.from_bytes(packed[_LISTS_AT:bitmaps_end], 'little').bit_count()
        numbers_at = len(packed) - 2 * count
        if not count or numbers_at < bitmaps_end:
            return None
        bitmaps = packed[_LISTS_AT:numbers_at]
        listed = self._listed.get(bitmaps)
        if listed is None:
            listed = self._read(bitmaps)
        try:
            known = [rows[who].heartbeat for who in listed.others]
        except KeyError:
            return None
        if listed.own_at is not None:
            known.insert(listed.own_at, own_heartbeat)
        # The number nearest to the known one that ends in these 16 bits.
        numbers = [
            number + (low - number + _HALF) % _LOW - _HALF
            for number, low in zip(known, _numbers(count, 'H').unpack_from(packed, numbers_at))
        ]
        if not numbers or min(numbers) < 0:
            return None
        key = (packed, self._digest, tuple(numbers))
        heard = _UNPACKED.get(key)
        if heard is None:
            if self._check(bitmaps, numbers) != packed[TAG_BYTES:_LISTS_AT]:
                return None
            columns = zip(listed.robots, listed.incarnations, numbers, listed.direct)
            heard = tuple(map(_as_heard, columns))
            if len(_UNPACKED) >= _UNPACKED_MAX:
                _UNPACKED.clear()
            _UNPACKED[key] = heard
        if listed.links is not None and len(bitmaps) == self._bitmap_bytes:
            if len(self._came) >= _BITMAPS_MAX:
                self._came.clear()
            self._came[id(heard)] = (heard, packed)
        own_at = listed.own_at
        own = None if own_at is None else heard[own_at]
        fresher = [entry for entry, number in zip(heard, known) if entry[2] > number]
        return tuple.__new__(Unpacked, (heard, own, fresher, listed.links))

    def _is_apart(self, now: int) -> bool:
        return self._apart_ns is not None and now - self._apart_ns < _APART_NS

    def _read(self, bitmaps: bytes) -> _Listed:
        """Return who is listed, and how; nobody where these are no bitmaps of this directory."""
        size, read = self._bitmap_bytes, _NOBODY
        places, direct = _places(bitmaps[:size]), frozenset(_places(bitmaps[-size:]))
        if len(bitmaps) in (size, 2 * size) and places[-1] < len(self._members):
            members = [self._members[place] for place in places]
            robots = [member[0] for member in members]
            others = [robot for robot in robots if robot != self._own_id]
            read = _Listed(
                tuple(robots),
                tuple([member[1] for member in members]),
                tuple([place in direct for place in places]),
                tuple(others),
                robots.index(self._own_id) if len(others) < len(robots) else None,
                tuple(robots) if direct.issuperset(places) else None,
            )
        if len(self._listed) >= _BITMAPS_MAX:
            self._listed.clear()
        self._listed[bitmaps] = read
        return read

    def _check(self, bitmaps: bytes, numbers: list[int]) -> bytes:
        check = self._seeded.copy()
        check.update(bitmaps + _numbers(len(numbers), 'Q').pack(*numbers))
        return check.digest()


@lru_cache(maxsize=2 * HEARD_MAX)
def _numbers(count: int, letter: str) -> struct.Struct:
    return struct.Struct(f'>{count}{letter}')


def _seeded(directory: bytes) -> hashlib.blake2b:
    """Return the check over a directory, to be copied for every list."""
    return hashlib.blake2b(directory, digest_size=_CHECK_BYTES, person=b'echoes')


def _places(bitmap: bytes) -> list[int]:
    return [8 * at + bit for at, byte in enumerate(bitmap) for bit in _BITS[byte]]
