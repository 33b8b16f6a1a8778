# SPDX-License-Identifier: Apache-2.0
"""
Everything that travels in a radio frame, as immutable values with bounds.

A *row* belongs to one robot and holds state only, in sections with a version of their own; only
the owner writes it and a newer version replaces an older one. *Log items* are immutable and
keyed (leader term, index). The codec derives its schema from the annotations here: a field may
be appended with a default (a newer minor version), never removed or reordered.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

from swarm_coordination.bounds import (
    Counter,
    Millimetres,
    MillimetresPerSecond,
    Milliradians,
    Name,
    Range,
    RobotId,
    Size,
)

# A beacon lists at most this many robots, nearest first, rotating: 24 x 13 bytes is a quarter of
# a frame, and a formation robot has far fewer than 24 neighbours whose link matters.
HEARD_MAX = 24
# A packed list: tag, check, two bitmaps of the largest table, a number for each robot listed.
ECHOES_BYTES_MAX = 2 + 6 + 2 * 126 + 2 * HEARD_MAX
# A frame of 1200 bytes holds fewer than this many of any item.
ITEMS_MAX = 64
# Longest command that fits a frame beside header and beacon; longer ones are refused at propose.
PAYLOAD_MAX = 700

# What a peer shows above this is nobody's: 33 bits leave 20 of a counter to number the stops of
# one incarnation by, and nobody starts or refutes so often.
INCARNATION_MAX = 2**33 - 1

# A chunk of this size fits a frame of 1100 bytes beside a beacon and its lists.
CHUNK_BYTES = 512
# 256 kB of state, which is compressed, and the membership: at most this many chunks.
SNAPSHOT_CHUNKS_MAX = 520
SNAPSHOT_BYTES_MAX = SNAPSHOT_CHUNKS_MAX * CHUNK_BYTES
# No swarm here is wider; two robots that lost their source count each other up to it and stop.
SNAPSHOT_HOPS_MAX = 15

# One byte of msgpack; a formation has at most 24 slots.
SLOTS_MAX = 127

AGE_UNBOUNDED_MS = 65_535
AgeMs = Annotated[int, Range(0, AGE_UNBOUNDED_MS)]


class Identity(NamedTuple):
    """Who wrote a row. ``incarnation`` rises at every start and refutation."""

    name: Name
    storage_id: RobotId
    incarnation: Counter


class Heard(NamedTuple):
    """
    The newest heartbeat the beacon's owner had of one robot: the echo that bounds ages.

    ``direct``: heard from that robot itself within the link time-out (a live link), not only
    through relays.
    """

    storage_id: RobotId
    incarnation: Counter
    heartbeat: Counter
    direct: bool


class Accusation(NamedTuple):
    """The beacon's owner suspects this robot: no newer heartbeat than this for too long."""

    storage_id: RobotId
    incarnation: Counter
    heartbeat: Counter


class Beacon(NamedTuple):
    """Section 'beacon': pose, velocity and what the owner hears. Version: ``heartbeat``."""

    heartbeat: Counter
    localised: bool
    x_mm: Millimetres
    y_mm: Millimetres
    z_mm: Millimetres
    yaw_mrad: Milliradians
    vx_mm_s: MillimetresPerSecond
    vy_mm_s: MillimetresPerSecond
    vz_mm_s: MillimetresPerSecond
    epoch: Counter  # the owner's epoch in force when this pose was taken
    heard: Annotated[tuple[Heard, ...], Size(0, HEARD_MAX)]
    accused: Annotated[tuple[Accusation, ...], Size(0, HEARD_MAX)] = ()
    echoes: Annotated[bytes, Size(0, ECHOES_BYTES_MAX)] = b''  # tag, ``heard`` packed: echoes.py

    @property
    def place(self) -> tuple[bool, int, int, int, int, int, int, int, int]:
        """Return ``localised`` to ``epoch``: where the owner was, and how it moved."""
        _, localised, x, y, z, yaw, vx, vy, vz, epoch, *_ = self
        return localised, x, y, z, yaw, vx, vy, vz, epoch

    def without_lists(self) -> Beacon:
        """Return this beacon as most are relayed."""
        return tuple.__new__(Beacon, (*self[:_HEARD_AT], (), (), b''))

    def with_heard(self, heard: tuple[Heard, ...], echoes: bytes) -> Beacon:
        """Return this beacon with another list; made with every frame, so not by ``_replace``."""
        return tuple.__new__(Beacon, (*self[:_HEARD_AT], heard, self[_HEARD_AT + 1], echoes))


