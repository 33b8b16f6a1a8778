# SPDX-License-Identifier: Apache-2.0
"""The scenarios of formations that are parted, lost and found: every expectation holds."""

from __future__ import annotations

import pytest
from simulation.test_swarm import failed, run
from swarm_coordination.scenario.loading import load_scenario


@pytest.mark.parametrize('scenario', ['articulation', 'lost_robot', 'search_line'])
def test_a_swarm_of_five_stays_together_or_finds_together(scenario):
    assert failed(run(load_scenario(scenario), robots=5)) == []


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ('scenario', 'robots'),
    [('articulation', 6), ('articulation', 7), ('lost_robot', 7), ('search_line', 10)],
)
def test_larger_swarms_do_it_too(scenario, robots):
    for seed in range(1, 4):
        assert failed(run(load_scenario(scenario), seed=seed, robots=robots)) == []
