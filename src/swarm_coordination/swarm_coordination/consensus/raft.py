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

from swarm_coordination.consensus.compacting import Compacting
from swarm_coordination.consensus.configuration import Configuration, Configurations
from swarm_coordination.consensus.election import Election
from swarm_coordination.consensus.log import Log
from swarm_coordination.consensus.messages import (
    Append,
    AppendResponse,
    Heartbeat,
    HeartbeatResponse,
    Levels,
    Message,
    NOTHING,
    ReadAnswer,
    ReadRequest,
    Ready,
    Role,
    SoftState,
    Standing,
    TermNotice,
    TimeoutNow,
    VoteRequest,
    VoteResponse,
)
from swarm_coordination.consensus.quorum import Membership
from swarm_coordination.consensus.reading import Reading
from swarm_coordination.consensus.replicating import Replicating
from swarm_coordination.consensus.settings import RaftSettings
from swarm_coordination.consensus.showing import shown
from swarm_coordination.consensus.state import MemberState, NEVER_NS
from swarm_coordination.consensus.transferring import Transferring
from swarm_coordination.consensus.voting import Voting
from swarm_coordination.errors import UsageError
from swarm_coordination.persistence import Entry, HardState, SnapshotRecord

# Entries handed out at once: applying so many takes about 10 ms, so that a robot that catches up
# goes on speaking in between.
DELIVERED_MAX = 256
_ANSWERS = (HeartbeatResponse, AppendResponse)


