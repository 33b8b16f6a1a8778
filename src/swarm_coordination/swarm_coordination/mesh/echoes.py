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
import hashlib
import struct

from swarm_coordination.mesh.rows import Beacon, Heard, Identity
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
_new_heard = tuple.__new__  # with every frame for each robot listed: without a call of Python's


class EchoBook:
    """
    The directory of one robot, and lists packed and unpacked by it.

    ``tag``: of the directory, as it stands in beacons.
    """

    def __init__(self) -> None:
        self._members: tuple[tuple[int, int], ...] = ()
        self._places: dict[int, int] = {}
        self._bitmap_bytes = 0
        self.tag = b''
        self._seeded = _seeded(b'')
        self._own_id = 0
        # Bitmaps read lately, for beacons mostly repeat them: (robot, incarnation, direct) listed.
        self._listed: dict[bytes, tuple[tuple[int, int, bool], ...]] = {}
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
        self._places = {member[0]: place for place, member in enumerate(members)}
        self._bitmap_bytes = (len(members) + 7) // 8
        numbers = [number for member in members for number in member]
        digest = hashlib.blake2b(
            struct.pack(f'>{len(numbers)}Q', *numbers), digest_size=16, person=b'directory'
        ).digest()
        self.tag, self._seeded = digest[:TAG_BYTES], _seeded(digest)

    def compare(self, beacon: Beacon, now: int) -> None:
        """Note where a neighbour's directory is not ours, whether it is believed or not."""
        if beacon.echoes[:TAG_BYTES] != self.tag:
            self._apart_ns = now

    def pack(self, heard: Iterable[Heard], now: int) -> bytes | None:
        """Return a list packed; None where it has to be written out for somebody to read it."""
        if self._apart_ns is not None and now - self._apart_ns < _APART_NS:
            return None
        entries: list[tuple[int, int, bool]] = []
        for who, incarnation, heartbeat, direct in heard:
            place = self._places.get(who)
            if place is None or self._members[place][1] != incarnation:
                return None
            entries.append((place, heartbeat, direct))
        if not entries:
            return self.tag
        entries.sort()
        listed = self._bitmap(place for place, _, _ in entries)
        links = self._bitmap(place for place, _, live in entries if live)
        bitmaps = listed if links == listed else listed + links
        numbers = [heartbeat for _, heartbeat, _ in entries]
        low = struct.pack(f'>{len(numbers)}H', *(number % _LOW for number in numbers))
        return b''.join((self.tag, self._check(bitmaps, numbers), bitmaps, low))

    def unpack(
        self, packed: bytes, rows: Mapping[int, Row], own_heartbeat: int
    ) -> tuple[Heard, ...] | None:
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
        own_id, numbers, heard = self._own_id, [], []
        for (who, incarnation, direct), low in zip(
            listed, struct.unpack_from(f'>{count}H', packed, numbers_at)
        ):
            if who == own_id:
                known = own_heartbeat
            elif who in rows:
                known = rows[who].heartbeat
            else:
                return None
            number = known + (low - known + _HALF) % _LOW - _HALF
            if number < 0:
                return None
            numbers.append(number)
            heard.append(_new_heard(Heard, (who, incarnation, number, direct)))
        if not heard or self._check(bitmaps, numbers) != packed[TAG_BYTES:_LISTS_AT]:
            return None
        return tuple(heard)

    def _read(self, bitmaps: bytes) -> tuple[tuple[int, int, bool], ...]:
        """Return who is listed, and how; nobody where these are no bitmaps of this directory."""
        size = self._bitmap_bytes
        read: tuple[tuple[int, int, bool], ...] = ()
        listed, direct = _places(bitmaps[:size]), frozenset(_places(bitmaps[-size:]))
        if len(bitmaps) in (size, 2 * size) and listed[-1] < len(self._members):
            read = tuple((*self._members[place], place in direct) for place in listed)
        if len(self._listed) >= _BITMAPS_MAX:
            self._listed.clear()
        self._listed[bitmaps] = read
        return read

    def _bitmap(self, places: Iterable[int]) -> bytes:
        bits = bytearray(self._bitmap_bytes)
        for place in places:
            bits[place // 8] |= 1 << place % 8
        return bytes(bits)

    def _check(self, bitmaps: bytes, numbers: list[int]) -> bytes:
        check = self._seeded.copy()
        check.update(bitmaps + struct.pack(f'>{len(numbers)}Q', *numbers))
        return check.digest()


def _seeded(directory: bytes) -> hashlib.blake2b:
    """Return the check over a directory, to be copied for every list."""
    return hashlib.blake2b(directory, digest_size=_CHECK_BYTES, person=b'echoes')


def _places(bitmap: bytes) -> list[int]:
    bits = int.from_bytes(bitmap, 'little')
    return [place for place in range(8 * len(bitmap)) if bits >> place & 1]
