# SPDX-License-Identifier: Apache-2.0
"""Whole clusters over the fake radio: safety under every fault, liveness after it."""

from __future__ import annotations

import random

from consensus.cluster import Cluster, Frame
import pytest
from swarm_coordination.consensus.raft import Raft
from swarm_coordination.errors import ProposalRefused
from swarm_coordination.units import NS_PER_S


def line(members: int) -> set[frozenset[int]]:
    """Links of a chain: everything between the ends goes over relays."""
    return {frozenset((i, i + 1)) for i in range(1, members)}


def change_at_random(
    raft: Raft, rng: random.Random, robots: tuple[int, ...], now: int
) -> None:
    """Promote a learner or demote, even remove, a voter; where the rules allow it now."""
    robot, membership = rng.choice(robots), raft.membership
    if robot not in membership.voters:
        membership = membership.promoted(robot)
    elif rng.random() < 0.7:
        membership = membership.demoted(robot)
    else:
        membership = membership.without(robot)
    try:
        raft.propose_membership(membership, now)
    except ProposalRefused:
        pass


def hand_over(raft: Raft, target: int, now: int) -> None:
    """Hand leadership over, where the rules allow it now."""
    try:
        raft.transfer(target, now)
    except ProposalRefused:
        pass


def torment(seed: int) -> None:
    """Crashes, cuts, stalls, proposals, reads, new voters and leaders; then all must agree."""
    rng = random.Random(seed)
    size = rng.choice((1, 2, 3, 3, 4, 5, 5, 7))
    cluster = Cluster(
        size,
        seed,
        learners=rng.choice((0, 0, 1)),
        loss=rng.choice((0.0, 0.1, 0.3)),
        duplicates=0.1,
        delay_ms=rng.choice(((1, 5), (1, 120))),
        sync_ms=rng.choice(((0, 4), (0, 150))),
        compact_every=(0, 0, 2, 5)[seed % 4],
    )
    everybody = tuple(cluster.members)
    for step in range(12):
        cluster.run(rng.uniform(0.05, 0.5))
        for member in list(cluster.members.values()):
            if rng.random() < 0.7:
                try:
                    member.raft.propose(b'%d of %d' % (step, member.id), cluster.now)
                    member.poll()
                except ProposalRefused:
                    pass
            change_at_random(member.raft, rng, everybody, cluster.now)
            member.ask()
            if rng.random() < 0.1:
                hand_over(member.raft, rng.choice(everybody), cluster.now)
            member.poll()
        fault = rng.randrange(6)
        if fault == 0 and cluster.members:
            cluster.crash(rng.choice(sorted(cluster.members)))
        elif fault == 1 and cluster.down:
            cluster.start(rng.choice(sorted(cluster.down)))
        elif fault == 2:
            shuffled = rng.sample(everybody, len(everybody))
            cut = rng.randint(0, len(everybody))
            cluster.split(tuple(shuffled[:cut]), tuple(shuffled[cut:]))
        elif fault == 3:
            cluster.links = line(len(everybody))
        elif fault == 4 and cluster.members:
            stalled = cluster.members[rng.choice(sorted(cluster.members))]
            stalled.disk.stalled_until = cluster.now + rng.randint(0, NS_PER_S)
        else:
            cluster.links = None
    cluster.links, cluster.loss, cluster.delay_ms, cluster.sync_ms = None, 0.0, (1, 5), (1, 4)
    for member in sorted(cluster.down):
        cluster.start(member)
    assert cluster.run(5.0, cluster.settled), f'seed {seed}: no leader after the heal'
    cluster.run(0.9)  # a hand-over under way has ended by then, one way or the other
    assert cluster.run(2.0, cluster.settled), f'seed {seed}: no leader after the heal'
    cluster.propose(b'after')
    assert cluster.run(3.0, lambda: cluster.all_applied(b'after')), f'seed {seed}: no commit'
    logs = {tuple(m.applied) for m in cluster.members.values()}
    assert len(logs) == 1, f'seed {seed}: different logs'
    assert cluster.run(3.0, cluster.all_read), f'seed {seed}: reads not done'


@pytest.mark.parametrize('block', range(10))
def test_no_fault_breaks_an_invariant_and_every_cluster_heals(block: int) -> None:
    """Figure 3.2, section 3.6.3: all five properties, all the time (``cluster.Invariants``)."""
    for seed in range(block * 20, block * 20 + 20):
        torment(seed)


@pytest.mark.parametrize('size', [1, 2, 3, 4, 5, 7])
def test_a_cluster_elects_one_leader_and_commits(size: int) -> None:
    cluster = Cluster(size, size)
    assert cluster.run(3.0, cluster.agreed_leader)
    cluster.propose(b'x')
    assert cluster.run(1.0, lambda: cluster.all_applied(b'x'))


def test_a_chain_of_seven_elects_and_commits_over_six_hops() -> None:
    cluster = Cluster(7, 1, links=line(7))
    assert cluster.run(10.0, cluster.agreed_leader)
    cluster.propose(b'x')
    assert cluster.run(3.0, lambda: cluster.all_applied(b'x'))


