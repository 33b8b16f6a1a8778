# SPDX-License-Identifier: Apache-2.0
"""Broken rules of elections, the log, who votes and what is read."""

from __future__ import annotations

import contextlib

from mutants.mutant import Put
from swarm_coordination.consensus.configuration import configuration_payload
from swarm_coordination.consensus.following import Following
from swarm_coordination.consensus.leadership import Leadership
from swarm_coordination.consensus.log import Log
from swarm_coordination.consensus.messages import Role
from swarm_coordination.consensus.quorum import Membership
from swarm_coordination.consensus.raft import Raft
from swarm_coordination.consensus.reading import Reading
from swarm_coordination.consensus.replicating import Replicating
from swarm_coordination.consensus.voting import Voting
from swarm_coordination.errors import ProposalRefused
from swarm_coordination.persistence import Entry, EntryKind, HardState
from swarm_coordination.robot.coordinator import Coordinator
from swarm_coordination.robot.membership_policy import Change, MembershipPolicy
from swarm_coordination.robot.voters import Voters


def votes_twice(put: Put) -> None:
    original = Voting.on_vote_request

    def on_vote_request(self, request, now):
        if request.term == self._state.term and not request.pre:
            self._state.vote = 0
        original(self, request, now)

    put(Voting, 'on_vote_request', on_vote_request)


def votes_for_shorter_logs(put: Put) -> None:
    put(Log, 'is_covered_by', lambda self, last_index, last_term: True)


def commits_earlier_terms_by_counting(put: Put) -> None:
    def advance(self, now):
        index = self._state.leadership.committable()
        if index > self._state.commit:
            self._state.commit_to(index, now)

    put(Replicating, 'advance_leader_commit', advance)


def acknowledges_before_the_disk(put: Put) -> None:
    def refresh(self):
        state = self._state
        state.acknowledged = max(state.acknowledged, (state.term, state.following.verified))

    put(Replicating, 'refresh_acknowledgement', refresh)


def forgets_its_vote_on_restart(put: Put) -> None:
    original = Raft.__init__

    def init(self, *arguments, hard_state=HardState(0, 0), **named):  # noqa: B008 (a value)
        original(self, *arguments, hard_state=HardState(hard_state.term, 0), **named)

    put(Raft, '__init__', init)


def shows_votes_before_the_disk(put: Put) -> None:
    original = Voting.on_vote_request

    def on_vote_request(self, request, now):
        original(self, request, now)
        state = self._state
        state.journal.durable_state = HardState(state.term, state.vote)

    put(Voting, 'on_vote_request', on_vote_request)


def resets_the_timer_on_relayed_duplicates(put: Put) -> None:
    """Take whatever is heard of a leader, from anybody and however old, for its heartbeat."""
    original = Coordinator.receive

    def receive(self, data, now):
        original(self, data, now)
        state = self._raft._state
        if state.leadership is None and state.following.leader:
            state.arm(now)

    put(Coordinator, 'receive', receive)


def orders_acknowledgements_by_index_alone(put: Put) -> None:
    def on_append_response(self, response, now):
        state = self._state
        if state.leadership is not None and response.match_index <= state.log.last_index:
            state.leadership.acknowledged(response.voter, response.match_index)
            self.advance_leader_commit(now)

    put(Replicating, 'on_append_response', on_append_response)


def counts_learners(put: Put) -> None:
    def committable(self):
        held = sorted(self._match.values(), reverse=True)
        needed = len(self._membership.voters) // 2
        return held[needed] if len(held) > needed else 0

    put(Leadership, 'committable', committable)