class RowOneShot(NamedTuple):
    """What the owner asks of one other, once: see ``consensus.messages.OneShot``."""

    kind: Annotated[int, Range(0, 2)] = 0
    target: RobotId = 0
    serial: Counter = 0


class RowAnswer(NamedTuple):
    """A leader's answer to the newest read of ``asker``: ``consensus.messages.Answer``."""

    asker: RobotId
    serial: Counter
    index: Counter  # type: ignore[assignment]  # hides tuple.index, which nobody calls


class ConsensusSection(NamedTuple):
    """Section 'consensus': the owner's Raft state as levels; see ``mesh/consensus_rows.py``."""

    version: Counter
    term: Counter
    role: Annotated[int, Range(0, 4)]  # consensus.raft.Role
    vote: RobotId  # candidate voted for in ``term``, durable; 0 none
    leader: RobotId  # leader of ``term`` as known; 0 unknown
    last_index: Counter
    last_term: Counter
    commit: Counter
    heartbeat: Counter  # leader: own heartbeat number; follower: newest of ``leader`` it echoes
    match_term: Counter  # leader term that the acknowledgement answers
    match_index: Counter  # highest index verified against that leader's log and durable
    pre_term: Counter  # pre-vote asked for: prospective term; 0 none
    pre_attempt: Counter  # tells rounds of asking apart
    grant_candidate: RobotId  # pre-vote granted to; 0 none
    grant_term: Counter
    grant_attempt: Counter
    fitness: Annotated[int, Range(0, 2)] = 0  # consensus.messages.Fitness
    forced: bool = False  # candidate: the leader of the term before asked for it
    one_shot: RowOneShot | None = None
    answers: Annotated[tuple[RowAnswer, ...], Size(0, 8)] = ()

    def beating(self, version: int, heartbeat: int) -> ConsensusSection:
        """Return this section with another heartbeat; made with every frame that is heard."""
        fields = list(self)
        fields[0], fields[_HEARTBEAT_AT] = version, heartbeat
        return tuple.__new__(ConsensusSection, fields)

    def is_like(self, other: ConsensusSection) -> bool:
        """Whether all but version and heartbeat is the same."""
        return (
            self[1:_HEARTBEAT_AT] == other[1:_HEARTBEAT_AT]
            and self[_HEARTBEAT_AT + 1:] == other[_HEARTBEAT_AT + 1:]
        )


_HEARD_AT = Beacon._fields.index('heard')
_HEARTBEAT_AT = ConsensusSection._fields.index('heartbeat')


class Beat(NamedTuple):
    """
    What changes in a consensus section with every beacon, without the section.

    The section of ``version``, of ``term``, shows this heartbeat now. Who holds an earlier one of
    the same term and leader may put the heartbeat into it: each field is a level.
    """

    version: Counter
    term: Counter
    heartbeat: Counter


class MissionSection(NamedTuple):
    """Section 'mission': where the owner stands in applying and flying the mission."""

    version: Counter
    applied: Counter
    mode: Annotated[int, Range(0, 15)]  # views.Mode
    epoch: Counter  # slot assignment in force
    progress_mm: Millimetres
    # 1 + the slot for which the owner would give its own in that epoch; 0: none, and left out on
    # the wire. Since minor version 1.
    offer: Annotated[int, Range(0, SLOTS_MAX)] = 0


class Intent(NamedTuple):
    """A command waiting to be proposed by whoever leads; ``serial`` in the owner's session."""

    serial: Counter
    payload: Annotated[bytes, Size(1, PAYLOAD_MAX)]


class IntentSection(NamedTuple):
    """Section 'intents': the oldest unapplied intents of the owner, ascending serial."""

    version: Counter
    intents: Annotated[tuple[Intent, ...], Size(0, 16)]


