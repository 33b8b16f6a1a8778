# SPDX-License-Identifier: Apache-2.0
"""
docs/parameters.md, made of the declarations that the nodes declare their parameters from.

``python -m swarm_coordination.ros.parameter_docs`` prints it (``make docs`` writes it); a test
compares. Free of ROS, so that both run anywhere.
"""

from __future__ import annotations

from collections.abc import Iterable
import sys
from typing import Any, get_type_hints

from swarm_coordination.configuration.groups import GROUPS
from swarm_coordination.ros.options import (
    ControllerOptions,
    CoordinatorOptions,
    CrazyflieOptions,
    GazeboOptions,
    HealthOptions,
    LocalisationOptions,
    Px4Options,
    RecordOptions,
    RobotPlace,
    StationOptions,
    WorldOptions,
)
from swarm_coordination.settings import declared, Setting
from swarm_coordination.vehicles.safety import SafetyOptions

_INTRODUCTION = """\
# Parameters

Made of the declarations in the code by `make docs`; `ros2 param describe NODE NAME` says the
same. Every parameter is checked when the node starts: a wrong one ends the process with status 2
and a line that names parameter, value and bound. *Live* ones may be changed while the node runs
(`ros2 param set`), checked in the same way, against each other too
([consensus.md](consensus.md), section 7); all others are read-only.
*Shared* ones have to be equal on all robots of a swarm: a robot with another value is avoided,
nothing more. `use_sim_time` is ROS's own and is chosen at the start.

`swarm_file`, `robot_name` and `storage_dir` are enough to start a robot's nodes. Defaults of
`mesh.*`, `consensus.*`, `control.*`, `mission.*` and `membership.*` are the code's; a field of the
swarm file goes before them, a parameter before both.
"""

_WORDS = {float: 'number', int: 'whole number', bool: 'flag', str: 'text'}
_LIMITS = (
    "The coordinator's `fence_*` and `battery_*` are taken, too: `/diagnostics` warns where "
    '`battery_leave` is set and no charge is heard.'
)
# Heading, words below it, (prefix, declarations); live fields are so in the node that runs them.
_SECTIONS: tuple[tuple[str, str, tuple[tuple[str, Any], ...]], ...] = (
    (
        'Both nodes of a robot', 'Nodes `coordinator` and `formation_controller`.',
        (('', RobotPlace), ('', LocalisationOptions), ('', RecordOptions), ('', HealthOptions)),
    ),
    (
        'coordinator', 'Beside those of both.',
        (('', CoordinatorOptions), ('', SafetyOptions)),
    ),
    ('formation_controller', 'Beside those of both.', (('', ControllerOptions),)),
    ('world', 'The embedded world.', (('', WorldOptions),)),
    (
        'px4_adapter', f'A quadrotor flown by PX4. {_LIMITS}',
        (('', Px4Options), ('', ControllerOptions), ('', HealthOptions)),
    ),
    (
        'crazyflie_adapter', f'A robot of Crazyswarm2. {_LIMITS}',
        (('', CrazyflieOptions), ('', ControllerOptions), ('', HealthOptions)),
    ),
    ('gazebo_world', 'Radio and ground truth in Gazebo.', (('', GazeboOptions),)),
    ('ground_station', 'Markers and metrics.', (('', StationOptions),)),
    *(
        (
            f'{name}.*',
            'Settings of the swarm file, for both nodes of a robot'
            + ('; live in `formation_controller`.' if name == 'control' else '.'),
            ((f'{name}.', group.settings),),
        )
        for name, group in GROUPS.items()
    ),
)


def document() -> str:
    """Return the text of docs/parameters.md."""
    parts = [_INTRODUCTION]
    for heading, words, groups in _SECTIONS:
        parts.append(f'## {heading}\n\n{words}\n')
        rows = [row for prefix, settings in groups for row in _rows(prefix, settings)]
        parts.append(_table(rows))
    return '\n'.join(parts)


def _rows(prefix: str, settings: Any) -> Iterable[tuple[str, ...]]:
    types, defaults = get_type_hints(settings), settings()
    for field, declaration in declared(settings).items():
        value = getattr(defaults, field)
        yield (
            f'`{prefix}{field}`',
            _WORDS[types[field]],
            f'`{str(value).lower() if isinstance(value, bool) else value}`' if value != '' else '',
            declaration.unit,
            _range(declaration),
            ', '.join(word for word in ('live', 'shared') if getattr(declaration, word)),
            declaration.description,
        )


def _range(declaration: Setting) -> str:
    if declaration.choices:
        return ', '.join(declaration.choices)
    if declaration.low is None or declaration.high is None:
        return ''
    return f'{declaration.low:.10g} to {declaration.high:.10g}'


def _table(rows: Iterable[tuple[str, ...]]) -> str:
    head = ('parameter', 'type', 'default', 'unit', 'range', '', 'what')
    lines = [head, ('---',) * len(head), *rows]
    return ''.join('| ' + ' | '.join(cells) + ' |\n' for cells in lines)


if __name__ == '__main__':
    sys.stdout.write(document())
