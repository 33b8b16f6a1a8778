# SPDX-License-Identifier: Apache-2.0
"""
A robot that hears nobody looks for the others.

It holds where it is, for the others may come back for it. Once its lease is over, and after
``seek_after_s``, it goes to where the last robot whose link it kept was seen last (where it kept
none, the nearest of those it heard), then to the mission's rendezvous, and stays there. It leaves
a place once it has come no nearer for ``seek_wait_s``: it is there, or somebody stands there.
Where others ought to be near by the mission that it knows, not distance but a radio has failed,
and nobody can tell that it moves: there it stays ten times as long.

Who hears somebody again goes near, and flies its slot only once it knows the assignment that the
others fly: its own may lie where it comes from. Whoever has heard nobody in this life stays: it
knows of nobody to look for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
import math
from typing import NamedTuple

from swarm_coordination.mission.paths import Path, Vector
from swarm_coordination.mission.settings import MissionSettings
from swarm_coordination.mission.snapshot import Mission
from swarm_coordination.units import from_mm, ns_to_seconds, seconds_to_ns
from swarm_coordination.views import NeighborState

# Nearer by less than this is no progress: poses are that uncertain.
NEARER_M = 0.5
# So near to somebody found again a robot stays in hearing, and leaves room to fly past it.
NEAR_M = 4.0
# Where others ought to be as near as that, it waits so many times as long before it seeks them.
NEAR_WAITS = 10
# Evidence of a quorum younger than this: it is heard, or this robot alone is the quorum.
BACKED_S = 1.0

# Returns, of the rows of robots heard, one whose link is kept now; None: no link counts.
Keeps = Callable[[list[NeighborState]], NeighborState | None]
# Returns where the others are, if they flew on by plan, so many seconds after they were lost.
Planned = Callable[[float], Iterable[Vector]]


class Place(NamedTuple):
    """Where a robot goes that hears nobody."""

    position: Vector  # m
    text: str  # what it is, for people


class Recovery:
    """Follows whom one robot hears; ``step`` is called at every step of a mission."""

    def __init__(self, settings: MissionSettings) -> None:
        self._after_ns = seconds_to_ns(settings.seek_after_s)
        self._wait_ns = seconds_to_ns(settings.seek_wait_s)
        self._last_seen: NeighborState | None = None
        self._was_kept = False  # its link was, when it was seen so
        self._alone_since: int | None = None
        self._seeking = False
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
        epoch: int,
        lapsed: bool,
        kept: Keeps,
        planned: Planned,
        now: int,
    ) -> Place | None:
        """
        Return the place to go to now; None while there is no reason to.

        ``evidence_ns``: instant of the newest evidence of a quorum-backed leader. ``epoch``: the
        own one. ``lapsed``: the lease is over. ``kept`` says whose link is kept,
        ``planned`` where the others are by the mission.
        """
        heard = [row for row in neighbors if row.heard]
        if heard or (not self._seeking and self._backed(evidence_ns, now)):
            self._alone_since = None
            return self._found(mission, epoch, position, heard, lapsed, kept)
        if self._last_seen is None:
            return None
        if self._alone_since is None:
            self._alone_since, self._stage = now, 0
            self._best_m, self._best_at = math.inf, now + self._after_ns
        if position is None:
            return None
        self._seeking |= lapsed and self._waited(position, planned, now - self._alone_since)
        if not self._seeking:
            return None
        seen = self._last_seen
        place = Place(seen.position, f'where {seen.name} was seen last')
        places = (place, _rendezvous(mission))
        self._move_on(position, places, now)
        return places[self._stage]

    def _waited(self, position: Vector, planned: Planned, alone_ns: int) -> bool:
        """Whether this robot has been alone for long enough to seek the others."""
        if not self._after_ns <= alone_ns < NEAR_WAITS * self._after_ns:
            return alone_ns >= self._after_ns
        places = planned(ns_to_seconds(alone_ns))
        return all(math.dist(position, place) > NEAR_M for place in places)

    def _backed(self, evidence_ns: int | None, now: int) -> bool:
        return evidence_ns is not None and now - evidence_ns <= seconds_to_ns(BACKED_S)

    def _found(
        self,
        mission: Mission,
        epoch: int,
        position: Vector | None,
        heard: list[NeighborState],
        lapsed: bool,
        kept: Keeps,
    ) -> Place | None:
        """Return where to go while others are heard again and their assignment is not known."""
        if not heard or position is None:
            return None
        distance_m, _, nearest = min(
            [(math.dist(row.position, position), row.robot, row) for row in heard]
        )
        self._remember(nearest, heard, kept)
        if not self._seeking:
            return None  # as nearly always
        if any(mission.index < row.mission_epoch <= epoch for row in heard):
            self._seeking = False
        if not self._seeking or (lapsed and distance_m <= NEAR_M):
            return None  # near others who know no more than this robot: stand with them
        share = min(1.0, NEAR_M / distance_m) if distance_m else 0.0
        x, y, z = (there + share * (here - there)
                   for here, there in zip(position, nearest.position, strict=True))
        return Place((x, y, z), f'near {nearest.name}')

    def _remember(self, nearest: NeighborState, heard: list[NeighborState], kept: Keeps) -> None:
        """Note whom to look for, and where, once nobody is heard."""
        found = kept(heard)
        if found is not None:
            self._last_seen, self._was_kept = found, True
        elif self._last_seen is None or not self._was_kept:
            self._last_seen = nearest
        else:  # no link counts any more: that robot, where it is seen now if it is
            same = [row for row in heard if row.robot == self._last_seen.robot]
            self._last_seen = same[0] if same else self._last_seen

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
