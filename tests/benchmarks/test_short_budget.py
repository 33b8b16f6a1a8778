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


@pytest.mark.parametrize(('robots', 'byte_budget_per_s'), [(5, 1_000), (10, 1_000), (20, 1_500)])
def test_where_all_hear_all_a_short_budget_wrongs_nobody(robots, byte_budget_per_s):
    settings = shipped_settings()
    mesh = dataclasses.replace(settings.mesh, byte_budget_per_s=byte_budget_per_s)
    stage = Suspecting(robots, '0', settings=dataclasses.replace(settings, mesh=mesh))
    stage.settle()
    stage.arena.run(8.0)  # the burst is spent
    terms = len(stage.terms)
    stage.arena.run(8.0)
    assert stage.suspected <= robots // 10
    assert stage.silent == []
    assert len(stage.terms) == terms


class Suspecting(Stage):
    """Counts suspicions."""

    suspected = 0

    def after(self, node, core, output, now):
        """Count."""
        self.suspected += sum(event.kind == 'suspected' for event in output.events)
        super().after(node, core, output, now)
