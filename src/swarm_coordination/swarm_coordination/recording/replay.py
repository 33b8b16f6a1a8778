# SPDX-License-Identifier: Apache-2.0
"""
Feeds a recording back into a fresh core and compares every output with what came out then.

Where environment or code are others the replay is refused: equal bits are promised for equal ones
only. ``other_code`` allows other code: that is how a mended bug shows what it changes.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from swarm_coordination.control.settings import ControlSettings
from swarm_coordination.errors import CommandError, ConfigurationError, ProposalRefused
from swarm_coordination.recording.calls import CUT, digest, FORMAT, read_calls
from swarm_coordination.recording.environment import code, environment
from swarm_coordination.recording.start import controller_from, coordinator_from
from swarm_coordination.views import (
    FormationTarget,
    Liveness,
    Mode,
    NeighborState,
    NeighborTable,
    Pose,
)


class Replayed(NamedTuple):
    """
    What a replay found; ``difference`` is 0 or the number of the first call that differs.

    ``cut`` says that the recording ended before its robot, and why; empty: it did not.
    """

    robot: str
    part: str
    calls: int
    compared: int
    difference: int
    call: str
    cut: str = ''


def replay(path: Path, *, other_code: bool = False) -> Replayed:
    """Replay a recording; raises ConfigurationError where it cannot be the same by right."""
    calls = read_calls(path)
    start = next(calls, None)
    if start is None or start.get('call') != 'start' or start.get('format') != FORMAT:
        raise ConfigurationError(
            'command line', 'recording', str(path), f'a recording of calls, format {FORMAT}'
        )
    _check(path, start, other_code)
    perform = _PARTS[start['part']](start)
    number = compared = 0
    for number, call in enumerate(calls, start=1):
        if call['call'] == CUT:
            cut = f"{call['lost']} calls at its end were not recorded: {call['why']}"
            return Replayed(start['robot'], start['part'], number - 1, compared, 0, '', cut)
        answer = perform(call)
        if 'digest' in call:
            compared += 1
            if digest(answer) != call['digest']:
                return Replayed(
                    start['robot'], start['part'], number, compared, number, call['call']
                )
    return Replayed(start['robot'], start['part'], number, compared, 0, '')


def _check(path: Path, start: dict[str, Any], other_code: bool) -> None:
    here = environment()
    for name, value in start['environment'].items():
        if here.get(name) != value:
            raise ConfigurationError(
                str(path), f'environment.{name}', value, f'{here.get(name)!r}, as it is here'
            )
    if start['code'] != code() and not other_code:
        raise ConfigurationError(
            str(path), 'code', start['code'], f'{code()}, the code here (or --other-code)'
        )


def _coordinator(start: dict[str, Any]) -> Callable[[dict[str, Any]], object]:
    core = coordinator_from(start)

    def perform(call: dict[str, Any]) -> object:
        kind, now = call['call'], call['now']
        if kind == 'poll':
            return core.poll()
        if kind == 'receive':
            core.receive(base64.b64decode(call['data']), now)
        elif kind == 'observe':
            x, y, z = call['velocity']
            core.observe(Pose(*call['pose']), (x, y, z), now)
        elif kind == 'propose':
            try:
                core.propose(call['command'], now, call.get('request', ''))
            except (CommandError, ProposalRefused):
                pass  # as it was then: what it left behind shows in the next output
        elif kind == 'stop':
            core.stop(call['level'], now)
        elif kind == 'battery':
            core.battery(call['charge'])
        elif kind == 'persisted':
            core.persisted(call['token'], now)
        elif kind == 'tick':
            core.tick(now)
        else:
            raise _unknown(kind)
        return None

    return perform


def _controller(start: dict[str, Any]) -> Callable[[dict[str, Any]], object]:
    core = controller_from(start)

    def perform(call: dict[str, Any]) -> object:
        kind, now = call['call'], call['now']
        if kind == 'update':
            return core.update(now)
        if kind == 'observe':
            x, y, z = call['velocity']
            return core.observe(Pose(*call['pose']), (x, y, z), now)
        if kind == 'table':
            return core.table(_table(call['table']), now)
        if kind == 'target':
            return core.target(_target(call['target']), now)
        if kind == 'adjust':
            core.adjust(ControlSettings(**call['settings']))
            return None
        raise _unknown(kind)

    return perform


_PARTS = {'coordinator': _coordinator, 'controller': _controller}


def _unknown(kind: str) -> ConfigurationError:
    return ConfigurationError('recording', 'call', kind, 'a call of this format')


def _table(values: list[Any]) -> NeighborTable:
    stamp, robot, epoch, rows = values
    return NeighborTable(stamp, robot, epoch, tuple(map(_row, rows)))


def _row(values: list[Any]) -> NeighborState:
    row: Any = NeighborState(*values)
    made: NeighborState = row._replace(
        position=tuple(row.position), velocity=tuple(row.velocity),
        liveness=Liveness(row.liveness), links=tuple(row.links), slot=_point(row.slot),
        goal=_point(row.goal),
    )
    return made


def _target(values: list[Any]) -> FormationTarget:
    target: Any = FormationTarget(*values)
    made: FormationTarget = target._replace(
        mode=Mode(target.mode), position=tuple(target.position),
        velocity=tuple(target.velocity), goal=_point(target.goal),
    )
    return made


def _point(value: list[float] | None) -> tuple[float, float, float] | None:
    return None if value is None else (value[0], value[1], value[2])
