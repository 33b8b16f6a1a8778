# SPDX-License-Identifier: Apache-2.0
"""Elections, rule by rule; sections are those of Ongaro 2014 (the Raft thesis)."""

from __future__ import annotations

from consensus.single import (
    acknowledge,
    append,
    asks,
    BEAT,
    beat,
    campaign,
    candidate,
    echo,
    leader,
    log_of,
    MAX,
    member,
    MIN,
    pre_asks,
    sync,
)
import pytest
from swarm_coordination.consensus.compacting import configuration_bytes
from swarm_coordination.consensus.configuration import Configuration
from swarm_coordination.consensus.messages import (
    Heartbeat,
    Role,
    TermNotice,
    VoteResponse,
)
from swarm_coordination.consensus.quorum import Membership
from swarm_coordination.consensus.raft import NEVER_NS
from swarm_coordination.errors import UsageError
from swarm_coordination.persistence import Entry, HardState, SnapshotRecord


def test_members_start_as_followers_and_wait_an_election_timeout() -> None:
    """Section 3.4: 'when servers start up, they begin as followers'."""
    raft = member()
    assert raft.role is Role.FOLLOWER
    assert MIN <= raft.next_deadline() <= MAX
    raft.tick(raft.next_deadline() - 1)
    assert raft.role is Role.FOLLOWER
    raft.tick(raft.next_deadline())
    assert raft.role is Role.PRE_CANDIDATE


def test_election_timeouts_are_drawn_anew_and_differ() -> None:
    """Section 3.4: 'election timeouts are chosen randomly from a fixed interval'."""
    assert len({member(seed=seed).next_deadline() for seed in range(50)}) > 45


def test_a_pre_vote_changes_neither_term_nor_vote_nor_disk() -> None:
    """Section 9.6: a candidate 'only increments its term if it first learns that a majority'."""
    raft = member((1,))
    campaign(raft)
    assert raft.term == 1 and raft.ready().records == ()
    voter = member((1,))
    voter.step(pre_asks(2, 2, (1, 1)), MAX)
    assert (voter.levels().grant_candidate, voter.levels().grant_term) == (2, 2)
    assert voter.term == 1 and voter.ready().records == ()


def test_a_pre_vote_needs_an_up_to_date_log_and_a_higher_term() -> None:
    """Section 9.6, with the comparison of section 3.6.1."""
    voter = member((1, 2))
    for refused in (pre_asks(2, 3, (5, 1)), pre_asks(2, 3, (1, 2)), pre_asks(2, 2, (2, 2))):
        voter.step(refused, MAX)
        assert voter.levels().grant_candidate == 0
    voter.step(pre_asks(2, 3, (2, 2)), MAX)
    assert voter.levels().grant_candidate == 2


FEWER = SnapshotRecord(
    9, 1, configuration_bytes(Configuration(8, Membership.of((1, 2)))), b'state'
)


@pytest.mark.parametrize('learn', [
    lambda raft: raft.step(beat(3, raft.term, 1, raft)._replace(proved=False), MAX),
    lambda raft: raft.step(append(raft.term, (1, 1), raft.term), MAX),
    lambda raft: raft.install(FEWER, raft.term, MAX),
], ids=['heartbeat', 'entries', 'snapshot'])
def test_a_candidate_that_learns_of_its_terms_leader_stands_no_more(learn) -> None:
    """
    Section 3.4, (b): a candidate recognises the leader of its term.

    However old what it learns: its log, and the voters with it, may change, and votes given before
    would be counted by voters that have no majority in common with the leader's.
    """
    raft = candidate(member((1,)))
    sync(raft, MAX)
    due = raft.next_deadline()
    learn(raft)
    sync(raft, MAX)
    assert raft.role is Role.FOLLOWER
    assert raft.next_deadline() == due  # nothing that is merely told puts an election off
    for voter in (2, 3):
        raft.step(VoteResponse(voter, raft.term, 1, False, 0), MAX)
    assert raft.role is Role.FOLLOWER


