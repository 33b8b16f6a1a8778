# SPDX-License-Identifier: Apache-2.0
"""Obstacles, keep-out and stay-in zones of the swarm file as shapes of a scene."""

from __future__ import annotations

import math

from swarm_coordination.area.shapes import Area, Corner, HIGHEST_M, LOWEST_M, Piece
from swarm_coordination.station.shapes import Colour, Kind, Point, Shape

_SOLID, _ZONE, _NAME = (0.85, 0.35, 0.3, 0.9), (0.95, 0.85, 0.3, 0.8), (1.0, 0.8, 0.75, 1.0)
_LINE_M, _LETTER_M = 0.1, 0.35


def area_shapes(area: Area) -> list[Shape]:
    """Return every piece as its outline, with its name, and the zone to stay in."""
    shapes: list[Shape] = []
    for number, piece in enumerate(area.obstacles):
        shapes += _piece(number, piece)
    if area.zone:
        shapes.append(_outline('zone', 0, _loop(area.zone, _ground(area.low_m)), _ZONE))
    return shapes


def _piece(number: int, piece: Piece) -> list[Shape]:
    low = _ground(piece.low_m)
    levels = [low] if piece.high_m >= HIGHEST_M else [low, piece.high_m]
    if len(piece.corners) == 1:
        ((x, y),) = piece.corners
        at = tuple((x, y, z) for z in levels)
        shapes = [
            Shape('area', 2 * number + k, Kind.CYLINDER, (point,), 2.0 * piece.radius_m, _SOLID)
            for k, point in enumerate(at)
        ]
    else:
        line = tuple(point for z in levels for point in _loop(piece.corners, z))
        shapes = [_outline('area', 2 * number, line, _SOLID)]
    if piece.name:
        x = math.fsum(x for x, _ in piece.corners) / len(piece.corners)
        y = math.fsum(y for _, y in piece.corners) / len(piece.corners)
        # Low: on paper, height is drawn to the north.
        at_foot = ((x, y, low),)
        shapes.append(
            Shape('area_names', number, Kind.TEXT, at_foot, _LETTER_M, _NAME, piece.name)
        )
    return shapes


def _outline(namespace: str, number: int, line: tuple[Point, ...], colour: Colour) -> Shape:
    return Shape(namespace, number, Kind.LINES, line, _LINE_M, colour)


def _loop(corners: tuple[Corner, ...], z: float) -> tuple[Point, ...]:
    return tuple((x, y, z) for x, y in (*corners, corners[0]))


def _ground(low_m: float) -> float:
    """Return where to draw the lower end of what reaches down without limit."""
    return 0.0 if low_m <= LOWEST_M else low_m
