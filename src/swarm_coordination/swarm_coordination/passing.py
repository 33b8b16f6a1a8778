# SPDX-License-Identifier: Apache-2.0
"""
How two that move on straight lines, each evenly, pass each other.

Scalar arithmetic only, so that a run is the same bit for bit.
"""

from __future__ import annotations

# From one to the other, in any unit.
Way = tuple[float, float, float]


def nearest_pass(begin: Way, end: Way) -> Way:
    """Return the shortest way between the two while it goes over from ``begin`` to ``end``."""
    (x0, y0, z0), (x1, y1, z1) = begin, end
    dx, dy, dz = x1 - x0, y1 - y0, z1 - z0
    square = dx * dx + dy * dy + dz * dz
    if square == 0.0:
        return end
    share = min(1.0, max(0.0, -(x0 * dx + y0 * dy + z0 * dz) / square))
    return (x0 + share * dx, y0 + share * dy, z0 + share * dz)