class Raft:
    """
    A member of a cluster; members are storage ids, not 0.

    ``base`` is the configuration that ``entries`` start from: the provisioned one, or the one
    beside the snapshot.

    ``hard_state``, ``snapshot``, ``entries`` and ``may_vote`` are what the disk gave back.
    ``now`` is integer nanoseconds of a monotone clock, ``rng`` draws the election time-outs.
    """

    def __init__(
        self,
        member: int,
        base: Configuration,
        settings: RaftSettings,
        rng: random.Random,
        now: int,
        *,
        hard_state: HardState = HardState(0, 0),  # noqa: B008 (an immutable value)
        snapshot: SnapshotRecord | None = None,
        entries: Iterable[Entry] = (),
        may_vote: bool = True,
    ) -> None:
        self.member = member
        self.settings = settings
        self.log = Log(entries, *(snapshot[:2] if snapshot is not None else (0, 0)))
        held = self.log.between(self.log.base_index, self.log.last_index)
        configurations = Configurations(base, held)
        self._state = MemberState(
            member, configurations, settings, rng, self.log, hard_state, may_vote
        )
        self._election = Election(rng)
        self._replicating = Replicating(self._state)
        self._voting = Voting(self._state, self._election, self._replicating)
        self._transferring = Transferring(self._state, self._voting, rng)
        self._reading = Reading(self._state, rng)
        self._compacting = Compacting(self._state, self.log.base_index)
        self._delivered = self.log.base_index
        self._more = False  # whether the last ``ready`` left something to hand out
        self._told = SoftState(0, self._state.role, 0)
        self._timeout_max_ns = settings.election_timeout_max_ns  # asked for with every tick
        # Whether anything came in since the last ``ready``, and since the last ``levels``: most
        # calls find nothing new, and both are asked for with every frame and tick.
        self._stirred, self._stale = True, False
        self._levels = self._shown()
        self._standing = Standing(0, self._state.role, 0)
        self._state.arm(now)

    # ---------------------------------------------------------------- what it shows

    @property
    def membership(self) -> Membership:
        """Return who votes and who learns, by the newest configuration in the log."""
        return self._state.membership

    @property
    def configuration(self) -> Configuration:
        """Return the newest configuration in the log, committed or not: the one that counts."""
        return self._state.configurations.current

    def configuration_at(self, index: int) -> Configuration:
        """Return the configuration that held at ``index`` of the log: what a snapshot keeps."""
        return self._state.configurations.at(index)

    @property
    def anomalies(self) -> int:
        """Count of appends that contradict the committed log or themselves; alarming above 0."""
        return self._state.anomalies

    @property
    def is_void(self) -> bool:
        """Whether the term is of a forced cluster that the log has not been joined to yet."""
        return self._state.is_void

    @property
    def vouched_term(self) -> int:
        """Return the term up to which this log is what its leaders made it."""
        return self.log.last_term if self._state.is_void else self._state.term

    @property
    def term(self) -> int:
        """Return the current term, on disk or not yet."""
        return self._state.term

    @property
    def role(self) -> Role:
        """Return what this member is in its term, on disk or not yet."""
        return self._state.role

    @property
    def leader(self) -> int:
        """Storage id of the leader of the term; 0 while unknown."""
        return self._state.following.leader

    @property
    def commit(self) -> int:
        """Greatest index known to be committed."""
        return self._state.commit

    @property
    def standing(self) -> Standing:
        """Return term, role and commit: the same object as before where nothing changed."""
        state = self._state
        if (state.term, state.role, state.commit) != self._standing:
            self._standing = Standing(state.term, state.role, state.commit)
        return self._standing

    @property
    def may_vote(self) -> bool:
        """Whether votes of this member count; a learner's or a damaged disk's do not."""
        return self._state.intact and self._state.is_voter

    @property
    def leader_evidence_ns(self) -> int | None:
        """
        Latest time for which a leader backed by a majority is known; None before the first.

        A follower goes by the last advance of the leader's heartbeat, which itself proves a
        majority no older than the longest election time-out; a leader by the sending time of
        the heartbeats that a majority echoed. While the log is void, none of the forced cluster
        counts: its leader keeps no promise about what this log says.
        """
        return self._state.own_evidence_ns

    def quorum_active(self, now: int) -> bool:
        """Whether a leader with a majority is there: by CheckQuorum, or by fresh evidence."""
        state = self._state
        if state.leadership is not None:
            return state.leadership.has_quorum(now)
        evidence = state.evidence_ns
        if state.is_void or evidence is None:
            return False
        return now - evidence <= self._timeout_max_ns

    @property
    def want(self) -> tuple[int, int] | None:
        """
        (leader term, index): the entries after ``index`` are wanted; None when none are.

        ``index`` is where this log most likely still agrees with the leader's, which the
        ``prev_term`` of the next entry proves or refutes.
        """
        state = self._state
        if state.leadership is not None or state.following.is_complete:
            return None
        return (state.term, state.following.probe)

    def items_from(self, index: int, max_bytes: int) -> tuple[Entry, ...]:
        """
        Entries after ``index`` of the log of this term's leader, at most ``max_bytes``.

        A leader gives all it has, a follower what it has verified: both may serve others.
        Nothing where the log begins later, or is of a cluster before this term's.
        """
        if index < self.log.base_index or self._state.is_void:
            return ()
        return self.log.within(index, self._state.following.verified, max_bytes)

    def levels(self) -> Levels:
        """Everything others may see now: the same object as before where nothing changed."""
        if self._stale:
            self._stale = False
            levels = self._shown()
            if levels != self._levels:
                self._levels = levels
        return self._levels

    def _shown(self) -> Levels:
        one_shot = self._transferring.shown() or self._reading.shown()
        return shown(self._state, self._election, one_shot, self._reading.answers())

    @property
    def stirred(self) -> bool:
        """Whether ``ready`` or ``levels`` may have something new since ``ready`` was called."""
        return self._stirred or self._more

    # ---------------------------------------------------------------- what goes in

    def step(self, message: Message, now: int) -> bool:
        """
        Take one message; never raises, whatever the message says.

        Return whether something may have come of it: most messages are followers' echoes and
        acknowledgements, which are nothing to other followers.
        """
        state, reads = self._state, self._reading.is_busy
        if not reads and isinstance(message, _ANSWERS):
            if state.leadership is None:
                return False
            if isinstance(message, HeartbeatResponse):  # only a read waits for echoes
                self._echoed(message)
                return self.stirred
        match message:
            case Heartbeat():
                self._replicating.on_heartbeat(message, now)
            case Append():
                self._replicating.on_append(message, now)
            case AppendResponse():
                self._replicating.on_append_response(message, now)
            case HeartbeatResponse():
                self._echoed(message)
            case VoteRequest():
                self._voting.on_vote_request(message, now)
            case VoteResponse():
                self._voting.on_vote_response(message, now)
            case TermNotice(_, term):
                self._voting.on_term_notice(term, now)
            case TimeoutNow():
                self._transferring.on_timeout_now(message, now)
            case ReadRequest():
                self._reading.on_request(message, now)
            case ReadAnswer():
                self._reading.on_answer(message)
        self._reading.advance(now)
        self._replicating.refresh_acknowledgement()
        self._stir()
        return state.leadership is not None or not isinstance(message, _ANSWERS)

    def _echoed(self, echo: HeartbeatResponse) -> None:
        state = self._state
        if state.leadership is not None:
            if echo.term == state.term and echo.leader == self.member:
                state.leadership.echoed(echo.voter, echo.number)

    def tick(self, now: int) -> None:
        """Let time pass: heartbeats, CheckQuorum, election time-outs."""
        state, leadership = self._state, self._state.leadership
        if self._reading.is_busy or (leadership is not None and leadership.handover is not None):
            self._transferring.advance(now)
            self._reading.advance(now)
            self._stir()
        if leadership is not None:
            number = leadership.heartbeat
            self._replicating.lead(leadership, now)
            if leadership.heartbeat != number or state.leadership is None:
                self._stir()
            return
        if self._election.has_deferred and not state.is_sticky(now):
            since = now - self._timeout_max_ns  # older campaigns are over
            for request in self._election.take_deferred(since):
                self._voting.on_vote_request(request, now)
            self._stir()
        if now >= state.election_at:
            self._voting.campaign(now)
            self._stir()

    def _stir(self) -> None:
        self._stirred = self._stale = True

    def next_deadline(self) -> int:
        """Time by which ``tick`` wants to be called; ``NEVER_NS`` for an idle learner."""
        state = self._state
        if self._more:
            return 0  # at once
        if state.leadership is not None:
            return state.leadership.beat_at
        if self._election.has_deferred and state.evidence_ns is not None:
            return min(state.election_at, state.evidence_ns + state.patience.wait_ns)
        return state.election_at

    def propose(self, payload: bytes, now: int) -> int:
        """
        Append ``payload`` to the leader's log and return its index.

        Raises ProposalRefused when this member does not lead, or when the entries waiting for
        commitment have reached their bound.
        """
        self._stir()
        return self._replicating.propose(payload, now)

    def propose_membership(self, membership: Membership, now: int) -> int:
        """
        Append a change of at most one voter; return its index. It counts at once.

        Raises ProposalRefused when this member does not lead, while the configuration before
        it or the first entry of the term waits for commitment, and for any larger change.
        """
        self._stir()
        return self._replicating.propose_membership(membership, now)

    def transfer(self, target: int, now: int) -> None:
        """
        Start handing leadership over to ``target``; given up after an election time-out.

        Raises ProposalRefused where this member does not lead or ``target`` is not another
        voter. Proposals are refused meanwhile.
        """
        self._stir()
        self._transferring.begin(target, now)

    def read(self, now: int) -> int:
        """
        Ask for a linearizable read; ``Ready.reads`` brings the serial back when it may be done.

        Raises ProposalRefused while too many wait. Without a leader it waits for one.
        """
        self._stir()
        return self._reading.ask(now)

    def weaken(self, weak: bool) -> None:
        """Say whether others had better lead, for a low battery; the vote stays."""
        self._state.weak = weak
        self._stir()

    def match_of(self, member: int) -> int:
        """Index up to which ``member`` holds this leader's log on disk; 0 where unknown."""
        leadership = self._state.leadership
        return leadership.match_of(member) if leadership is not None else 0

    def followed_at(self, member: int) -> int:
        """Return when this leader sent its newest heartbeat that ``member`` echoed; 0: none."""
        leadership = self._state.leadership
        return leadership.followed_at(member) if leadership is not None else 0

    def ready(self) -> Ready:
        """Hand out what has come up since the last call; of many entries only the first."""
        if not self.stirred:
            return NOTHING
        self._stirred = False
        state = self._state
        mark, records = state.journal.take()
        through = min(state.commit, self._delivered + DELIVERED_MAX)
        committed = self.log.between(self._delivered, through)
        self._delivered, self._more = through, through < state.commit
        soft, changed = (state.term, state.role, state.following.leader), None
        if soft != self._told:
            self._told = changed = SoftState(*soft)
        return Ready(mark, records, committed, changed, self._reading.take(self._delivered))

    @property
    def snapshot_index(self) -> int:
        """Index of the newest snapshot on disk; 0 for none."""
        return self._compacting.index

    def took_snapshot(self, record: SnapshotRecord) -> None:
        """
        Let a snapshot of what ``ready`` has delivered go to disk; the log is shortened then.

        Raises UsageError for an index that was not delivered, or is no later than the last one.
        """
        if not self._state.journal.durable_snapshot < record.index <= self._delivered:
            raise UsageError(f'snapshot at {record.index}, delivered up to {self._delivered}')
        self._compacting.took(record)
        self._stir()

    def install(self, record: SnapshotRecord, taken_in: int, now: int) -> bool:
        """
        Take the snapshot of a member whose log was vouched for up to term ``taken_in``.

        True where it took the place of the log: the state machine has to start over from it,
        and ``ready`` goes on after its index. False where it says nothing new.
        """
        self._stir()
        if not self._compacting.install(record, taken_in, now):
            return False
        self._delivered = record.index
        self._replicating.refresh_acknowledgement()
        return True

    def persisted(self, mark: int, now: int) -> None:
        """
        Release what waited for the records up to ``mark``, which are synced.

        Raises UsageError for a mark that ``ready`` has not given out.
        """
        self._stir()
        state = self._state
        promised = state.journal.durable_state
        state.journal.persisted(mark)
        self._compacting.persisted()
        if state.leadership is not None:
            state.leadership.acknowledged(self.member, state.journal.durable_index)
            self._replicating.advance_leader_commit(now)
        elif state.role is Role.CANDIDATE and state.journal.durable_state != promised:
            self._voting.count_own_vote(now)
        self._replicating.refresh_acknowledgement()

    def forfeit_vote(self, now: int) -> None:
        """Be a learner from now on: another process may be giving the same votes."""
        self._stir()
        state = self._state
        state.intact = False
        state.acknowledged = (0, 0)
        state.election_at = NEVER_NS
        state.rest(now)
