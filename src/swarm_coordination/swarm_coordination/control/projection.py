# SPDX-License-Identifier: Apache-2.0
"""
Exact projection of a planar velocity onto half-spaces and a speed ball.

    minimise |u - u_nominal|   subject to   n_k . u <= b_k for every row k,   |u| <= speed

Incremental, as in Seidel's linear programming (1991) and in ORCA (van den Berg, Guy, Lin, Manocha
2011, section 5.1), with the quadratic objective: rows are added one by one; a row that the
optimum so far satisfies changes nothing, one that it violates carries the new optimum on its
line, which leaves a problem in one variable. In random order the expected work is linear in
the number of rows; the optimum is unique and does not depend on the order.

Scalars, not arrays: with two variables and a few dozen rows NumPy's call overhead costs more than
the arithmetic.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
import math
from typing import NamedTuple

# A row counts as satisfied within this: three digits above rounding at speeds of a few m/s.
SATISFIED = 1e-12
# Lines whose directions differ by less are parallel: beyond it their crossing is all rounding.
PARALLEL = 1e-10
# An interval that is empty by less is a point: crossing lines are known no better than this.
EMPTY = 1e-10


class Projection(NamedTuple):
    """The nearest admissible velocity; (0, 0) where ``feasible`` is False."""

    x: float
    y: float
    feasible: bool


INFEASIBLE = Projection(0.0, 0.0, False)

# (normal x, normal y, bound, ...): the normal is a unit vector; further items are ignored.
Row = tuple[float, float, float] | Sequence[float]


@lru_cache(maxsize=256)
def shuffled(count: int) -> tuple[int, ...]:
    """
    Return a fixed pseudo-random permutation of ``range(count)``: the same everywhere.

    Fisher-Yates with the 64-bit linear congruential generator of Knuth's MMIX.
    """
    order = list(range(count))
    state = count
    for last in range(count - 1, 0, -1):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        pick = (state >> 33) % (last + 1)
        order[last], order[pick] = order[pick], order[last]
    return tuple(order)


def project(
    x: float, y: float, rows: Sequence[Row], speed: float, order: Sequence[int] | None = None
) -> Projection:
    """
    Return the velocity nearest to (x, y) in m/s that satisfies every row and the speed.

    ``order`` is the order in which rows are added (default: ``shuffled``). Never raises and
    never returns anything but finite numbers: where a row is not finite or no velocity satisfies
    all rows, the result is INFEASIBLE.
    """
    if not (math.isfinite(x) and math.isfinite(y) and math.isfinite(speed)) or speed < 0.0:
        return INFEASIBLE
    norm = math.hypot(x, y)
    scale = speed / norm if norm > speed else 1.0
    if not math.isfinite(norm):
        return INFEASIBLE
    ux, uy = x * scale, y * scale
    done: list[Row] = []
    for index in shuffled(len(rows)) if order is None else order:
        row = rows[index]
        if not ux * row[0] + uy * row[1] <= row[2] + SATISFIED:
            point = _on_line(x, y, row, done, speed)
            if point is None:
                return INFEASIBLE
            ux, uy = point
        done.append(row)
    if not (math.isfinite(ux) and math.isfinite(uy)):
        return INFEASIBLE  # rows that are no unit vectors
    return Projection(ux, uy, True)


def _on_line(
    x: float, y: float, row: Row, others: Sequence[Row], speed: float
) -> tuple[float, float] | None:
    """Nearest point to (x, y) on the row's line, within the ball and ``others``; None: none."""
    nx, ny, bound = row[0], row[1], row[2]
    if not -speed - EMPTY <= bound <= speed + EMPTY:
        return None  # the row excludes the whole ball (or is not a number)
    high = math.sqrt(max(0.0, speed * speed - bound * bound))
    low = -high
    # Points of the line: bound * (nx, ny) + s * (-ny, nx), s in [low, high].
    for other in others:
        slope = ny * -other[0] + nx * other[1]
        room = other[2] - bound * (nx * other[0] + ny * other[1])
        if -PARALLEL <= slope <= PARALLEL:
            if room < -EMPTY:
                return None
        elif slope > 0.0:
            high = min(high, room / slope)
        else:
            low = max(low, room / slope)
    if not low <= high + EMPTY:
        return None
    s = -ny * x + nx * y
    s = low if s < low else min(s, high)
    return bound * nx - s * ny, bound * ny + s * nx
