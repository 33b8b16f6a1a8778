# SPDX-License-Identifier: Apache-2.0
"""
Pass on the right: the wish of a robot that another one blocks is turned clockwise.

Two robots that meet head-on stop each other for good: the projection of either wish is 0 and
both are right. Turning the wish to the own right by the same rule for everybody lets both slide
past (and lets one robot walk around a standing one). Only the wish changes; the half-spaces
apply to it as to any other, so no guarantee depends on this.

Against a wall to the right there is no room for that: where the turned wish leads nowhere beside
an obstacle, it is turned to the left as much instead (``SLOW_MPS``).
"""

from __future__ import annotations

from collections.abc import Sequence
import math

from swarm_coordination.control.halfspaces import HalfSpace, Kind

# Blocked: less than this share of the wished speed is left along the wish. High: robots slow down
# from far off (halfspaces, S), and a turn that begins near ends right behind the other one.
BLOCKED_SHARE = 0.85
# A slower wish is the last centimetres to a slot, where going around helps nobody.
WISH_MIN_MPS = 0.1
# A turned wish that leads on slower than this leads nowhere.
SLOW_MPS = 0.05
# A row holds the robot back where it holds with equality, up to rounding.
ACTIVE_MPS = 1e-9


def detour(
    wish: tuple[float, float],
    got: tuple[float, float],
    rows: Sequence[HalfSpace],
    wish_z: float = 0.0,
    got_z: float = 0.0,
    side: float = -1.0,
) -> tuple[float, float] | None:
    """
    Return the wish (m/s) turned by up to 90 degrees; None where nobody blocks it.

    ``side``: -1 turns clockwise, 1 the other way.

    ``got`` is its projection on ``rows``. The turn is the whole quarter where nothing is left
    of the wish and half of it at the threshold. In space heights block (``wish_z``, ``got_z``)
    but are not turned.
    """
    square = wish[0] ** 2 + wish[1] ** 2
    if square < WISH_MIN_MPS**2:
        return None
    along = got[0] * wish[0] + got[1] * wish[1]
    if any(row.nz for row in rows):
        along, square = along + got_z * wish_z, square + wish_z * wish_z
    share = max(0.0, along / square)
    if share >= BLOCKED_SHARE or not any(
        row.kind is Kind.COLLISION
        and row.nx * got[0] + row.ny * got[1] + row.nz * got_z >= row.bound - ACTIVE_MPS
        for row in rows
    ):
        return None
    turn = side * (1.0 - share) * math.pi / 2.0
    cosine, sine = math.cos(turn), math.sin(turn)
    return (wish[0] * cosine - wish[1] * sine, wish[0] * sine + wish[1] * cosine)
