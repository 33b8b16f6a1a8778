# SPDX-License-Identifier: Apache-2.0
"""
After a loss: when slots are assigned anew, and where, so that nobody is sent onto a dead robot.

One silent robot is given up soon. Several at once may be the other side of a split that a dead
robot between has left: those last seen beyond everybody's radio range are given the time in which
both sides close the gap towards each other (``control.closing``), before they are given up too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
import math

Place = Sequence[float]

# Slots stay this far outside the disc that is kept clear of a silent robot.
CLEAR_M = 0.5
# Shifts that are tried: directions, and steps outwards in parts of the clear distance.
DIRECTIONS, RINGS, RING_SHARE = 16, 12, 0.25


def split_off(lost: Sequence[Place], living: Sequence[Place], range_m: float) -> bool:
    """
    Return whether some of the ``lost`` may be alive beyond a gap.

    Whoever was last seen within range of somebody left would be heard if it lived. One robot
    alone beyond range leaves no gap that others would have to close.
    """
    return len(lost) > 1 and any(
        all(math.dist(place, other) > range_m for other in living) for place in lost
    )


def beside(
    slots: Sequence[Place], bodies: Iterable[Place], clear_m: float
) -> tuple[float, float]:
    """
    Return the shortest of a few shifts (m) that takes all ``slots`` ``clear_m`` off all bodies.

    In the plane, whatever the altitudes. No shift at all where none of them does.
    """
    lying = [(body[0], body[1]) for body in bodies]
    shifts = [(0.0, 0.0)]
    for ring in range(1, RINGS + 1):
        far = RING_SHARE * clear_m * ring
        shifts += [
            (far * math.cos(turn), far * math.sin(turn))
            for turn in (math.tau * k / DIRECTIONS for k in range(DIRECTIONS))
        ]
    for dx, dy in shifts:
        if all(
            math.hypot(slot[0] + dx - x, slot[1] + dy - y) >= clear_m
            for slot in slots
            for x, y in lying
        ):
            return dx, dy
    return 0.0, 0.0
