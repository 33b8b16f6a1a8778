# SPDX-License-Identifier: Apache-2.0
"""Majorities, by hand and by the test vectors of etcd's raft where they are present."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
import re

import pytest
from swarm_coordination.consensus.quorum import Membership, Outcome

VECTORS = Path(__file__).parents[3] / 'shared/conformance/etcd-raft/quorum/testdata'


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


def cases(name: str, command: str) -> Iterator[tuple[dict[str, list[str]], str]]:
    """Yield the arguments and the last line of the output of every command of a file."""
    path = VECTORS / name
    if not path.exists():
        pytest.skip(f"etcd-raft's conformance vectors are absent: {path}")
    lines = path.read_text().splitlines()
    for number, line in enumerate(lines):
        if re.match(rf'{command}\b', line):
            arguments = dict(re.findall(r'(\w+)=\(([^)]*)\)', line))
            output = lines[number + 1:]
            assert output.pop(0) == '----'
            result = output[: output.index('')] if '' in output else output
            lists = {k: re.findall(r'\w+', v) for k, v in arguments.items()}
            yield lists, result[-1]


def test_commit_indices_agree_with_etcd() -> None:
    seen = 0
    for arguments, result in cases('majority_commit.txt', 'committed'):
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
    for arguments, result in cases('majority_vote.txt', 'vote'):
        voters = Membership.of(map(int, arguments.get('cfg', ())))
        known = zip(voters.voters, arguments.get('votes', ()))
        votes = {voter: vote == 'y' for voter, vote in known if vote != '_'}
        assert voters.outcome(votes) is named[result], arguments
        seen += 1
    assert seen > 15
