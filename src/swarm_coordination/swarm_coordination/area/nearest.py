# SPDX-License-Identifier: Apache-2.0
"""
How far away a convex piece is, and in which direction.

In the plane the distance to the footprint is positive outside it, and minus the depth inside; the
direction is that of its gradient. With heights, the distance to the upright body over it.
"""

from __future__ import annotations

from collections.abc import Sequence
import math
from typing import NamedTuple

from swarm_coordination.area.shapes import Corner, Piece

# Nearer than this the direction to an edge is rounding noise.
_TOUCHING_M = 1e-9


class Nearest(NamedTuple):
    """Distance (m; below 0: inside, by so much) and the unit vector away from the piece."""

    distance_m: float
    nx: float
    ny: float
    nz: float = 0.0


def in_plane(piece: Piece, x: float, y: float) -> Nearest:
    """Return the nearest point of the piece's footprint, heights left out of account."""
    found = _of_corners(piece.corners, x, y)
    return found._replace(distance_m=found.distance_m - piece.radius_m)


def in_space(piece: Piece, x: float, y: float, z: float) -> Nearest:
    """Return the nearest point of the body."""
    beside, nx, ny, _ = in_plane(piece, x, y)
    up = 1.0 if z - piece.high_m >= piece.low_m - z else -1.0
    over = max(z - piece.high_m, piece.low_m - z)
    if beside <= 0.0 or over <= 0.0:  # beside it, above or below it, or inside: one face counts
        if beside >= over:
            return Nearest(beside, nx, ny)
        return Nearest(over, 0.0, 0.0, up)
    far = math.hypot(beside, over)
    return Nearest(far, nx * beside / far, ny * beside / far, up * over / far)


def _of_corners(corners: Sequence[Corner], x: float, y: float) -> Nearest:
    """Return the nearest point of a convex polygon, of a segment, or of a point."""
    count = len(corners)
    if count == 1:
        dx, dy = x - corners[0][0], y - corners[0][1]
        far = math.hypot(dx, dy)
        if far < _TOUCHING_M:
            return Nearest(0.0, 1.0, 0.0)
        return Nearest(far, dx / far, dy / far)
    within = count > 2
    best, bx, by, ex, ey = math.inf, 0.0, 0.0, 0.0, 0.0
    for k in range(count if count > 2 else 1):
        ax, ay = corners[k]
        cx, cy = corners[k + 1 if k + 1 < count else 0]
        along, across = cx - ax, cy - ay
        length = along * along + across * across
        dx, dy = x - ax, y - ay
        if within and along * dy - across * dx < 0.0:
            within = False
        share = (dx * along + dy * across) / length
        share = 0.0 if share < 0.0 else min(share, 1.0)
        dx, dy = dx - share * along, dy - share * across
        square = dx * dx + dy * dy
        if square < best:
            best, bx, by = square, dx, dy
            # Out of a polygon, and into the zone that a wall belongs to.
            side = 1.0 if count > 2 else -1.0
            ex, ey = side * across / math.sqrt(length), -side * along / math.sqrt(length)
    far = math.sqrt(best)
    if within or far < _TOUCHING_M:
        return Nearest(-far, ex, ey)
    return Nearest(far, bx / far, by / far)
