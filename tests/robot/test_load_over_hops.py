# SPDX-License-Identifier: Apache-2.0
"""Over several hops, with as many commands as the budget carries, everybody is known to live."""

from __future__ import annotations

import pytest
from swarm_coordination.arena.air import one_hop
from swarm_coordination.arena.arena import Arena
from swarm_coordination.arena.node import Node
from swarm_coordination.arena.observer import Observer
from swarm_coordination.mesh.settings import MeshSettings
from swarm_coordination.mission.commands import encode_command, Put
from swarm_coordination.robot.coordinator import Coordinator
from swarm_coordination.robot.outputs import RobotOutput
from swarm_coordination.robot.settings import RobotSettings


class Verdicts(Observer):
    """Collects what robots say of each other's silence."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.committed = 0

    def after(self, node: Node, core: Coordinator, output: RobotOutput, now: int) -> None:
        """Note verdicts, and count what all apply."""
        self.committed += len(output.committed)
        for event in output.events:
            if event.kind in ('suspected', 'silent') or 'evicted' in event.text:
                self.told.append(f'{node.name}: {event.text}')


@pytest.mark.parametrize(
    ('robots', 'shape', 'budget', 'per_s', 'chars', 'loss', 'least'),
    [
        (4, 'line', 30_000, 30, 380, 0.0, 24),
        (5, 'line', 30_000, 40, 100, 0.0, 30),
        (9, 'grid', 30_000, 30, 200, 0.1, 24),
        (4, 'line', 3_000, 4, 200, 0.0, 1),
    ],
)
def test_nobody_alive_is_suspected_while_commands_take_all_bytes_that_there_are(
    robots: int, shape: str, budget: int, per_s: int, chars: int, loss: float, least: int
) -> None:
    mesh = MeshSettings(byte_budget_per_s=budget)
    settings = RobotSettings(mesh=mesh)
    arena = Arena(robots, 2, shape=shape, base=one_hop((5, 5), loss=loss), settings=settings)
    leader = arena.run_until(arena.agreed_leader, 10.0)
    assert leader is not None
    arena.run(3.0)
    verdicts = Verdicts()
    arena.watch(verdicts)
    begun = arena.now_s
    while arena.now_s - begun < 15.0:
        arena.propose(leader.number, encode_command(Put('key', 'x' * chars)).decode())
        arena.run(1 / per_s)
    assert verdicts.told == []
    assert verdicts.committed >= least * 15 * robots
    for node in arena.nodes:
        status = arena.status(node.number)
        assert status is not None and len(status.alive) == robots
