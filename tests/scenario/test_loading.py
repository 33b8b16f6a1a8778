# SPDX-License-Identifier: Apache-2.0
"""Scenario files: what comes along loads and can be flown; what is wrong is named."""

from __future__ import annotations

from pathlib import Path

import pytest
from swarm_coordination.configuration import find_swarm_file, load_swarm
from swarm_coordination.errors import ConfigurationError
from swarm_coordination.scenario.loading import list_scenarios, load_scenario, read_scenario
from swarm_coordination.scenario.run import make_options

GOOD = {'name': 'n', 'description': 'd', 'phases': [{'name': 'p', 'until': ['leader']}]}


def with_action(**action: object) -> dict[str, object]:
    """Return a scenario with one action."""
    return {**GOOD, 'phases': [{'name': 'p', 'actions': [action]}]}


def test_the_scenarios_that_come_along_can_be_flown_by_every_number_they_allow():
    swarm = load_swarm(find_swarm_file())
    names = [scenario.name for scenario in list_scenarios()]

    assert {'default', 'smoke', 'split', 'loss30'} <= set(names)
    for scenario in list_scenarios():
        for robots in (scenario.robots.low, scenario.robots.high, None):
            make_options(scenario, swarm, Path('out'), robots=robots)


def test_a_scenario_is_found_by_name_and_by_path():
    named = load_scenario('smoke')

    assert load_scenario(named.source) == named


def test_what_is_left_out_has_defaults():
    scenario = read_scenario(GOOD, 'f')

    assert scenario.robots.default == 5
    assert scenario.radio.model == 'disc'
    assert scenario.phases[0].timeout_s == 30.0


