# SPDX-License-Identifier: Apache-2.0
"""The parts of one robot's mesh, made together and shared by merging and composing."""

from __future__ import annotations

from collections.abc import Iterable

from swarm_coordination.mesh.ages import SentBeacons
from swarm_coordination.mesh.detector import FailureDetector
from swarm_coordination.mesh.echoes import EchoBook, Unpacked
from swarm_coordination.mesh.heard import HeardList
from swarm_coordination.mesh.items import ItemCache
from swarm_coordination.mesh.links import Links
from swarm_coordination.mesh.own import OwnRow
from swarm_coordination.mesh.rows import Beacon, Identity
from swarm_coordination.mesh.settings import MeshSettings
from swarm_coordination.mesh.snapshots import SnapshotExchange
from swarm_coordination.mesh.stops import StopRegister
from swarm_coordination.mesh.table import Table
from swarm_coordination.units import seconds_to_ns


class MeshParts:
    """Everything the mesh remembers."""

    def __init__(
        self,
        identity: Identity,
        settings: MeshSettings,
        stops: Iterable[tuple[int, int, int]],
        stops_skipped: int,
    ) -> None:
        own_id = identity.storage_id
        self.own = OwnRow(identity)
        self.sent = SentBeacons()
        self.table = Table(settings.robots_max, seconds_to_ns(settings.tombstone_s))
        self.links = Links(
            self.table,
            own_id,
            seconds_to_ns(settings.link_timeout_s),
            seconds_to_ns(settings.beacon_period_s),
            settings.heard_max,
        )
        self.heard = HeardList(self.table, self.links, settings.heard_max)
        self.echoes = EchoBook()
        self.detector = FailureDetector(settings, self.table)
        self.items = ItemCache(settings.items_max, seconds_to_ns(settings.item_repeat_s))
        self.stops = StopRegister(own_id, stops, stops_skipped)
        self.snapshots = SnapshotExchange(own_id, settings.byte_budget_per_s)

    def packed(self, beacon: Beacon, now: int) -> Beacon:
        """Return a beacon with its list packed, where all robots heard can unpack it."""
        packed = self.echoes.pack(beacon.heard, now)
        return beacon if packed is None else beacon.with_heard((), packed)

    def unpacked(self, beacon: Beacon, heartbeat: int) -> tuple[Beacon, Unpacked | None]:
        """
        Return a beacon with its list written out, or without one; ``heartbeat`` is our own.

        Beside it what matters of the list, where it was packed and could be read.
        """
        if not beacon.echoes:
            return beacon, None
        read = self.echoes.unpack(beacon.echoes, self.table.by_id, heartbeat)
        return beacon.with_heard(beacon.heard if read is None else read.heard, b''), read
