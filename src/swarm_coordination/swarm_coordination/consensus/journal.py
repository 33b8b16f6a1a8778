# SPDX-License-Identifier: Apache-2.0
"""
What a member has for its disk, and what of it has arrived there, by marks.

A mark stands for everything handed out up to then. The disk writes in order, so one mark that
has come back covers all earlier ones, and marks may be skipped.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from swarm_coordination.errors import UsageError
from swarm_coordination.persistence import Entry, EntryRecord, HardState, SnapshotRecord

JournalRecord = HardState | EntryRecord | SnapshotRecord


@dataclass(slots=True)
class _Batch:
    mark: int
    state: HardState
    end: int  # the log up to here is as it was when the batch was handed out
    snapshot: int  # index of the newest snapshot in it; 0 for none


class Journal:
    """Records on their way to the disk; durable (term, vote) and durable end of the log."""

    def __init__(self, state: HardState, last_index: int) -> None:
        self.durable_state = state
        self.durable_index = last_index  # the log up to here, as in memory, is on disk
        self.durable_snapshot = 0  # index of the newest snapshot recorded here and on disk
        self._state = state
        self._end = last_index  # of the log in memory
        self._snapshot = 0  # index of the newest recorded since the last batch
        self._records: list[JournalRecord] = []
        self._mark = 0  # newest given out
        # Bounded by what a shell lets wait for one stalled sync; it stops the robot instead.
        self._pending: deque[_Batch] = deque()

    def state(self, state: HardState) -> None:
        """Record a new term or vote; only the newest of several in a row is written."""
        if self._records and isinstance(self._records[-1], HardState):
            self._records.pop()
        self._records.append(state)
        self._state = state

    def entries(self, entries: Iterable[Entry]) -> None:
        """Record entries just put into the log; they replace what stood from there on."""
        for entry in entries:
            if entry.index <= self._end:
                self._cut(entry.index)
            self._records.append(EntryRecord(entry))
            self._end = entry.index

    def snapshot(self, record: SnapshotRecord) -> None:
        """Record a snapshot of the own state; the log stays as it is."""
        self._records.append(record)
        self._snapshot = record.index

    def restart(self, record: SnapshotRecord, committed: int) -> None:
        """
        Record a snapshot that takes the place of the whole log.

        Of the old log only what was ``committed`` is part of the snapshot as well.
        """
        self._cut(committed + 1)
        self.snapshot(record)
        self._end = record.index

    def _cut(self, index: int) -> None:
        """
        Count nothing at or above ``index`` as durable by what was handed out before.

        Not even where the same entry comes back later: between the two the disk may hold
        the one that stood there in the meantime.
        """
        self.durable_index = min(self.durable_index, index - 1)
        for batch in self._pending:
            batch.end = min(batch.end, index - 1)

    def take(self) -> tuple[int, tuple[JournalRecord, ...]]:
        """Hand out the records since the last call, with the mark that covers them."""
        records, self._records = tuple(self._records), []
        if records:
            self._mark += 1
            self._pending.append(_Batch(self._mark, self._state, self._end, self._snapshot))
            self._snapshot = 0
        return self._mark, records

    def persisted(self, mark: int) -> None:
        """
        Take everything up to ``mark`` as durable; a mark come again changes nothing.

        Raises UsageError for a mark that was never given out.
        """
        if mark > self._mark:
            raise UsageError(f'mark {mark} was never given out (newest: {self._mark})')
        while self._pending and self._pending[0].mark <= mark:
            batch = self._pending.popleft()
            self.durable_state = batch.state
            self.durable_index = max(self.durable_index, batch.end)
            self.durable_snapshot = max(self.durable_snapshot, batch.snapshot)
