# SPDX-License-Identifier: Apache-2.0
"""
Ways around robots that fell silent, for one that seeks the others.

Their discs stand still. Whoever goes straight at its place and slides along what blocks it ends in
a pocket between three of them, or circles them all; a visibility graph (``area/ways``) leads past.
A robot that flies with the others needs none: the leader moves the formation off a dead one.
"""

from __future__ import annotations

import math

from swarm_coordination.area.shapes import Area, cylinder, Piece
from swarm_coordination.area.ways import Ways
from swarm_coordination.control.settings import ControlSettings
from swarm_coordination.units import seconds_to_ns
from swarm_coordination.views import Liveness, NeighborTable, Pose

# A map of so many discs takes 5 to 20 ms once; one of 23 would take 400 ms, and only those near
# block the next metres.
NEAREST = 8
# As the robot goes on others become the nearest; the map is made anew at most so often.
RENEWED_S = 2.0


class Bodies:
    """The ways of one robot past the silent robots nearest to it, and past its area."""

    def __init__(self, area: Area, clear_m: float) -> None:
        """``clear_m``: what ways keep from the area (m)."""
        self._area, self._clear_m = area, clear_m
        self._pieces: tuple[Piece, ...] = ()
        self._ways: Ways | None = None
        self._made_ns: int | None = None

    def ways(
        self, pose: Pose, table: NeighborTable, settings: ControlSettings, now: int
    ) -> Ways | None:
        """Return the ways as of ``now`` (ns); None where nobody is silent."""
        age = math.inf if self._made_ns is None else now - self._made_ns
        if age >= seconds_to_ns(RENEWED_S):
            self._made_ns = now
            pieces = _discs(pose, table, settings)
            if pieces != self._pieces:
                area = self._area._replace(obstacles=(*self._area.obstacles, *pieces))
                self._pieces, self._ways = pieces, Ways(area, self._clear_m)
        return self._ways if self._pieces else None


def _discs(
    pose: Pose, table: NeighborTable, settings: ControlSettings
) -> tuple[Piece, ...]:
    """Return the discs of the nearest silent robots, less what is kept from any obstacle."""
    silent = sorted(
        (math.hypot(row.position[0] - pose.x, row.position[1] - pose.y), row.robot, row.position)
        for row in table.neighbors if row.liveness is Liveness.SILENT
    )
    radius = max(0.0, settings.silent_radius_m - settings.obstacle_clear_m)
    return tuple(
        cylinder((x, y), radius, name=f'robot{robot}')
        for robot, (x, y, _) in sorted((robot, where) for _, robot, where in silent[:NEAREST])
    )
