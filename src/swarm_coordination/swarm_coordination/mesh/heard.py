# SPDX-License-Identifier: Apache-2.0
"""
Which robots the own beacon lists: the echo that bounds ages, and the own live links.

Nearest first; where more are known than fit, half the places go to the nearest and the others
take turns, so that every echo comes round. A robot whose frames come but are not believed (after
a pause of this process, or while it is taken for silent) is listed too: it may be waiting for our
echo just as we wait for its.
"""

from __future__ import annotations

from swarm_coordination.mesh.links import Links, squared_distance
from swarm_coordination.mesh.rows import Beacon, Heard
from swarm_coordination.mesh.table import Life, Row, Table


class HeardList:
    """Selects the entries of one beacon after another."""

    def __init__(self, table: Table, links: Links, heard_max: int) -> None:
        self._table, self.links, self._heard_max = table, links, heard_max
        self._cursor = 0
        self._own = Beacon(0, False, 0, 0, 0, 0, 0, 0, 0, 0, ())
        self._in_order = False  # the newest list

    def select(self, own: Beacon, now: int) -> tuple[Heard, ...]:
        """
        Return whom the beacon that leaves now lists, from the own pose in ``own``.

        Nearest first only where not all fit: a packed list has an order of its own, and what
        goes as it stands is put in order by ``nearest_first``.
        """
        links, entries = self.links, []
        for row in self._table.rows():
            live = links.live(row, now)
            if live or (row.heartbeat and row.life is not Life.SILENT) or links.comes(row, now):
                entries.append((row, live))
        self._own, self._in_order = own, len(entries) > self._heard_max
        if self._in_order:
            entries.sort(key=lambda entry: self._apart(*entry))
            near = self._heard_max // 2
            rest = entries[near:]
            turns = self._heard_max - near
            start = self._cursor % len(rest)
            self._cursor += turns
            entries = entries[:near] + (rest + rest)[start:start + turns]
        return tuple([_entry(row, live) for row, live in entries])

    def nearest_first(self, heard: tuple[Heard, ...]) -> tuple[Heard, ...]:
        """Return the list that was selected last in the order in which it is written out."""
        if self._in_order:
            return heard
        rows = self._table.by_id
        return tuple(sorted(heard, key=lambda h: self._apart(rows[h.storage_id], h.direct)))

    def _apart(self, row: Row, live: bool) -> tuple[bool, int]:
        return (not live, squared_distance(self._own, row.pose))


def _entry(row: Row, live: bool) -> Heard:
    """Return newest incarnation and heartbeat seen, in frames that were not believed too."""
    _, storage_id, incarnation = row.identity
    incarnation, heartbeat = max(row.echo, (incarnation, row.heartbeat))
    return tuple.__new__(Heard, (storage_id, incarnation, heartbeat, live))
