# SPDX-License-Identifier: Apache-2.0
"""
Records that a robot asks its shell to make durable, and what the shell hands back at start.

The core never touches a disk. It emits ``PersistRequest`` values; the shell appends their
records in order, syncs (any number of requests per sync: group commit) and calls
``persisted(token)``. A failed sync is fatal: the shell stops the robot.
"""

from __future__ import annotations

import enum
from typing import NamedTuple

# Names of requests remembered, so that a caller that repeats itself is accepted once: more than
# an operator asks while one answer is under way.
REQUESTS_MAX = 256
# Characters of one: the bound of the service message.
REQUEST_LENGTH_MAX = 64


class EntryKind(enum.IntEnum):
    """What the payload of a log entry is."""

    COMMAND = 0  # of the state machine; empty for a leader's no-op
    CONFIGURATION = 1  # who votes from this entry on (consensus/configuration.py)


class Entry(NamedTuple):
    """One entry of the replicated log (Raft, Ongaro 2014, section 3.3)."""

    index: int  # type: ignore[assignment]  # hides tuple.index, which nobody calls
    term: int
    payload: bytes
    kind: EntryKind = EntryKind.COMMAND


class HardState(NamedTuple):
    """Term and vote: must be durable before a vote or a candidacy is seen by anybody."""

    term: int
    vote: int  # storage id of the candidate voted for in ``term``; 0 for none


class EntryRecord(NamedTuple):
    """Append ``entry`` after cutting everything at or above its index."""

    entry: Entry


class IncarnationRecord(NamedTuple):
    """A new incarnation: must be durable before it is used in a frame."""

    incarnation: int


class StopRecord(NamedTuple):
    """The highest safety-stop counter seen of one issuer."""

    issuer: int
    counter: int
    level: int


class IntentRecord(NamedTuple):
    """
    An accepted command that has not yet been applied; ``payload`` as it will be proposed.

    ``request``: what its caller named it, empty where that did not; so that whoever asks again
    after a crash gets the same serial.
    """

    serial: int
    payload: bytes
    request: str = ''


class RequestRecord(NamedTuple):
    """What the caller of a command that is settled named it."""

    serial: int
    request: str


class IntentSettled(NamedTuple):
    """Every intent up to and including ``serial`` is in the applied log."""

    serial: int


class SnapshotRecord(NamedTuple):
    """
    The state machine after entry ``index``: every entry up to there leaves the log.

    Entries above ``index`` stay where the log holds (``index``, ``term``); else they belong to
    a log that the snapshot contradicts, and go, too (Ongaro 2014, figure 5.3). Whoever writes
    it makes it durable in the same moment as it removes the entries.
    """

    index: int  # type: ignore[assignment]  # hides tuple.index, which nobody calls
    term: int
    configuration: bytes  # membership in force at ``index``, as consensus encodes it
    state: bytes  # the state machine's own canonical bytes


class ForfeitRecord(NamedTuple):
    """
    The vote is given up for good: ``reason`` says why, in at most 200 characters of ASCII.

    Promises stand under this storage id that this disk knows nothing of.
    """

    reason: str


Record = (
    HardState
    | EntryRecord
    | IncarnationRecord
    | StopRecord
    | IntentRecord
    | IntentSettled
    | RequestRecord
    | SnapshotRecord
    | ForfeitRecord
)


class PersistRequest(NamedTuple):
    """Records to append, in order; ``token`` is given back by ``persisted``."""

    token: int
    records: tuple[Record, ...]


class Voter(NamedTuple):
    """One voter of the provisioned configuration."""

    name: str
    storage_id: int


class Provision(NamedTuple):
    """What ``swarm provision`` wrote before the first start; never changes afterwards."""

    name: str
    storage_id: int
    cluster_id: int
    voters: tuple[Voter, ...]
    key: bytes  # swarm key, 32 bytes


class Recovered(NamedTuple):
    """
    State read back from storage at start.

    ``may_vote`` is False where the log is shorter than its high-water mark or damaged, or where
    the vote was given up: such a robot takes part as a learner; ``reason`` says why.
    """

    provision: Provision
    incarnation: int
    hard_state: HardState
    entries: tuple[Entry, ...]  # contiguous from the index after the snapshot's, or from 1
    stops: tuple[StopRecord, ...]
    intents: tuple[IntentRecord, ...]  # unsettled, ascending serial
    last_serial: int  # highest serial ever given out
    may_vote: bool
    reason: str
    snapshot: SnapshotRecord | None = None
    requests: tuple[RequestRecord, ...] = ()  # the newest named, ascending serial


def fresh(provision: Provision) -> Recovered:
    """State of a robot that was provisioned and never started."""
    return Recovered(provision, 0, HardState(0, 0), (), (), (), 0, True, '')
