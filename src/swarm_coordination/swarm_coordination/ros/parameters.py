# SPDX-License-Identifier: Apache-2.0
"""
Parameters of the nodes, declared from the settings dataclasses and turned back into them.

``swarm_file``, ``robot_name`` and ``storage_dir`` are enough to start a node: everything else
comes from the swarm file and may be overridden one by one (``mesh.beacon_period_s`` and so on).
Each carries its description, unit and range. A wrong one raises ConfigurationError before the
node has published anything. Those declared ``live`` may be changed while the node runs
(``live_parameters``); the others are read-only from start to end.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, get_type_hints, TypeVar

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor
from rclpy.parameter import Parameter
from swarm_coordination.configuration import find_swarm_file, load_swarm, RobotConfiguration
from swarm_coordination.configuration.groups import config_hash, GROUPS
from swarm_coordination.configuration.relations import check_relations, check_turning
from swarm_coordination.errors import ConfigurationError
from swarm_coordination.ros.options import (
    ControllerOptions,
    CoordinatorOptions,
    HealthOptions,
    LocalisationOptions,
    RecordOptions,
    RobotPlace,
)
from swarm_coordination.settings import check_value, declared, Setting
from swarm_coordination.vehicles.safety import SafetyOptions

SOURCE = 'parameter'
T = TypeVar('T')
_WORDS = {float: 'a number', int: 'a whole number', bool: 'true or false', str: 'text'}
# Declared by rclpy itself.
_FOREIGN = ('use_sim_time', 'start_type_description_service')

# What a file for all nodes (`/**:`) may hold beside the world's own parameters.
OF_ROBOTS = (
    'robot_name',
    'storage_dir',
    *(f'{group}.' for group in GROUPS),
    *declared(CoordinatorOptions),
    *declared(ControllerOptions),
    *declared(HealthOptions),
    *declared(LocalisationOptions),
    *declared(RecordOptions),
    *declared(SafetyOptions),
)


class Overrides:
    """
    The values given to a node, each read once.

    The node has declared them all as they came (``automatically_declare_parameters_from_
    overrides``); here they are checked and declared again, with their descriptor.
    """

    def __init__(self, node: Any) -> None:
        self._node = node
        self._given: dict[str, Parameter] = {
            name: parameter
            for name, parameter in node.get_parameters_by_prefix('').items()
            if name not in _FOREIGN and not name.startswith('qos_overrides.')
        }
        for name in self._given:
            node.undeclare_parameter(name)

    def take(self, name: str, default: Any, kind: type, declaration: Setting) -> Any:
        """Return the value of a parameter, declared; raises ConfigurationError."""
        given = self._given.pop(name, None)
        value = checked(name, default if given is None else given.value, kind, declaration)
        self._node.declare_parameter(
            name, value, descriptor(kind, declaration), ignore_override=True
        )
        return value

    def group(self, settings: T, prefix: str, *, live: bool = True) -> T:
        """
        Return ``settings`` with the overrides below ``prefix``; raises ConfigurationError.

        ``live=False`` declares them all read-only: another node is the one that runs by them.
        """
        types = get_type_hints(type(settings))
        values = {
            field: self.take(
                prefix + field,
                getattr(settings, field),
                types[field],
                declaration if live else declaration._replace(live=False),
            )
            for field, declaration in declared(settings).items()
        }
        return with_values(settings, values, prefix)

    def done(self, ignored: tuple[str, ...] = ()) -> None:
        """Refuse what nobody asked for: mostly misspelt; ``ignored`` are prefixes of others'."""
        for name, parameter in self._given.items():
            if not name.startswith(ignored):
                raise ConfigurationError(
                    SOURCE, name, parameter.value, 'no parameter of this node: see ros2 param list'
                )


def checked(name: str, value: Any, kind: type, declaration: Setting) -> Any:
    """Return ``value`` in the type declared, within its bounds; raises ConfigurationError."""
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if type(value) is not kind:
        raise ConfigurationError(SOURCE, name, value, _WORDS[kind])
    check_value(value, declaration, SOURCE, name)
    return value


def with_values(settings: T, values: dict[str, Any], prefix: str) -> T:
    """Return ``settings`` with these values; raises ConfigurationError where they conflict."""
    try:
        return replace(settings, **values)  # type: ignore[type-var]
    except ConfigurationError as error:
        raise ConfigurationError(
            SOURCE, prefix + error.field, error.value, error.bound
        ) from error


def read_robot(
    node: Any, overrides: Overrides, runs: tuple[str, ...]
) -> tuple[RobotConfiguration, Path]:
    """
    Return the robot of this node, its settings overridden by parameters, and its storage.

    ``robot_name`` is by default the last part of the namespace; ``runs`` names the settings
    groups that this node runs by. Raises ConfigurationError.
    """
    namespace = node.get_namespace().strip('/').rsplit('/', 1)[-1]
    place = overrides.group(RobotPlace(robot_name=namespace), '')
    if not place.storage_dir:
        raise ConfigurationError(SOURCE, 'storage_dir', '', 'a provisioned folder')
    source = str(find_swarm_file(place.swarm_file or None))
    swarm = load_swarm(source)
    robot = swarm.robot(place.robot_name)
    groups = {}
    for group, (_, check_group) in GROUPS.items():
        settings = overrides.group(
            getattr(robot.settings, group), f'{group}.', live=group in runs
        )
        check_group(settings, SOURCE, f'{group}.')
        groups[group] = settings
    shared = config_hash(groups, robot.settings.area)
    settings = replace(robot.settings, **groups, config_hash=shared)
    check_relations(settings, len(swarm.robots), SOURCE, place.robot_name)
    check_turning(robot.kind, settings.control, SOURCE, 'control.')
    return replace(robot, settings=settings), Path(place.storage_dir)


def descriptor(kind: type, declaration: Setting) -> ParameterDescriptor:
    """Return what ``ros2 param describe`` shows of a setting."""
    unit = f' [{declaration.unit}]' if declaration.unit else ''
    made = ParameterDescriptor(
        description=declaration.description + unit,
        read_only=not declaration.live,
        additional_constraints=', '.join(declaration.choices),
    )
    low, high = declaration.low, declaration.high
    if low is None or high is None:
        return made
    if kind is float:
        made.floating_point_range = [
            FloatingPointRange(from_value=float(low), to_value=float(high))
        ]
    elif kind is int:
        made.integer_range = [IntegerRange(from_value=int(low), to_value=int(high), step=1)]
    return made
