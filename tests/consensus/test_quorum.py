# SPDX-License-Identifier: Apache-2.0
"""Majorities, by hand and by the test vectors of etcd's raft where they are present."""

from __future__ import annotations

import re

from consensus.vectors import vectors
import pytest
from swarm_coordination.consensus.configuration import check_change
from swarm_coordination.consensus.quorum import Membership, Outcome
from swarm_coordination.errors import ProposalRefused


@pytest.mark.parametrize(
    ('voters', 'values', 'reached'),
    [
        ((1,), {}, 0),
        ((1,), {1: 5}, 5),
        ((1, 2), {1: 5}, 0),
        ((1, 2), {1: 5, 2: 3}, 3),
        ((1, 2, 3), {1: 5, 2: 3, 3: 4}, 4),
        ((1, 2, 3, 4), {1: 9, 2: 8, 3: 7, 4: 6}, 7),
        ((1, 2, 3), {1: 5, 9: 5, 8: 5}, 0),
    ],
)
def test_a_majority_has_reached_the_value_that_half_of_the_others_exceed(
    voters: tuple[int, ...], values: dict[int, int], reached: int
) -> None:
    assert Membership.of(voters).reached(values) == reached


def test_voters_are_a_set_in_order() -> None:
    assert Membership.of([3, 1, 3, 2]).voters == (1, 2, 3)


def lists_in(line: str) -> dict[str, list[str]]:
    """Return the lists that a line states, as in ``cfg=(1,2) idx=(_,5)``."""
    return {k: re.findall(r'\w+', v) for k, v in re.findall(r'(\w+)=\(([^)]*)\)', line)}


def test_commit_indices_agree_with_etcd() -> None:
    seen = 0
    for vector in vectors('quorum/testdata/majority_commit.txt'):
        arguments, result = lists_in(vector.command), vector.expected[-1]
        voters = Membership.of(map(int, arguments.get('cfg', ())))
        known = zip(voters.voters, arguments.get('idx', ()))
        values = {voter: int(index) for voter, index in known if index != '_'}
        expected = None if '∞' in result else int(result)
        assert voters.reached(values) == expected, arguments
        seen += 1
    assert seen > 15


def test_votes_agree_with_etcd() -> None:
    named = {'VoteWon': Outcome.WON, 'VoteLost': Outcome.LOST, 'VotePending': Outcome.PENDING}
    seen = 0
    for vector in vectors('quorum/testdata/majority_vote.txt'):
        arguments, result = lists_in(vector.command), vector.expected[-1]
        voters = Membership.of(map(int, arguments.get('cfg', ())))
        known = zip(voters.voters, arguments.get('votes', ()))
        votes = {voter: vote == 'y' for voter, vote in known if vote != '_'}
        assert voters.outcome(votes) is named[result], arguments
        seen += 1
    assert seen > 15


def changed_as_told(membership: Membership, line: str) -> Membership:
    """Apply etcd's single steps: voter, learner, remove, update (nothing); robot 0 is nobody."""
    for kind, number in re.findall(r'([vlru])(\d+)', line):
        robot = int(number)
        if robot and kind == 'v':
            membership = membership.promoted(robot)
        elif robot and kind == 'l':
            membership = membership.demoted(robot)
        elif robot and kind == 'r':
            membership = membership.without(robot)
    return membership


REFUSALS = {
    'removed all voters': 'without voters',
    'more than one voter changed without entering joint config': 'more than one voter',
}


@pytest.mark.parametrize(
    'name',
    ['simple_safety', 'simple_promote_demote', 'simple_idempotency', 'update', 'zero'],
)
def test_single_changes_of_the_membership_agree_with_etcd(name: str) -> None:
    membership, seen = Membership.of(()), 0
    for vector in vectors(f'confchange/testdata/{name}.txt'):
        assert vector.command == 'simple'
        changed = changed_as_told(membership, ' '.join(vector.given))
        refusal = REFUSALS.get(vector.expected[0])
        if refusal is not None:
            with pytest.raises(ProposalRefused, match=refusal):
                check_change(membership, changed)
        else:
            check_change(membership, changed)
            membership = changed
            expected = lists_in(vector.expected[0])
            told = Membership.of(*(map(int, expected.get(k, ())) for k in ('voters', 'learners')))
            assert membership == told, vector
        seen += 1
    assert seen >= 1
