# SPDX-License-Identifier: Apache-2.0
"""Handing leadership over (Ongaro 2014, section 3.10), rule by rule and in a cluster."""

from __future__ import annotations

from consensus.cluster import Cluster
from consensus.single import (
    acknowledge,
    asks,
    BEAT,
    beat,
    established,
    MAX,
    member,
    sync,
)
import pytest
from swarm_coordination.consensus.messages import OneShotKind, Role, TermNotice, TimeoutNow
from swarm_coordination.consensus.quorum import Membership
from swarm_coordination.consensus.raft import Raft
from swarm_coordination.errors import ProposalRefused


def follower(me: int = 2) -> Raft:
    """Return a follower of 1 in term 1."""
    raft = member((1,), me=me)
    raft.step(beat(1, 1, 1, raft), 0)
    sync(raft)
    return raft


def test_the_target_is_told_once_it_holds_the_whole_log() -> None:
    """Section 3.10: the prior leader first brings the target's log up to date."""
    raft = established(member())
    raft.propose(b'x', MAX)
    raft.transfer(2, MAX)
    assert raft.levels().one_shot.kind is OneShotKind.NONE
    acknowledge(raft, 2, 2)
    shot = raft.levels().one_shot
    assert (shot.kind, shot.target) == (OneShotKind.TIMEOUT_NOW, 2)


def test_nothing_is_proposed_while_leadership_is_handed_over() -> None:
    """Section 3.10: 'the prior leader stops accepting new client requests'."""
    raft = established(member())
    raft.transfer(2, MAX)
    for propose in (
        lambda: raft.propose(b'x', MAX),
        lambda: raft.propose_membership(Membership.of((1, 2)), MAX),
        lambda: raft.transfer(3, MAX),
    ):
        with pytest.raises(ProposalRefused, match='handed over'):
            propose()


def test_a_transfer_that_comes_to_nothing_is_given_up() -> None:
    """Section 3.10: 'after about an election timeout, the prior leader aborts the transfer'."""
    raft = established(member())
    raft.transfer(2, MAX)
    raft.tick(MAX + 1)
    with pytest.raises(ProposalRefused):
        raft.propose(b'x', MAX)
    raft.tick(2 * MAX)
    assert raft.role is Role.LEADER
    raft.propose(b'x', 2 * MAX)
    assert raft.levels().one_shot.kind is OneShotKind.NONE


@pytest.mark.parametrize('target', [1, 4, 9])
def test_only_another_voter_is_given_leadership(target: int) -> None:
    raft = established(member(learners=(4,)))
    with pytest.raises(ProposalRefused, match='not another voter'):
        raft.transfer(target, MAX)
    with pytest.raises(ProposalRefused, match='does not lead'):
        member().transfer(2, MAX)


def test_the_target_stands_at_once_and_says_it_was_told_to() -> None:
    """Section 3.10: TimeoutNow 'has the same effect as the target server's election timer'."""
    raft = follower()
    raft.step(TimeoutNow(1, 1, 2, 7), BEAT)
    assert (raft.role, raft.term) == (Role.CANDIDATE, 2)
    assert not raft.levels().forced  # not on disk yet
    sync(raft)
    assert raft.levels().forced


@pytest.mark.parametrize(
    'message',
    [
        TimeoutNow(1, 1, 3, 7),  # to another
        TimeoutNow(0, 1, 2, 7),  # of an old term
        TimeoutNow(2, 1, 2, 7),  # of a term not heard of yet
        TimeoutNow(1, 3, 2, 7),  # not by the leader
    ],
)
def test_a_request_that_does_not_fit_is_not_obeyed(message: TimeoutNow) -> None:
    raft = follower()
    raft.step(message, BEAT)
    assert raft.role is Role.FOLLOWER


def test_a_request_is_obeyed_at_most_once() -> None:
    raft = follower()
    raft.step(TimeoutNow(1, 1, 2, 7), BEAT)
    sync(raft)
    term = raft.term
    raft.step(TimeoutNow(1, 1, 2, 7), BEAT)
    assert raft.term == term


def test_a_learner_or_a_damaged_disk_does_not_stand() -> None:
    for raft in (member((1,), me=4), member((1,), may_vote=False)):
        raft.step(TimeoutNow(1, 2, raft.member, 7), BEAT)
        assert raft.role is Role.LEARNER


def test_a_candidate_that_was_told_to_stand_is_heeded_under_a_live_leader() -> None:
    """Sections 3.10 and 4.2.3: such a request has 'permission to disrupt the leader'."""
    voter = follower(3)
    voter.step(asks(2, 2, (1, 1)), BEAT)
    assert voter.term == 1
    voter.step(asks(2, 2, (1, 1))._replace(forced=True), BEAT)
    sync(voter)
    assert (voter.levels().term, voter.levels().vote) == (2, 2)


def test_an_election_that_nobody_ordered_is_not_forced() -> None:
    raft = follower()
    raft.step(TimeoutNow(1, 1, 2, 7), BEAT)
    sync(raft, BEAT)
    assert raft.levels().forced
    raft.tick(raft.next_deadline())
    assert raft.role is Role.PRE_CANDIDATE
    sync(raft)
    assert not raft.levels().forced


@pytest.mark.parametrize('seed', range(10))
def test_leadership_moves_to_the_target_at_once_and_loses_nothing(seed: int) -> None:
    cluster = Cluster(5, seed, loss=0.1)
    assert cluster.run(5.0, cluster.settled)
    old = cluster.leader()
    assert old is not None
    target = next(m for m in cluster.members if m != old.id)
    cluster.propose(b'before')
    old.raft.transfer(target, cluster.now)
    # Two beacons to catch up and be told, two to be elected: no time-out is waited for.
    assert cluster.run(0.6, lambda: cluster.members[target].raft.role is Role.LEADER)
    assert cluster.run(2.0, lambda: cluster.all_applied(b'before'))
    assert cluster.run(2.0, cluster.settled) and cluster.leader() is cluster.members[target]


def test_the_target_stands_above_every_term_that_it_has_heard_of() -> None:
    """
    Section 3.10, and section 9.6 beside it.

    A voter in a higher term says so once, and a follower of a live leader only remembers it: in a
    lower term the target would lead without that one for ever.
    """
    raft = follower()
    raft.step(TermNotice(3, 9), 1)
    assert (raft.term, raft.role) == (1, Role.FOLLOWER)
    raft.step(TimeoutNow(1, 1, 2, 7), 1)
    assert (raft.term, raft.role) == (10, Role.CANDIDATE)
