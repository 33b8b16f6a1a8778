# SPDX-License-Identifier: Apache-2.0
"""
Obstacles and zones as convex pieces: a footprint, widened by a radius, between two heights.

A box is a piece of four corners, a cylinder one of a single corner and a radius, a polygon one
or several convex pieces. A stay-in zone is kept by its walls, pieces of two corners each. So one
piece of mathematics, the nearest point of a convex piece, serves them all.

Lengths in metres, frame ``map``. Numbers are finite: without a limit in height a piece reaches as
far as coordinates do.
"""

from __future__ import annotations

from collections.abc import Sequence
import math
from typing import Any, NamedTuple

from swarm_coordination.area.convex import convex_pieces, counter_clockwise
from swarm_coordination.bounds import COORDINATE_MAX_MM
from swarm_coordination.units import from_mm

Corner = tuple[float, float]

# Heights without limit.
HIGHEST_M = from_mm(COORDINATE_MAX_MM)
LOWEST_M = -HIGHEST_M


class Piece(NamedTuple):
    """One convex piece: every point within ``radius_m`` of the footprint, between two heights."""

    corners: tuple[Corner, ...]  # counter-clockwise; one: a disc, two: a wall
    radius_m: float = 0.0
    low_m: float = LOWEST_M
    high_m: float = HIGHEST_M
    name: str = ''


class Area(NamedTuple):
    """Everything that limits where robots may be; empty: nothing does."""

    obstacles: tuple[Piece, ...] = ()
    zone: tuple[Corner, ...] = ()  # stay-in polygon, counter-clockwise; (): everywhere
    low_m: float = LOWEST_M
    high_m: float = HIGHEST_M

    @property
    def empty(self) -> bool:
        """Return whether nothing limits anybody."""
        return self == NOWHERE_CLOSED

    @property
    def walls(self) -> tuple[Piece, ...]:
        """Return the edges of the stay-in zone, its inside to the left of each."""
        return tuple(
            Piece((a, b), name='zone')
            for a, b in zip(self.zone, (*self.zone[1:], *self.zone[:1]))
        )


NOWHERE_CLOSED = Area()


def area_from(values: Sequence[Any]) -> Area:
    """Return an area from its values as JSON has them: lists in the place of tuples."""
    if not values:
        return NOWHERE_CLOSED
    obstacles, zone, low, high = values
    pieces = tuple(
        Piece(tuple((x, y) for x, y in corners), *rest) for corners, *rest in obstacles
    )
    return Area(pieces, tuple((x, y) for x, y in zone), low, high)


def box(
    center: Corner,
    size: Corner,
    yaw_rad: float = 0.0,
    low_m: float = LOWEST_M,
    high_m: float = HIGHEST_M,
    name: str = '',
) -> Piece:
    """Return a box of ``size`` (along its own x and y), turned by ``yaw_rad`` about its centre."""
    cosine, sine = math.cos(yaw_rad), math.sin(yaw_rad)
    corners = []
    for across, along in ((-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)):
        x, y = across * size[0], along * size[1]
        corners.append((center[0] + cosine * x - sine * y, center[1] + sine * x + cosine * y))
    return Piece(tuple(corners), 0.0, low_m, high_m, name)


def cylinder(
    center: Corner,
    radius_m: float,
    low_m: float = LOWEST_M,
    high_m: float = HIGHEST_M,
    name: str = '',
) -> Piece:
    """Return an upright cylinder."""
    return Piece((center,), radius_m, low_m, high_m, name)


def polygon(
    corners: Sequence[Corner],
    low_m: float = LOWEST_M,
    high_m: float = HIGHEST_M,
    name: str = '',
) -> tuple[Piece, ...]:
    """
    Return the convex pieces of a simple polygon, given either way round.

    Raises ValueError where it crosses itself or has no area.
    """
    pieces = convex_pieces(counter_clockwise(corners))
    return tuple(Piece(piece, 0.0, low_m, high_m, name) for piece in pieces)
