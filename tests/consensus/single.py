# SPDX-License-Identifier: Apache-2.0
"""One member on the bench: messages by hand, a disk that syncs when told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
import random

from swarm_coordination.consensus.configuration import Configuration, configuration_payload
from swarm_coordination.consensus.messages import (
    Append,
    AppendResponse,
    Heartbeat,
    HeartbeatResponse,
    Ready,
    Role,
    VoteRequest,
    VoteResponse,
)
from swarm_coordination.consensus.quorum import Membership
from swarm_coordination.consensus.raft import Raft
from swarm_coordination.consensus.settings import RaftSettings
from swarm_coordination.persistence import Entry, EntryKind, HardState

SETTINGS = RaftSettings()
MIN = SETTINGS.election_timeout_min_ns
MAX = SETTINGS.election_timeout_max_ns
BEAT = SETTINGS.heartbeat_period_ns


def log_of(*terms: int) -> tuple[Entry, ...]:
    """Entries 1, 2, ... with these terms."""
    return tuple(Entry(i, term, b'%d/%d' % (i, term)) for i, term in enumerate(terms, 1))


def member(
    terms: Sequence[int] = (),
    *,
    voters: Iterable[int] = (1, 2, 3),
    learners: Iterable[int] = (),
    state: HardState | None = None,
    me: int = 1,
    may_vote: bool = True,
    seed: int = 1,
) -> Raft:
    """Return member 1, with a log of these terms on disk, in the last of them."""
    return Raft(
        me,
        Configuration(0, Membership.of(voters, learners)),
        SETTINGS,
        random.Random(seed),
        0,
        hard_state=state or HardState(max(terms, default=0), 0),
        entries=log_of(*terms),
        may_vote=may_vote,
    )


def sync(raft: Raft, now: int = 0) -> Ready:
    """Take what is ready and make it durable."""
    ready = raft.ready()
    raft.persisted(ready.mark, now)
    return ready


def beat(leader: int, term: int, number: int, raft: Raft, commit: int = 0) -> Heartbeat:
    """Heartbeat of a leader whose log is the same as ``raft``'s."""
    return Heartbeat(term, leader, number, commit, raft.log.last_index, raft.log.last_term)


def campaign(raft: Raft, now: int = MAX) -> int:
    """Let the election time-out pass; return the attempt of the pre-vote."""
    raft.tick(now)
    assert raft.role is Role.PRE_CANDIDATE
    return raft.levels().pre_attempt


def candidate(raft: Raft, now: int = MAX) -> Raft:
    """Win the pre-vote by the voice of 2."""
    attempt = campaign(raft, now)
    raft.step(VoteResponse(2, raft.term + 1, raft.member, True, attempt), now)
    assert raft.role is Role.CANDIDATE
    return raft


def leader(raft: Raft, now: int = MAX) -> Raft:
    """Win an election by the voice of 2; the no-op is synced."""
    candidate(raft, now)
    sync(raft, now)
    raft.step(VoteResponse(2, raft.term, raft.member, False, 0), now)
    assert raft.role is Role.LEADER
    sync(raft, now)
    return raft


def acknowledge(raft: Raft, voter: int, index: int, term: int | None = None) -> None:
    """Tell a leader that ``voter`` holds its log up to ``index``."""
    raft.step(AppendResponse(voter, raft.term if term is None else term, index), MAX)


def echo(raft: Raft, voter: int, number: int, now: int) -> None:
    """Tell a leader that ``voter`` has heard its heartbeat ``number``."""
    raft.step(HeartbeatResponse(voter, raft.term, raft.member, number), now)


def asks(candidate_id: int, term: int, last: tuple[int, int] = (0, 0)) -> VoteRequest:
    """Request for a vote by a candidate whose log ends with (index, term) ``last``."""
    return VoteRequest(candidate_id, term, *last, False, 0)


def pre_asks(candidate_id: int, term: int, last: tuple[int, int] = (0, 0)) -> VoteRequest:
    """Request for a pre-vote, attempt 1."""
    return VoteRequest(candidate_id, term, *last, True, 1)


def append(term: int, prev: tuple[int, int], *terms: int) -> Append:
    """Entries of these terms after (index, term) ``prev``, by the leader of ``term``."""
    entries = tuple(Entry(prev[0] + i, t, b'%d' % t) for i, t in enumerate(terms, 1))
    return Append(term, *prev, entries)


def changed(
    index: int, term: int, voters: Iterable[int], learners: Iterable[int] = ()
) -> Entry:
    """Return a configuration entry."""
    payload = configuration_payload(Membership.of(voters, learners))
    return Entry(index, term, payload, EntryKind.CONFIGURATION)


def established(raft: Raft) -> Raft:
    """Make ``raft`` a leader whose first entry is committed, with the help of 2 and 3."""
    leader(raft)
    for voter in (2, 3):
        acknowledge(raft, voter, raft.log.last_index)
    assert raft.commit == raft.log.last_index
    return raft
