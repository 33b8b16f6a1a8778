# SPDX-License-Identifier: Apache-2.0
"""
Links as the release rule weighs them.

Robots always have some slack, so a certificate needs links that are shorter by more than rounding;
links of equal weight are kept, and the order of ids of ``control.links`` is not needed here.
"""

from __future__ import annotations

import math

from swarm_coordination.evaluation.kernels.compiled import inlined
from swarm_coordination.evaluation.kernels.state import Floats


@inlined
def greatest_weight(node: Floats, a: int, b: int, kept_m: float, ahead: bool) -> float:
    """Greatest weight that link (a, b) may have; inf where it may be out of range."""
    slack = node[a, 4] + node[b, 4]
    dx, dy, dz = node[a, 0] - node[b, 0], node[a, 1] - node[b, 1], node[a, 5] - node[b, 5]
    near = math.sqrt(dx * dx + dy * dy + dz * dz) + slack
    if near > kept_m:
        return math.inf
    if not ahead:
        return near
    dx, dy, dz = node[a, 2] - node[b, 2], node[a, 3] - node[b, 3], node[a, 6] - node[b, 6]
    return math.sqrt(dx * dx + dy * dy + dz * dz) + slack


@inlined
def lighter(node: Floats, a: int, b: int, limit: float) -> bool:
    """Return whether the greatest weight that link (a, b) may have is below the limit."""
    room = limit - node[a, 4] - node[b, 4]
    dx, dy, dz = node[a, 2] - node[b, 2], node[a, 3] - node[b, 3], node[a, 6] - node[b, 6]
    return room > 0.0 and dx * dx + dy * dy + dz * dz < room * room
