# SPDX-License-Identifier: Apache-2.0
"""
Whose link a robot surely keeps, without asking its controller (which may be another process).

The lightest of its links: a certificate for it would be a path that leaves this robot by another
link and yet weighs less everywhere (``control.links``). Intervals hold the weights known, so no
table certifies it as superfluous.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import math

from swarm_coordination.control.picture import ahead, Point
from swarm_coordination.control.settings import ControlSettings
from swarm_coordination.views import NeighborState


class Kept:
    """The rule for one robot; ``settings`` are those of its controller."""

    def __init__(self, settings: ControlSettings) -> None:
        self._space = settings.dimensions == 3
        self._age_max_s = settings.age_max_s
        self._step_m = settings.speed_max_mps * settings.look_ahead_s

    def __call__(
        self,
        robot: int,
        position: Point,
        heard: Sequence[NeighborState],
        goals: Mapping[int, Point],
    ) -> NeighborState | None:
        """
        Return the row of the lightest live link of ``robot``, at ``position``; None: it has none.

        ``heard``: rows of robots heard directly; ``goals``: where slots end, by storage id.
        """
        live = [
            row for row in heard if row.same_configuration and row.age_s <= self._age_max_s
        ]
        if not live:
            return None
        here = self._weighed(position, goals.get(robot))
        return min(live, key=lambda row: (
            math.dist(here, self._weighed(row.position, goals.get(row.robot))), row.robot
        ))

    def _weighed(self, place: Point, goal: Point | None) -> Point:
        """Return where a robot counts as for the weight of its links."""
        if not self._space:
            place, goal = (*place[:2], 0.0), goal and (*goal[:2], 0.0)
        return ahead(place, goal, self._step_m) if goal and self._step_m > 0.0 else place
