# SPDX-License-Identifier: Apache-2.0
"""Whole clusters over the fake radio: safety under every fault, liveness after it."""

from __future__ import annotations

import random

import pytest

from consensus.cluster import Cluster
from swarm_coordination.errors import ProposalRefused
from swarm_coordination.units import NS_PER_S


def line(members: int) -> set[frozenset[int]]:
    """Links of a chain: everything between the ends goes over relays."""
    return {frozenset((i, i + 1)) for i in range(1, members)}


def torment(seed: int) -> None:
    """Crashes, cuts, stalls and proposals at random; then peace, in which all must agree."""
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
    assert cluster.run(5.0, cluster.agreed_leader), f'seed {seed}: no leader after the heal'
    cluster.run(0.2)
    cluster.propose(b'after')
    assert cluster.run(3.0, lambda: cluster.all_applied(b'after')), f'seed {seed}: no commit'
    logs = {tuple(m.applied) for m in cluster.members.values()}
    assert len(logs) == 1, f'seed {seed}: different logs'


@pytest.mark.parametrize('block', range(10))
def test_no_fault_breaks_an_invariant_and_every_cluster_heals(block: int) -> None:
    for seed in range(block * 20, block * 20 + 20):
        torment(seed)
