# SPDX-License-Identifier: Apache-2.0
"""
The exact projection of ``projection`` in space.

    minimise |u - u_nominal|   subject to   n_k . u <= b_k for every row k,   |u| <= speed

One dimension more of the same: rows are added one by one; one that the optimum so far violates
carries the new optimum on its plane, where the rows before it and the ball leave half-planes and
a disc: the problem in the plane.
"""

from __future__ import annotations

from collections.abc import Sequence
import math
from typing import NamedTuple

from swarm_coordination.control.halfspaces import across, HalfSpace
from swarm_coordination.control.projection import (
    EMPTY,
    PARALLEL,
    project,
    SATISFIED,
    shuffled,
)


class SpaceProjection(NamedTuple):
    """The nearest admissible velocity; (0, 0, 0) where ``feasible`` is False."""

    x: float
    y: float
    z: float
    feasible: bool


NOWHERE = SpaceProjection(0.0, 0.0, 0.0, False)


def project_space(
    x: float, y: float, z: float, rows: Sequence[HalfSpace], speed: float
) -> SpaceProjection:
    """
    Return the velocity nearest to (x, y, z) in m/s that satisfies every row and the speed.

    Never raises and never returns anything but finite numbers (see ``projection.project``).
    """
    norm = math.hypot(x, y, z)
    if not (math.isfinite(norm) and math.isfinite(speed)) or speed < 0.0:
        return NOWHERE
    scale = speed / norm if norm > speed else 1.0
    ux, uy, uz = x * scale, y * scale, z * scale
    done: list[HalfSpace] = []
    for index in shuffled(len(rows)):
        row = rows[index]
        if not ux * row.nx + uy * row.ny + uz * row.nz <= row.bound + SATISFIED:
            point = _on_plane((x, y, z), row, done, speed)
            if point is None:
                return NOWHERE
            ux, uy, uz = point
        done.append(row)
    if not math.isfinite(ux + uy + uz):
        return NOWHERE
    return SpaceProjection(ux, uy, uz, True)


def _on_plane(
    wish: tuple[float, float, float], row: HalfSpace, others: Sequence[HalfSpace], speed: float
) -> tuple[float, float, float] | None:
    """Nearest point to the wish on the row's plane, within the ball and ``others``; or None."""
    bound = row.bound
    if not -speed - EMPTY <= bound <= speed + EMPTY:
        return None
    radius = math.sqrt(max(0.0, speed * speed - bound * bound))
    (ax, ay, az), (bx, by, bz) = across(row.nx, row.ny, row.nz)
    lines = []
    for other in others:
        p = other.nx * ax + other.ny * ay + other.nz * az
        q = other.nx * bx + other.ny * by + other.nz * bz
        along = other.nx * row.nx + other.ny * row.ny + other.nz * row.nz
        room, norm = other.bound - bound * along, math.sqrt(p * p + q * q)
        if norm > PARALLEL:
            lines.append((p / norm, q / norm, room / norm))
        elif not room >= -EMPTY:
            return None
    got = project(
        wish[0] * ax + wish[1] * ay + wish[2] * az,
        wish[0] * bx + wish[1] * by + wish[2] * bz,
        lines,
        radius,
        range(len(lines)),
    )
    if not got.feasible:
        return None
    return (
        bound * row.nx + got.x * ax + got.y * bx,
        bound * row.ny + got.x * ay + got.y * by,
        bound * row.nz + got.x * az + got.y * bz,
    )
