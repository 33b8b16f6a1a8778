# SPDX-License-Identifier: Apache-2.0
"""
A virtual disk: records become durable when a sync ends; a crash may lose everything else.

One sync runs at a time; what is written meanwhile shares the next one (group commit), as the
writer thread of a real robot does it.
"""

from __future__ import annotations

from collections.abc import Callable

from swarm_coordination.persistence import (
    PersistRequest,
    Provision,
    Record,
    Recovered,
    SnapshotRecord,
)
from swarm_coordination.simulation.event_queue import EventQueue
from swarm_coordination.storage.replay import Replay

# Told that requests up to a token are durable, and when.
Done = Callable[[int, int], None]
# Told of every request that has become durable.
Durable = Callable[[PersistRequest], None]


class VirtualDisk:
    """
    The disk of one robot.

    ``sync_ns`` draws the length of one sync; ``durable`` is told of what is safe from then on.
    """

    def __init__(
        self,
        provision: Provision,
        queue: EventQueue,
        sync_ns: Callable[[], int],
        durable: Durable = lambda request: None,
    ) -> None:
        self._provision = provision
        self._queue = queue
        self._sync_ns = sync_ns
        self._tell = durable
        self._durable: list[Record] = []
        self._waiting: list[PersistRequest] = []
        self._syncing: list[PersistRequest] = []
        self._life = 0
        self._held = False
        self._lost = ''
        self.syncs = 0

    def write(self, requests: tuple[PersistRequest, ...], done: Done) -> None:
        """Write ``requests``; ``done`` is called with the newest token of each sync."""
        self._waiting.extend(requests)
        if not self._syncing:
            self._sync(done)

    @property
    def unsynced(self) -> int:
        """How many requests are under way."""
        return len(self._syncing) + len(self._waiting)

    def hold(self) -> None:
        """Let no sync end any more until the process dies."""
        self._held = True

    def crash(self, survives: int = 0) -> None:
        """
        Lose what is not durable; nothing under way is reported done any more.

        A disk may have written more than it has said: the first ``survives`` requests under
        way are on it all the same.
        """
        self._life += 1
        self._held = False
        for request in (*self._syncing, *self._waiting)[:survives]:
            self._keep(request)
        self._waiting, self._syncing = [], []

    def wipe(self) -> None:
        """Lose the log; the provision stays, and with it the knowledge that there was one."""
        self._durable, self._lost = [], 'the log is missing'

    def recovered(self) -> Recovered:
        """Return what a starting robot reads back."""
        return Replay(self._durable).recovered(self._provision, self._lost)

    def _sync(self, done: Done) -> None:
        self._syncing, self._waiting = self._waiting, []
        life = self._life
        self._queue.push(
            self._queue.now + self._sync_ns(), lambda now: self._synced(now, life, done)
        )

    def _synced(self, now: int, life: int, done: Done) -> None:
        if life != self._life or self._held:
            return  # the process that wrote it has crashed, or will
        synced, self._syncing = self._syncing, []
        self.syncs += 1
        for request in synced:
            self._keep(request)
        if self._waiting:
            self._sync(done)
        done(synced[-1].token, now)

    def _keep(self, request: PersistRequest) -> None:
        self._durable.extend(request.records)
        if any(isinstance(record, SnapshotRecord) for record in request.records):
            # As a storage does it: a new file takes the place of the old one.
            self._durable = list(Replay(self._durable).live_records())
        self._tell(request)
