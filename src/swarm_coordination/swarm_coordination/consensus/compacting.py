# SPDX-License-Identifier: Apache-2.0
"""
Snapshots in the place of the log's beginning (Ongaro 2014, section 5.1).

Each member compacts its own log at an index that it has applied, without asking anybody. The
snapshot goes to disk like entries do; only when it is there do entries leave memory, and only
those that the snapshot *before* it covers: a follower that has just installed that one finds the
rest of the log here. So a log holds what came in between one snapshot and two; snapshots are taken
more seldom while a neighbour pulls one (``robot.snapshots``).

A follower whose log ends before all logs around it begin takes a snapshot of another member in
the place of its whole log.
"""

from __future__ import annotations

import struct

from swarm_coordination.consensus.configuration import (
    Configuration,
    configuration_of,
    configuration_payload,
)
from swarm_coordination.consensus.messages import Role
from swarm_coordination.consensus.state import MemberState
from swarm_coordination.epochs import epoch_of
from swarm_coordination.persistence import Entry, EntryKind, SnapshotRecord

_INDEX = struct.Struct('<Q')


def configuration_bytes(configuration: Configuration) -> bytes:
    """Return a configuration as it stands beside a snapshot."""
    payload = configuration_payload(configuration.membership, forced=configuration.forced)
    return _INDEX.pack(configuration.index) + payload


def configuration_from(data: bytes) -> Configuration | None:
    """Return the configuration beside a snapshot; None where these bytes hold none."""
    if len(data) < _INDEX.size:
        return None
    (index,) = _INDEX.unpack_from(data)
    payload = data[_INDEX.size:]
    return configuration_of(Entry(index, 0, payload, EntryKind.CONFIGURATION))


class Compacting:
    """A member's snapshots; ``index`` is that of the one it started from, 0 for none."""

    def __init__(self, state: MemberState, index: int) -> None:
        self._state = state
        self._newest = index  # on disk
        self._before = index

    @property
    def index(self) -> int:
        """Index of the newest snapshot on disk."""
        return self._newest

    def took(self, record: SnapshotRecord) -> None:
        """Let an own snapshot, of what was applied up to its index, go to disk."""
        self._state.journal.snapshot(record)

    def persisted(self) -> None:
        """Shorten the log as far as snapshots on disk allow."""
        state, newest = self._state, self._state.journal.durable_snapshot
        if newest <= self._newest:
            return
        self._before, self._newest = self._newest, newest
        if self._before > state.log.base_index:
            state.configurations.compact(self._before)
            state.log.compact(self._before)

    def install(self, record: SnapshotRecord, taken_in: int, now: int) -> bool:
        """
        Take another member's snapshot; True where it took the place of the whole log.

        Then the state machine has to start over from it. ``taken_in`` is the term in which that
        member was: an older leader may lack what the snapshot holds, so this member goes on in
        that term at least, and acknowledges nothing to leaders before it.

        Where the own log holds the entry at which the snapshot was taken, the log is worth more:
        what it covers is committed, and nothing is replaced (figure 5.3, steps 6 and 7).
        """
        state = self._state
        configuration = configuration_from(record.configuration)
        if record.index <= state.commit or configuration is None:
            return False
        if epoch_of(taken_in) < epoch_of(state.term):
            return False  # of a cluster that an operator has made void: it may hold what is lost
        if state.role is Role.LEADER:
            state.anomalies += 1  # a leader holds everything that is committed
            return False
        if max(taken_in, record.term) > state.term:
            state.enter_term(max(taken_in, record.term), 0, now)
        if state.log.matches(record.index, record.term):
            state.following.agreed(record.index)
            state.commit_to(record.index, now)
            return False
        state.concede(now)
        state.restart(record, configuration, now)
        self._before = record.index
        return True
