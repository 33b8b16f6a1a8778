# SPDX-License-Identifier: Apache-2.0
"""What a scene is made of: plain shapes that rviz and a drawing on paper both have."""

from __future__ import annotations

import enum
from typing import NamedTuple

Point = tuple[float, float, float]
Colour = tuple[float, float, float, float]


class Kind(enum.Enum):
    """What a shape is."""

    ARROW = enum.auto()  # at ``points[0]``, along ``yaw``
    SPHERE = enum.auto()
    CYLINDER = enum.auto()
    TEXT = enum.auto()
    LINES = enum.auto()  # one line through all points


class Shape(NamedTuple):
    """One thing to show, in ``map``; ``size_m`` is its diameter, width or height of text."""

    namespace: str
    number: int
    kind: Kind
    points: tuple[Point, ...]
    size_m: float
    colour: Colour
    text: str = ''
    yaw: float = 0.0
