# SPDX-License-Identifier: Apache-2.0
"""Rules of election: campaigns, votes given, votes counted (Ongaro 2014, 3.4, 3.6.1, 9.6)."""

from __future__ import annotations

from swarm_coordination.consensus.election import Election
from swarm_coordination.consensus.messages import Role, VoteRequest, VoteResponse
from swarm_coordination.consensus.quorum import Outcome
from swarm_coordination.consensus.replicating import Replicating
from swarm_coordination.consensus.state import MemberState
from swarm_coordination.epochs import epoch_of
from swarm_coordination.persistence import HardState


class Voting:
    """A member as candidate and as voter."""

    def __init__(self, state: MemberState, election: Election, replicating: Replicating) -> None:
        self._state = state
        self._election = election
        self._replicating = replicating

    def on_term_notice(self, term: int, now: int) -> None:
        """
        Believe in a higher term that no leader vouches for.

        A leader does, and makes way: followers of a higher term can never acknowledge its
        entries. A follower of a live leader only remembers it until it campaigns itself, so
        that one robot with a higher term cannot take a working leader's followers away. A
        forced cluster takes everybody: an operator has decided that.
        """
        state = self._state
        state.seen_term = max(state.seen_term, term)
        free = state.leadership is not None or not state.is_sticky(now)
        if term > state.term and (free or epoch_of(term) > epoch_of(state.term)):
            state.enter_term(term, 0, now)

    def campaign(self, now: int) -> None:
        """
        Ask whether an election could be won, before disturbing anybody (9.6).

        A candidacy on its way to disk has been seen by nobody, and is waited for: another one
        would have to pass the same disk, behind it.
        """
        state = self._state
        if state.role is Role.CANDIDATE and not self._is_vote_durable():
            state.put_off(now)
            return
        if state.seen_term > state.term:
            state.enter_term(state.seen_term, 0, now)
        state.following.leader = 0
        state.arm(now)
        state.role = Role.PRE_CANDIDATE
        self._election.attempt += 1
        self._election.begin()
        self._decide(self._election.count(state.member, True, state.membership), now)

    def stand(self, now: int, *, forced: bool = False) -> None:
        """
        Become a candidate; the own vote counts, and the candidacy shows, once on disk.

        Above every term heard of: whoever is in a higher one, and was not believed about it while
        a leader was alive, says so once only, and would follow nobody below it.
        """
        state = self._state
        state.enter_term(max(state.term, state.seen_term) + 1, state.member, now)
        state.role, state.forced = Role.CANDIDATE, forced
        self._election.begin()
        state.arm(now)

    def count_own_vote(self, now: int) -> None:
        """
        Count the candidate's vote for itself, which has just come to be on disk.

        Only now can others see the candidacy, so the time for their votes begins here (3.4): the
        own disk would use up what the voters' disks need.
        """
        state = self._state
        if self._is_vote_durable():
            state.put_off(now)
            self._decide(self._election.count(state.member, True, state.membership), now)

    def _is_vote_durable(self) -> bool:
        state = self._state
        return state.journal.durable_state == HardState(state.term, state.vote)

    def _decide(self, outcome: Outcome, now: int) -> None:
        state = self._state
        if outcome is Outcome.LOST:
            state.rest(now)
        elif outcome is Outcome.WON and state.role is Role.PRE_CANDIDATE:
            self.stand(now)
        elif outcome is Outcome.WON and state.role is Role.CANDIDATE:
            self._replicating.begin(now)

    def on_vote_request(self, request: VoteRequest, now: int) -> None:
        """
        Give the vote, or say that it would be given; or put the request aside.

        The own configuration is not asked: it may be older than the candidate's (section 4.1).
        Whom the candidate counts is its own affair.
        """
        state = self._state
        if not state.intact:
            return
        if request.term < state.term or request.candidate == state.member:
            return
        if epoch_of(request.last_term) < epoch_of(request.term):
            return  # its log is not of the forced cluster that it asks to lead
        if state.is_sticky(now) and not request.forced:
            self._election.defer(request, now)
            return
        if request.pre:
            self._grant_pre_vote(request)
            return
        if request.term > state.term:
            state.enter_term(request.term, 0, now)
        free = state.vote == 0 and state.following.leader == 0
        if free and state.log.is_covered_by(request.last_index, request.last_term):
            state.rest(now)
            state.vote = request.candidate
            state.journal.state(HardState(state.term, state.vote))
            state.arm(now)

    def _grant_pre_vote(self, request: VoteRequest) -> None:
        """Say that a vote would be given; promises nothing, so nothing waits or is reset."""
        state = self._state
        covered = state.log.is_covered_by(request.last_index, request.last_term)
        if request.term > state.term and covered:
            self._election.grant = (request.candidate, request.term, request.attempt)

    def on_vote_response(self, response: VoteResponse, now: int) -> None:
        """Count a vote that answers the own campaign."""
        state = self._state
        if response.pre:
            expected = (Role.PRE_CANDIDATE, state.term + 1, self._election.attempt)
        else:
            expected = (Role.CANDIDATE, state.term, 0)
        if (state.role, response.term, response.attempt) != expected:
            return
        granted = response.candidate == state.member
        if response.pre and not granted:
            return  # a pre-vote for another excludes nobody
        self._decide(self._election.count(response.voter, granted, state.membership), now)
