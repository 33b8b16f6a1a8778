# SPDX-License-Identifier: Apache-2.0
"""
A robot that hears nobody looks for the others.

It holds where it is, for the others may come back for it. After ``seek_after_s`` it goes to where
the nearest of those it heard last was seen last (its link was kept, whatever the weight: no path
is lighter than the shortest link), then to the mission's rendezvous, and stays there. It leaves
a place once it has come no nearer for ``seek_wait_s``: it is there, or somebody stands there.

Whoever has heard nobody in this life stays: it knows of nobody to look for.
"""

from __future__ import annotations

from collections.abc import Iterable
import math
from typing import NamedTuple

from swarm_coordination.mission.paths import Path, Vector
from swarm_coordination.mission.settings import MissionSettings
from swarm_coordination.mission.snapshot import Mission
from swarm_coordination.units import from_mm, seconds_to_ns
from swarm_coordination.views import Liveness, NeighborState

# Nearer by less than this is no progress: poses are that uncertain.
NEARER_M = 0.5
# Evidence of a quorum younger than this: it is heard, or this robot alone is the quorum.
BACKED_S = 1.0


class Place(NamedTuple):
    """Where a robot goes that hears nobody."""

    position: Vector  # m
    text: str  # what it is, for people


class Recovery:
    """Follows whom one robot hears; ``step`` is called at every step of a mission."""

    def __init__(self, settings: MissionSettings) -> None:
        self._after_ns = seconds_to_ns(settings.seek_after_s)
        self._wait_ns = seconds_to_ns(settings.seek_wait_s)
        self._last_seen: Place | None = None
        self._alone_since: int | None = None
        self._stage = 0
        self._best_m = math.inf
        self._best_at = 0

    @property
    def alone(self) -> bool:
        """Whether this robot has heard others and hears nobody now."""
        return self._alone_since is not None

    def step(
        self,
        mission: Mission,
        position: Vector | None,
        neighbors: Iterable[NeighborState],
        evidence_ns: int | None,
        now: int,
    ) -> Place | None:
        """
        Return the place to go to now; None while there is no reason to.

        ``evidence_ns``: instant of the newest evidence of a quorum-backed leader.
        """
        heard = [
            row for row in neighbors if row.heard and row.liveness is not Liveness.SILENT
        ]
        backed = evidence_ns is not None and now - evidence_ns <= seconds_to_ns(BACKED_S)
        if heard or backed:
            self._alone_since = None
            if heard and position is not None:
                _, _, nearest = min(
                    (math.dist(row.position, position), row.robot, row) for row in heard
                )
                self._last_seen = Place(
                    nearest.position, f'where {nearest.name} was seen last'
                )
            return None
        if self._last_seen is None:
            return None
        if self._alone_since is None:
            self._alone_since, self._stage = now, 0
            self._best_m, self._best_at = math.inf, now + self._after_ns
        if position is None or now - self._alone_since < self._after_ns:
            return None
        places = (self._last_seen, _rendezvous(mission))
        self._move_on(position, places, now)
        return places[self._stage]

    def _move_on(self, position: Vector, places: tuple[Place, ...], now: int) -> None:
        """Turn to the next place once this one comes no nearer."""
        left_m = math.dist(position, places[self._stage].position)
        if left_m < self._best_m - NEARER_M:
            self._best_m, self._best_at = left_m, now
        elif now - self._best_at >= self._wait_ns and self._stage + 1 < len(places):
            self._stage += 1
            self._best_m, self._best_at = math.inf, now


def _rendezvous(mission: Mission) -> Place:
    """Return where robots of a mission meet that have lost each other."""
    point = mission.command.rendezvous
    if point is None:
        return Place(Path(mission.command.path).at(0.0).position, 'where the path begins')
    return Place((from_mm(point[0]), from_mm(point[1]), from_mm(point[2])), 'the rendezvous')
