# SPDX-License-Identifier: Apache-2.0
"""
What a robot knows of the others at one instant: where each may be, and whose link counts.

Ages in a table are of its stamp; they grow until the instant of use. A row's position is at most
``age + pose_period`` old, and the own one ``own age``: at speed v that bounds the drift.
"""

from __future__ import annotations

import math

from swarm_coordination.control.halfspaces import sight, Sighting
from swarm_coordination.control.links import LinkNode, released_links
from swarm_coordination.control.settings import ControlSettings
from swarm_coordination.views import Liveness, NeighborState, NeighborTable, Pose

Point = tuple[float, float, float]


class Picture:
    """
    The own pose and goal, and a neighbour table; both ``..._age_s`` seconds old.

    ``goal``: where the own slot ends, a constant of the epoch as the weight of links demands.
    ``resilience``: paths in a certificate; 0: as the settings say.
    """

    def __init__(
        self,
        settings: ControlSettings,
        pose: Pose,
        pose_age_s: float,
        table: NeighborTable,
        table_age_s: float,
        goal: Point | None = None,
        resilience: int = 0,
    ) -> None:
        self._settings = settings
        self._pose, self._pose_age_s = pose, pose_age_s
        self._table, self._table_age_s = table, table_age_s
        self._goal = goal
        self._resilience = resilience or settings.resilience

    def sighting(self, row: NeighborState, squeeze: float = 1.0) -> Sighting:
        """
        Return where another robot is and how far it may have drifted from there.

        ``squeeze``: heights are divided by it (downwash). Beyond ``age_max_s`` the ball grows no
        further: a robot heard of that long ago must not freeze everybody else for ever.
        """
        limits = self._settings
        age = min(self._age_s(row), limits.age_max_s)
        drift = limits.speed_max_mps * (age + limits.pose_period_s + self._pose_age_s)
        return self._sight(row, drift, squeeze)

    def silent_sighting(self, row: NeighborState, squeeze: float = 1.0) -> Sighting:
        """Return where a silent robot was last: only the own position has drifted since."""
        return self._sight(row, self._settings.speed_max_mps * self._pose_age_s, squeeze)

    def _sight(self, row: NeighborState, drift: float, squeeze: float) -> Sighting:
        pose, place = self._pose, row.position
        dz = (pose.z - place[2]) / squeeze if self._settings.dimensions == 3 else 0.0
        lower = self._table.robot < row.robot
        return sight(row.robot, pose.x - place[0], pose.y - place[1], drift, lower, dz)

    def linked(self, row: NeighborState) -> bool:
        """
        Return whether there is a live link with this robot.

        Hearing it is enough. Its own list may not yet name this robot, while a third robot
        that already heard both of them builds a certificate on the link.
        """
        return row.heard and self._bounded(row)

    def released(self) -> tuple[int, ...]:
        """Return the robots whose live link is certified superfluous now, ascending."""
        limits, table = self._settings, self._table
        predicting = limits.look_ahead_s > 0.0
        if predicting and self._goal is None:
            return ()
        own = self._node(
            table.robot,
            (self._pose.x, self._pose.y, self._pose.z),
            self._pose_age_s,
            tuple(row.robot for row in table.neighbors if self.linked(row)),
            self._goal,
        )
        others = [
            self._node(
                row.robot,
                row.position,
                self._age_s(row) + limits.pose_period_s,
                row.links,
                row.goal,
            )
            for row in table.neighbors
            if self._bounded(row)
            and row.liveness is Liveness.ALIVE
            and row.epoch == table.epoch
            and not (predicting and row.goal is None)
        ]
        return released_links(own, others, limits.link_distance_m, self._resilience)

    def _node(
        self,
        robot: int,
        place: Point,
        age_s: float,
        links: tuple[int, ...],
        goal: Point | None,
    ) -> LinkNode:
        limits = self._settings
        slack = limits.speed_max_mps * (age_s + limits.hold_s) + limits.localisation_error_m
        if limits.dimensions == 2:
            place = (place[0], place[1], 0.0)
            goal = None if goal is None else (goal[0], goal[1], 0.0)
        where = None
        if goal is not None and limits.look_ahead_s > 0.0:
            where = ahead(place, goal, limits.speed_max_mps * limits.look_ahead_s)
        return LinkNode(robot, place[0], place[1], slack, links, where, place[2])

    def _age_s(self, row: NeighborState) -> float:
        return row.age_s + self._table_age_s

    def _bounded(self, row: NeighborState) -> bool:
        """Return whether anything may be built on this row."""
        return (
            row.same_configuration
            and row.liveness is not Liveness.SILENT
            and self._age_s(row) <= self._settings.age_max_s
        )


def ahead(place: Point, slot: Point, step_m: float) -> Point:
    """
    Return the point at most ``step_m`` from ``place`` on the straight way to ``slot``.

    Never moves further than ``place`` does (the remainder of a projection on a ball around the
    slot), so that whatever bounds an error of ``place`` bounds the error of the result.
    """
    dx, dy, dz = slot[0] - place[0], slot[1] - place[1], slot[2] - place[2]
    way = math.hypot(dx, dy, dz)
    if way <= step_m:
        return slot
    share = step_m / way
    return (place[0] + dx * share, place[1] + dy * share, place[2] + dz * share)
