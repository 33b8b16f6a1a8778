# SPDX-License-Identifier: Apache-2.0
"""
Who hears whom: own links, what the others list, whose rows somebody here needs relayed.

A link is live while a frame was heard over it within the link time-out. Beacons list the live
links of their owner, a few at a time when there are many, so a listing stays valid for the
same time-out unless the owner takes it back; for relaying it does until the list has come round
twice, or in a large swarm everybody would relay what all hear. The derived sets are recomputed a
few times per second, not per frame: they change no faster than the time-out.
"""

from __future__ import annotations

from collections import defaultdict
import math

from swarm_coordination.mesh.rows import Beacon, HEARD_MAX
from swarm_coordination.mesh.table import Life, Row, Table
from swarm_coordination.units import NS_PER_S

# Far below the shortest sensible link time-out, far above the frame rate.
_REFRESH_NS = NS_PER_S // 5


# Squared distance of what has no known position: beyond all that have one.
_NOWHERE = 1 << 62


def squared_distance(first: Beacon | None, second: Beacon | None) -> int:
    """Squared distance of two poses in mm^2; unknown positions come last."""
    if first is None or second is None or not (first.localised and second.localised):
        return _NOWHERE
    return (
        (first.x_mm - second.x_mm) ** 2
        + (first.y_mm - second.y_mm) ** 2
        + (first.z_mm - second.z_mm) ** 2
    )


class Links:
    """Derived view of the links in a table."""

    def __init__(
        self, table: Table, own_id: int, timeout_ns: int, beacon_ns: int, heard_max: int
    ) -> None:
        self._table, self._own_id, self._timeout_ns = table, own_id, timeout_ns
        self._beacon_ns, self._heard_max = beacon_ns, heard_max
        self._refreshed_ns: int | None = None
        self._lacking: dict[int, tuple[int, ...]] = {}
        # (neighbour, robot that it lists and gets nothing from) -> learnt when: rows of the table
        self._missed: dict[tuple[int, int], int] = {}
        self._neighbors: tuple[Row, ...] = ()

    def live(self, row: Row, now: int) -> bool:
        """Whether the robot itself was heard within the link time-out."""
        return row.direct_ns is not None and now - row.direct_ns < self._timeout_ns

    def comes(self, row: Row, now: int) -> bool:
        """Whether frames of its own came within the link time-out, believed or not."""
        return row.echo_ns is not None and now - row.echo_ns < self._timeout_ns

    def listed(self, row: Row, now: int) -> tuple[int, ...]:
        """Storage ids that the robot lists as live links, ascending."""
        since, listed = now - self._timeout_ns, row.listed
        if listed and min(listed.values()) > since:  # as nearly always: all of them
            if row.listed_ids is None:
                row.listed_ids = tuple(sorted(listed))
            return row.listed_ids
        return tuple(sorted([who for who, at in listed.items() if at > since]))

    def listed_near(self, row: Row, now: int) -> tuple[int, ...]:
        """
        Return as many of ``listed`` as a beacon can list, ascending.

        Lists rotate, so more come together than fit one. Kept are ourselves and those nearest
        to the robot by what is known here: their links matter, and they change least.
        """
        listed = self.listed(row, now)
        if len(listed) <= HEARD_MAX:
            return listed

        def order(who: int) -> tuple[bool, int, int]:
            other = self._table.get(who)
            apart = squared_distance(row.pose, other.pose if other else None)
            return (who != self._own_id, apart, who)

        return tuple(sorted(sorted(listed, key=order)[:HEARD_MAX]))

    def refresh(self, now: int, *, force: bool = False) -> None:
        """Recompute the derived sets where they are old."""
        last = self._refreshed_ns
        if last is not None and now - last < _REFRESH_NS and not force:
            return
        self._refreshed_ns = now
        kept_ns = max(self._timeout_ns, 2 * self._round_ns(len(self._table.rows())))
        for row in self._table.rows():
            for who in [who for who, at in row.listed.items() if now - at >= kept_ns]:
                del row.listed[who]
                row.listed_ids = None
        rows = self._table.rows()
        self._neighbors = tuple(r for r in rows if r.cooperates and self.live(r, now))
        missed = self._missed
        for pair in [pair for pair, at in missed.items() if now - at >= self._timeout_ns]:
            del missed[pair]
        owners, lacking = self._table.by_id.keys(), defaultdict[int, list[int]](list)
        missing = owners & {owner for _, owner in missed}
        for near in self._neighbors:
            who = near.identity.storage_id
            # In any order: each of them has a list of its own, which is in that of neighbours.
            for owner in (owners - near.listed.keys()) | missing:
                if owner != who and (owner not in near.listed or (who, owner) in missed):
                    lacking[owner].append(who)
        self._lacking = {owner: tuple(whose) for owner, whose in lacking.items()}

    def _round_ns(self, others: int) -> int:
        """Time in which the list of somebody who hears so many comes round (``heard.py``)."""
        near = self._heard_max // 2
        turns = self._heard_max - near
        return math.ceil(max(0, others - near) / turns) * self._beacon_ns

    def miss(self, near: int, owner: int, now: int) -> None:
        """
        Note that a neighbour gets nothing from ``owner`` although it lists it: it lacks it now.

        Its list says so a link time-out later only, by which time the note has lapsed.
        """
        known = (near, owner) in self._missed
        self._missed[near, owner] = now
        if not known:
            self.refresh(now, force=True)

    @property
    def all_hear_all(self) -> bool:
        """Whether no own neighbour lacks anybody, as in one hop."""
        return not self._lacking

    def lacking(self, owner: int) -> tuple[int, ...]:
        """Own neighbours that do not hear ``owner`` themselves: they need its row relayed."""
        return self._lacking.get(owner, ())

    def covered(self, relay: Row, owner: int) -> bool:
        """Whether all own neighbours that lack ``owner``, one at least, hear ``relay``."""
        lacking = self.lacking(owner)
        return bool(lacking) and all(
            who == relay.identity.storage_id or who in relay.listed for who in lacking
        )

    def helpers(self, asker: int) -> int:
        """How many of the own neighbours hear ``asker`` too and may answer in our place."""
        return sum(1 for near in self._neighbors if asker in near.listed)

    def island(self, now: int) -> tuple[int, ...]:
        """
        Storage ids reachable from here over links that both ends list, own id included.

        The own end of a link lists what it hears; silent robots are no part of it.
        """
        own = self._own_id
        rows = self._table.rows()
        edges = {own: tuple(row.identity.storage_id for row in rows if self.live(row, now))}
        for row in rows:
            if row.life in (Life.ALIVE, Life.SUSPECT) and row.cooperates:
                edges[row.identity.storage_id] = self.listed(row, now)
        reached, frontier = {own}, [own]
        while frontier:
            here = frontier.pop()
            for there in edges[here]:
                if there not in reached and here in edges.get(there, ()):
                    reached.add(there)
                    frontier.append(there)
        return tuple(sorted(reached))
