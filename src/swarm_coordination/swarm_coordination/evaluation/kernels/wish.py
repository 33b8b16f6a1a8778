# SPDX-License-Identifier: Apache-2.0
"""What robots want: ``control.nominal`` and ``control.detour`` on numbers."""

from __future__ import annotations

import math

import numba
from swarm_coordination.control import detour as detours
from swarm_coordination.evaluation.kernels.halfspaces import COLLISION
from swarm_coordination.evaluation.kernels.state import Floats

_BLOCKED_SHARE = detours.BLOCKED_SHARE
_WISH_MIN = detours.WISH_MIN_MPS
_ACTIVE = detours.ACTIVE_MPS


@numba.njit(cache=True, inline='always')
def shortened(x: float, y: float, speed: float) -> tuple[float, float]:
    """Return (x, y) cut to the speed, direction kept."""
    norm = math.hypot(x, y)
    if norm > speed:
        return x * speed / norm, y * speed / norm
    return x, y


@numba.njit(cache=True, inline='always')
def braked(x: float, y: float, slower: float) -> tuple[float, float]:
    """Return a velocity slowed down by ``slower`` along its own direction."""
    norm = math.hypot(x, y)
    if norm <= slower:
        return 0.0, 0.0
    scale = 1.0 - slower / norm
    return x * scale, y * scale


@numba.njit(cache=True)
def detour(
    wx: float, wy: float, gx: float, gy: float, rows: Floats, bound: Floats, count: int
) -> tuple[float, float, bool]:
    """Return the wish (wx, wy) turned clockwise where a robot blocks it, and whether one does."""
    square = wx * wx + wy * wy
    if square < _WISH_MIN * _WISH_MIN:
        return 0.0, 0.0, False
    share = max(0.0, (gx * wx + gy * wy) / square)
    if share >= _BLOCKED_SHARE:
        return 0.0, 0.0, False
    for row in range(count):
        held = rows[row, 0] * gx + rows[row, 1] * gy >= bound[row] - _ACTIVE
        if rows[row, 3] == COLLISION and held:
            turn = -(1.0 - share) * math.pi / 2.0
            cosine, sine = math.cos(turn), math.sin(turn)
            return wx * cosine - wy * sine, wx * sine + wy * cosine, True
    return 0.0, 0.0, False