class Fragment(NamedTuple):
    """
    Some sections of one row. ``age_ms`` bounds the age of beacon and consensus as the frame left.

    The owner itself sends age 0; a relay adds the bound it holds and its holding time, rounded
    up; 65535 where nothing bounds it. ``silent``: the relay has declared the owner silent, and the
    beacon is the last one with a pose; it is an obstacle and nothing else, of unbounded age.
    ``beat`` stands in place of ``consensus`` where nothing but its heartbeat is new.
    """

    owner: Identity
    age_ms: AgeMs = 0
    beacon: Beacon | None = None
    consensus: ConsensusSection | None = None
    mission: MissionSection | None = None
    intents: IntentSection | None = None
    silent: bool = False
    beat: Beat | None = None

    def with_beacon(self, beacon: Beacon | None) -> Fragment:
        """Return this fragment with another beacon; made with every frame that is heard."""
        return tuple.__new__(Fragment, (self.owner, self.age_ms, beacon, *self[3:]))


class LogItem(NamedTuple):
    """
    Entry ``index`` of the log of the leader of ``leader_term``, with the term before it.

    Immutable under its key (leader_term, index): a leader never rewrites its own log.
    """

    leader_term: Counter
    index: Counter  # type: ignore[assignment]  # hides tuple.index, which nobody calls
    term: Counter
    prev_term: Counter
    payload: Annotated[bytes, Size(0, PAYLOAD_MAX)]
    kind: Annotated[int, Range(0, 1)] = 0  # persistence.EntryKind


class StopFlag(NamedTuple):
    """Safety stop raised by ``issuer``; merged by maximum counter."""

    issuer: RobotId
    counter: Counter
    level: Annotated[int, Range(0, 3)]


class Digest(NamedTuple):
    """What the sender holds of one row: a peer that holds newer sections sends them."""

    storage_id: RobotId
    incarnation: Counter
    heartbeat: Counter
    consensus: Counter
    mission: Counter
    intents: Counter


class Want(NamedTuple):
    """Asks for the leader's log after ``index``, where the sender's most likely agrees with it."""

    leader_term: Counter
    index: Counter  # type: ignore[assignment]  # hides tuple.index, which nobody calls


class SnapshotKey(NamedTuple):
    """Names a snapshot; two with one key are the same bytes (``mesh/transfer.py``)."""

    index: Counter  # type: ignore[assignment]  # hides tuple.index, which nobody calls
    term: Counter
    digest: RobotId  # 62 bits over index, term and bytes
    size: Annotated[int, Range(1, SNAPSHOT_BYTES_MAX)]


class SnapshotOffer(NamedTuple):
    """The sender has this snapshot (``hops`` 0), or is getting it from so many hops away."""

    key: SnapshotKey
    hops: Annotated[int, Range(0, SNAPSHOT_HOPS_MAX)]


class SnapshotWant(NamedTuple):
    """The sender asks ``provider``, and nobody else, for the chunks that it does not hold."""

    key: SnapshotKey
    provider: RobotId
    held: Annotated[bytes, Size(0, (SNAPSHOT_CHUNKS_MAX + 7) // 8)]  # bit k % 8 of byte k // 8


class SnapshotChunk(NamedTuple):
    """Bytes ``number`` * 512 and following of the snapshot with this digest."""

    digest: RobotId
    number: Annotated[int, Range(0, SNAPSHOT_CHUNKS_MAX - 1)]
    data: Annotated[bytes, Size(1, CHUNK_BYTES)]


class SnapshotPart(NamedTuple):
    """What a frame says about snapshots; most frames have none."""

    offer: SnapshotOffer | None = None
    want: SnapshotWant | None = None
    chunks: Annotated[tuple[SnapshotChunk, ...], Size(0, ITEMS_MAX)] = ()


class FrameHeader(NamedTuple):
    """Checked before anything else of a frame is decoded; authenticated by the swarm key."""

    cluster_id: RobotId
    config_hash: RobotId
    sender: Identity
    counter: Counter  # rises with every frame of this incarnation


class Frame(NamedTuple):
    """One radio datagram."""

    header: FrameHeader
    fragments: Annotated[tuple[Fragment, ...], Size(0, ITEMS_MAX)] = ()
    stops: Annotated[tuple[StopFlag, ...], Size(0, ITEMS_MAX)] = ()
    items: Annotated[tuple[LogItem, ...], Size(0, ITEMS_MAX)] = ()
    digests: Annotated[tuple[Digest, ...], Size(0, ITEMS_MAX)] = ()
    want: Want | None = None
    snapshot: SnapshotPart | None = None
