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
# Lists are written out this long after another tag was heard: ten beacons of a neighbour.
_APART_NS = NS_PER_S // 2
# A bitmap of each neighbour, and a few that have changed lately.
_BITMAPS_MAX = 128
_ALIVE = (Life.ALIVE, Life.SUSPECT)


class EchoBook:
    """The directory of one robot, and lists packed and unpacked by it."""

    def __init__(self) -> None:
        self._members: tuple[tuple[int, int], ...] = ()
        self._places: dict[int, int] = {}
        self._digest = b''
        self._own_id = 0
        self._bitmaps: dict[bytes, list[int]] = {}  # read lately; beacons mostly repeat them
        self._apart_ns: int | None = None  # when another tag was heard last

    @property
    def tag(self) -> bytes:
        """Tag of the directory, as it stands in beacons."""
        return self._digest[:TAG_BYTES]

    def refresh(self, own: Identity, rows: Iterable[Row]) -> None:
        """Make the directory anew where anybody came, went or rose in incarnation."""
        members = [(own.storage_id, own.incarnation)]
        members += [row.identity[1:] for row in rows if row.life in _ALIVE]
        members.sort()
        if tuple(members) == self._members:
            return
        self._own_id = own.storage_id
        self._members = tuple(members)
        self._bitmaps.clear()
        self._places = {member[0]: place for place, member in enumerate(members)}
        numbers = [number for member in members for number in member]
        self._digest = hashlib.blake2b(
            struct.pack(f'>{len(numbers)}Q', *numbers), digest_size=16, person=b'directory'
        ).digest()

    def compare(self, beacons: Iterable[Beacon | None], now: int) -> None:
        """Note where a neighbour's directory is not ours, whether it is believed or not."""
        for beacon in beacons:
            if beacon is not None and beacon.echoes[:TAG_BYTES] != self.tag:
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
        size = (len(self._members) + 7) // 8
        if packed[:TAG_BYTES] != self.tag or len(packed) < _LISTS_AT + size:
            return None
        listed = self._listed(packed[_LISTS_AT:_LISTS_AT + size])
        numbers_at = len(packed) - 2 * len(listed)
        bitmaps = packed[_LISTS_AT:numbers_at]
        if len(bitmaps) not in (size, 2 * size) or (listed and listed[-1] >= len(self._members)):
            return None
        direct = frozenset(self._listed(bitmaps[-size:]))
        numbers = []
        for place, (low,) in zip(listed, struct.iter_unpack('>H', packed[numbers_at:])):
            known, who = own_heartbeat, self._members[place][0]
            if who != self._own_id:
                row = rows.get(who)
                if row is None:
                    return None
                known = row.heartbeat
            numbers.append(known + (low - known + _LOW // 2) % _LOW - _LOW // 2)
        if min(numbers, default=-1) < 0:
            return None
        if self._check(bitmaps, numbers) != packed[TAG_BYTES:_LISTS_AT]:
            return None
        return tuple(
            Heard(*self._members[place], number, place in direct)
            for place, number in zip(listed, numbers)
        )

    def _bitmap(self, places: Iterable[int]) -> bytes:
        bits = bytearray((len(self._members) + 7) // 8)
        for place in places:
            bits[place // 8] |= 1 << place % 8
        return bytes(bits)

    def _listed(self, bitmap: bytes) -> list[int]:
        listed = self._bitmaps.get(bitmap)
        if listed is None:
            bits = int.from_bytes(bitmap, 'little')
            listed = [place for place in range(8 * len(bitmap)) if bits >> place & 1]
            if len(self._bitmaps) >= _BITMAPS_MAX:
                self._bitmaps.clear()
            self._bitmaps[bitmap] = listed
        return listed

    def _check(self, bitmaps: bytes, numbers: list[int]) -> bytes:
        data = self._digest + bitmaps + struct.pack(f'>{len(numbers)}Q', *numbers)
        return hashlib.blake2b(data, digest_size=_CHECK_BYTES, person=b'echoes').digest()
