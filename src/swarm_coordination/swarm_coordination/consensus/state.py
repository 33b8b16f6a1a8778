# SPDX-License-Identifier: Apache-2.0
"""
What the rules of a member share: its term, vote, role, log, timer and what it knows of a leader.

Election, replication and display each are a set of rules over this one state. The transitions
that more than one of them makes stand here, so that each is written once.
"""

from __future__ import annotations

from collections.abc import Sequence
import random

from swarm_coordination.consensus.configuration import Configuration, Configurations
from swarm_coordination.consensus.following import Following
from swarm_coordination.consensus.journal import Journal
from swarm_coordination.consensus.leadership import Leadership
from swarm_coordination.consensus.log import Log
from swarm_coordination.consensus.messages import Fitness, Role
from swarm_coordination.consensus.patience import Patience
from swarm_coordination.consensus.quorum import Membership
from swarm_coordination.consensus.settings import RaftSettings
from swarm_coordination.epochs import epoch_of
from swarm_coordination.persistence import Entry, HardState, SnapshotRecord

# "Never" as a deadline: 2^62 ns are 146 years.
NEVER_NS = 2**62


class MemberState:
    """
    State of one member; ``hard_state``, ``log`` and ``intact`` are what the disk gave back.

    A disk that is not intact may have forgotten promises: its member takes part as a learner.
    """

    def __init__(
        self,
        member: int,
        configurations: Configurations,
        settings: RaftSettings,
        rng: random.Random,
        log: Log,
        hard_state: HardState,
        intact: bool,
    ) -> None:
        self.member = member
        self.configurations = configurations
        self.settings = settings
        self.log = log
        self.intact = intact
        self.term, self.vote = hard_state
        self.commit = log.base_index  # what a snapshot covers is committed
        self.journal = Journal(hard_state, log.last_index)
        self.following = Following(log, self.commit)
        self.acknowledged = (0, 0)  # (leader term, match index) that is durable
        self.leadership: Leadership | None = None
        # Appends that contradict the committed log or themselves; anything but 0 is alarming.
        self.anomalies = 0
        self.seen_term = 0  # highest term heard of, which not everybody is believed about
        self.forced = False  # of the own candidacy: the leader asked for it
        self.weak = False  # votes, but should not lead
        self.evidence_ns: int | None = None  # when a leader with a majority was last known
        self._evidence_before_ns: int | None = None  # the same, when the log became void
        self.election_at = NEVER_NS
        self._timeout_ns = 0  # as drawn last
        self._eligible = self._find_eligible()
        self.role = self.resting_role()
        self.patience = Patience(member, settings, rng)

    @property
    def membership(self) -> Membership:
        """Who votes and who learns: the newest configuration in the log."""
        return self.configurations.current.membership

    @property
    def is_voter(self) -> bool:
        """Whether the newest configuration counts this member's votes."""
        return self.member in self.membership.voters

    @property
    def is_void(self) -> bool:
        """Whether the term is of a forced cluster that the log has not been joined to yet."""
        return epoch_of(self.log.last_term) < epoch_of(self.term)

    @property
    def own_evidence_ns(self) -> int | None:
        """
        Latest time for which a leader of this log with a majority is known; None for never.

        A void log's leaders ended with its cluster: those of the forced one know nothing of it.
        """
        if self.leadership is not None:
            return self.leadership.quorum_at()
        return self._evidence_before_ns if self.is_void else self.evidence_ns

    @property
    def may_campaign(self) -> bool:
        """Whether this member stands for election."""
        return self.intact and self._eligible and not self.is_void

    @property
    def fitness(self) -> Fitness:
        """Return whether this member could serve as a voter, and should lead."""
        if not self.intact:
            return Fitness.NO_VOTER
        return Fitness.WEAK if self.weak else Fitness.FIT

    def resting_role(self) -> Role:
        """Return the role of a member that neither leads nor campaigns."""
        return Role.FOLLOWER if self.may_campaign else Role.LEARNER

    def wrote(self, entries: Sequence[Entry], now: int) -> None:
        """Take entries just put into the log: to the disk, and who votes from them on."""
        self.journal.entries(entries)
        if self.configurations.append(entries):
            if self.leadership is not None:
                self.leadership.reconfigure(self.membership, now)
            self._reassess(now)

    def commit_to(self, index: int, now: int) -> None:
        """Commit up to ``index``; a leader that is left out by then makes way (4.2.2)."""
        if index <= self.commit:
            return
        before, committed = (self.configurations.at(i) for i in (self.commit, index))
        self.commit = index
        if committed != before:
            # A leader proposes no other change before this one is committed.
            if self.leadership is not None and not self.is_voter:
                self.rest(now)
            self._reassess(now)

    def restart(
        self, record: SnapshotRecord, configuration: Configuration, now: int
    ) -> None:
        """Begin the log anew after a snapshot of committed entries that it lacks."""
        self.journal.restart(record, self.commit)
        self.log.restart(record.index, record.term)
        self.configurations.install(configuration)
        self.commit = record.index
        self.following.agreed(record.index)
        self._reassess(now)

    def _find_eligible(self) -> bool:
        """
        Return whether the configurations let this member stand for election.

        A voter of the newest committed configuration does, too, until the one that leaves it
        out is committed: it may be the only one whose log allows it to win (section 4.2.2).
        """
        return any(
            self.member in configuration.membership.voters
            for configuration in self.configurations.since(self.commit)
        )

    def _reassess(self, now: int) -> None:
        """Become a follower or a learner, as the configurations have it now."""
        self._eligible = self._find_eligible()
        if not self.may_campaign and self.leadership is None:
            self.election_at = NEVER_NS
            self.role = Role.LEARNER
        elif self.role is Role.LEARNER:
            self.role = self.resting_role()
            self.arm(now)

    def arm(self, now: int) -> None:
        """Draw a new election time-out; a learner has none (section 3.4; learners: 4.2.1)."""
        if self.may_campaign:
            self._timeout_ns = self.patience.draw(self.following.leader, self.membership.voters)
            self.put_off(now)

    def put_off(self, now: int) -> None:
        """Let the election time-out drawn last begin now."""
        self.election_at = now + self._timeout_ns

    def is_sticky(self, now: int) -> bool:
        """Whether a leader is alive, so that requests for votes are not heeded (4.2.3)."""
        if self.leadership is not None:
            return True
        return (
            self.following.leader != 0
            and self.evidence_ns is not None
            and now - self.evidence_ns < self.patience.wait_ns
        )

    def heard_leader(self, leader: int, number: int, now: int) -> None:
        """Note that the heartbeat ``number`` of the term's leader is new: no election yet."""
        # The first of a term ends the outage before it, which was no silence of this leader.
        if self.following.heartbeat and self.evidence_ns is not None:
            self.patience.heard(now - self.evidence_ns)
        self.following.heartbeat, self.following.leader = number, leader
        if self.role in (Role.PRE_CANDIDATE, Role.CANDIDATE):
            self.rest(now)
        self.evidence_ns = now
        self.arm(now)

    def enter_term(self, term: int, vote: int, now: int) -> None:
        """Start ``term`` as a follower without a leader; the caller says what comes next."""
        self.rest(now)
        if not self.is_void:
            self._evidence_before_ns = self.evidence_ns
        goes_over = epoch_of(term) > epoch_of(self.term)
        self.term, self.vote = term, vote
        if goes_over:
            self._reassess(now)
        self.forced = False
        self.following = Following(self.log, self.commit)
        self.journal.state(HardState(term, vote))

    def concede(self, now: int) -> None:
        """
        Stand no more: somebody else won this term, or the log is about to be another one (3.4).

        Who counts votes for this term by voters that it has learnt from this term's leader could
        find a majority that has none in common with the leader's.
        """
        if self.role is Role.CANDIDATE:
            self.rest(now)

    def rest(self, now: int) -> None:
        """Lead and campaign no more."""
        if self.leadership is not None:
            self.evidence_ns = self.leadership.quorum_at()
            self.leadership = None
            self.following.leader = 0
            self.arm(now)
        self.role = self.resting_role()