def test_grants_to_an_earlier_attempt_do_not_count() -> None:
    raft = member()
    attempt = campaign(raft)
    for response in (
        VoteResponse(2, 1, 1, True, attempt - 1),
        VoteResponse(2, 2, 1, True, attempt),
        VoteResponse(2, 1, 3, True, attempt),
        VoteResponse(9, 1, 1, True, attempt),
        VoteResponse(2, 1, 1, False, 0),
    ):
        raft.step(response, MAX)
        assert raft.role is Role.PRE_CANDIDATE
    raft.step(VoteResponse(2, 1, 1, True, attempt), MAX)
    assert raft.role is Role.CANDIDATE


def test_a_candidacy_shows_only_once_it_is_on_disk() -> None:
    """Section 3.8: term and vote are persisted before they are seen."""
    raft = candidate(member((1,)))
    assert raft.term == 2
    shown = raft.levels()
    assert (shown.term, shown.role, shown.vote) == (1, Role.FOLLOWER, 0)
    sync(raft)
    shown = raft.levels()
    assert (shown.term, shown.role, shown.vote) == (2, Role.CANDIDATE, 1)


def test_a_candidate_does_not_count_its_own_vote_before_it_is_on_disk() -> None:
    raft = candidate(member())
    raft.step(VoteResponse(2, 1, 1, False, 0), MAX)
    assert raft.role is Role.CANDIDATE
    sync(raft, MAX)
    assert raft.role is Role.LEADER


def test_an_election_begins_once_its_candidacy_is_on_disk() -> None:
    """Section 3.4: a candidate 'restarts its randomized election timeout at the start'."""
    raft = candidate(member())
    timeout = raft.next_deadline() - MAX
    raft.tick(MAX + timeout)
    assert (raft.role, raft.term) == (Role.CANDIDATE, 1)  # nobody could have answered yet
    for written in (3 * MAX, 3 * MAX + 1):  # once: what else is written puts nothing off
        sync(raft, written)
        assert raft.next_deadline() == 3 * MAX + timeout
    raft.tick(raft.next_deadline())
    assert raft.role is Role.PRE_CANDIDATE


def test_an_earlier_sync_does_not_count_a_later_vote_for_oneself() -> None:
    raft = member((1,))
    raft.step(append(1, (1, 1), 1), 0)
    earlier = raft.ready()
    candidate(raft)
    raft.step(VoteResponse(2, 2, 1, False, 0), MAX)
    candidacy = raft.ready()
    raft.persisted(earlier.mark, MAX)
    assert raft.role is Role.CANDIDATE
    raft.persisted(candidacy.mark, MAX)
    assert raft.role is Role.LEADER


def test_a_second_candidacy_is_not_shown_by_the_disk_of_the_first() -> None:
    raft = candidate(member())
    sync(raft)
    candidate(raft, raft.next_deadline())
    shown = raft.levels()
    assert raft.term == 2 and (shown.term, shown.role) == (1, Role.FOLLOWER)


def test_a_new_leader_is_echoed_once_its_term_is_on_disk() -> None:
    raft = member((1,))
    raft.step(beat(2, 3, 5, raft), 0)
    assert (raft.levels().term, raft.levels().leader, raft.levels().heartbeat) == (1, 0, 0)
    sync(raft)
    assert (raft.levels().term, raft.levels().leader, raft.levels().heartbeat) == (3, 2, 5)


def test_a_vote_shows_only_once_it_is_on_disk() -> None:
    """Section 3.8."""
    voter = member((1,))
    voter.step(asks(2, 2, (1, 1)), MAX)
    assert (voter.levels().term, voter.levels().vote) == (1, 0)
    assert sync(voter).records == (HardState(2, 2),)
    assert (voter.levels().term, voter.levels().vote) == (2, 2)


def test_each_member_votes_once_in_a_term_first_come_first_served() -> None:
    """Section 3.4: 'each server will vote for at most one candidate in a given term'."""
    voter = member()
    voter.step(asks(2, 1), MAX)
    voter.step(asks(3, 1), MAX)
    sync(voter)
    assert voter.levels().vote == 2
    again = member(state=HardState(1, 2))  # restarted
    again.step(asks(3, 1), MAX)
    sync(again)
    assert again.levels().vote == 2


