# SPDX-License-Identifier: Apache-2.0
"""Read scenario files; every error names file, field, value and bound."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from swarm_coordination.configuration import config_folder
from swarm_coordination.configuration.documents import load_document
from swarm_coordination.configuration.section import Section
from swarm_coordination.errors import ConfigurationError
from swarm_coordination.scenario.schema import (
    Action,
    ActionKind,
    ACTIONS_MAX,
    Bounds,
    CHECKS,
    Condition,
    ConditionKind,
    DiskSettings,
    GROUPS,
    Phase,
    PHASES_MAX,
    RadioSettings,
    RobotCount,
    ROBOTS_MAX,
    Scenario,
    Sweep,
    TARGETS,
    WorldSettings,
)

# Conditions that compare with a bound, and its unit.
BOUNDED = {ConditionKind.FORMATION: 'm', ConditionKind.STANDING: 'm/s'}
# A phase that waits for more than this is several phases.
UNTIL_MAX = 20
# Actions that are done to or through one robot, which the field ``robot`` chooses.
TARGETED = frozenset(ActionKind) - {
    ActionKind.SPLIT, ActionKind.HEAL, ActionKind.NOTE, ActionKind.ATTACK
}

# The fields of each mapping of a scenario file.
FIELDS = (
    'name', 'description', 'seed', 'duration_s', 'robots', 'radio', 'world', 'disk', 'bounds',
    'sweep', 'swarm', 'phases',
)
SWEEP_FIELDS = ('x_m', 'y_m', 'within_m', 'share')
# The side of the greatest area: a million square metres are looked at in a moment.
SIDE_MAX_M = 1_000.0
PHASE_FIELDS = ('name', 'title', 'actions', 'until', 'timeout_s', 'duration_s', 'checks')
CONDITION_FIELDS = ('is', 'of', 'for_s')
ACTION_FIELDS = ('do', 'after_s', 'timeout_s', 'when')
# Fields of one kind of action, beside ``robot`` where it has a target.
ARGUMENTS = {
    ActionKind.SUBMIT: ('mission', 'around'),
    ActionKind.PUT: ('key', 'value', 'times', 'every_s'),
    ActionKind.SPLIT: ('groups',),
    ActionKind.MUTE: ('to',),
    ActionKind.RESTART: ('keep_disk',),
    ActionKind.STOP: ('level',),
    ActionKind.NOTE: ('text',),
    ActionKind.ATTACK: ('rate_hz', 'for_s'),
}
ANY_ACTION_FIELDS = (*ACTION_FIELDS, 'robot', *(name for of in ARGUMENTS.values() for name in of))


def scenario_folder() -> Path:
    """Return the folder of the scenarios that come along; raises ConfigurationError."""
    return config_folder() / 'scenarios'


def list_scenarios() -> tuple[Scenario, ...]:
    """Return the scenarios that come along, by name; raises ConfigurationError."""
    return tuple(load_scenario(path) for path in sorted(scenario_folder().glob('*.yaml')))


def load_scenario(wanted: str | Path) -> Scenario:
    """
    Return the scenario of a file, or the one of that name that comes along.

    Raises ConfigurationError.
    """
    path = Path(wanted)
    if not path.is_file():
        named = scenario_folder() / f'{wanted}.yaml'
        if path.name != str(wanted) or not named.is_file():
            known = ', '.join(sorted(p.stem for p in scenario_folder().glob('*.yaml')))
            raise ConfigurationError(
                'command line', 'scenario', str(wanted), f'a file, or one of {known}'
            )
        path = named
    return read_scenario(load_document(path), str(path))


def read_scenario(document: object, source: str) -> Scenario:
    """Return the scenario in a parsed document; raises ConfigurationError."""
    top = Section(source, '', document, FIELDS)
    phases = tuple(map(_phase, top.sections('phases', 0, PHASES_MAX, PHASE_FIELDS)))
    if not phases:
        raise top.error('phases', 'at least one phase')
    names = [phase.name for phase in phases]
    if len(set(names)) != len(names):
        raise ConfigurationError(source, 'phases', names, 'a different name for each phase')
    return Scenario(
        name=top.text('name', 40),
        description=top.text('description'),
        source=source,
        phases=phases,
        seed=top.whole('seed', 0, 2**53, 1),
        duration_s=top.number('duration_s', 1.0, 3_600.0, 's', 180.0),
        robots=_robots(top.section('robots', ('default', 'min', 'max'))),
        radio=top.settings('radio', RadioSettings),
        world=top.settings('world', WorldSettings),
        disk=top.settings('disk', DiskSettings),
        bounds=top.settings('bounds', Bounds),
        sweep=_sweep(top.section('sweep', SWEEP_FIELDS)) if 'sweep' in top else None,
        swarm=_swarm(top),
    )


def _swarm(top: Section) -> Mapping[str, Any]:
    section = top.section('swarm', ('all', 'area'))
    return {name: section.get(name) for name in section.names}


def _sweep(section: Section) -> Sweep:
    return Sweep(
        _interval(section, 'x_m'),
        _interval(section, 'y_m'),
        section.number('within_m', 0.1, 100.0, 'm'),
        section.number('share', 0.01, 1.0, '', 1.0),
    )


def _interval(section: Section, key: str) -> tuple[float, float]:
    low, high = (
        section.as_number(key, value, -1e4, 1e4, 'm') for value in section.items(key, 2, 2)
    )
    if not 1.0 <= high - low <= SIDE_MAX_M:
        raise section.error(key, f'[from, to] in m, 1 to {SIDE_MAX_M:g} m apart')
    return low, high


def _robots(section: Section) -> RobotCount:
    low = section.whole('min', 1, ROBOTS_MAX, 5)
    high = section.whole('max', low, ROBOTS_MAX, max(low, 12))
    return RobotCount(section.whole('default', low, high, max(low, min(5, high))), low, high)


def _phase(section: Section) -> Phase:
    name = section.text('name', 40)
    actions = section.sections('actions', 0, ACTIONS_MAX, ANY_ACTION_FIELDS)
    checks = section.items('checks', 0, len(CHECKS))
    if any(check not in CHECKS for check in checks):
        raise section.error('checks', 'a list of ' + ', '.join(CHECKS))
    phase = Phase(
        name=name,
        title=section.text('title', default=name),
        actions=tuple(map(_action, actions)),
        until=tuple(
            _condition(section, f'until[{number}]', value)
            for number, value in enumerate(section.items('until', 0, UNTIL_MAX))
        ),
        timeout_s=section.number('timeout_s', 0.1, 3_600.0, 's', 30.0),
        duration_s=section.number('duration_s', 0.0, 3_600.0, 's', 0.0),
        checks=tuple(checks),
    )
    if phase.duration_s > phase.timeout_s:
        raise section.error('duration_s', f'at most timeout_s = {phase.timeout_s:g} s')
    return phase


def _condition(parent: Section, key: str, value: object) -> Condition:
    if isinstance(value, str):
        value = {'is': value}
    section = Section(parent.source, parent.path(key), value, (*CONDITION_FIELDS, 'below'))
    kind = ConditionKind(section.choice('is', [kind.value for kind in ConditionKind]))
    bound = 0.0
    if kind in BOUNDED:
        bound = section.number('below', 0.001, 100.0, BOUNDED[kind])
    else:
        section.only(CONDITION_FIELDS)
    return Condition(
        kind,
        section.text('of', 32, 'running'),
        bound,
        section.number('for_s', 0.0, 600.0, 's', 0.0),
    )


def _action(section: Section) -> Action:
    kind = ActionKind(section.choice('do', [kind.value for kind in ActionKind]))
    target = ('robot',) if kind in TARGETED else ()
    section.only((*ACTION_FIELDS, *target, *ARGUMENTS.get(kind, ())))
    when = section.get('when')
    common: dict[str, Any] = {
        'after_s': section.number('after_s', 0.0, 3_600.0, 's', 0.0),
        'timeout_s': section.number('timeout_s', 0.1, 3_600.0, 's', 10.0),
        'when': None if when is None else _condition(section, 'when', when),
    }
    if kind in TARGETED:
        default = {ActionKind.KILL: 'leader', ActionKind.RESTART: 'killed'}.get(kind, 'any')
        common['target'] = section.text('robot', 32, default)
    return Action(do=kind, **common, **_arguments(kind, section))


def _arguments(kind: ActionKind, section: Section) -> dict[str, Any]:
    if kind is ActionKind.SUBMIT:
        mission = section.get('mission')
        if not isinstance(mission, str | Mapping) or not mission:
            raise section.error('mission', 'the name or path of a mission file, or a mapping')
        return {'mission': mission, 'around': section.text('around', 32, '')}
    if kind is ActionKind.PUT:
        return {
            'key': section.text('key', 56),
            'value': section.text('value', 200, ''),
            'times': section.whole('times', 1, 1_000, 1),
            'every_s': section.number('every_s', 0.0, 60.0, 's', 0.0),
        }
    if kind is ActionKind.SPLIT:
        return {'groups': _groups(section)}
    if kind is ActionKind.MUTE:
        return {'to': _names(section)}
    if kind is ActionKind.RESTART:
        return {'keep_disk': section.flag('keep_disk', True)}
    if kind is ActionKind.STOP:
        return {'level': section.whole('level', 1, 3, 1)}
    if kind is ActionKind.ATTACK:
        return {
            'rate_hz': section.number('rate_hz', 1.0, 10_000.0, 'Hz', 1_000.0),
            'for_s': section.number('for_s', 0.1, 3_600.0, 's', 5.0),
        }
    if kind is ActionKind.NOTE:
        return {'text': section.text('text')}
    return {}


def _names(section: Section) -> tuple[str, ...]:
    value = section.get('to', [])
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise section.error('to', 'a list of robot names')
    return tuple(value)


def _groups(section: Section) -> tuple[tuple[str, ...], ...]:
    value = section.get('groups', 'minority | majority')
    if value == 'minority | majority':
        return ()
    bound = "'minority | majority' or two or more lists of robot names"
    if not isinstance(value, list) or len(value) < 2:
        raise section.error('groups', bound)
    for group in value:
        if not isinstance(group, list) or not all(isinstance(name, str) for name in group):
            raise section.error('groups', bound)
    names = [name for group in value for name in group]
    if len(set(names)) != len(names):
        raise section.error('groups', 'each robot in one group')
    return tuple(tuple(group) for group in value)


def check_names(scenario: Scenario, robots: tuple[str, ...]) -> None:
    """
    Check that every group and target of a scenario is a known word or one of ``robots``.

    Raises ConfigurationError.
    """
    for at, phase in enumerate(scenario.phases):
        for number, action in enumerate(phase.actions):
            where = f'phases[{at}].actions[{number}]'
            _check_name(scenario, f'{where}.robot', action.target, (*TARGETS, *robots))
            _check_name(scenario, f'{where}.around', action.around, (*GROUPS, *robots))
            if action.when:
                _check_name(scenario, f'{where}.when.of', action.when.group, (*GROUPS, *robots))
            for name in (name for group in action.groups for name in group):
                _check_name(scenario, f'{where}.groups', name, robots)
            for name in action.to:
                _check_name(scenario, f'{where}.to', name, robots)
        for number, condition in enumerate(phase.until):
            where = f'phases[{at}].until[{number}].of'
            _check_name(scenario, where, condition.group, (*GROUPS, *robots))


def _check_name(scenario: Scenario, field: str, name: str, known: tuple[str, ...]) -> None:
    if name and name not in known:
        raise ConfigurationError(
            scenario.source, field, name, 'one of ' + ', '.join(known)
        )
