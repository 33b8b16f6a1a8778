# SPDX-License-Identifier: Apache-2.0
"""What robots want: ``control.nominal`` and ``control.detour`` on numbers."""

from __future__ import annotations

import math

from swarm_coordination.control import detour as detours
from swarm_coordination.evaluation.kernels.compiled import compiled, inlined
from swarm_coordination.evaluation.kernels.halfspaces import COLLISION
from swarm_coordination.evaluation.kernels.state import Floats

_BLOCKED_SHARE = detours.BLOCKED_SHARE
_WISH_MIN = detours.WISH_MIN_MPS
_ACTIVE = detours.ACTIVE_MPS


@inlined
def shortened(x: float, y: float, z: float, speed: float) -> tuple[float, float, float]:
    """Return (x, y, z) cut to the speed, direction kept."""
    norm = math.sqrt(x * x + y * y + z * z)
    if norm > speed:
        return x * speed / norm, y * speed / norm, z * speed / norm
    return x, y, z


@inlined
def braked(x: float, y: float, z: float, slower: float) -> tuple[float, float, float]:
    """Return a velocity slowed down by ``slower`` along its own direction."""
    norm = math.sqrt(x * x + y * y + z * z)
    if norm <= slower:
        return 0.0, 0.0, 0.0
    scale = 1.0 - slower / norm
    return x * scale, y * scale, z * scale


@compiled
def detour(
    wish: tuple[float, float, float],
    got: tuple[float, float, float],
    rows: Floats,
    bound: Floats,
    count: int,
    space: bool,
    side: float,
) -> tuple[float, float, bool]:
    """Return the wish turned to a side where a robot blocks it, and whether one does."""
    wx, wy, wz = wish
    gx, gy, gz = got
    square = wx * wx + wy * wy
    if square < _WISH_MIN * _WISH_MIN:
        return 0.0, 0.0, False
    along = gx * wx + gy * wy
    if space:
        along, square = along + gz * wz, square + wz * wz
    share = max(0.0, along / square)
    if share >= _BLOCKED_SHARE:
        return 0.0, 0.0, False
    for row in range(count):
        held = rows[row, 0] * gx + rows[row, 1] * gy + rows[row, 4] * gz >= bound[row] - _ACTIVE
        if rows[row, 3] == COLLISION and held:
            turn = side * (1.0 - share) * math.pi / 2.0
            cosine, sine = math.cos(turn), math.sin(turn)
            return wx * cosine - wy * sine, wx * sine + wy * cosine, True
    return 0.0, 0.0, False
