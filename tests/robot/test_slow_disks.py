# SPDX-License-Identifier: Apache-2.0
"""Disks that sync so slowly that one vote outlasts most election time-outs."""

from __future__ import annotations

import pytest
from swarm_coordination.arena.air import one_hop
from swarm_coordination.arena.arena import Arena


@pytest.mark.parametrize('seed', range(3))
@pytest.mark.parametrize('sync_ms', [400.0, 500.0])
def test_robots_elect_though_a_candidacy_and_a_vote_outlast_the_longest_timeout_on_their_disks(
    sync_ms: float, seed: int
) -> None:
    arena = Arena(5, seed, base=one_hop((5.0, 5.0)), sync_ms=(sync_ms, sync_ms))
    assert arena.run_until(arena.agreed_leader, 60.0) is not None
