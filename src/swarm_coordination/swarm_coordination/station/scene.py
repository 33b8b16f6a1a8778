# SPDX-License-Identifier: Apache-2.0
"""
A picture of the swarm as shapes: what rviz shows and what ``swarm snapshot`` draws, from one rule.

Every shape has a namespace and an id that stay its own as long as it exists: a robot's number in
the swarm file, or that of a pair. What is no longer in a scene has to be taken away by whoever
shows it (``ros.scene_markers``).
"""

from __future__ import annotations

import math

from swarm_coordination.station.area_shapes import area_shapes
from swarm_coordination.station.shapes import Colour, Kind, Shape
from swarm_coordination.station.watch import Picture, RobotSeen

# More than the robots of any swarm file: the id of a pair is first times this plus second.
PAIR_BASE = 256
_WHITE, _GREY = (1.0, 1.0, 1.0, 1.0), (0.6, 0.6, 0.6, 0.8)
_GOLD, _GHOST = (1.0, 0.75, 0.1, 1.0), (0.4, 0.9, 0.4, 0.4)
_OBSTACLE = (0.8, 0.2, 0.2, 0.5)
# Okabe and Ito: islands stay apart for colour-blind readers too.
_ISLANDS: tuple[Colour, ...] = (
    (0.0, 0.45, 0.70, 1.0), (0.84, 0.37, 0.0, 1.0), (0.0, 0.62, 0.45, 1.0),
    (0.80, 0.47, 0.65, 1.0), (0.90, 0.62, 0.0, 1.0), (0.34, 0.71, 0.91, 1.0),
)


def scene(picture: Picture) -> list[Shape]:
    """Return everything there is to see."""
    shapes: list[Shape] = []
    leaders = {robot.name for robot in picture.leaders()}
    islands = picture.islands()
    for index, island in enumerate(islands):
        colour = _ISLANDS[index % len(_ISLANDS)]
        for robot in island:
            if robot.pose is not None:
                shapes += _robot(robot, colour, robot.name in leaders)
        if len(islands) > 1:
            shapes += _island(index, len(islands), island, colour)
    for a, b in picture.links():
        if a.pose is not None and b.pose is not None:
            shapes.append(_link(a, b, picture.kept_range_m))
    return shapes + _obstacles(picture) + area_shapes(picture.area)


def _robot(robot: RobotSeen, colour: Colour, leads: bool) -> list[Shape]:
    assert robot.pose is not None
    at, number, status = robot.pose[:3], robot.number, robot.status
    above = (at[0], at[1], at[2] + 0.6)
    shapes = [
        Shape('robots', number, Kind.ARROW, (at,), 0.6, colour, yaw=robot.pose.yaw),
        Shape(
            'labels', number, Kind.TEXT, (above,), 0.35, _WHITE,
            f'{robot.name} {status.mode.name.lower()}\nterm {status.term} commit {status.commit}',
        ),
    ]
    if len(robot.trail) > 1:
        faint = (*colour[:3], 0.4)
        shapes.append(Shape('trails', number, Kind.LINES, robot.trail, 0.03, faint))
    if robot.slot is not None:
        shapes.append(Shape('slots', number, Kind.SPHERE, (robot.slot,), 0.3, _GHOST))
    if leads:
        crown = (at[0], at[1], at[2] + 0.3)
        shapes.append(Shape('leader', number, Kind.CYLINDER, (crown,), 0.35, _GOLD))
    return shapes


def _island(
    index: int, count: int, island: tuple[RobotSeen, ...], colour: Colour
) -> list[Shape]:
    at = [robot.pose for robot in island if robot.pose is not None]
    if not at:
        return []
    middle = (
        math.fsum(p.x for p in at) / len(at), math.fsum(p.y for p in at) / len(at),
        max(p.z for p in at) + 1.4,
    )
    text = f'island {index + 1} of {count}: {len(island)} robots'
    return [Shape('islands', index, Kind.TEXT, (middle,), 0.5, colour, text)]


def _link(a: RobotSeen, b: RobotSeen, kept_range_m: float) -> Shape:
    """Return a link: thick where either controller keeps it, its colour the margin left."""
    assert a.pose is not None
    assert b.pose is not None
    kept = b.name in a.kept or a.name in b.kept
    margin = 1.0 - math.dist(a.pose[:3], b.pose[:3]) / kept_range_m
    number = min(a.number, b.number) * PAIR_BASE + max(a.number, b.number)
    return Shape(
        'links', number, Kind.LINES, (a.pose[:3], b.pose[:3]), 0.08 if kept else 0.03,
        margin_colour(margin) if kept else (*margin_colour(margin)[:3], 0.5),
    )


def margin_colour(margin: float) -> Colour:
    """Return red at no margin, yellow at a quarter of the kept range, green from half on."""
    share = min(1.0, max(0.0, 2.0 * margin))
    return (min(1.0, 2.0 - 2.0 * share), min(1.0, 2.0 * share), 0.0, 1.0)


def _obstacles(picture: Picture) -> list[Shape]:
    """Return what the swarm avoids though it no longer speaks: robots given up by all who do."""
    alive = {name for robot in picture.robots for name in robot.status.alive}
    return [
        Shape('obstacles', robot.number, Kind.CYLINDER, (robot.pose[:3],), 1.2, _OBSTACLE)
        for robot in picture.robots
        if robot.pose is not None and robot.name not in alive
    ]
