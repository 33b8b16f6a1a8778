# SPDX-License-Identifier: Apache-2.0
"""
Sentences of the Raft thesis (Ongaro 2014, chapter 3) that no other file here proves.

The set of claims is that of etcd's ``raft_paper_test``. Chapter 4 (membership) is in
``test_membership.py``, 3.10 in ``test_transfer.py``, 6.2 and 9.6 in ``test_elections.py``, 6.4 in
``test_reads.py``, 5 (snapshots) in ``test_snapshots.py``.
"""

from __future__ import annotations

from collections.abc import Callable

from consensus.single import (
    acknowledge,
    append,
    asks,
    BEAT,
    beat,
    campaign,
    candidate,
    established,
    leader,
    log_of,
    MAX,
    member,
    MIN,
    pre_asks,
    sync,
)
import pytest
from swarm_coordination.arena.air import one_hop
from swarm_coordination.arena.arena import Arena
from swarm_coordination.arena.node import Node
from swarm_coordination.arena.observer import Observer
from swarm_coordination.consensus.messages import (
    AppendResponse,
    Heartbeat,
    Role,
    TermNotice,
    VoteResponse,
)
from swarm_coordination.consensus.raft import Raft
from swarm_coordination.consensus.settings import RaftSettings
from swarm_coordination.mesh.consensus_rows import append_from_item, items_after
from swarm_coordination.mission.commands import encode_command, Put
from swarm_coordination.persistence import Entry, HardState
from swarm_coordination.robot.coordinator import Coordinator
from swarm_coordination.robot.outputs import RobotOutput
from swarm_coordination.units import NS_PER_MS

ROLES: dict[str, Callable[[Raft], Raft]] = {
    'follower': lambda raft: raft,
    'candidate': candidate,
    'leader': leader,
}


@pytest.mark.parametrize('role', ROLES)
def test_a_larger_term_makes_a_follower_of_everybody(role: str) -> None:
    """Section 3.3: 'it immediately reverts to follower state', with the larger term."""
    raft = ROLES[role](member((1,)))
    raft.step(Heartbeat(9, 2, 1, 0, 1, 1), MAX)
    assert (raft.term, raft.role, raft.leader) == (9, Role.FOLLOWER, 2)


@pytest.mark.parametrize('role', ROLES)
def test_messages_of_a_stale_term_are_rejected(role: str) -> None:
    """Section 3.3: 'if a server receives a request with a stale term number, it rejects' it."""
    raft = ROLES[role](member((1, 4)))
    before = (raft.term, raft.role, raft.leader, raft.commit, raft.log.last_index)
    for stale in (
        Heartbeat(3, 2, 7, 2, 2, 4),
        append(3, (2, 3), 3),
        asks(2, 3, (9, 9)),
        pre_asks(2, 3, (9, 9)),
        VoteResponse(2, 3, 1, False, 0),
        VoteResponse(3, 3, 1, False, 0),
        AppendResponse(2, 3, 2),
        AppendResponse(3, 3, 2),
        TermNotice(2, 3),
    ):
        raft.step(stale, MAX)
    assert (raft.term, raft.role, raft.leader, raft.commit, raft.log.last_index) == before


def test_a_leader_beats_once_in_every_period() -> None:
    """Section 3.4: 'leaders send periodic heartbeats to all followers'."""
    raft = established(member())
    number, now = raft.levels().heartbeat, MAX
    for _ in range(5):
        now += BEAT - 1
        raft.tick(now)
        assert raft.levels().heartbeat == number
        now += 1
        raft.tick(now)
        number += 1
        assert raft.levels().heartbeat == number and raft.next_deadline() == now + BEAT


def test_a_candidate_raises_its_term_votes_for_itself_and_asks_with_the_end_of_its_log() -> None:
    """Section 3.4: 'a follower increments its current term', and 3.6.1: what a request says."""
    raft = candidate(member((1, 3)))
    sync(raft, MAX)
    shown = raft.levels()
    assert (shown.term, shown.role, shown.vote) == (4, Role.CANDIDATE, 1)
    assert (shown.last_index, shown.last_term) == (2, 3)


