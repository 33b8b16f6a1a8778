# SPDX-License-Identifier: Apache-2.0
"""The following distance of ``control.queueing`` by one robot's own table."""

from __future__ import annotations

import math

from swarm_coordination.control import queueing
from swarm_coordination.evaluation.kernels.compiled import compiled
from swarm_coordination.evaluation.kernels.state import Floats, Ints, Limits

_RATE = queueing.RATE
_AHEAD = queueing.AHEAD
_COINCIDENT_M = 1e-6


@compiled
def queued(
    wish: tuple[float, float],
    now: float,
    place: Floats,
    slots: Floats,
    beats: Ints,
    advanced: Floats,
    known: tuple[Floats, Floats, Floats],
    limits: Limits,
) -> tuple[float, float]:
    """
    Return the wish of the robot at ``place`` behind those who are ahead of it.

    ``beats``, ``advanced`` and ``known`` (x, y, z) are its row of the tables.
    """
    x, y = wish
    xs, ys, zs = known
    least = _AHEAD * math.hypot(x, y)
    for j in range(len(beats)):
        if beats[j] < 0 or now - advanced[j] > limits.silent_s:
            continue
        dx, dy = xs[j] - place[0], ys[j] - place[1]
        dz = zs[j] - place[2] if limits.space else 0.0
        far = math.sqrt(dx * dx + dy * dy + dz * dz)
        if not _COINCIDENT_M < far < limits.follow_m:
            continue
        gx, gy = slots[j, 0] - xs[j], slots[j, 1] - ys[j]
        nx, ny = dx / far, dy / far
        elsewhere = not gx * wish[0] + gy * wish[1] > 0.0  # NaN too: it has no slot
        if elsewhere or nx * wish[0] + ny * wish[1] <= least:
            continue
        over = x * nx + y * ny - _RATE * (far - limits.follow_m)
        if over > 0.0:
            x, y = x - over * nx, y - over * ny
    return x, y
