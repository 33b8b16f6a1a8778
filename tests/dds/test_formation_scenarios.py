# SPDX-License-Identifier: Apache-2.0
"""
The scenarios of formations on real processes: every expectation holds over DDS too.

The long ones: `.venv/bin/pytest -m 'dds and slow' tests/dds/test_formation_scenarios.py`, some six
minutes.
"""

import pytest

pytestmark = [pytest.mark.dds, pytest.mark.timeout(300)]


def fly(processes, scenario, robots):
    """Fly a scenario with so many robots; return its report, every expectation of which held."""
    process, out = processes.play(
        scenario, scenario, '--backend', 'dds', '--robots', str(robots), '--seed', '1'
    )
    # Who is killed has the mission and its slots; nobody else has fewer entries.
    report = processes.judged(process, out, 280, 'dds', entries=3)
    assert len(report['robots']) == robots
    return report


def test_a_chain_closes_the_gap_that_a_killed_process_leaves(processes):
    report = fly(processes, 'articulation', 5)
    assert [action['do'] for action in report['actions']] == ['submit', 'put', 'kill']
    assert report['lambda2_min'] == 0.0  # it was parted, and closed


@pytest.mark.slow
@pytest.mark.parametrize(
    ('scenario', 'robots'),
    [('articulation', 7), ('gap', 6), ('lost_robot', 5), ('search_line', 7), ('sphere3d', 6)],
)
def test_every_expectation_of_a_formation_scenario_holds_over_dds(processes, scenario, robots):
    fly(processes, scenario, robots)
