# SPDX-License-Identifier: Apache-2.0
"""
Parameters of the nodes, declared from the settings dataclasses and turned back into them.

``swarm_file``, ``robot_name`` and ``storage_dir`` are enough to start a node: everything else
comes from the swarm file and may be overridden one by one (``mesh.beacon_period_s`` and so on).
All are read-only: the values are in force, with their description, unit and range, from start
to end. A wrong one raises ConfigurationError before the node has published anything.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_type_hints, TypeVar

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor
from rclpy.parameter import Parameter
from swarm_coordination.configuration import find_swarm_file, load_swarm, RobotConfiguration
from swarm_coordination.configuration.groups import config_hash, GROUPS
from swarm_coordination.configuration.relations import check_relations
from swarm_coordination.errors import ConfigurationError
from swarm_coordination.settings import check_value, declared, Setting, setting

SOURCE = 'parameter'
T = TypeVar('T')
_WORDS = {float: 'a number', int: 'a whole number', bool: 'true or false', str: 'text'}
# Declared by rclpy itself.
_FOREIGN = ('use_sim_time', 'start_type_description_service')


@dataclass(frozen=True, slots=True)
class CoordinatorOptions:
    """What only the coordinator node is told."""

    radio_filter: bool = setting(
        False, '', None, None, 'simulation: draw reception by /swarm/radio; false on real robots'
    )
    radio_timeout_s: float = setting(
        1.0, 's', 0.1, 60.0, 'with radio_filter: nothing is heard by a radio state older than this'
    )
    radio_seed: int = setting(1, '', 0, 2**31 - 1, 'with radio_filter: seed of the draws')
    status_period_s: float = setting(
        0.1, 's', 0.02, 10.0, 'time between two status messages; sooner when something happens'
    )
    marker_period_s: float = setting(0.5, 's', 0.05, 60.0, 'time between two marker arrays')
    propose_timeout_s: float = setting(
        5.0, 's', 0.1, 60.0, 'a command not on disk by then is answered with an unknown outcome'
    )


@dataclass(frozen=True, slots=True)
class ControllerOptions:
    """What only the formation controller node is told."""

    cmd_vel_stamped: bool = setting(
        False, '', None, None, 'publish TwistStamped on cmd_vel instead of Twist'
    )
    diagnostics_period_s: float = setting(
        1.0, 's', 0.1, 60.0, 'time between two diagnostic messages'
    )


@dataclass(frozen=True, slots=True)
class WorldOptions:
    """What the embedded world is told."""

    robots: int = setting(
        0, 'robots', 0, 64, 'as many of the swarm file, from the first; 0 takes all'
    )
    seed: int = setting(1, '', 0, 2**31 - 1, 'seed of the localisation noise')
    odom_period_s: float = setting(0.05, 's', 0.005, 1.0, 'time between two odometry messages')
    radio_period_s: float = setting(0.1, 's', 0.01, 1.0, 'time between two radio states')
    world_period_s: float = setting(0.05, 's', 0.01, 1.0, 'time between two world states')


# What a file for all nodes (`/**:`) may hold beside the world's own parameters.
OF_ROBOTS = (
    'robot_name',
    'storage_dir',
    *(f'{group}.' for group in GROUPS),
    *declared(CoordinatorOptions),
    *declared(ControllerOptions),
)


class Overrides:
    """
    The values given to a node, each read once.

    The node has declared them all as they came (``automatically_declare_parameters_from_
    overrides``); here they are checked and declared again, with descriptor and read-only.
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
        value: Any = default if given is None else given.value
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if type(value) is not kind:
            raise ConfigurationError(SOURCE, name, value, _WORDS[kind])
        check_value(value, declaration, SOURCE, name)
        self._node.declare_parameter(
            name, value, _descriptor(kind, declaration), ignore_override=True
        )
        return value

    def text(self, name: str, default: str, description: str) -> str:
        """Return a text parameter."""
        declaration = Setting('', None, None, description, (), False)
        return str(self.take(name, default, str, declaration))

    def group(self, settings: T, prefix: str) -> T:
        """Return ``settings`` with the overrides below ``prefix``; raises ConfigurationError."""
        types = get_type_hints(type(settings))
        values = {
            field: self.take(prefix + field, getattr(settings, field), types[field], declaration)
            for field, declaration in declared(settings).items()
        }
        try:
            return replace(settings, **values)  # type: ignore[type-var]
        except ConfigurationError as error:  # the fields contradict each other
            raise ConfigurationError(
                SOURCE, prefix + error.field, error.value, error.bound
            ) from error

    def done(self, ignored: tuple[str, ...] = ()) -> None:
        """Refuse what nobody asked for: mostly misspelt; ``ignored`` are prefixes of others'."""
        for name, parameter in self._given.items():
            if not name.startswith(ignored):
                raise ConfigurationError(
                    SOURCE, name, parameter.value, 'no parameter of this node: see ros2 param list'
                )


def read_swarm_file(overrides: Overrides) -> str:
    """Return the path of the swarm file: the parameter, or the one that comes with us."""
    wanted = overrides.text('swarm_file', '', 'path of the swarm file; empty: the one installed')
    return str(find_swarm_file(wanted or None))


def read_robot(node: Any, overrides: Overrides) -> tuple[RobotConfiguration, Path]:
    """
    Return the robot of this node, its settings overridden by parameters, and its storage.

    ``robot_name`` is by default the last part of the namespace. Raises ConfigurationError.
    """
    namespace = node.get_namespace().strip('/').rsplit('/', 1)[-1]
    source = read_swarm_file(overrides)
    name = overrides.text('robot_name', namespace, "the robot's name in the swarm file")
    storage = overrides.text('storage_dir', '', "folder of the robot's provisioned storage")
    if not storage:
        raise ConfigurationError(SOURCE, 'storage_dir', storage, 'a provisioned folder')
    robot = load_swarm(source).robot(name)
    groups = {}
    for group, (_, check_group) in GROUPS.items():
        settings = overrides.group(getattr(robot.settings, group), f'{group}.')
        check_group(settings, SOURCE, f'{group}.')
        groups[group] = settings
    settings = replace(robot.settings, **groups, config_hash=config_hash(groups))
    check_relations(settings, SOURCE, name)
    return replace(robot, settings=settings), Path(storage)


def _descriptor(kind: type, declaration: Setting) -> ParameterDescriptor:
    unit = f' [{declaration.unit}]' if declaration.unit else ''
    descriptor = ParameterDescriptor(
        description=declaration.description + unit,
        read_only=True,
        additional_constraints=', '.join(declaration.choices),
    )
    low, high = declaration.low, declaration.high
    if low is None or high is None:
        return descriptor
    if kind is float:
        descriptor.floating_point_range = [
            FloatingPointRange(from_value=float(low), to_value=float(high))
        ]
    elif kind is int:
        descriptor.integer_range = [
            IntegerRange(from_value=int(low), to_value=int(high), step=1)
        ]
    return descriptor
