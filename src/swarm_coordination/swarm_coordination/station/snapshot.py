# SPDX-License-Identifier: Apache-2.0
"""Draws the scene into a PNG, seen from above, for those without rviz."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from swarm_coordination.station.shapes import Kind, Shape

_DPI = 130
# A line of 0.03 m in the scene is this wide on paper.
_POINTS_PER_M = 40.0


def draw(shapes: list[Shape], title: str, path: Path) -> None:
    """Write the picture; raises OSError where the file cannot be written."""
    import matplotlib as mpl

    mpl.use('Agg')
    import matplotlib.pyplot as plt

    figure, axis = plt.subplots(figsize=(10.0, 8.0), layout='constrained')
    axis.set_title(title, fontsize=11, loc='left')
    for shape in shapes:
        _DRAW[shape.kind](axis, shape)
    axis.set_aspect('equal', adjustable='datalim')
    axis.margins(0.15)
    axis.set_xlabel('x in map (m)')
    axis.set_ylabel('y in map (m)')
    axis.set_facecolor('#202428')
    axis.grid(color='#3a4048', linewidth=0.5)
    figure.savefig(path, dpi=_DPI)
    plt.close(figure)


def _round(axis: Any, shape: Shape) -> None:
    from matplotlib.patches import Circle

    for x, y, _ in shape.points:
        axis.add_patch(Circle((x, y), shape.size_m / 2.0, color=shape.colour, zorder=3))
        axis.plot(x, y, alpha=0.0)  # counts for the limits


def _arrow(axis: Any, shape: Shape) -> None:
    ((x, y, _),) = shape.points
    dx, dy = shape.size_m * math.cos(shape.yaw), shape.size_m * math.sin(shape.yaw)
    axis.arrow(x, y, dx, dy, width=0.12, length_includes_head=True, color=shape.colour, zorder=4)
    axis.plot([x, x + dx], [y, y + dy], alpha=0.0)


def _text(axis: Any, shape: Shape) -> None:
    ((x, y, z),) = shape.points
    axis.text(x, y + z, shape.text, color=shape.colour, fontsize=7, ha='center', zorder=5)


def _lines(axis: Any, shape: Shape) -> None:
    xs, ys = [p[0] for p in shape.points], [p[1] for p in shape.points]
    axis.plot(xs, ys, color=shape.colour, linewidth=_POINTS_PER_M * shape.size_m, zorder=2)


_DRAW = {
    Kind.ARROW: _arrow, Kind.SPHERE: _round, Kind.CYLINDER: _round, Kind.TEXT: _text,
    Kind.LINES: _lines,
}
