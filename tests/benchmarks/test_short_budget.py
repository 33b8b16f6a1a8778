# SPDX-License-Identifier: Apache-2.0
"""A budget that beacons alone could spend: who is out of hearing is told of the leader."""

import dataclasses

import pytest
from swarm_coordination.benchmarks.stage import shipped_settings, Stage


@pytest.mark.parametrize('seed', ['0', '1'])
def test_a_robot_that_starts_again_at_the_end_of_a_line_finds_its_leader(seed):
    settings = shipped_settings()
    mesh = dataclasses.replace(settings.mesh, byte_budget_per_s=1_500)
    stage = Stage(5, seed, shape='line', settings=dataclasses.replace(settings, mesh=mesh))
    end = 4 if stage.settle() != 4 else 0
    stage.arena.kill(end)
    stage.arena.run(8.0)
    stage.arena.restart(end)
    assert stage.arena.run_until(stage.arena.agreed_leader, 60.0) is not None