def commits_on_half(put: Put) -> None:
    def reached(self, values, missing=0):
        descending = sorted((values.get(v, missing) for v in self.voters), reverse=True)
        return descending[(len(descending) - 1) // 2] if descending else None

    put(Membership, 'reached', reached)


def leads_on_without_a_quorum(put: Put) -> None:
    put(Leadership, 'has_quorum', lambda self, now: True)


def takes_entries_that_do_not_fit(put: Put) -> None:
    def take(self, append):
        entries = [e for e in append.entries
                   if self.verified < e.index <= self._log.last_index + 1]
        for entry in entries:
            self._log.truncate(entry.index)
            if entry.index == self._log.last_index + 1 and entry.term >= self._log.last_term:
                self._log.append(entry)
        self.agreed(min(append.prev_index + len(append.entries), self._log.last_index))
        return tuple(entries)

    put(Following, 'take', take)


def believes_the_leaders_commit_unverified(put: Put) -> None:
    put(Following, 'committed', property(
        lambda self: min(self._leader_commit, self._log.last_index)))


def hasty_policy(put: Put) -> None:
    """
    Break no rule of Raft: a leader that wants to demote somebody at every step is refused.

    Nobody is promoted again: else voters would come and go without end, an entry be on its way at
    every moment, and the log never come to rest.
    """
    def eviction(self, picture, now):
        voters = picture.membership.voters
        others = [robot for robot in voters if robot != picture.leader]
        if len(voters) <= self._settings.min_voters:
            return None
        return Change(picture.membership.demoted(others[0]), others[0], 'hasty')

    put(MembershipPolicy, '_eviction', eviction)
    put(MembershipPolicy, '_promotion', lambda self, picture, now: None)


def hasty_winner(put: Put) -> None:
    """Break no rule: a leader that wants to demote somebody as it wins; Raft has to refuse."""
    original = Replicating.begin

    def begin(self, now):
        original(self, now)
        membership, member = self._state.membership, self._state.member
        others = [robot for robot in membership.voters if robot != member]
        if len(others) > 1:
            with contextlib.suppress(ProposalRefused):
                self.propose_membership(membership.demoted(others[0]), now)

    put(Replicating, 'begin', begin)


def never_evicts(put: Put) -> None:
    put(MembershipPolicy, '_eviction', lambda self, picture, now: None)


def never_promotes(put: Put) -> None:
    put(MembershipPolicy, '_promotion', lambda self, picture, now: None)


def changes_voters_before_the_no_op(put: Put) -> None:
    hasty_winner(put)

    def propose_membership(self, membership, now):
        _append_configuration(self, membership, now, pending=True)

    put(Replicating, 'propose_membership', propose_membership)


def evicts_without_a_quorum(put: Put) -> None:
    """Stack evictions that no majority has committed."""
    hasty_policy(put)

    def propose_membership(self, membership, now):
        _append_configuration(self, membership, now, pending=False)

    put(Replicating, 'propose_membership', propose_membership)


def _append_configuration(replicating, membership, now, *, pending):
    state = replicating._state
    if state.leadership is None:
        raise ProposalRefused('does not lead')
    if pending and state.configurations.current.index > state.commit:
        raise ProposalRefused('one is under way')
    entry = Entry(state.log.last_index + 1, state.term, configuration_payload(membership),
                  EntryKind.CONFIGURATION)
    replicating._append_own(entry, now)


def reads_without_asking_a_quorum(put: Put) -> None:
    def confirm(self, now):
        state = self._state
        if state.leadership is None or self._term != state.term:
            return
        for key in list(self._pending):
            asker, serial = key[1], self._pending.pop(key)
            if asker == state.member:
                self._answered(serial, state.commit)

    put(Reading, '_confirm', confirm)


def reads_before_its_first_entry(put: Put) -> None:
    """Answer reads as if what is committed were of the own term, whatever term it is of."""
    original = Reading._confirm

    def confirm(self, now):
        state = self._state
        state.log.term_at = lambda index: state.term
        original(self, now)
        del state.log.term_at

    put(Reading, '_confirm', confirm)


def forgets_no_transfer(put: Put) -> None:
    """Keep an operator's wish on every robot, whoever leads and in whatever term."""
    step, reason = Voters.step, Voters._reason_to_leave

    def ask_for(self, robot, term):
        if term == self._raft.term:
            self.kept, self._transfer_ns = robot, 0

    def stepped(self, now):
        kept = getattr(self, 'kept', 0)
        if kept and self._raft.role is Role.LEADER and kept != self._raft.member:
            self._asked, self.kept = (kept, self._raft.term), 0
        step(self, now)

    def reasoned(self, picture):
        kept = getattr(self, 'kept', 0)
        return '' if kept == self._raft.member else reason(self, picture)

    put(Voters, 'ask_for', ask_for)
    put(Voters, 'step', stepped)
    put(Voters, '_reason_to_leave', reasoned)


def rewrites_its_log_as_leader(put: Put) -> None:
    """Put a command in the place of the last entry where that is not committed yet."""
    original = Replicating.propose

    def propose(self, payload, now):
        state = self._state
        last = state.log.last_index
        if state.leadership is None or last <= state.commit or not last:
            return original(self, payload, now)
        state.log.truncate(last)
        self._append_own(Entry(last, state.term, payload), now)
        return last

    put(Replicating, 'propose', propose)
