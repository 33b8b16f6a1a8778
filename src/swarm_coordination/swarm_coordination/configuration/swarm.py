# SPDX-License-Identifier: Apache-2.0
"""
The swarm file: which robots there are, where they start and how each is set.

Sections ``all``, ``area`` (``configuration.area``), ``robot_types`` and ``robots``; a field of a
robot goes before the same field of its type, and that before the one of ``all`` (the layout of
crazyswarm2's crazyflies.yaml).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
import math
from pathlib import Path
import re
from typing import Any

from swarm_coordination.area.shapes import Area
from swarm_coordination.configuration.area import check_area, read_area
from swarm_coordination.configuration.documents import load_document
from swarm_coordination.configuration.groups import build_settings, GROUPS, with_area
from swarm_coordination.configuration.relations import (
    check_relations,
    check_starts,
    check_turning,
)
from swarm_coordination.configuration.section import Section
from swarm_coordination.errors import ConfigurationError
from swarm_coordination.robot.settings import RobotSettings
from swarm_coordination.views import Pose

# As many rows as a robot's table holds by default (mesh.robots_max), itself included.
ROBOTS_MAX = 64
# REP-144: lower-case letters, digits and single underscores, a letter first, two at least.
NAME = re.compile(r'[a-z][a-z0-9]*(_[a-z0-9]+)*')
NAME_CHARS_MAX = 32
# How a robot moves: in any direction; along its heading only (``control.unicycle``); in any
# direction at its height.
KINDS = ('holonomic', 'differential', 'quadrotor')
# Any start beyond is no local map frame (bounds.COORDINATE_MAX_MM).
START_MAX_M = 100_000.0


@dataclass(frozen=True, slots=True)
class RobotConfiguration:
    """One robot of the swarm file; ``start`` in ``map``, metres and radians."""

    name: str
    robot_type: str
    kind: str
    start: Pose
    settings: RobotSettings


@dataclass(frozen=True, slots=True)
class SwarmFile:
    """A checked swarm file; ``robots`` in the order of the file."""

    source: str
    robots: tuple[RobotConfiguration, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all robots, in order."""
        return tuple(robot.name for robot in self.robots)

    @property
    def config_hash(self) -> int:
        """Hash of the shared settings: the same for every robot of the file."""
        return self.robots[0].settings.config_hash

    @property
    def area(self) -> Area:
        """Obstacles, zones and altitude limits: the same for every robot of the file."""
        return self.robots[0].settings.area

    def within(self, area: Area, source: str) -> SwarmFile:
        """
        Return the swarm in another area; raises ConfigurationError where a start is not clear.

        ``source``: the file that the area is of.
        """
        robots = tuple(
            replace(robot, settings=with_area(robot.settings, area)) for robot in self.robots
        )
        check_area(area, source, {r.name: (r.start, r.settings.control) for r in robots})
        return replace(self, robots=robots)

    def robot(self, name: str) -> RobotConfiguration:
        """Return the robot of that name; raises ConfigurationError."""
        for robot in self.robots:
            if robot.name == name:
                return robot
        raise ConfigurationError(self.source, 'robots', name, 'one of ' + ', '.join(self.names))

    def first(self, count: int) -> SwarmFile:
        """
        Return the swarm of the first ``count`` robots.

        Raises ConfigurationError where the file has fewer, or where these robots alone would
        start out of radio contact with each other.
        """
        if not 1 <= count <= len(self.robots):
            raise ConfigurationError(
                self.source, 'robots', count, f'1 to {len(self.robots)} robots'
            )
        robots = self.robots[:count]
        check_starts(self.source, {r.name: (r.start, r.settings) for r in robots})
        return replace(self, robots=robots)


def load_swarm(path: str | Path) -> SwarmFile:
    """Return the swarm in a YAML file; raises ConfigurationError."""
    return read_swarm(load_document(Path(path)), str(path))


def overlaid(source: str, changes: Mapping[str, Any]) -> dict[str, Any]:
    """
    Return the document of a swarm file with what ``changes`` set in it, mapping by mapping.

    Raises ConfigurationError where the file is not a mapping.
    """
    document = load_document(Path(source))
    if not isinstance(document, Mapping):
        raise ConfigurationError(source, '', document, 'a mapping')
    return _over(document, changes)


def _over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(below)
    for key, value in above.items():
        under = found.get(key)
        if isinstance(under, Mapping) and isinstance(value, Mapping):
            found[key] = _over(under, value)
        else:
            found[key] = value
    return found


def read_swarm(document: object, source: str) -> SwarmFile:
    """Return the swarm in a parsed document; raises ConfigurationError."""
    top = Section(source, '', document, ('all', 'area', 'robot_types', 'robots'))
    area = read_area(top)
    everyone = top.section('all', GROUPS)
    types = top.section('robot_types')
    robots = top.section('robots')
    if not 1 <= len(robots.names) <= ROBOTS_MAX:
        raise ConfigurationError(source, 'robots', len(robots.names), f'1 to {ROBOTS_MAX} robots')
    if not types.names:
        raise top.error('robot_types', 'at least one type of robot')
    for name in types.names:
        _read_robot_type(everyone, types, name)
    found = tuple(_read_robot(everyone, types, robots, name) for name in robots.names)
    check_starts(source, {robot.name: (robot.start, robot.settings) for robot in found})
    swarm = SwarmFile(source, found)
    return swarm if area.empty else swarm.within(area, source)


def _read_robot_type(everyone: Section, types: Section, name: str) -> Section:
    """Return a type's section, its settings checked even where no robot is of it."""
    section = types.section(name, ('kind', *GROUPS))
    section.choice('kind', KINDS)
    build_settings((everyone, section))
    return section


def _read_robot(
    everyone: Section, types: Section, robots: Section, name: str
) -> RobotConfiguration:
    if len(name) < 2 or len(name) > NAME_CHARS_MAX or NAME.fullmatch(name) is None:
        raise ConfigurationError(
            robots.source,
            robots.path(name),
            name,
            f'a name of 2 to {NAME_CHARS_MAX} lower-case letters, digits and single underscores, '
            'a letter first (REP-144)',
        )
    section = robots.section(name, ('type', 'start', *GROUPS))
    kind = section.choice('type', types.names)
    of_type = types.section(kind)
    settings = build_settings((everyone, of_type, section))
    check_relations(settings, len(robots.names), robots.source, section.field)
    moves = of_type.choice('kind', KINDS)
    check_turning(moves, settings.control, robots.source, f'{section.field}.control.')
    return RobotConfiguration(name, kind, moves, _read_start(section), settings)


def _read_start(robot: Section) -> Pose:
    start = robot.section('start', ('x_m', 'y_m', 'z_m', 'yaw_rad'))
    return Pose(
        start.number('x_m', -START_MAX_M, START_MAX_M, 'm'),
        start.number('y_m', -START_MAX_M, START_MAX_M, 'm'),
        start.number('z_m', -START_MAX_M, START_MAX_M, 'm', 0.0),
        start.number('yaw_rad', -math.pi, math.pi, 'rad', 0.0),
    )
