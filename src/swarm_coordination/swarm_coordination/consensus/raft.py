# SPDX-License-Identifier: Apache-2.0
"""
One Raft member: messages and time go in, records, committed entries and levels come out.

Theory of operation (Ongaro, *Consensus: Bridging Theory and Practice*, 2014, unless said
otherwise; the shape is that of etcd's raft):

- ``step`` takes a message, ``tick`` the time, ``propose`` a payload. ``ready`` then gives the
  records to write and the entries newly committed, ``levels`` what others may see.
- The disk silences nothing but promises. Entries, heartbeats and commits are shown at once.
  A vote, a candidacy and an acknowledgement are shown after ``persisted`` has covered their
  records; until a new term is on disk the member shows the term before it. A leader counts
  itself only up to what it has synced.
- Every message may come twice, late, out of order or never. What a member cannot act upon yet
  it either keeps (a request for a vote while a leader is alive, the highest term seen) or gets
  again, because its sender shows a level and not an edge.

Transitions (same term unless said)::

    FOLLOWER       -> PRE_CANDIDATE  election time-out
    PRE_CANDIDATE  -> CANDIDATE      pre-votes of a majority; term + 1
    CANDIDATE      -> LEADER         votes of a majority, the own one on disk
    PRE_CANDIDATE, CANDIDATE -> PRE_CANDIDATE  election time-out; new attempt
    PRE_CANDIDATE, CANDIDATE -> FOLLOWER       leader of the term heard, or vote lost
    LEADER         -> FOLLOWER       no echoes of a majority for an election time-out
    any            -> FOLLOWER       higher term (see ``_on_term_notice`` for who believes it)

A member that may not vote, or is not a voter, is a LEARNER in place of a FOLLOWER.
"""

from __future__ import annotations

from collections.abc import Iterable
import random

from swarm_coordination.consensus.election import Election
from swarm_coordination.consensus.following import Following, is_well_formed
from swarm_coordination.consensus.journal import Journal
from swarm_coordination.consensus.leadership import Leadership
from swarm_coordination.consensus.log import entry_bytes, Log
from swarm_coordination.consensus.messages import (
    Append,
    AppendResponse,
    Heartbeat,
    HeartbeatResponse,
    Levels,
    Message,
    Ready,
    Role,
    SoftState,
    TermNotice,
    VoteRequest,
    VoteResponse,
)
from swarm_coordination.consensus.quorum import Membership, Outcome
from swarm_coordination.consensus.settings import RaftSettings
from swarm_coordination.errors import ProposalRefused
from swarm_coordination.persistence import Entry, HardState

# "Never" as a deadline: 2^62 ns are 146 years.
NEVER_NS = 2**62