@pytest.mark.parametrize(
    ('last', 'granted'),
    [((2, 2), True), ((1, 3), True), ((3, 2), True), ((1, 2), False), ((9, 1), False)],
)
def test_a_vote_goes_only_to_a_log_at_least_as_up_to_date(
    last: tuple[int, int], granted: bool
) -> None:
    """Section 3.6.1: the later last term wins, then the longer log."""
    voter = member((1, 2))
    voter.step(asks(2, 4, last), MAX)
    assert voter.term == 4
    sync(voter)
    assert voter.levels().vote == (2 if granted else 0)


def test_a_majority_makes_a_leader_and_a_minority_does_not() -> None:
    """Section 3.4."""
    raft = member(voters=range(1, 6))
    attempt = campaign(raft)
    for voter in (2, 2, 2):
        raft.step(VoteResponse(voter, 1, 1, True, attempt), MAX)
    assert raft.role is Role.PRE_CANDIDATE
    raft.step(VoteResponse(3, 1, 1, True, attempt), MAX)
    sync(raft, MAX)
    raft.step(VoteResponse(2, 1, 1, False, 0), MAX)
    assert raft.role is Role.CANDIDATE
    raft.step(VoteResponse(3, 1, 1, False, 0), MAX)
    assert raft.role is Role.LEADER


def test_a_candidate_that_lost_a_majority_gives_up() -> None:
    raft = candidate(member())
    sync(raft)
    raft.step(VoteResponse(2, 1, 3, False, 0), MAX)
    raft.step(VoteResponse(3, 1, 3, False, 0), MAX)
    assert raft.role is Role.FOLLOWER and raft.term == 1


def test_a_candidate_without_an_answer_tries_again_in_its_next_timeout() -> None:
    """Section 3.4: 'each candidate will time out and start a new election'."""
    raft = candidate(member())
    sync(raft)
    first = raft.next_deadline()
    raft.tick(first)
    assert raft.role is Role.PRE_CANDIDATE and raft.levels().pre_term == 2


def test_a_candidate_follows_a_leader_of_its_term() -> None:
    """Section 3.4: a leader's term 'at least as large as the candidate's current term'."""
    raft = candidate(member())
    raft.step(beat(3, 1, 1, raft), MAX)
    assert raft.role is Role.FOLLOWER and raft.leader == 3


def test_a_pre_candidate_follows_the_leader_it_hears_again() -> None:
    raft = member((1,))
    raft.step(beat(2, 1, 1, raft), 0)
    campaign(raft)
    raft.step(beat(2, 1, 1, raft), MAX)
    assert raft.role is Role.PRE_CANDIDATE  # the same heartbeat is no sign of life
    raft.step(beat(2, 1, 2, raft), MAX)
    assert raft.role is Role.FOLLOWER


def test_a_leader_starts_with_an_empty_entry_and_a_heartbeat() -> None:
    """Section 6.4: 'each leader commits a blank no-op entry at the start of its term'."""
    raft = leader(member((1,)))
    assert raft.log.between(1, 9) == (Entry(2, 2, b''),)
    assert raft.levels().role is Role.LEADER and raft.levels().heartbeat == 1


def test_the_timer_is_reset_by_an_advance_of_the_heartbeat_and_nothing_else() -> None:
    """Section 3.4, for a broadcast in which old heartbeats come back."""
    raft = member((1,))
    raft.step(beat(2, 1, 5, raft), 0)
    due = raft.next_deadline()
    for stale in (
        beat(2, 1, 5, raft),
        beat(2, 1, 4, raft),
        Heartbeat(1, 2, 5, 1, 1, 1),
        append(1, (1, 1), 1),
        TermNotice(3, 0),
    ):
        raft.step(stale, 50)
        assert raft.next_deadline() == due
    raft.step(beat(2, 1, 6, raft), 60)
    assert raft.next_deadline() != due and raft.leader_evidence_ns == 60


def test_a_heartbeat_that_may_be_old_tells_of_the_log_and_certifies_no_leader() -> None:
    raft = member((1, 1))
    due = raft.next_deadline()
    raft.step(beat(2, 1, 5, raft, commit=1)._replace(proved=False), 50)
    assert raft.next_deadline() == due and raft.leader == 0
    assert raft.leader_evidence_ns is None and not raft.quorum_active(50)
    assert raft.commit == 1
    # Its number was not used up: the same heartbeat counts once it is proved.
    raft.step(beat(2, 1, 5, raft), 60)
    assert raft.leader == 2 and raft.leader_evidence_ns == 60


