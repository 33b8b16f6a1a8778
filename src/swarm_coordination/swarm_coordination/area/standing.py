# SPDX-License-Identifier: Apache-2.0
"""Whether a robot may stand at a place, and what it would have to keep to."""

from __future__ import annotations

from swarm_coordination.area.convex import inside
from swarm_coordination.area.nearest import in_plane, in_space
from swarm_coordination.area.shapes import Area


def objection(area: Area, x: float, y: float, z: float, clear_m: float) -> str:
    """
    Return what a place (m) would have to be for a robot that keeps ``clear_m``; "": it is.

    Clear of every obstacle, inside the zone and off its edges, within the altitude limits.
    """
    for piece in area.obstacles:
        far = in_space(piece, x, y, z).distance_m
        if far < clear_m:
            title = piece.name or 'an obstacle'
            return f'at least {clear_m:g} m from {title} (it is {far:.3f} m)'
    if area.zone and (
        not inside(x, y, area.zone)
        or min(in_plane(wall, x, y).distance_m for wall in area.walls) < clear_m
    ):
        return f'inside the zone to stay in, {clear_m:g} m from its edge'
    if not area.low_m <= z <= area.high_m:
        return f'z_m from {area.low_m:g} to {area.high_m:g} m (altitude)'
    return ''
