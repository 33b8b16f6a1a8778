# SPDX-License-Identifier: Apache-2.0
"""Commands handed to the leader one after the other never stall, however scarce bytes are."""

from __future__ import annotations

from dataclasses import replace

import pytest
from swarm_coordination.arena.air import one_hop
from swarm_coordination.arena.arena import Arena
from swarm_coordination.mission.commands import encode_command, Put
from swarm_coordination.robot.settings import RobotSettings

COMMANDS = 150
# Waiting for the tokens of one entry beside 20 beacons a second takes a twentieth of a second at
# 10 kB/s; what a lost frame costs is the next want (50 ms) and the repeat of the item (100 ms).
LONGEST_S = 0.6
LATENCIES_S = {10_000: 0.045, 30_000: 0.015, 2_000_000: 0.009}  # medians


@pytest.mark.parametrize(('budget', 'loss'), [
    (10_000, 0.0), (30_000, 0.0), (30_000, 0.05), (2_000_000, 0.0),
])
def test_a_load_of_one_command_after_the_other_ends(budget: int, loss: float) -> None:
    settings = RobotSettings()
    burst = max(settings.mesh.burst_bytes, budget // 10)
    mesh = replace(settings.mesh, byte_budget_per_s=budget, burst_bytes=burst)
    arena = Arena(
        5, seed=3, base=one_hop((1.0, 1.0), loss=loss), sync_ms=(2.0, 2.0),
        settings=replace(settings, mesh=mesh),
    )
    leader = arena.run_until(arena.agreed_leader, 10.0)
    assert leader is not None
    arena.run(2.0)
    latencies = []
    for number in range(COMMANDS):
        text = encode_command(Put('bench', 'x' * 60 + str(number))).decode()
        began = arena.now_s
        assert arena.propose(leader.number, text) is not None
        assert arena.run_until(lambda: leader.core.status(0).pending_intents == 0, 10.0)
        latencies.append(arena.now_s - began)

    assert max(latencies) < LONGEST_S
    assert sorted(latencies)[COMMANDS // 2] < LATENCIES_S[budget]
