# SPDX-License-Identifier: Apache-2.0
"""
The worlds of sim/worlds, and the one source that Gazebo and the robots know a world by.

A world is a ground and an area, written as in a swarm file. For a run its obstacles are added to
those of the swarm file (and the scenario): robots read the result, Gazebo is built of it
(``gazebo.built``). So a robot never meets a wall that it was not told of.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
import json
from pathlib import Path
from typing import Any

from swarm_coordination.area.shapes import Area
from swarm_coordination.configuration import overlaid, read_swarm, RobotConfiguration
from swarm_coordination.configuration.area import read_area
from swarm_coordination.configuration.documents import load_document
from swarm_coordination.configuration.section import Section
from swarm_coordination.errors import ConfigurationError
from swarm_coordination.gazebo.models import flight_height, sim_folder, SPEED_MAX_MPS
from swarm_coordination.live.run_folder import run_folder
import yaml

# Side of the ground: more is no local map frame, less no place for a swarm.
GROUND_MIN_M, GROUND_MAX_M = 10.0, 10_000.0


@dataclass(frozen=True, slots=True)
class World:
    """A world of sim/worlds: side of its ground (m), obstacles as its file has them."""

    name: str
    source: str
    ground_m: float
    obstacles: tuple[Mapping[str, Any], ...]


def worlds() -> tuple[str, ...]:
    """Return the names of the worlds there are."""
    return tuple(sorted(path.stem for path in (sim_folder() / 'worlds').glob('*.yaml')))


def load_world(name: str) -> World:
    """Return a world by its name; raises ConfigurationError."""
    if name not in worlds():
        raise ConfigurationError('launch', 'gazebo_world', name, 'one of ' + ', '.join(worlds()))
    path = sim_folder() / 'worlds' / f'{name}.yaml'
    return read_world(load_document(path), name, str(path))


def read_world(document: object, name: str, source: str) -> World:
    """Return the world in a parsed document; raises ConfigurationError."""
    top = Section(source, '', document, ('ground_m', 'area'))
    ground = top.number('ground_m', GROUND_MIN_M, GROUND_MAX_M, 'm')
    area = top.section('area', ('obstacles',))
    read_area(top)
    return World(name, source, ground, tuple(area.get('obstacles', ())))


def in_world(
    source: str, scenario: Mapping[str, Any], world: World | None, robots: int | None = None
) -> dict[str, Any]:
    """
    Return the document of a swarm file with what a scenario sets, and a world's obstacles.

    Of the first ``robots`` alone: where the others would stand does not matter to this run. Each
    obstacle stands there once, however often it is added. Raises ConfigurationError where a file
    is wrong or a robot would start in an obstacle.
    """
    document = overlaid(source, scenario)
    if document == overlaid(source, {}) and (world is None or not world.obstacles):
        return document
    if robots is not None and isinstance(document.get('robots'), Mapping):
        document['robots'] = dict(islice(document['robots'].items(), max(1, robots)))
    if world is not None and world.obstacles:
        area = dict(document.get('area') or {})
        there = list(area.get('obstacles') or [])
        there += [one for one in world.obstacles if one not in there]
        document['area'] = {**area, 'obstacles': there}
    read_swarm(document, source)
    return document


def check_scenario(source: str, scenario: Mapping[str, Any], world: World) -> None:
    """
    Raise ConfigurationError where a scenario's own obstacles would hide the world's.

    A list in a scenario takes the place of the swarm file's, which the world's were added to.
    """
    if world.obstacles and 'obstacles' in (scenario.get('area') or {}):
        raise ConfigurationError(
            'launch', 'gazebo_world', world.name,
            f'open_field: {source} has obstacles of its own',
        )


def swarm_file_in(
    source: str,
    scenario: Mapping[str, Any],
    world: World | None = None,
    robots: int | None = None,
) -> str:
    """
    Return the swarm file that the first ``robots`` of a run read.

    The file itself where scenario and world add nothing to it, else one that lasts as long as
    this process. Raises ConfigurationError.
    """
    document = in_world(source, scenario, world, robots)
    if document == overlaid(source, {}):
        return source
    path = run_folder('swarm_file_') / 'swarm.yaml'
    # Through JSON: tuples become lists, which is all that a swarm file has.
    plain = json.loads(json.dumps(document))
    path.write_text(yaml.safe_dump(plain, sort_keys=False), encoding='utf-8')
    return str(path)


def solid_and_marked(source: str) -> tuple[Area, Area]:
    """
    Return what stands in the way of a body, and what only robots heed, of a swarm file.

    Obstacles are solid; zones to keep out of or to stay in are marks on the ground.
    """
    document = load_document(Path(source))
    area = dict(document.get('area') or {})
    solid = {'obstacles': area.pop('obstacles', [])}
    return (
        read_area(Section(source, '', {'area': solid}, ('area',))),
        read_area(Section(source, '', {'area': area}, ('area',))),
    )


def check_robots(source: str, robots: tuple[RobotConfiguration, ...]) -> None:
    """
    Raise ConfigurationError where a model cannot do what its robot is set to.

    A base that keeps a height outside the altitude limits; a speed that its model lags behind.
    """
    for robot in robots:
        fastest, speed = SPEED_MAX_MPS.get(robot.kind), robot.settings.control.speed_max_mps
        if fastest is not None and speed > fastest:
            raise ConfigurationError(
                source, 'control.speed_max_mps', speed,
                f'at most {fastest:g} m/s in Gazebo with {robot.name}, a {robot.kind}',
            )
        height, area = flight_height(robot), robot.settings.area
        if height is not None and not area.low_m <= height <= area.high_m:
            raise ConfigurationError(
                source, 'area.altitude', (area.low_m, area.high_m),
                f'with {height:g} m in it, the height that {robot.name} keeps in Gazebo',
            )
