# SPDX-License-Identifier: Apache-2.0
"""
What members tell each other, and what a member hands to its surroundings.

Messages are shaped for broadcast: they say what their sender did, and everybody takes from
them what concerns it. Outgoing, a member shows one ``Levels`` value instead of messages: state
that may be seen again, late or never, and of which only the newest counts. Whoever carries
levels turns a peer's newer levels into the messages below (``mesh/consensus_rows.py``).
"""

from __future__ import annotations

import enum
from typing import NamedTuple

from swarm_coordination.persistence import Entry, EntryRecord, HardState, SnapshotRecord


class Role(enum.IntEnum):
    """What a member is in its term."""

    FOLLOWER = 0
    PRE_CANDIDATE = 1
    CANDIDATE = 2
    LEADER = 3
    LEARNER = 4  # follows, but neither votes nor campaigns


class VoteRequest(NamedTuple):
    """
    ``candidate`` asks for votes (RequestVote; PreVote: Ongaro 2014, section 9.6).

    With ``pre``, ``term`` is the term it would start and ``attempt`` tells its rounds apart;
    otherwise ``attempt`` is 0.
    """

    candidate: int
    term: int
    last_index: int
    last_term: int
    pre: bool
    attempt: int
    forced: bool = False  # the leader asked the candidate to stand (section 3.10)


class VoteResponse(NamedTuple):
    """
    ``voter`` gave its vote in ``term`` to ``candidate``: a refusal for all others.

    ``pre`` and ``attempt`` are those of the request that it answers.
    """

    voter: int
    term: int
    candidate: int
    pre: bool
    attempt: int


class Heartbeat(NamedTuple):
    """
    ``leader`` of ``term`` is alive; its log ends with (``last_index``, ``last_term``).

    ``number`` rises with every heartbeat of the term; the same number may come again with a
    higher commit or last index. ``proved``: it is known to have been sent of late. What is not
    tells of the log, and certifies no leader.
    """

    term: int
    leader: int
    number: int
    commit: int
    last_index: int
    last_term: int
    proved: bool = True


class HeartbeatResponse(NamedTuple):
    """``voter`` follows ``leader`` in ``term`` and has heard its heartbeat ``number``."""

    voter: int
    term: int
    leader: int
    number: int


class Append(NamedTuple):
    """Entries of the log of the one leader of ``leader_term``, after (prev_index, prev_term)."""

    leader_term: int
    prev_index: int
    prev_term: int
    entries: tuple[Entry, ...]


class AppendResponse(NamedTuple):
    """
    ``voter`` holds on disk the log of the leader of ``leader_term`` up to ``match_index``.

    There is no refusal: a follower finds by itself where to ask next (``Raft.want``).
    """

    voter: int
    leader_term: int
    match_index: int


class TermNotice(NamedTuple):
    """``member`` is in ``term`` without leading it or standing for it."""

    member: int
    term: int


class TimeoutNow(NamedTuple):
    """``leader`` of ``term`` asks ``target`` to stand for election at once (section 3.10)."""

    term: int
    leader: int
    target: int
    serial: int


class ReadRequest(NamedTuple):
    """``asker`` asks the leader of ``term``, ``target``, for a read index (section 6.4)."""

    term: int
    asker: int
    target: int
    serial: int


class ReadAnswer(NamedTuple):
    """``leader``: whoever has applied ``index`` may answer reads up to ``serial`` of ``asker``."""

    term: int
    leader: int
    asker: int
    serial: int
    index: int  # type: ignore[assignment]  # hides tuple.index, which nobody calls


Message = (
    VoteRequest
    | VoteResponse
    | Heartbeat
    | HeartbeatResponse
    | Append
    | AppendResponse
    | TermNotice
    | TimeoutNow
    | ReadRequest
    | ReadAnswer
)


class OneShotKind(enum.IntEnum):
    """What a member asks of one other."""

    NONE = 0
    TIMEOUT_NOW = 1
    READ = 2


class OneShot(NamedTuple):
    """
    A request to one member, to be obeyed at most once, shown as long as it stands.

    With the term and the sender of the row it makes (term, sender, target, serial): what was
    obeyed under that key is not obeyed again.
    """

    kind: OneShotKind = OneShotKind.NONE
    target: int = 0
    serial: int = 0


class Fitness(enum.IntEnum):
    """Whether a member could serve as a voter, and should lead."""

    NO_VOTER = 0  # its disk may have forgotten promises, or another process has the same disk
    FIT = 1
    WEAK = 2  # votes, but should not lead: a low battery


class Answer(NamedTuple):
    """A leader's answer to the read ``serial`` of ``asker``: apply up to ``index`` first."""

    asker: int
    serial: int
    index: int  # type: ignore[assignment]  # hides tuple.index, which nobody calls


class Levels(NamedTuple):
    """
    Everything a member shows to others; nothing here waits for the disk any more.

    ``heartbeat`` is a leader's own number, else the newest heard of ``leader``. The pre-vote
    asked for is (``pre_term``, ``pre_attempt``), the one given is the ``grant_*`` triple.
    Zero means none, everywhere.
    """

    term: int
    role: Role
    vote: int
    leader: int
    last_index: int
    last_term: int
    commit: int
    heartbeat: int
    match_term: int
    match_index: int
    pre_term: int
    pre_attempt: int
    grant_candidate: int
    grant_term: int
    grant_attempt: int
    fitness: Fitness = Fitness.NO_VOTER
    forced: bool = False  # of a candidacy: the leader asked for it
    one_shot: OneShot = OneShot()
    answers: tuple[Answer, ...] = ()

    def is_like(self, other: Levels) -> bool:
        """Whether all but the heartbeat is the same."""
        after = _HEARTBEAT_AT + 1
        return self[:_HEARTBEAT_AT] == other[:_HEARTBEAT_AT] and self[after:] == other[after:]


_HEARTBEAT_AT = Levels._fields.index('heartbeat')


class SoftState(NamedTuple):
    """Term, role and known leader (0: none): what people want to hear about."""

    term: int
    role: Role
    leader: int


class Standing(NamedTuple):
    """Where a member stands, on disk or not yet."""

    term: int
    role: Role
    commit: int


class Ready(NamedTuple):
    """What came out of a member since the last ``Raft.ready``."""

    mark: int  # give it back by ``Raft.persisted`` once all records up to here are synced
    records: tuple[HardState | EntryRecord | SnapshotRecord, ...]  # in order; often empty
    committed: tuple[Entry, ...]  # newly committed, in log order, each exactly once
    soft_state: SoftState | None  # None when unchanged
    reads: tuple[int, ...] = ()  # own reads, by serial, that the state may answer now


NOTHING = Ready(0, (), (), None)  # always this object where nothing came up
