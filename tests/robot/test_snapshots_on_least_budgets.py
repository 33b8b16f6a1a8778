# SPDX-License-Identifier: Apache-2.0
"""A robot that needs a snapshot gets it where the budget never leaves a frame's worth of bytes."""

from __future__ import annotations

import pytest
from swarm_coordination.arena.air import one_hop
from swarm_coordination.arena.arena import Arena
from swarm_coordination.consensus.settings import RaftSettings
from swarm_coordination.mesh.settings import MeshSettings
from swarm_coordination.mission.commands import encode_command, Put
from swarm_coordination.robot.settings import RobotSettings


@pytest.mark.parametrize(
    ('robots', 'shape', 'budget'), [(3, 'full', 1_000), (3, 'line', 1_000), (5, 'line', 2_000)]
)
def test_who_is_far_behind_gets_a_snapshot_on_a_budget_of_a_frame_a_second(
    robots: int, shape: str, budget: int
) -> None:
    settings = RobotSettings(
        mesh=MeshSettings(byte_budget_per_s=budget, items_max=64),
        consensus=RaftSettings(snapshot_entries=40),
    )
    arena = Arena(robots, 4, shape=shape, base=one_hop((5, 5)), settings=settings)
    leader = arena.run_until(arena.agreed_leader, 10.0)
    assert leader is not None
    arena.run(1.0)
    late = arena.nodes[-1] if arena.nodes[-1] is not leader else arena.nodes[0]
    arena.kill(late.number)
    arena.run(1.0)
    for number in range(110):
        arena.propose(leader.number, encode_command(Put(f'k{number % 4}', str(number))).decode())
        arena.run(0.2)
    arena.run(20.0)

    arena.restart(late.number)
    assert arena.run_until(lambda: late.core is not None and late.core.commit >= 100, 40.0)
