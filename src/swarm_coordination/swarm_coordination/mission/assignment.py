# SPDX-License-Identifier: Apache-2.0
"""
Slot assignment: the least sum of squared distances.

Squared distances because their optimum has no crossing straight paths (Turpin, Michael, Kumar,
*CAPT*, IJRR 2014). Costs are whole mm^2, so that no rounding decides between two assignments.
"""

from __future__ import annotations

from collections.abc import Mapping

from swarm_coordination.errors import UsageError
from swarm_coordination.mission.formations import PointMm
from swarm_coordination.mission.matching import least_cost


def assign(robots: Mapping[int, PointMm], slots: tuple[PointMm, ...]) -> tuple[int, ...]:
    """
    Return the storage id for each slot, given positions in mm.

    As many robots as slots (UsageError otherwise). Between assignments of equal cost the one
    that keeps ids and slots in the same order is preferred.
    """
    count = len(slots)
    if len(robots) != count:
        raise UsageError(f'{len(robots)} robots for {count} slots')
    ids = sorted(robots)
    # Rank products (in sum below count^3) break ties without outweighing one unit of cost.
    weight = count**3 + 1
    cost = [
        [_squared_mm2(robots[robot], slot) * weight - row * column
         for column, slot in enumerate(slots)]
        for row, robot in enumerate(ids)
    ]
    result = [0] * count
    for robot, column in zip(ids, least_cost(cost), strict=True):
        result[column] = robot
    return tuple(result)


def _squared_mm2(a: PointMm, b: PointMm) -> int:
    return sum((p - q) ** 2 for p, q in zip(a, b, strict=True))