@pytest.mark.parametrize(
    ('size', 'votes', 'wins'),
    [
        (1, 0, True), (2, 0, False), (2, 1, True), (3, 0, False), (3, 1, True), (3, 2, True),
        (4, 1, False), (4, 2, True), (5, 1, False), (5, 2, True), (5, 4, True), (7, 2, False),
        (7, 3, True),
    ],
)
def test_an_election_is_won_by_the_votes_of_a_majority(size: int, votes: int, wins: bool) -> None:
    """Section 3.4: 'votes from a majority of the servers in the full cluster'."""
    raft = member(voters=range(1, size + 1))
    raft.tick(MAX)
    attempt = raft.levels().pre_attempt
    for voter in range(2, size + 1):
        raft.step(VoteResponse(voter, 1, 1, True, attempt), MAX)
    sync(raft, MAX)
    for voter in range(2, votes + 2):
        raft.step(VoteResponse(voter, 1, 1, False, 0), MAX)
    assert (raft.role is Role.LEADER) is wins


def test_each_candidacy_draws_a_new_timeout() -> None:
    """Section 3.4: 'each candidate restarts its randomized election timeout'."""
    drawn = set()
    for seed in range(40):
        raft = member(seed=seed)
        campaign(raft)
        drawn.add(raft.next_deadline() - MAX)
        assert MIN <= raft.next_deadline() - MAX <= MAX
    assert len(drawn) > 35


def test_most_elections_begin_with_one_candidate() -> None:
    """Section 3.4: 'in most cases only a single server will time out'."""
    alone = 0
    for seed in range(200):
        first, second, *_ = sorted(
            member(me=me, voters=range(1, 6), seed=seed * 5 + me).next_deadline()
            for me in range(1, 6)
        )
        alone += second - first > 10_000_000  # two frames of 5 ms: asked and answered
    assert alone > 150


def test_a_leader_appends_then_lets_others_see_the_entry_and_what_precedes_it() -> None:
    """Section 3.5: the leader 'appends the command to its log as a new entry'."""
    raft = established(member())
    index = raft.propose(b'x', MAX)
    (item,) = items_after(raft, index - 1, 1_000)
    assert item == (1, 2, 1, 1, b'x', 0)
    assert (raft.levels().last_index, raft.commit) == (2, 1)


@pytest.mark.parametrize(
    ('size', 'acks', 'commits'),
    [
        (1, 0, True), (3, 0, False), (3, 1, True), (3, 2, True), (5, 1, False), (5, 2, True),
        (5, 3, True), (7, 2, False), (7, 3, True),
    ],
)
def test_an_entry_is_committed_once_a_majority_holds_it(
    size: int, acks: int, commits: bool
) -> None:
    """Section 3.5: 'once the leader [...] has replicated it on a majority of the servers'."""
    raft = member(voters=range(1, size + 1))
    raft.tick(MAX)
    attempt = raft.levels().pre_attempt
    for voter in range(2, size + 1):
        raft.step(VoteResponse(voter, 1, 1, True, attempt), MAX)
    sync(raft, MAX)
    for voter in range(2, size + 1):
        raft.step(VoteResponse(voter, 1, 1, False, 0), MAX)
    sync(raft, MAX)
    for voter in range(2, size + 1):
        acknowledge(raft, voter, 1)
    sync(raft, MAX)
    raft.propose(b'x', MAX)
    sync(raft, MAX)
    for voter in range(2, acks + 2):
        acknowledge(raft, voter, 2)
    delivered = [entry.payload for entry in raft.ready().committed]
    assert (delivered == [b'x']) is commits and (raft.commit == 2) is commits


@pytest.mark.parametrize('former', [(), (2,), (1, 2), (1,)])
def test_a_commit_carries_all_preceding_entries_along(former: tuple[int, ...]) -> None:
    """Section 3.5: 'this also commits all preceding entries in the leader's log'."""
    raft = leader(member(former, state=HardState(2, 0)))
    raft.propose(b'x', MAX)
    sync(raft, MAX)
    acknowledge(raft, 2, raft.log.last_index)
    committed = raft.ready().committed
    assert committed == (*log_of(*former), *raft.log.between(len(former), 99))
    assert committed[-1].payload == b'x'


@pytest.mark.parametrize('commit', [0, 1, 2, 3, 4])
def test_a_follower_applies_what_it_learns_is_committed_in_log_order(commit: int) -> None:
    """Section 3.5: 'once a follower learns that a log entry is committed, it applies' it."""
    raft = member()
    raft.step(append(1, (0, 0), 1, 1, 1), 0)
    raft.step(Heartbeat(1, 2, 1, commit, 3, 1), 0)
    assert [entry.index for entry in raft.ready().committed] == list(range(1, min(commit, 3) + 1))


FIGURE_3_6 = {
    'a': (1, 1, 1, 4, 4, 5, 5, 6, 6),
    'b': (1, 1, 1, 4),
    'c': (1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6),
    'd': (1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7),
    'e': (1, 1, 1, 4, 4, 4, 4),
    'f': (1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3),
}