class Raft:
    """
    A member of the cluster of ``voters``; ``member`` and voters are storage ids, not 0.

    ``hard_state``, ``entries`` and ``may_vote`` are what the disk gave back. ``now`` is
    integer nanoseconds of a monotone clock, ``rng`` draws the election time-outs.
    """

    def __init__(
        self,
        member: int,
        voters: Iterable[int],
        settings: RaftSettings,
        rng: random.Random,
        now: int,
        *,
        hard_state: HardState = HardState(0, 0),  # noqa: B008 (an immutable value)
        entries: Iterable[Entry] = (),
        may_vote: bool = True,
    ) -> None:
        self.member = member
        self.membership = Membership.of(voters)
        self.settings = settings
        self.log = Log(entries)
        # Appends that contradict the committed log or themselves; anything but 0 is alarming.
        self.anomalies = 0
        self._rng = rng
        self._may_vote = may_vote
        self._term, self._vote = hard_state
        self._commit = 0
        self._delivered = 0
        self._journal = Journal(hard_state, self.log.last_index)
        self._following = Following(self.log, 0)
        self._leadership: Leadership | None = None
        self._uncommitted_bytes = 0
        self._acknowledged = (0, 0)  # (leader term, match index) that is durable
        self._role = self._resting_role()
        self._shown = SoftState(0, self._role, 0)
        self._election = Election(self.membership, rng)
        self._seen_term = 0
        self._evidence_ns: int | None = None
        self._election_at = NEVER_NS
        self._arm(now)

    # ---------------------------------------------------------------- what it shows

    @property
    def term(self) -> int:
        """Return the current term, on disk or not yet."""
        return self._term

    @property
    def role(self) -> Role:
        """Return what this member is in its term, on disk or not yet."""
        return self._role

    @property
    def leader(self) -> int:
        """Storage id of the leader of the term; 0 while unknown."""
        return self._following.leader

    @property
    def commit(self) -> int:
        """Greatest index known to be committed."""
        return self._commit

    @property
    def may_vote(self) -> bool:
        """Whether this member votes and campaigns; a learner does neither."""
        return self._may_vote and self.member in self.membership.voters

    @property
    def leader_evidence_ns(self) -> int | None:
        """
        Latest time for which a leader backed by a majority is known; None before the first.

        A follower goes by the last advance of the leader's heartbeat, which itself proves a
        majority no older than the longest election time-out; a leader by the sending time of
        the heartbeats that a majority echoed.
        """
        if self._leadership is not None:
            return self._leadership.quorum_at()
        return self._evidence_ns

    def quorum_active(self, now: int) -> bool:
        """Whether a leader with a majority is there: by CheckQuorum, or by fresh evidence."""
        if self._leadership is not None:
            return self._leadership.has_quorum(now)
        evidence = self._evidence_ns
        return evidence is not None and now - evidence <= self.settings.election_timeout_max_ns

    @property
    def want(self) -> tuple[int, int] | None:
        """
        (leader term, index): the entries after ``index`` are wanted; None when none are.

        ``index`` is where this log most likely still agrees with the leader's, which the
        ``prev_term`` of the next entry proves or refutes.
        """
        if self._role is Role.LEADER or self._following.is_complete:
            return None
        return (self._term, self._following.probe)

    def items_from(self, index: int, max_bytes: int) -> tuple[Entry, ...]:
        """
        Entries after ``index`` of the log of this term's leader, at most ``max_bytes``.

        A leader gives all it has, a follower what it has verified: both may serve others.
        """
        return self.log.within(index, self._following.verified, max_bytes)

    def levels(self) -> Levels:
        """Everything others may see now."""
        durable = self._journal.durable_state
        current = durable.term == self._term
        role, leader, heartbeat = self._resting_role(), 0, 0
        # A candidacy is a vote for oneself: it is shown once that vote is on disk.
        if current and (self._role is not Role.CANDIDATE or durable.vote == self.member):
            role = self._role
        if current:
            leader = self._following.leader
        if self._leadership is not None:
            heartbeat = self._leadership.heartbeat
        elif leader and self._may_vote:  # a disk that may have forgotten a vote proves nothing
            heartbeat = self._following.heartbeat
        campaigning = role is Role.PRE_CANDIDATE
        return Levels(
            term=durable.term,
            role=role,
            vote=durable.vote,
            leader=leader,
            last_index=self.log.last_index,
            last_term=self.log.last_term,
            commit=self._commit,
            heartbeat=heartbeat,
            match_term=self._acknowledged[0],
            match_index=self._acknowledged[1],
            pre_term=self._term + 1 if campaigning else 0,
            pre_attempt=self._election.attempt if campaigning else 0,
            grant_candidate=self._election.grant[0],
            grant_term=self._election.grant[1],
            grant_attempt=self._election.grant[2],
        )

    # ---------------------------------------------------------------- what goes in

    def step(self, message: Message, now: int) -> None:
        """Take one message; never raises, whatever the message says."""
        match message:
            case Heartbeat():
                self._on_heartbeat(message, now)
            case Append():
                self._on_append(message, now)
            case AppendResponse():
                self._on_append_response(message)
            case HeartbeatResponse(voter, term, leader, number):
                if self._leadership and (term, leader) == (self._term, self.member):
                    self._leadership.echoed(voter, number)
            case VoteRequest():
                self._on_vote_request(message, now)
            case VoteResponse():
                self._on_vote_response(message, now)
            case TermNotice(_, term):
                self._on_term_notice(term, now)
        self._refresh_acknowledgement()

    def tick(self, now: int) -> None:
        """Let time pass: heartbeats, CheckQuorum, election time-outs."""
        if self._leadership is not None:
            self._lead(self._leadership, now)
            return
        if self._election.has_deferred and not self._is_sticky(now):
            since = now - self.settings.election_timeout_max_ns  # older campaigns are over
            for request in self._election.take_deferred(since):
                self._on_vote_request(request, now)
        if now >= self._election_at:
            self._campaign(now)

    def next_deadline(self) -> int:
        """Time by which ``tick`` wants to be called; ``NEVER_NS`` for an idle learner."""
        if self._leadership is not None:
            return self._leadership.beat_at
        if self._election.has_deferred and self._evidence_ns is not None:
            return min(
                self._election_at, self._evidence_ns + self.settings.election_timeout_min_ns
            )
        return self._election_at

    def propose(self, payload: bytes, now: int) -> int:
        """
        Append ``payload`` to the leader's log and return its index.

        Raises ProposalRefused when this member does not lead, or when the entries waiting for
        commitment have reached their bound.
        """
        if self._leadership is None:
            raise ProposalRefused(f'member {self.member} does not lead term {self._term}')
        entry = Entry(self.log.last_index + 1, self._term, payload)
        size = self._uncommitted_bytes + entry_bytes(entry)
        if size > self.settings.uncommitted_max_bytes:
            raise ProposalRefused(f'{size} bytes would wait for commitment')
        self._append_own(entry)
        return entry.index

    def ready(self) -> Ready:
        """Hand out what has come up since the last call."""
        mark, records = self._journal.take()
        committed = self.log.between(self._delivered, self._commit)
        self._delivered = self._commit
        soft = SoftState(self._term, self._role, self.leader)
        changed = None if soft == self._shown else soft
        self._shown = soft
        return Ready(mark, records, committed, changed)

    def persisted(self, mark: int, now: int) -> None:
        """
        Release what waited for the records up to ``mark``, which are synced.

        Raises UsageError for a mark that ``ready`` has not given out.
        """
        self._journal.persisted(mark)
        if self._leadership is not None:
            self._leadership.acknowledged(self.member, self._journal.durable_index)
            self._advance_leader_commit()
        elif self._role is Role.CANDIDATE:
            self._count_own_vote(now)
        self._refresh_acknowledgement()

    def forfeit_vote(self, now: int) -> None:
        """Be a learner from now on: another process may be giving the same votes."""
        self._may_vote = False
        self._acknowledged = (0, 0)
        self._election_at = NEVER_NS
        self._rest(now)

    # ---------------------------------------------------------------- terms and roles

    def _resting_role(self) -> Role:
        return Role.FOLLOWER if self.may_vote else Role.LEARNER

    def _arm(self, now: int) -> None:
        """Draw a new election time-out; a learner has none (section 3.4; learners: 4.2.1)."""
        if self.may_vote:
            low = self.settings.election_timeout_min_ns
            high = self.settings.election_timeout_max_ns
            self._election_at = now + self._rng.randint(low, high)

    def _is_sticky(self, now: int) -> bool:
        """Whether a leader is alive, so that requests for votes are not heeded (4.2.3)."""
        if self._leadership is not None:
            return True
        return (
            self.leader != 0
            and self._evidence_ns is not None
            and now - self._evidence_ns < self.settings.election_timeout_min_ns
        )

    def _enter_term(self, term: int, vote: int, now: int) -> None:
        """Start ``term`` as a follower without a leader; the caller says what comes next."""
        self._rest(now)
        self._term, self._vote = term, vote
        self._following = Following(self.log, self._commit)
        self._journal.state(HardState(self._term, self._vote))

    def _rest(self, now: int) -> None:
        """Lead and campaign no more."""
        if self._leadership is not None:
            self._evidence_ns = self._leadership.quorum_at()
            self._leadership = None
            self._following.leader = 0
            self._arm(now)
        self._role = self._resting_role()

    def _on_term_notice(self, term: int, now: int) -> None:
        """
        Believe in a higher term that no leader vouches for.

        A leader does, and makes way: followers of a higher term can never acknowledge its
        entries. A follower of a live leader only remembers it until it campaigns itself, so
        that one robot with a higher term cannot take a working leader's followers away.
        """
        self._seen_term = max(self._seen_term, term)
        if term > self._term and (self._leadership is not None or not self._is_sticky(now)):
            self._enter_term(term, 0, now)

    # ---------------------------------------------------------------- elections

    def _campaign(self, now: int) -> None:
        """Ask whether an election could be won, before disturbing anybody (9.6)."""
        self._arm(now)
        if self._seen_term > self._term:
            self._enter_term(self._seen_term, 0, now)
        self._following.leader = 0
        self._role = Role.PRE_CANDIDATE
        self._election.attempt += 1
        self._election.begin()
        self._decide(self._election.count(self.member, True), now)

    def _stand(self, now: int) -> None:
        """Become a candidate; the own vote counts, and the candidacy shows, once on disk."""
        self._enter_term(self._term + 1, self.member, now)
        self._role = Role.CANDIDATE
        self._election.begin()
        self._arm(now)

    def _count_own_vote(self, now: int) -> None:
        if self._journal.durable_state == HardState(self._term, self.member):
            self._decide(self._election.count(self.member, True), now)

    def _decide(self, outcome: Outcome, now: int) -> None:
        if outcome is Outcome.LOST:
            self._rest(now)
        elif outcome is Outcome.WON and self._role is Role.PRE_CANDIDATE:
            self._stand(now)
        elif outcome is Outcome.WON and self._role is Role.CANDIDATE:
            self._win(now)

    def _win(self, now: int) -> None:
        """Become leader, with an empty entry to commit what former terms left (6.4, 3.6.2)."""
        self._role = Role.LEADER
        self._following.leader = self.member
        self._leadership = Leadership(
            self.member, self.membership, self.settings.election_timeout_max_ns, now
        )
        self._leadership.beat(self.settings.heartbeat_period_ns, now)
        self._leadership.acknowledged(self.member, self._journal.durable_index)
        self._uncommitted_bytes = self.log.bytes_after(self._commit)
        self._append_own(Entry(self.log.last_index + 1, self._term, b''))

    def _on_vote_request(self, request: VoteRequest, now: int) -> None:
        if not self.may_vote or request.candidate not in self.membership.voters:
            return
        if request.term < self._term or request.candidate == self.member:
            return
        if self._is_sticky(now):
            self._election.defer(request, now)
            return
        if request.pre:
            self._grant_pre_vote(request)
            return
        if request.term > self._term:
            self._enter_term(request.term, 0, now)
        free = self._vote == 0 and self.leader == 0
        if free and self.log.is_covered_by(request.last_index, request.last_term):
            self._rest(now)
            self._vote = request.candidate
            self._journal.state(HardState(self._term, self._vote))
            self._arm(now)

    def _grant_pre_vote(self, request: VoteRequest) -> None:
        """Say that a vote would be given; promises nothing, so nothing waits or is reset."""
        covered = self.log.is_covered_by(request.last_index, request.last_term)
        if request.term > self._term and covered:
            self._election.grant = (request.candidate, request.term, request.attempt)

    def _on_vote_response(self, response: VoteResponse, now: int) -> None:
        if response.pre:
            expected = (Role.PRE_CANDIDATE, self._term + 1, self._election.attempt)
        else:
            expected = (Role.CANDIDATE, self._term, 0)
        if (self._role, response.term, response.attempt) != expected:
            return
        granted = response.candidate == self.member
        if response.pre and not granted:
            return  # a pre-vote for another excludes nobody
        self._decide(self._election.count(response.voter, granted), now)

    # ---------------------------------------------------------------- replication, leader

    def _lead(self, leadership: Leadership, now: int) -> None:
        """Beat, but only while a majority follows (CheckQuorum, 6.2)."""
        if not leadership.has_quorum(now):
            self._rest(now)
        elif now >= leadership.beat_at:
            leadership.beat(self.settings.heartbeat_period_ns, now)

    def _append_own(self, entry: Entry) -> None:
        self.log.append(entry)
        self._journal.entries((entry,))
        self._uncommitted_bytes += entry_bytes(entry)
        self._following.agreed(entry.index)

    def _on_append_response(self, response: AppendResponse) -> None:
        if self._leadership is None or response.leader_term != self._term:
            return
        voter, index = response.voter, response.match_index
        if voter in self.membership.voters and index <= self.log.last_index:
            self._leadership.acknowledged(voter, index)
            self._advance_leader_commit()

    def _advance_leader_commit(self) -> None:
        """Commit by counting, entries of the own term only (section 3.6.2)."""
        assert self._leadership is not None
        index = self._leadership.committable()
        if index > self._commit and self.log.term_at(index) == self._term:
            for entry in self.log.between(self._commit, index):
                self._uncommitted_bytes -= entry_bytes(entry)
            self._commit = index

    # ---------------------------------------------------------------- replication, follower

    def _on_heartbeat(self, beat: Heartbeat, now: int) -> None:
        if beat.term < self._term or beat.leader == self.member:
            return
        if beat.term > self._term:
            self._enter_term(beat.term, 0, now)
        if self._role is Role.LEADER or self.leader not in (0, beat.leader):
            self.anomalies += 1  # two leaders in one term
            return
        following = self._following
        if beat.number > following.heartbeat:
            # The one event, beside a vote granted, that puts an election off.
            following.heartbeat = beat.number
            following.leader = beat.leader
            if self._role in (Role.PRE_CANDIDATE, Role.CANDIDATE):
                self._rest(now)
            self._evidence_ns = now
            self._arm(now)
        following.heard(beat.last_index, beat.last_term, beat.commit)
        self._commit = max(self._commit, following.committed)

    def _on_append(self, append: Append, now: int) -> None:
        """Check that the entries fit, cut what contradicts them, take them (section 3.5)."""
        if not is_well_formed(append):
            self.anomalies += 1
            return
        if append.leader_term > self._term:
            self._enter_term(append.leader_term, 0, now)
        if append.leader_term < self._term or self._role is Role.LEADER:
            return
        fresh = self._following.take(append)
        if fresh is None:
            self.anomalies += 1
        else:
            self._journal.entries(fresh)
        self._commit = max(self._commit, self._following.committed)

    def _refresh_acknowledgement(self) -> None:
        """Acknowledge what is verified and on disk, under a term that is on disk."""
        if not self._may_vote or self._journal.durable_state.term != self._term:
            return
        index = min(self._following.verified, self._journal.durable_index)
        self._acknowledged = max(self._acknowledged, (self._term, index))
