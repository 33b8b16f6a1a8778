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

    def select(self, own: Beacon, now: int) -> tuple[Heard, ...]:
        """Return the list for the beacon that leaves now, from the own pose in ``own``."""
        entries = []
        for row in self._table.rows():
            live = self.links.live(row, now)
            known = row.heartbeat and row.life is not Life.SILENT
            if live or known or self.links.comes(row, now):
                entries.append((not live, squared_distance(own, row.pose), row, live))
        entries.sort(key=lambda entry: entry[:2])
        if len(entries) > self._heard_max:
            near = (self._heard_max + 1) // 2
            rest = entries[near:]
            turns = self._heard_max - near
            start = self._cursor % len(rest)
            self._cursor += turns
            entries = entries[:near] + (rest + rest)[start:start + turns]
        return tuple(
            Heard(row.identity.storage_id, *_newest(row), live)
            for _, _, row, live in entries
        )


def _newest(row: Row) -> tuple[int, int]:
    """Newest incarnation and heartbeat seen, in frames that were not believed too."""
    return max(row.echo, (row.identity.incarnation, row.heartbeat))
