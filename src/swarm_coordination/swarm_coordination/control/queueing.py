# SPDX-License-Identifier: Apache-2.0
"""
Queue where the way leads around obstacles: keep a following distance to who is ahead.

Robots that press on in a narrow place come so near to each other that what their ages leave open
closes every direction for those in the middle: the wedges (``halfspaces``) of one robot ahead and
one behind have nothing in common but standing still. The first of them may need just the room
behind it to get out of a corner, and the last presses on: nobody ever moves again.

So the wish of a robot on such a way closes in on those ahead of it, who go where it goes, no
faster than to come as near as the following distance (``ControlSettings.follow_distance_m``), and
draws back from who is nearer: from its last robot on a queue comes apart. What is left of the
wish leads past who is ahead, where there is room. Only wishes: no half-space depends on it.
"""

from __future__ import annotations

from collections.abc import Sequence
import math

from swarm_coordination.views import Liveness, NeighborState, Pose

# Closing in, or drawing back, per second and metre from there.
RATE = 1.0
# Ahead is who lies within 60 degrees of the wish (cosine).
AHEAD = 0.5
# Nearer than this the direction to another robot is rounding noise.
_COINCIDENT_M = 1e-6


def queued(
    wish: tuple[float, float],
    pose: Pose,
    rows: Sequence[NeighborState],
    follow_m: float,
    heights: bool,
) -> tuple[float, float]:
    """
    Return the wish (m/s) of a robot at ``pose`` behind those who are ahead of it.

    ``follow_m``: the following distance. ``heights``: distances are taken in space.

    Robots whose slots are not known, or lie behind the wish, go elsewhere: they are passed
    (``detour``), as those that fell silent are.
    """
    x, y = wish
    least = AHEAD * math.hypot(x, y)
    for row in rows:
        if row.slot is None or row.liveness is Liveness.SILENT:
            continue
        dx, dy = row.position[0] - pose.x, row.position[1] - pose.y
        dz = row.position[2] - pose.z if heights else 0.0
        far = math.sqrt(dx * dx + dy * dy + dz * dz)
        if not _COINCIDENT_M < far < follow_m:
            continue
        gx, gy = row.slot[0] - row.position[0], row.slot[1] - row.position[1]
        nx, ny = dx / far, dy / far
        if gx * wish[0] + gy * wish[1] <= 0.0 or nx * wish[0] + ny * wish[1] <= least:
            continue
        over = x * nx + y * ny - RATE * (far - follow_m)
        if over > 0.0:
            x, y = x - over * nx, y - over * ny
    return x, y