@pytest.mark.parametrize('case', FIGURE_3_6)
def test_a_leader_brings_every_log_of_figure_3_6_into_consistency_with_its_own(case: str) -> None:
    """Section 3.5: 'the leader handles inconsistencies by forcing the followers' logs'."""
    leading = leader(member((1, 1, 1, 4, 4, 5, 5, 6, 6, 6), state=HardState(7, 0)))
    follower = member(FIGURE_3_6[case], me=3, state=HardState(max(FIGURE_3_6[case]), 0))
    questions = 0
    follower.step(beat(1, 8, 1, leading), MAX)
    while (want := follower.want) is not None:
        questions += 1
        assert want[0] == 8 and questions < 10
        for item in items_after(leading, want[1], 10_000):
            follower.step(append_from_item(item), MAX)
    assert follower.log.between(0, 99) == leading.log.between(0, 99)
    assert follower.anomalies == 0


def test_an_entry_of_a_former_term_on_a_majority_may_still_be_replaced() -> None:
    """Section 3.6.2, figure 3.7: counting copies of old entries would commit what can be lost."""
    first = leader(member((1, 2), state=HardState(3, 0)))  # S1 leads again, in term 4
    acknowledge(first, 2, 2)  # S2 and S3 hold its entry of term 2: a majority of five, say
    acknowledge(first, 3, 2)
    assert first.commit == 0
    other = member((1, 3), me=2, state=HardState(3, 0))  # S5 could still win and replace it
    assert other.log.is_covered_by(2, 3) and not other.log.is_covered_by(2, 2)
    acknowledge(first, 2, 3)  # (e): an entry of its own term is on a majority
    sync(first, MAX)
    assert first.commit == 3


def test_a_restarted_member_is_a_follower_with_the_term_vote_and_log_of_its_disk() -> None:
    """Section 3.8: 'servers persist the current term and vote', and the log before they answer."""
    raft = member((1, 1), state=HardState(5, 3))
    assert (raft.term, raft.role, raft.commit) == (5, Role.FOLLOWER, 0)
    raft.step(asks(2, 5, (9, 5)), MAX)
    sync(raft)
    assert raft.levels().vote == 3  # voted in this term before the crash
    assert raft.log.between(0, 9) == (Entry(1, 1, b'1/1'), Entry(2, 1, b'2/1'))


class Rounds(Observer):
    """When the leader sent an entry first, and when each follower said that it holds it."""

    def __init__(self, arena: Arena, leader: int) -> None:
        self._codec, self._leader = arena.codec, leader
        self.sent: dict[int, int] = {}
        self.held: dict[int, dict[int, int]] = {}  # by follower and index

    def after(self, node: Node, core: Coordinator, output: RobotOutput, now: int) -> None:
        """Take what a robot says of entries."""
        for frame in map(self._codec.decode, output.frames):
            for item in frame.items if node.number == self._leader else ():
                self.sent.setdefault(item.index, now)
            for part in frame.fragments:
                if part.owner == frame.header.sender and part.consensus is not None:
                    held = self.held.setdefault(node.number, {})
                    held.setdefault(part.consensus.match_index, now)

    def broadcast_times(self, delay_ns: int) -> list[int]:
        """Return, for each entry, the time from sending it to the last follower's answer."""
        answers = [held for robot, held in self.held.items() if robot != self._leader]
        return [
            max(min(at for index, at in held.items() if index >= entry) for held in answers)
            + delay_ns - sent
            for entry, sent in self.sent.items()
        ]


def test_broadcast_time_is_far_below_the_election_timeout() -> None:
    """
    Section 3.9: 'broadcastTime << electionTimeout', 'an order of magnitude less'.

    Of the shipped stack and settings, five robots in one hop of 5 ms: the mean time from an
    entry's first frame until all followers have answered it, on their disks.
    """
    delay_ns = 5 * NS_PER_MS
    arena = Arena(5, 1, base=one_hop((5.0, 5.0)))
    leading = arena.run_until(arena.agreed_leader, 10.0)
    assert leading is not None
    arena.run(2.0)
    rounds = Rounds(arena, leading.number)
    arena.watch(rounds)
    for number in range(20):
        assert arena.propose(leading.number, encode_command(Put('a', str(number))).decode())
        arena.run(0.13)
    times = rounds.broadcast_times(delay_ns)
    assert len(times) == 20 and min(times) >= 2 * delay_ns  # there and back
    assert sum(times) / len(times) <= RaftSettings().election_timeout_min_ns / 10
    assert arena.agreed_leader() is leading  # and so nobody stood in its stead
