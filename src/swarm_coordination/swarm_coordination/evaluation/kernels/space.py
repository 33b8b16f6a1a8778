# SPDX-License-Identifier: Apache-2.0
"""The exact projection of ``control.space`` on arrays of rows."""

from __future__ import annotations

import math

from swarm_coordination.control import projection
from swarm_coordination.evaluation.kernels.compiled import compiled
from swarm_coordination.evaluation.kernels.halfspaces import across
from swarm_coordination.evaluation.kernels.projection import project
from swarm_coordination.evaluation.kernels.state import Floats, Ints

_SATISFIED = projection.SATISFIED
_PARALLEL = projection.PARALLEL
_EMPTY = projection.EMPTY


@compiled
def project_space(
    x: float,
    y: float,
    z: float,
    rows: Floats,
    bound: Floats,
    count: int,
    speed: float,
    order: Ints,
    straight: Ints,
    lines: Floats,
) -> tuple[float, float, float, bool]:
    """
    Return the velocity nearest to (x, y, z) within the rows and the speed.

    ``straight``: 0, 1, 2 and so on; ``lines``: work space for as many lines as there are rows.
    """
    norm = math.sqrt(x * x + y * y + z * z)
    if not math.isfinite(norm):
        return 0.0, 0.0, 0.0, False
    scale = speed / norm if norm > speed else 1.0
    ux, uy, uz = x * scale, y * scale, z * scale
    for done in range(count):
        row = order[done]
        reach = ux * rows[row, 0] + uy * rows[row, 1] + uz * rows[row, 4]
        if not reach <= bound[row] + _SATISFIED:
            ux, uy, uz, found = _on_plane(
                x, y, z, rows, bound, order, done, speed, straight, lines
            )
            if not found:
                return 0.0, 0.0, 0.0, False
    if not math.isfinite(ux + uy + uz):
        return 0.0, 0.0, 0.0, False
    return ux, uy, uz, True


@compiled
def _on_plane(
    x: float,
    y: float,
    z: float,
    rows: Floats,
    bound: Floats,
    order: Ints,
    done: int,
    speed: float,
    straight: Ints,
    lines: Floats,
) -> tuple[float, float, float, bool]:
    """Nearest point on the plane of row ``done`` of the order, within those before."""
    row = order[done]
    nx, ny, nz, here = rows[row, 0], rows[row, 1], rows[row, 4], bound[row]
    if not abs(here) <= speed + _EMPTY:
        return 0.0, 0.0, 0.0, False
    radius = math.sqrt(max(0.0, speed * speed - here * here))
    (ax, ay, az), (bx, by, bz) = across(nx, ny, nz)
    count = 0
    for k in range(done):
        other = order[k]
        mx, my, mz = rows[other, 0], rows[other, 1], rows[other, 4]
        p = mx * ax + my * ay + mz * az
        q = mx * bx + my * by + mz * bz
        room = bound[other] - here * (mx * nx + my * ny + mz * nz)
        norm = math.sqrt(p * p + q * q)
        if norm > _PARALLEL:
            lines[count, 0], lines[count, 1], lines[count, 2] = p / norm, q / norm, room / norm
            count += 1
        elif not room >= -_EMPTY:
            return 0.0, 0.0, 0.0, False
    s, t, found = project(
        x * ax + y * ay + z * az,
        x * bx + y * by + z * bz,
        lines,
        lines[:, 2],
        count,
        radius,
        straight,
    )
    return (
        here * nx + s * ax + t * bx,
        here * ny + s * ay + t * by,
        here * nz + s * az + t * bz,
        found,
    )
