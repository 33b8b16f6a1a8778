# SPDX-License-Identifier: Apache-2.0
"""
Raft on the mesh: rows become messages, levels become the row, entries travel as log items.

A leader pushes what it appends. Everybody states after which index it wants the leader's log;
whoever holds what follows offers it to the mesh, which sends it. What arrives goes to Raft in
order, from the mesh's cache, whoever sent it and when.
"""

from __future__ import annotations

from swarm_coordination.consensus.messages import Ready
from swarm_coordination.consensus.raft import Raft
from swarm_coordination.mesh.consensus_rows import append_from_item, ConsensusRows, items_after
from swarm_coordination.mesh.mesh import Mesh
from swarm_coordination.mesh.rows import ConsensusSection, Identity, Want
from swarm_coordination.mission.state import MissionState
from swarm_coordination.persistence import EntryRecord
from swarm_coordination.robot.leading import Leading, leads

# Entries handed to the mesh for one want: two frames of 1200 bytes.
SERVE_BYTES = 2_400


class Replication:
    """One robot's Raft member and its traffic."""

    def __init__(self, raft: Raft, mesh: Mesh, state: MissionState) -> None:
        self.raft = raft
        self._leading: Leading | None = None
        self._mesh = mesh
        self._state = state
        self._rows = ConsensusRows()

    @property
    def leading(self) -> Leading | None:
        """Return what there is to do while this robot leads; None while it does not."""
        return self._leading if self.is_leading else None

    @property
    def is_leading(self) -> bool:
        """Whether this robot leads."""
        leading = self._leading
        if leading is None:  # as with all but one
            return False
        return leads(self.raft) and leading.term == self.raft.term

    def on_section(
        self, owner: Identity, section: ConsensusSection, now: int, *, proved: bool
    ) -> bool:
        """
        Take a newer consensus section of another robot's row; ``proved`` to be of late or not.

        Return whether something may have come of it.
        """
        moved = False
        for message in self._rows.messages(owner, section, proved=proved):
            moved = self.raft.step(message, now) or moved
        return moved

    def section_of(self, storage_id: int) -> ConsensusSection | None:
        """Return the newest consensus section seen of another robot."""
        return self._rows.of(storage_id)

    def on_items(self, now: int) -> bool:
        """Feed Raft every item that it wants next and that is here; return whether any was."""
        moved = False
        while (want := self.raft.want) is not None:
            item = self._mesh.item(want[0], want[1] + 1)
            if item is None:
                return moved
            self.raft.step(append_from_item(item), now)
            moved = True
            if self.raft.want == want:
                break  # it did not fit: the item is of a log that was cut since
        return moved

    def serve(self, want: Want, now: int) -> None:
        """Offer what another robot lacks and this one has verified."""
        if want.leader_term == self.raft.term and self.raft.leader:
            items = items_after(self.raft, want.index, SERVE_BYTES)
            self._mesh.offer_items(items, now, push=leads(self.raft))

    def tick(self, now: int) -> None:
        """Let time pass, and offer what neighbours want and the mesh does not hold."""
        self._rows.keep_only(self._mesh.rows_held())
        self.raft.tick(now)
        if self._leading is not None:
            self._leading.clock.tick(now)
        for want in self._mesh.items_wanted(now):
            self.serve(want, now)

    def next_deadline(self) -> int:
        """Time by which ``tick`` wants to be called."""
        due = self.raft.next_deadline()
        return due if self._leading is None else min(due, self._leading.clock.next_deadline())

    def collect(self, now: int) -> Ready:
        """Return what came out of Raft; start or end leading, push what a leader appended."""
        ready = self.raft.ready()
        if ready.soft_state is not None:
            self._follow_role(now)
        if self.leading is not None:
            new = [record.entry for record in ready.records if isinstance(record, EntryRecord)]
            if new:
                most = self.raft.settings.uncommitted_max_bytes
                items = items_after(self.raft, new[0].index - 1, most)
                self._mesh.offer_items(items, now)
        return ready

    def publish(self) -> None:
        """Bring the own row's consensus section and want up to date."""
        want = self.raft.want
        self._mesh.set_consensus(self._rows.section(self.raft))
        self._mesh.set_want(Want(*want) if want is not None else None)

    def _follow_role(self, now: int) -> None:
        if not leads(self.raft):
            self._leading = None
        elif self._leading is None or self._leading.term != self.raft.term:
            self._leading = Leading(self.raft, self._state, now)
