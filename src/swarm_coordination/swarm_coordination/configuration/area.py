# SPDX-License-Identifier: Apache-2.0
"""
Obstacles, keep-out and stay-in zones and altitude limits: the section ``area`` of a file.

    area:
      obstacles:
        - {name: shed, shape: box, x_m: 4.0, y_m: 1.0, size_x_m: 2.0, size_y_m: 3.0, yaw_rad: 0.3}
        - {name: mast, shape: cylinder, x_m: -3.0, y_m: 0.0, radius_m: 0.4, high_m: 8.0}
      keep_out: [{name: crowd, corners: [[0, 9], [6, 9], [3, 12]]}]
      stay_in: [[-20, -20], [20, -20], [20, 20], [-20, 20]]
      altitude: {low_m: 0.0, high_m: 12.0}
"""

from __future__ import annotations

from collections.abc import Mapping
import math

from swarm_coordination.area.convex import counter_clockwise
from swarm_coordination.area.shapes import (
    Area,
    box,
    Corner,
    cylinder,
    HIGHEST_M,
    LOWEST_M,
    Piece,
    polygon,
)
from swarm_coordination.area.standing import objection
from swarm_coordination.configuration.section import Section
from swarm_coordination.control.settings import ControlSettings
from swarm_coordination.errors import ConfigurationError
from swarm_coordination.views import Pose

# A controller looks at every piece in every period; a map of more is one for a planner.
OBSTACLES_MAX, CORNERS_MAX = 64, 32
PLACE_MAX_M = 100_000.0
# Smaller than this is no obstacle but a misprint (m).
SIZE_MIN_M = 0.01
NAME_CHARS_MAX = 32
SHAPES = {
    'box': ('x_m', 'y_m', 'size_x_m', 'size_y_m', 'yaw_rad'),
    'cylinder': ('x_m', 'y_m', 'radius_m'),
    'polygon': ('corners',),
}
_HEIGHTS = ('low_m', 'high_m')


def read_area(file: Section, key: str = 'area') -> Area:
    """Return the area in the mapping ``key`` of a file; raises ConfigurationError."""
    section = file.section(key, ('obstacles', 'keep_out', 'stay_in', 'altitude'))
    known = ('name', 'shape', *_HEIGHTS, *(name for names in SHAPES.values() for name in names))
    pieces: list[Piece] = []
    for one in section.sections('obstacles', 0, OBSTACLES_MAX, known):
        pieces += _obstacle(one)
    for one in section.sections('keep_out', 0, OBSTACLES_MAX, ('name', 'corners', *_HEIGHTS)):
        pieces += _polygon(one)
    zone = counter_clockwise(_simple(section, 'stay_in')) if 'stay_in' in section else ()
    low, high = _heights(section.section('altitude', _HEIGHTS))
    if len(pieces) > OBSTACLES_MAX:
        raise section.error('obstacles', f'at most {OBSTACLES_MAX} convex pieces in all')
    return Area(tuple(pieces), zone, low, high)


def check_area(
    area: Area, source: str, robots: Mapping[str, tuple[Pose, ControlSettings]]
) -> None:
    """Check that robots start clear of everything; raises ConfigurationError."""
    for name, (pose, control) in robots.items():
        bound = objection(area, pose.x, pose.y, pose.z, control.obstacle_clear_m)
        if bound:
            raise ConfigurationError(source, f'robots.{name}.start', tuple(pose), bound)


def _obstacle(one: Section) -> tuple[Piece, ...]:
    shape = one.choice('shape', SHAPES)
    one.only(('name', 'shape', *_HEIGHTS, *SHAPES[shape]))
    if shape == 'polygon':
        return _polygon(one)
    low, high = _heights(one)
    name = one.text('name', NAME_CHARS_MAX, shape)
    center = (
        one.number('x_m', -PLACE_MAX_M, PLACE_MAX_M, 'm'),
        one.number('y_m', -PLACE_MAX_M, PLACE_MAX_M, 'm'),
    )
    if shape == 'cylinder':
        radius = one.number('radius_m', SIZE_MIN_M, PLACE_MAX_M, 'm')
        return (cylinder(center, radius, low, high, name),)
    size = (
        one.number('size_x_m', SIZE_MIN_M, PLACE_MAX_M, 'm'),
        one.number('size_y_m', SIZE_MIN_M, PLACE_MAX_M, 'm'),
    )
    yaw = one.number('yaw_rad', -math.pi, math.pi, 'rad', 0.0)
    return (box(center, size, yaw, low, high, name),)


def _polygon(one: Section) -> tuple[Piece, ...]:
    low, high = _heights(one)
    name, corners = one.text('name', NAME_CHARS_MAX, 'polygon'), _simple(one, 'corners')
    try:
        return polygon(corners, low, high, name)
    except ValueError as error:
        raise one.error('corners', str(error)) from error


def _simple(section: Section, key: str) -> list[Corner]:
    """Return the corners of a simple polygon."""
    corners: list[Corner] = []
    for item in section.items(key, 3, CORNERS_MAX):
        if not isinstance(item, list) or len(item) != 2:
            raise section.error(key, 'a list of corners, [x, y] in metres each')
        x, y = (section.as_number(key, value, -PLACE_MAX_M, PLACE_MAX_M, 'm') for value in item)
        corners.append((x, y))
    try:
        counter_clockwise(corners)
    except ValueError as error:
        raise section.error(key, str(error)) from error
    return corners


def _heights(section: Section) -> tuple[float, float]:
    low = section.number('low_m', -PLACE_MAX_M, PLACE_MAX_M, 'm', LOWEST_M) \
        if 'low_m' in section else LOWEST_M
    high = section.number('high_m', -PLACE_MAX_M, PLACE_MAX_M, 'm', HIGHEST_M) \
        if 'high_m' in section else HIGHEST_M
    if not low < high:
        raise section.error('high_m', f'above low_m = {low:g} m')
    return low, high
