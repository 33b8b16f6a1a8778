# SPDX-License-Identifier: Apache-2.0
"""
Records in order -> the state they add up to, and the fewest records with the same state.

An open storage keeps one beside its file, so that it can write the file anew at any time.
"""

from __future__ import annotations

from collections.abc import Iterable

from swarm_coordination.persistence import (
    Entry,
    EntryRecord,
    ForfeitRecord,
    HardState,
    IncarnationRecord,
    IntentRecord,
    IntentSettled,
    Provision,
    Record,
    Recovered,
    RequestRecord,
    REQUESTS_MAX,
    SnapshotRecord,
    StopRecord,
)


class Replay:
    """State built up from records."""

    def __init__(self, records: Iterable[Record] = ()) -> None:
        self._hard_state = HardState(0, 0)
        self._snapshot: SnapshotRecord | None = None
        self._entries: list[Entry] = []  # contiguous, from the index after the snapshot's
        self._incarnation = 0
        self._stops: dict[int, StopRecord] = {}
        self._intents: dict[int, IntentRecord] = {}
        self._settled = 0
        self._requests: dict[int, str] = {}  # serial: what its caller named it; the newest
        self.forfeited = ''  # why the vote was given up; empty where it was not
        self.gap = False  # an entry came without the one before: some record is missing
        for record in records:
            self.apply(record)

    def apply(self, record: Record) -> None:
        """Take one more record."""
        match record:
            case HardState():
                self._hard_state = record
            case EntryRecord(entry):
                self._append(entry)
            case SnapshotRecord():
                self._compact(record)
            case IncarnationRecord(incarnation):
                self._incarnation = max(self._incarnation, incarnation)
            case StopRecord(issuer, counter, _):
                held = self._stops.get(issuer)
                if held is None or counter >= held.counter:
                    self._stops[issuer] = record
            case IntentRecord(serial, _, request):
                self._intents[serial] = record
                self._name(serial, request)
            case RequestRecord(serial, request):
                self._name(serial, request)
            case ForfeitRecord(reason):
                self.forfeited = self.forfeited or reason
            case IntentSettled(serial):
                self._settled = max(self._settled, serial)
                for settled in [s for s in self._intents if s <= serial]:
                    del self._intents[settled]

    def _append(self, entry: Entry) -> None:
        """Cut the log at the index of ``entry`` and append it."""
        if self.forfeited and entry.index == 1:
            self._snapshot = None  # could not be read: the log is fetched from its beginning
        position = entry.index - self._base - 1
        if 0 <= position <= len(self._entries):
            del self._entries[position:]
            self._entries.append(entry)
        else:
            self.gap = True

    def _name(self, serial: int, request: str) -> None:
        if request:
            self._requests[serial] = request
            if len(self._requests) > REQUESTS_MAX:
                del self._requests[min(self._requests)]

    @property
    def _base(self) -> int:
        """Index before that of the first entry."""
        return self._snapshot.index if self._snapshot is not None else 0

    def _compact(self, snapshot: SnapshotRecord) -> None:
        """Let a snapshot take the place of the entries up to its index."""
        position = snapshot.index - self._base
        if position < 0 and not self.forfeited:
            return  # an older one says nothing new; it does where the newer could not be read
        held = self._entries[position - 1] if 0 < position <= len(self._entries) else None
        if position == 0 or (held is not None and held.term == snapshot.term):
            del self._entries[:position]
        else:
            self._entries.clear()
        self._snapshot = snapshot

    def recovered(self, provision: Provision, reason: str) -> Recovered:
        """
        Return the state; ``reason``: what the disk has lost, empty where it is whole.

        The robot may vote only where it is, and where the vote was not given up.
        """
        reason = reason or self.forfeited
        intents = tuple(self._intents[serial] for serial in sorted(self._intents))
        return Recovered(
            provision=provision,
            incarnation=self._incarnation,
            hard_state=self._hard_state,
            entries=tuple(self._entries),
            stops=tuple(self._stops[issuer] for issuer in sorted(self._stops)),
            intents=intents,
            last_serial=max(self._settled, intents[-1].serial if intents else 0),
            may_vote=not reason,
            reason=reason,
            snapshot=self._snapshot,
            requests=tuple(RequestRecord(*named) for named in sorted(self._requests.items())),
        )

    def live_records(self) -> tuple[Record, ...]:
        """Return the fewest records that replay to the same state."""
        records: list[Record] = [self._hard_state, IncarnationRecord(self._incarnation)]
        records += [self._stops[issuer] for issuer in sorted(self._stops)]
        if self.forfeited:
            records.append(ForfeitRecord(self.forfeited))
        records.append(IntentSettled(self._settled))
        records += [
            RequestRecord(serial, request)
            for serial, request in sorted(self._requests.items())
            if serial not in self._intents
        ]
        records += [self._intents[serial] for serial in sorted(self._intents)]
        # After all else: should it be damaged, promises and intents are read before it.
        if self._snapshot is not None:
            records.append(self._snapshot)
        records += [EntryRecord(entry) for entry in self._entries]
        return tuple(records)
