# SPDX-License-Identifier: Apache-2.0
"""The scenarios of formations: parted, lost and found, searching, in a gap, in space."""

from __future__ import annotations

from pathlib import Path

import pytest
from simulation.test_swarm import failed, run
from swarm_coordination.configuration import find_swarm_file, load_swarm
from swarm_coordination.errors import ConfigurationError
from swarm_coordination.scenario.loading import load_scenario, scenario_folder
from swarm_coordination.scenario.report import make_report
from swarm_coordination.scenario.run import make_options
from swarm_coordination.simulation.run import play


def recorded(scenario):
    """Return the record of a flight of five robots."""
    swarm = load_swarm(find_swarm_file())
    return play(make_options(scenario, swarm, Path('out'), seed=1, robots=5)).record


@pytest.mark.timeout(600)  # seconds of processor time; minutes on a loaded machine
@pytest.mark.parametrize(
    ('scenario', 'robots'), [('lost_robot', 5), ('search_line', 5), ('gap', 3), ('sphere3d', 5)]
)
def test_every_expectation_holds_with_few_robots(scenario, robots):
    assert failed(run(load_scenario(scenario), robots=robots)) == []


def test_a_chain_closes_the_gap_that_a_robot_left_which_it_was_warned_of():
    scenario = load_scenario('articulation')
    record = recorded(scenario)
    assert failed(make_report(record, scenario, 'virtual', 1)) == []
    assert not all(sample.reachable for sample in record.samples)  # it was parted
    kill = next(action for action in record.actions if action.do == 'kill')
    warned = [
        event.robot for event in record.events
        if event.event.kind == 'articulation'
        and event.time_s < kill.time_s
        and kill.robots[0] in event.event.text
    ]
    assert set(warned) == set(record.robots)


def test_under_resilience_2_a_chain_is_refused_and_a_closer_line_stays_whole(tmp_path):
    text, path = (scenario_folder() / 'articulation.yaml').read_text(), tmp_path / 'whole.yaml'
    changes = {
        'radio: {': 'swarm: {all: {control: {resilience: 2}}}\nradio: {',
        'robot: articulation': 'robot: random',  # nobody joins two parts
        'parted_s: 25.0': 'parted_s: 0.0',
    }
    for old, new in changes.items():
        assert text.count(old) == 1
        text = text.replace(old, new)

    path.write_text(text)
    with pytest.raises(ConfigurationError, match=r'the loss of slot 1 .* and resilience is 2'):
        recorded(load_scenario(path))
    path.write_text(text.replace('spacing_m: 6.0', 'spacing_m: 4.5'))
    scenario = load_scenario(path)
    record = recorded(scenario)
    assert failed(make_report(record, scenario, 'virtual', 1)) == []
    assert any(action.do == 'kill' and action.robots for action in record.actions)
    assert all(sample.reachable for sample in record.samples)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ('scenario', 'robots'),
    [('articulation', 6), ('articulation', 7), ('lost_robot', 7), ('search_line', 10),
     ('gap', 7), ('sphere3d', 8)],
)
def test_larger_swarms_do_it_too(scenario, robots):
    for seed in range(1, 4):
        assert failed(run(load_scenario(scenario), seed=seed, robots=robots)) == []