@pytest.mark.parametrize(('document', 'field', 'bound'), [
    ([], 'file', 'a mapping of fields'),
    ({**GOOD, 'phases': []}, 'phases', 'at least one'),
    ({**GOOD, 'pases': []}, 'pases', 'phases'),
    ({**GOOD, 'name': None}, 'name', 'text'),
    ({**GOOD, 'seed': -1}, 'seed', '0 to'),
    ({**GOOD, 'seed': True}, 'seed', 'whole number'),
    ({**GOOD, 'duration_s': float('nan')}, 'duration_s', 'a number'),
    ({**GOOD, 'duration_s': 10**400}, 'duration_s', 'from 1 to 3600 s'),
    ({**GOOD, 'bounds': {'new_leader_s': 10**400}}, 'bounds.new_leader_s', 'a number s'),
    ({**GOOD, 'world': {'brake_mps': 1.0}}, 'world.brake_mps', 'did you mean brake_mps2?'),
    ({**GOOD, 'disk': []}, 'disk', 'a mapping of fields'),
    ({'name': 'n', 'description': 'd', 'phses': []}, 'phses', 'did you mean phases?'),
    ({'description': 'd', 'phases': GOOD['phases']}, 'name', 'required: text of 1 to 40'),
    ({**GOOD, 'phases': ['p']}, 'phases[0]', 'a mapping of fields'),
    ({**GOOD, 'phases': [{'name': 'p', 'until': 'leader'}]}, 'phases[0].until', 'a list of 0 to'),
    ({**GOOD, 'phases': [{'name': 'p', 'until': [{'is': 'leader', 'of': ''}]}]},
     'phases[0].until[0].of', '1 to 32 characters'),
    ({**GOOD, 'radio': {'loss': 1.5}}, 'radio.loss', 'at most 0.95'),
    ({**GOOD, 'radio': {'lost': 0.1}}, 'radio.lost', 'loss'),
    ({**GOOD, 'radio': {'model': 'disk'}}, 'radio.model', 'disc'),
    ({**GOOD, 'world': {'step_ms': 2.5}}, 'world.step_ms', 'a whole number'),
    ({**GOOD, 'robots': {'min': 5, 'max': 4}}, 'robots.max', '5 to 50'),
    ({**GOOD, 'robots': {'min': 5, 'default': 3}}, 'robots.default', '5 to'),
    ({**GOOD, 'phases': [{'name': 'p'}, {'name': 'p'}]}, 'phases', 'different name'),
    ({**GOOD, 'phases': [{'name': 'p', 'until': ['leadr']}]}, 'phases[0].until[0].is', 'leader'),
    ({**GOOD, 'phases': [{'name': 'p', 'until': ['formation']}]},
     'phases[0].until[0].below', 'a number'),
    ({**GOOD, 'phases': [{'name': 'p', 'until': [{'is': 'leader', 'below': 1.0}]}]},
     'phases[0].until[0].below', 'is'),
    ({**GOOD, 'phases': [{'name': 'p', 'checks': ['speed']}]}, 'phases[0].checks', 'formation'),
    ({**GOOD, 'phases': [{'name': 'p', 'duration_s': 40.0}]},
     'phases[0].duration_s', 'at most timeout_s'),
    (with_action(do='explode'), 'phases[0].actions[0].do', 'kill'),
    (with_action(od='kill'), 'phases[0].actions[0].od', 'known are do'),
    (with_action(do='restart', keepdisk=True), 'phases[0].actions[0].keepdisk', 'keep_disk'),
    (with_action(do='restart', keep_disk=1), 'phases[0].actions[0].keep_disk', 'true or false'),
    (with_action(do='kill', when={'is': 'leader', 'off': 'all'}),
     'phases[0].actions[0].when.off', 'did you mean of?'),
    (with_action(do='kill', robot=''), 'phases[0].actions[0].robot', '1 to 32 characters'),
    (with_action(do='put', key='k', value=3), 'phases[0].actions[0].value', 'in quotes'),
    (with_action(do='submit'), 'phases[0].actions[0].mission', 'mission file'),
    (with_action(do='put'), 'phases[0].actions[0].key', 'text'),
    (with_action(do='kill', level=1), 'phases[0].actions[0].level', 'robot'),
    (with_action(do='stop', level=4), 'phases[0].actions[0].level', '1 to 3'),
    (with_action(do='split', groups=[['a']]), 'phases[0].actions[0].groups', 'two or more'),
    (with_action(do='split', groups=[['a'], ['a']]), 'phases[0].actions[0].groups', 'one group'),
    (with_action(do='note', text=''), 'phases[0].actions[0].text', 'text'),
])
def test_what_is_wrong_is_named_with_file_field_and_bound(document, field, bound):
    with pytest.raises(ConfigurationError) as caught:
        read_scenario(document, 'scenario.yaml')

    assert caught.value.source == 'scenario.yaml'
    assert caught.value.field == field
    assert bound in caught.value.bound


@pytest.mark.parametrize(('action', 'field'), [
    ({'do': 'kill', 'robot': 'robot99'}, 'phases[0].actions[0].robot'),
    ({'do': 'put', 'key': 'k', 'when': {'is': 'leader', 'of': 'everyone'}},
     'phases[0].actions[0].when.of'),
    ({'do': 'split', 'groups': [['robot1'], ['robot99']]}, 'phases[0].actions[0].groups'),
    ({'do': 'submit', 'mission': 'no_such_mission'}, 'mission'),
    ({'do': 'submit', 'mission': {'name': 'x'}}, 'phases[0].actions[0].mission.formation.shape'),
])
def test_names_and_missions_are_checked_before_anything_starts(action, field):
    scenario = read_scenario(with_action(**action), 'scenario.yaml')

    with pytest.raises(ConfigurationError) as caught:
        make_options(scenario, load_swarm(find_swarm_file()), Path('out'))
    assert caught.value.field == field


def test_a_file_that_is_no_yaml_is_refused_by_name(tmp_path):
    path = tmp_path / 'broken.yaml'
    path.write_text('phases: [')

    with pytest.raises(ConfigurationError, match=r'broken\.yaml'):
        load_scenario(path)


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(ConfigurationError, match='default') as caught:
        load_scenario('defualt')
    assert caught.value.value == 'defualt'
