# SPDX-License-Identifier: Apache-2.0
"""Paths: a polyline by arc length, along which the formation's reference point moves."""

from __future__ import annotations

import bisect
import itertools
import math
from typing import NamedTuple

from swarm_coordination.errors import CommandError
from swarm_coordination.mission.formations import PointMm

Vector = tuple[float, float, float]


class PathPoint(NamedTuple):
    """Position (m) and unit tangent of the path; the tangent is zero where the path ends."""

    position: Vector
    tangent: Vector


class Path:
    """
    Polyline through ``waypoints`` (mm); one waypoint is a place to stand at.

    Raises CommandError without waypoints. Repeated waypoints are passed over.
    """

    def __init__(self, waypoints: tuple[PointMm, ...]) -> None:
        if not waypoints:
            raise CommandError('path: no waypoints: at least 1')
        kept = [waypoints[0]]
        kept.extend(b for a, b in itertools.pairwise(waypoints) if a != b)
        self._points: list[Vector] = [(x / 1000.0, y / 1000.0, z / 1000.0) for x, y, z in kept]
        self._waypoints = waypoints
        self._asked: tuple[float, PathPoint] | None = None  # each place is, several times on end
        self._starts = [0.0]
        for a, b in itertools.pairwise(self._points):
            self._starts.append(self._starts[-1] + math.dist(a, b))

    @property
    def length_m(self) -> float:
        """Arc length from the first waypoint to the last."""
        return self._starts[-1]

    def arc_m(self, waypoint: int) -> float:
        """Arc length at which the path reaches way-point number ``waypoint``, from 0."""
        passed = itertools.pairwise(self._waypoints[:waypoint + 1])
        return self._starts[sum(a != b for a, b in passed)]

    def at(self, progress_m: float) -> PathPoint:
        """Point at arc length ``progress_m``, clamped to the path's ends."""
        if self._asked is None or self._asked[0] != progress_m:
            self._asked = (progress_m, self._find(progress_m))
        return self._asked[1]

    def _find(self, progress_m: float) -> PathPoint:
        if progress_m >= self.length_m:
            return PathPoint(self._points[-1], (0.0, 0.0, 0.0))
        progress = max(0.0, progress_m)
        leg = bisect.bisect_right(self._starts, progress) - 1
        a, b = self._points[leg], self._points[leg + 1]
        length = self._starts[leg + 1] - self._starts[leg]
        tangent = ((b[0] - a[0]) / length, (b[1] - a[1]) / length, (b[2] - a[2]) / length)
        along = progress - self._starts[leg]
        position = (
            a[0] + along * tangent[0],
            a[1] + along * tangent[1],
            a[2] + along * tangent[2],
        )
        return PathPoint(position, tangent)
