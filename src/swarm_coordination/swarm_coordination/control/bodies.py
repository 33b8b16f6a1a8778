# SPDX-License-Identifier: Apache-2.0
"""
Ways around robots that fell silent, for one that seeks the others.

Their discs stand still. Whoever goes straight at its place and slides along what blocks it ends in
a pocket between three of them, or circles them all; a visibility graph (``area/ways``) leads past.
A robot that flies with the others needs none: the leader moves the formation off a dead one.
"""

from __future__ import annotations

import math

from swarm_coordination.area.nearest import in_plane
from swarm_coordination.area.shapes import Area, cylinder, Piece
from swarm_coordination.area.ways import Ways
from swarm_coordination.control.settings import ControlSettings
from swarm_coordination.units import seconds_to_ns
from swarm_coordination.views import Liveness, NeighborTable, Pose

# Discs and pieces of the area on one map: those nearest block the next metres. 8 discs in the
# open are prepared within 2 s, with 8 obstacles beside them within 8 s.
NEAREST, PIECES_NEAREST = 8, 8
# As the robot goes on others become the nearest; a map is begun anew at most so often.
RENEWED_S = 2.0
# Operations (``area/ways``) on a map in one update: half a millisecond, so that an update with 20
# obstacles near stays below 2 ms.
WORK_MAX = 10_000


class Bodies:
    """The ways of one robot past the silent robots nearest to it, and past its area."""

    def __init__(self, area: Area, clear_m: float) -> None:
        """``clear_m``: what ways keep from the area (m)."""
        self._area, self._clear_m = area, clear_m
        self._pieces: tuple[Piece, ...] = ()  # of the newest map begun
        self._ways: Ways | None = None
        self._making: Ways | None = None
        self._begun_ns: int | None = None
        self.work = 0  # operations of the last call

    def ways(
        self, pose: Pose, table: NeighborTable, settings: ControlSettings, now: int
    ) -> Ways | None:
        """
        Return the ways as of ``now`` (ns); None where nobody is silent, and before they are known.

        One call does at most WORK_MAX operations on the next map; until it is there, ways are
        those of the last.
        """
        self.work = 0
        age = math.inf if self._begun_ns is None else now - self._begun_ns
        if self._making is None and age >= seconds_to_ns(RENEWED_S):
            self._begin(pose, table, settings, now)
            if self._making is not None:
                self._making.ready(pose.z)  # corners and blocks: enough for this update
        elif self._making is not None:
            self.work = self._making.prepare(pose.z, WORK_MAX)
            if self._making.ready(pose.z):
                self._ways, self._making = self._making, None
        elif self._ways is not None and not self._ways.ready(pose.z):  # other heights, other map
            self.work = self._ways.prepare(pose.z, WORK_MAX)
        known = self._ways is not None and bool(self._pieces) and self._ways.ready(pose.z)
        return self._ways if known else None

    def _begin(
        self, pose: Pose, table: NeighborTable, settings: ControlSettings, now: int
    ) -> None:
        """Begin a map of what is nearest now, where that is not what the last one was of."""
        self._begun_ns = now
        discs = _discs(pose, table, settings)
        near = sorted(
            range(len(self._area.obstacles)),
            key=lambda k: in_plane(self._area.obstacles[k], pose.x, pose.y).distance_m,
        )
        pieces = (*(self._area.obstacles[k] for k in sorted(near[:PIECES_NEAREST])), *discs)
        if not discs:
            self._pieces, self._ways = (), None
        elif pieces != self._pieces:
            self._pieces = pieces
            self._making = Ways(self._area._replace(obstacles=pieces), self._clear_m)


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