def test_a_leader_without_a_majority_stops_and_the_majority_goes_on() -> None:
    cluster = Cluster(5, 3)
    cluster.run(3.0, cluster.agreed_leader)
    old = cluster.leader()
    assert old is not None
    ally, *others = (m for m in cluster.members if m != old.id)
    cluster.split((old.id, ally), tuple(others))
    before = old.raft.commit
    old.raft.propose(b'lost', cluster.now)
    cluster.run(3.0)
    assert old.raft.leader == 0 and old.raft.commit == before
    assert not old.raft.quorum_active(cluster.now)
    assert {cluster.members[m].raft.leader for m in others} <= set(others)
    cluster.propose(b'kept')
    cluster.links = None
    assert cluster.run(3.0, lambda: cluster.all_applied(b'kept'))
    assert not any(e.payload == b'lost' for e in cluster.invariants.committed)


def test_a_member_that_was_cut_off_does_not_disturb_the_leader_it_comes_back_to() -> None:
    """Ongaro 2014, section 9.6: PreVote keeps its term down."""
    cluster = Cluster(3, 5)
    cluster.run(3.0, cluster.agreed_leader)
    leading = cluster.leader()
    assert leading is not None
    term = leading.raft.term
    first, second = (m for m in cluster.members if m != leading.id)
    cluster.split((leading.id, first), (second,))
    cluster.run(5.0)
    assert cluster.members[second].raft.term == term
    cluster.links = None
    cluster.run(2.0)
    assert cluster.leader() is leading and leading.raft.term == term


def test_a_one_way_ear_does_not_unseat_the_leader() -> None:
    """Section 4.2.3: who still hears the leader does not heed one that does not."""
    cluster = Cluster(3, 7)
    cluster.run(3.0, cluster.agreed_leader)
    leading = cluster.leader()
    assert leading is not None
    deaf = cluster.members[next(m for m in cluster.members if m != leading.id)]
    deaf.receive = lambda frame: None  # type: ignore[method-assign]
    cluster.run(5.0)
    assert cluster.leader() is leading


def test_leaders_are_replaced_within_the_bound() -> None:
    """The demonstration allows 1.5 s from a leader's death until all survivors know the next."""
    taken = []
    for seed in range(60):
        cluster = Cluster(5, seed, loss=0.1)
        assert cluster.run(5.0, cluster.agreed_leader)
        cluster.run(0.3)
        leading = cluster.leader()
        assert leading is not None
        cluster.crash(leading.id)
        died = cluster.now
        assert cluster.run(5.0, cluster.agreed_leader)
        taken.append((cluster.now - died) / NS_PER_S)
    taken.sort()
    assert taken[len(taken) // 2] < 0.9 and taken[-2] < 1.5


def test_a_disk_that_stalls_for_a_second_does_not_cost_the_leader_its_role() -> None:
    cluster = Cluster(3, 9)
    cluster.run(3.0, cluster.agreed_leader)
    leading = cluster.leader()
    assert leading is not None
    leading.disk.stalled_until = cluster.now + NS_PER_S
    cluster.propose(b'x')
    assert cluster.run(0.5, lambda: cluster.all_applied(b'x'))
    cluster.run(2.0)
    assert cluster.leader() is leading


def test_a_voter_whose_disk_is_damaged_catches_up_but_helps_no_majority() -> None:
    cluster = Cluster(3, 11, damaged=frozenset({3}))
    assert cluster.run(3.0, cluster.agreed_leader)
    cluster.propose(b'x')
    assert cluster.run(2.0, lambda: cluster.all_applied(b'x'))
    other = next(m for m in (1, 2) if cluster.leader() is not cluster.members[m])
    cluster.crash(other)
    cluster.propose(b'y')
    cluster.run(2.0)
    assert cluster.leader() is None
    assert not any(e.payload == b'y' for e in cluster.invariants.committed)


def test_a_restarted_member_receives_only_what_it_lacks() -> None:
    cluster = Cluster(3, 13)
    cluster.run(3.0, cluster.agreed_leader)
    leading = cluster.leader()
    assert leading is not None
    behind = next(m for m in cluster.members if m != leading.id)
    for number in range(100):
        cluster.propose(b'%d' % number)
    cluster.run(2.0, lambda: cluster.all_applied(b'99'))
    cluster.run(0.3)
    cluster.crash(behind)
    for number in range(100, 110):
        cluster.propose(b'%d' % number)
    cluster.run(0.5)
    started = cluster.start(behind)
    asked = []
    receive = started.receive

    def recording(frame: Frame) -> None:
        asked.extend(item.index for item in frame.items)
        receive(frame)

    started.receive = recording  # type: ignore[method-assign]
    assert cluster.run(2.0, lambda: cluster.all_applied(b'109'))
    assert asked and min(asked) > 100
