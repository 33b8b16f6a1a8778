# SPDX-License-Identifier: Apache-2.0
"""Read scenario files; every error names file, field, value and bound."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from swarm_coordination.configuration import config_folder
from swarm_coordination.configuration.documents import load_document
from swarm_coordination.errors import ConfigurationError
from swarm_coordination.scenario.fields import Fields
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
    TARGETS,
    WorldSettings,
)

# Conditions that compare with a bound, and its unit.
BOUNDED = {ConditionKind.FORMATION: 'm', ConditionKind.STANDING: 'm/s'}
# Actions that are done to or through one robot.
TARGETED = frozenset(ActionKind) - {ActionKind.SPLIT, ActionKind.HEAL, ActionKind.NOTE}


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
    top = Fields(source, '', document)
    phases = tuple(
        _phase(Fields(source, f'phases[{number}]', value))
        for number, value in enumerate(top.items('phases', PHASES_MAX))
    )
    if not phases:
        raise top.error('phases', 'at least one phase')
    names = [phase.name for phase in phases]
    if len(set(names)) != len(names):
        raise ConfigurationError(source, 'phases', names, 'a different name for each phase')
    scenario = Scenario(
        name=top.text('name', longest=40),
        description=top.text('description'),
        source=source,
        phases=phases,
        seed=top.whole('seed', 1, 0, 2**53),
        duration_s=top.number('duration_s', 180.0, 1.0, 3_600.0, 's'),
        robots=_robots(Fields(source, 'robots', top.get('robots') or {})),
        radio=top.settings('radio', RadioSettings),
        world=top.settings('world', WorldSettings),
        disk=top.settings('disk', DiskSettings),
        bounds=top.settings('bounds', Bounds),
    )
    top.done()
    return scenario


def _robots(fields: Fields) -> RobotCount:
    low = fields.whole('min', 5, 1, ROBOTS_MAX)
    high = fields.whole('max', max(low, 12), low, ROBOTS_MAX)
    count = RobotCount(fields.whole('default', max(low, min(5, high)), low, high), low, high)
    fields.done()
    return count


def _phase(fields: Fields) -> Phase:
    name = fields.text('name', longest=40)
    until = tuple(
        _condition(fields.source, fields.where(f'until[{number}]'), value)
        for number, value in enumerate(fields.items('until', 20))
    )
    actions = tuple(
        _action(Fields(fields.source, fields.where(f'actions[{number}]'), value))
        for number, value in enumerate(fields.items('actions', ACTIONS_MAX))
    )
    checks = fields.items('checks', len(CHECKS))
    for check in checks:
        if check not in CHECKS:
            raise fields.error('checks', 'a list of ' + ', '.join(CHECKS))
    phase = Phase(
        name=name,
        title=fields.text('title', name),
        actions=actions,
        until=until,
        timeout_s=fields.number('timeout_s', 30.0, 0.1, 3_600.0, 's'),
        duration_s=fields.number('duration_s', 0.0, 0.0, 3_600.0, 's'),
        checks=tuple(checks),
    )
    if phase.duration_s > phase.timeout_s:
        raise fields.error('duration_s', f'at most timeout_s = {phase.timeout_s:g} s')
    fields.done()
    return phase


def _condition(source: str, path: str, value: object) -> Condition:
    if isinstance(value, str):
        value = {'is': value}
    fields = Fields(source, path, value)
    kind = ConditionKind(fields.choice('is', [kind.value for kind in ConditionKind]))
    bound = 0.0
    if kind in BOUNDED:
        bound = fields.number('below', -1.0, 0.001, 100.0, BOUNDED[kind])
    condition = Condition(
        kind,
        fields.text('of', 'running', longest=32),
        bound,
        fields.number('for_s', 0.0, 0.0, 600.0, 's'),
    )
    fields.done()
    return condition


def _action(fields: Fields) -> Action:
    kind = ActionKind(fields.choice('do', [kind.value for kind in ActionKind]))
    when = fields.get('when')
    common: dict[str, Any] = {
        'after_s': fields.number('after_s', 0.0, 0.0, 3_600.0, 's'),
        'timeout_s': fields.number('timeout_s', 10.0, 0.1, 3_600.0, 's'),
        'when': None
        if when is None
        else _condition(fields.source, fields.where('when'), when),
    }
    if kind in TARGETED:
        default = {ActionKind.KILL: 'leader', ActionKind.RESTART: 'killed'}.get(kind, 'any')
        common['target'] = fields.text('robot', default, longest=32)
    common.update(_arguments(kind, fields))
    fields.done()
    return Action(do=kind, **common)


def _arguments(kind: ActionKind, fields: Fields) -> dict[str, Any]:
    if kind is ActionKind.SUBMIT:
        mission = fields.get('mission')
        if not isinstance(mission, str | Mapping) or not mission:
            raise fields.error('mission', 'the name or path of a mission file, or a mapping')
        around = fields.text('around', '', longest=32)
        return {'mission': mission, 'around': around}
    if kind is ActionKind.PUT:
        return {
            'key': fields.text('key', longest=56),
            'value': fields.text('value', '', longest=200),
            'times': fields.whole('times', 1, 1, 1_000),
            'every_s': fields.number('every_s', 0.0, 0.0, 60.0, 's'),
        }
    if kind is ActionKind.SPLIT:
        return {'groups': _groups(fields)}
    if kind is ActionKind.RESTART:
        return {'keep_disk': fields.flag('keep_disk', True)}
    if kind is ActionKind.STOP:
        return {'level': fields.whole('level', 1, 1, 3)}
    if kind is ActionKind.NOTE:
        return {'text': fields.text('text')}
    return {}


def _groups(fields: Fields) -> tuple[tuple[str, ...], ...]:
    value = fields.get('groups', 'minority | majority')
    if value == 'minority | majority':
        return ()
    bound = "'minority | majority' or two or more lists of robot names"
    if not isinstance(value, list) or len(value) < 2:
        raise fields.error('groups', bound)
    for group in value:
        if not isinstance(group, list) or not all(isinstance(name, str) for name in group):
            raise fields.error('groups', bound)
    names = [name for group in value for name in group]
    if len(set(names)) != len(names):
        raise fields.error('groups', 'each robot in one group')
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
        for number, condition in enumerate(phase.until):
            where = f'phases[{at}].until[{number}].of'
            _check_name(scenario, where, condition.group, (*GROUPS, *robots))


def _check_name(scenario: Scenario, field: str, name: str, known: tuple[str, ...]) -> None:
    if name and name not in known:
        raise ConfigurationError(
            scenario.source, field, name, 'one of ' + ', '.join(known)
        )
