# SPDX-License-Identifier: Apache-2.0
"""
An area as SDF: what robots are told stands in Gazebo.

Obstacles become static bodies (boxes, cylinders, extruded polygons), zones flat marks that nothing
bumps into. An obstacle without limit in height is built ``TALL_M`` high: robots keep clear of
it at every height.
"""

from __future__ import annotations

import math
from pathlib import Path
import re
from xml.sax.saxutils import quoteattr

from swarm_coordination.area.shapes import Area, Corner, HIGHEST_M, LOWEST_M, Piece
from swarm_coordination.gazebo.models import sim_folder

# Above what the quadrotors of the plane fly at (models.FLIGHT_HEIGHT_M), low enough to look over.
TALL_M = 4.0
# Zones: a line on the ground, its width and height (m).
MARK_WIDE_M, MARK_HIGH_M = 0.1, 0.02
# Corners that differ by less (m, relative to a side) make a rectangle all the same.
SQUARE = 1e-9
_SOLID, _KEEP_OUT, _STAY_IN = '0.6 0.3 0.25 1', '0.8 0.6 0.1 1', '0.2 0.4 0.8 1'


def world_sdf(name: str, ground_m: float, solid: Area, marked: Area) -> str:
    """Return a world as SDF text: ``solid`` as bodies, the zones of ``marked`` as lines."""
    template = (sim_folder() / 'world.sdf').read_text(encoding='utf-8')
    above = [piece for piece in solid.obstacles if piece.high_m > 0.0]  # others are under ground
    models = [_body(k, piece) for k, piece in enumerate(above, 1)]
    for k, piece in enumerate(marked.obstacles, 1):
        models.append(_outline(f'keep_out{k}', piece.corners, _KEEP_OUT))
    if marked.zone:
        models.append(_outline('stay_in', marked.zone, _STAY_IN))
    return (
        template.replace('@WORLD@', name)
        .replace('@GROUND_M@', f'{ground_m:g}')
        .replace('@AREA@', ''.join(models))
    )


def write_world(folder: Path, name: str, ground_m: float, solid: Area, marked: Area) -> Path:
    """Write a world into a folder; return the file."""
    path = folder / f'{name}.sdf'
    path.write_text(world_sdf(name, ground_m, solid, marked), encoding='utf-8')
    return path


def _body(number: int, piece: Piece) -> str:
    title = re.sub(r'\W+', '_', piece.name, flags=re.ASCII).strip('_')
    name = f'obstacle{number}_{title}' if title else f'obstacle{number}'
    low = 0.0 if piece.low_m <= LOWEST_M else piece.low_m
    high = low + TALL_M if piece.high_m >= HIGHEST_M else piece.high_m
    (x, y), yaw, lift, shape = _geometry(piece, high - low)
    return (
        f'    <model name={quoteattr(name)}>\n'
        f'      <static>true</static>\n'
        f'      <pose>{_text(x, y, low + lift)} 0 0 {_text(yaw)}</pose>\n'
        f'      <link name="link">\n'
        f'        <collision name="collision"><geometry>{shape}</geometry></collision>\n'
        f'{_visual(shape, _SOLID)}'
        f'      </link>\n'
        f'    </model>\n'
    )


def _geometry(piece: Piece, height: float) -> tuple[Corner, float, float, str]:
    """Return where a piece's own frame is, its yaw, its height above the foot, and its SDF."""
    corners = piece.corners
    if len(corners) == 1:
        size = f'<radius>{_text(piece.radius_m)}</radius><length>{_text(height)}</length>'
        return corners[0], 0.0, height / 2.0, f'<cylinder>{size}</cylinder>'
    if _rectangle(corners):
        a, b, c, _ = corners
        yaw = math.atan2(b[1] - a[1], b[0] - a[0])
        size = f'<size>{_text(math.dist(a, b), math.dist(b, c), height)}</size>'
        middle = (a[0] + c[0]) / 2.0, (a[1] + c[1]) / 2.0
        return middle, yaw, height / 2.0, f'<box>{size}</box>'
    x, y = corners[0]
    points = ''.join(f'<point>{_text(px - x, py - y)}</point>' for px, py in corners)
    shape = f'<polyline>{points}<height>{_text(height)}</height></polyline>'
    return (x, y), 0.0, 0.0, shape


def _rectangle(corners: tuple[Corner, ...]) -> bool:
    if len(corners) != 4:
        return False
    a, b, c, d = corners
    ab, ad = (b[0] - a[0], b[1] - a[1]), (d[0] - a[0], d[1] - a[1])
    longest = max(math.hypot(*ab), math.hypot(*ad))
    parallel = max(abs(c[0] - b[0] - ad[0]), abs(c[1] - b[1] - ad[1])) <= SQUARE * longest
    return parallel and abs(ab[0] * ad[0] + ab[1] * ad[1]) <= SQUARE * longest**2


def _outline(name: str, corners: tuple[Corner, ...], colour: str) -> str:
    """Return the edges of a zone as thin strips without a body."""
    strips = []
    for k, (a, b) in enumerate(zip(corners, (*corners[1:], *corners[:1]))):
        x, y = (a[0] + b[0]) / 2.0, (a[1] + b[1]) / 2.0
        yaw = math.atan2(b[1] - a[1], b[0] - a[0])
        size = _text(math.dist(a, b), MARK_WIDE_M, MARK_HIGH_M)
        pose = f'{_text(x, y, MARK_HIGH_M / 2.0)} 0 0 {_text(yaw)}'
        strips.append(_visual(f'<box><size>{size}</size></box>', colour, f'edge{k}', pose))
    return (
        f'    <model name="{name}">\n      <static>true</static>\n      <link name="link">\n'
        f'{"".join(strips)}      </link>\n    </model>\n'
    )


def _visual(shape: str, colour: str, name: str = 'visual', pose: str = '') -> str:
    at = f'          <pose>{pose}</pose>\n' if pose else ''
    return (
        f'        <visual name="{name}">\n{at}'
        f'          <geometry>{shape}</geometry>\n'
        f'          <material><ambient>{colour}</ambient><diffuse>{colour}</diffuse></material>\n'
        f'        </visual>\n'
    )


def _text(*values: float) -> str:
    return ' '.join(f'{value:.9g}' for value in values)