def test_granting_a_vote_puts_the_own_election_off_and_refusing_does_not() -> None:
    """Section 3.4: the timer restarts when 'granting vote to candidate'."""
    voter = member((1, 1))
    due = voter.next_deadline()
    voter.step(asks(2, 2, (1, 1)), MIN)
    assert voter.next_deadline() == due
    voter.step(asks(3, 2, (2, 1)), MIN)
    assert voter.next_deadline() >= 2 * MIN


def test_a_member_that_hears_a_leader_does_not_heed_requests_for_votes() -> None:
    """Section 4.2.3: within the minimum election timeout 'it does not update its term'."""
    raft = member((1,))
    raft.step(beat(2, 1, 1, raft), 0)
    raft.step(asks(3, 9, (9, 9)), MIN - 1)
    raft.step(pre_asks(3, 9, (9, 9)), MIN - 1)
    assert raft.term == 1 and raft.levels().grant_candidate == 0
    leading = leader(member((1,)))
    leading.step(asks(3, 9, (9, 9)), MAX)
    assert leading.role is Role.LEADER and leading.term == 2


def test_a_request_that_came_too_early_is_answered_once_the_leader_is_late() -> None:
    raft = member((1,))
    raft.step(beat(2, 1, 1, raft), 0)
    raft.step(pre_asks(3, 2, (1, 1)), MIN // 2)
    assert raft.next_deadline() == MIN
    raft.tick(MIN)
    assert raft.levels().grant_candidate == 3


def test_a_request_kept_for_long_is_forgotten() -> None:
    raft = member((1,))
    raft.step(beat(2, 1, 1, raft), 0)
    raft.step(asks(3, 2, (1, 1)), 10)
    raft.step(beat(2, 1, 2, raft), MAX)
    raft.tick(MAX + MIN)
    assert raft.term == 1


def test_a_leader_makes_way_for_a_higher_term_and_its_followers_keep_to_it() -> None:
    """Section 3.3: a leader whose 'term is out of date' steps down; 4.2.3 for the others."""
    leading = leader(member((1,)))
    leading.step(TermNotice(3, 7), MAX)
    assert (leading.role, leading.term, leading.leader) == (Role.FOLLOWER, 7, 0)
    follower = member((1,))
    follower.step(beat(2, 1, 1, follower), 0)
    follower.step(TermNotice(3, 7), 1)
    assert follower.term == 1 and follower.leader == 2


def test_a_term_heard_of_is_passed_at_the_next_campaign() -> None:
    follower = member((1,))
    follower.step(beat(2, 1, 1, follower), 0)
    follower.step(TermNotice(3, 7), 1)
    campaign(follower)
    sync(follower)
    assert follower.levels().pre_term == 8


def test_a_leader_cut_off_from_its_quorum_steps_down() -> None:
    """Section 6.2: 'a leader steps down if an election timeout elapses without a majority'."""
    raft = leader(member())
    start = MAX
    for number in range(2, 6):
        raft.tick(raft.next_deadline())
        echo(raft, 2, number, raft.next_deadline() - BEAT)
    last_heard = start + 4 * BEAT
    assert raft.leader_evidence_ns == last_heard
    raft.tick(last_heard + MAX)
    assert raft.role is Role.LEADER and raft.quorum_active(last_heard + MAX)
    raft.tick(last_heard + MAX + 1)
    assert (raft.role, raft.leader, raft.term) == (Role.FOLLOWER, 0, 1)
    assert raft.leader_evidence_ns == last_heard
    assert MIN <= raft.next_deadline() - (last_heard + MAX + 1) <= MAX


def test_a_late_echo_counts_from_when_its_heartbeat_was_sent() -> None:
    raft = leader(member())
    first = MAX
    for _ in range(5):
        raft.tick(raft.next_deadline())
    echo(raft, 2, 2, first + MAX)
    assert raft.leader_evidence_ns == first + BEAT


def test_an_echo_of_a_heartbeat_never_sent_or_of_a_stranger_counts_for_nothing() -> None:
    raft = leader(member())
    before = raft.leader_evidence_ns
    for _ in range(5):
        raft.tick(raft.next_deadline())
    echo(raft, 2, 99, MAX)
    echo(raft, 9, 3, MAX)
    assert raft.leader_evidence_ns == before


def test_a_follower_loses_its_quorum_evidence_by_age() -> None:
    raft = member((1,))
    assert raft.leader_evidence_ns is None and not raft.quorum_active(0)
    raft.step(beat(2, 1, 1, raft), 10)
    assert raft.quorum_active(10 + MAX) and not raft.quorum_active(11 + MAX)


def test_a_single_voter_elects_itself_and_commits_once_synced() -> None:
    raft = member(voters=(1,))
    raft.tick(MAX)
    assert raft.role is Role.CANDIDATE
    sync(raft, MAX)
    assert raft.role is Role.LEADER and raft.commit == 0
    sync(raft, MAX)
    assert raft.commit == 1
    raft.tick(100 * MAX)
    assert raft.role is Role.LEADER and raft.quorum_active(100 * MAX)


@pytest.mark.parametrize('learner', [{'me': 4}, {'may_vote': False}])
def test_a_learner_follows_but_does_not_campaign(learner: dict[str, int]) -> None:
    """Section 4.2.1: non-voting members 'are not yet counted towards majorities'."""
    raft = member((1,), **learner)
    assert raft.role is Role.LEARNER and raft.next_deadline() == NEVER_NS
    raft.tick(100 * MAX)
    assert raft.role is Role.LEARNER
    raft.step(beat(2, 3, 1, raft), 0)
    raft.step(append(3, (1, 1), 3), 0)
    raft.step(Heartbeat(3, 2, 2, 2, 2, 3), 0)
    sync(raft)
    assert raft.commit == 2 and raft.levels().vote == 0


def test_a_damaged_disk_never_votes() -> None:
    raft = member((1,), may_vote=False)
    raft.step(asks(2, 5, (9, 9)), MAX)
    raft.step(pre_asks(2, 5, (9, 9)), MAX)
    assert (raft.term, raft.levels().grant_candidate) == (1, 0)


def test_a_damaged_disk_neither_acknowledges_nor_echoes() -> None:
    """A voter that may have forgotten a vote must not help a former term's leader to commit."""
    raft = member((1, 1), may_vote=False)
    raft.step(beat(2, 1, 1, raft), 0)
    sync(raft)
    assert (raft.levels().match_index, raft.levels().heartbeat) == (0, 0)


def test_votes_are_given_without_asking_the_own_configuration() -> None:
    """Section 4.1: 'servers should accept incoming requests without consulting' it."""
    for voter in (member((1,)), member((1,), me=4)):  # a stranger to us; we, a learner
        voter.step(pre_asks(9, 2, (1, 1)), MAX)
        assert voter.levels().grant_candidate == 9
        voter.step(asks(9, 2, (1, 1)), MAX)
        sync(voter)
        assert voter.levels().vote == 9


def test_strangers_do_not_count() -> None:
    raft = candidate(member())
    sync(raft, MAX)
    raft.step(VoteResponse(9, 1, 1, False, 0), MAX)
    assert raft.role is Role.CANDIDATE
    raft = leader(member())
    raft.propose(b'x', MAX)
    acknowledge(raft, 9, 2)
    acknowledge(raft, 8, 2)
    assert raft.commit == 0


def test_a_mark_that_was_never_given_out_is_refused() -> None:
    with pytest.raises(UsageError):
        member().persisted(1, 0)


def test_soft_state_is_handed_out_when_it_changes() -> None:
    raft = member((1,))
    raft.ready()
    raft.step(beat(2, 1, 1, raft), 0)
    assert raft.ready().soft_state == (1, Role.FOLLOWER, 2)
    raft.step(beat(2, 1, 2, raft), 0)
    assert raft.ready().soft_state is None


def test_the_log_given_by_the_disk_is_the_log() -> None:
    assert member((1, 1, 2)).log.between(0, 9) == log_of(1, 1, 2)
