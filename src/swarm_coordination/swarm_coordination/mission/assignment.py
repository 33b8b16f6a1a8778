# SPDX-License-Identifier: Apache-2.0
"""
Slot assignment: the least sum of squared distances (Hungarian method).

Squared distances because their optimum has no crossing straight paths (Turpin, Michael, Kumar,
*CAPT*, IJRR 2014). Costs are whole mm^2, so that no rounding decides between two assignments.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from swarm_coordination.errors import UsageError
from swarm_coordination.mission.formations import PointMm

# A float holds whole numbers exactly up to 2^53; the sum of all costs must stay below.
_EXACT_BITS = 53


def assign(robots: Mapping[int, PointMm], slots: tuple[PointMm, ...]) -> tuple[int, ...]:
    """
    Return the storage id for each slot, given positions in mm.

    As many robots as slots (UsageError otherwise). Between assignments of equal cost the one
    that keeps ids and slots in the same order is preferred.
    """
    from scipy.optimize import linear_sum_assignment  # lazily: only a leader needs it

    count = len(slots)
    if len(robots) != count:
        raise UsageError(f'{len(robots)} robots for {count} slots')
    ids = sorted(robots)
    squared = [[_squared_mm2(robots[robot], slot) for slot in slots] for robot in ids]
    # Rank products (in sum below count^3) break ties without outweighing one unit of cost.
    weight = count**3 + 1
    largest = max(max(row) for row in squared) * weight * count
    # Swarms hundreds of metres apart: drop low bits of all costs alike to stay exact.
    shift = max(0, largest.bit_length() - _EXACT_BITS + 1)
    cost = np.empty((count, count), dtype=np.float64)
    for row in range(count):
        for column in range(count):
            cost[row, column] = (squared[row][column] >> shift) * weight - row * column
    rows, columns = linear_sum_assignment(cost)
    result = [0] * count
    for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
        result[column] = ids[row]
    return tuple(result)


def _squared_mm2(a: PointMm, b: PointMm) -> int:
    return sum((p - q) ** 2 for p, q in zip(a, b, strict=True))
