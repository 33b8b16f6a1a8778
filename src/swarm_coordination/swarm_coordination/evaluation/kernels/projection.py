# SPDX-License-Identifier: Apache-2.0
"""The exact projection of ``control.projection`` on arrays of rows."""

from __future__ import annotations

import math

from swarm_coordination.control import projection
from swarm_coordination.evaluation.kernels.compiled import compiled
from swarm_coordination.evaluation.kernels.state import Floats, Ints

_SATISFIED = projection.SATISFIED
_PARALLEL = projection.PARALLEL
_EMPTY = projection.EMPTY


@compiled
def project(
    x: float,
    y: float,
    rows: Floats,
    bound: Floats,
    count: int,
    speed: float,
    order: Ints,
) -> tuple[float, float, bool]:
    """
    Return the velocity nearest to (x, y) within the rows and the speed; (0, 0, False): none.

    Rows are the first ``count`` of ``rows`` and ``bound``, added as ``order`` says.
    """
    norm = math.hypot(x, y)
    if not math.isfinite(norm):
        return 0.0, 0.0, False
    scale = speed / norm if norm > speed else 1.0
    ux, uy = x * scale, y * scale
    for done in range(count):
        row = order[done]
        if not ux * rows[row, 0] + uy * rows[row, 1] <= bound[row] + _SATISFIED:
            ux, uy, found = _on_line(x, y, rows, bound, order, done, speed)
            if not found:
                return 0.0, 0.0, False
    if not (math.isfinite(ux) and math.isfinite(uy)):
        return 0.0, 0.0, False
    return ux, uy, True


@compiled
def _on_line(
    x: float, y: float, rows: Floats, bound: Floats, order: Ints, done: int, speed: float
) -> tuple[float, float, bool]:
    """Nearest point to (x, y) on the line of row ``done`` of the order, within those before."""
    row = order[done]
    nx, ny, here = rows[row, 0], rows[row, 1], bound[row]
    if not abs(here) <= speed + _EMPTY:
        return 0.0, 0.0, False
    high = math.sqrt(max(0.0, speed * speed - here * here))
    low = -high
    for k in range(done):
        other = order[k]
        slope = ny * -rows[other, 0] + nx * rows[other, 1]
        room = bound[other] - here * (nx * rows[other, 0] + ny * rows[other, 1])
        if abs(slope) <= _PARALLEL:
            if room < -_EMPTY:
                return 0.0, 0.0, False
        elif slope > 0.0:
            high = min(high, room / slope)
        else:
            low = max(low, room / slope)
    if not low <= high + _EMPTY:
        return 0.0, 0.0, False
    s = -ny * x + nx * y
    s = low if s < low else min(s, high)
    return here * nx - s * ny, here * ny + s * nx, True
