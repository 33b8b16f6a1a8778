# SPDX-License-Identifier: Apache-2.0
"""
What a ground station knows of a swarm: the newest word of every robot, and how old it is.

``SwarmWatch`` is told what comes in; ``picture`` gives everything at one instant as values,
for the scene (rviz, PNG) and the metrics. A robot not heard of for ``GONE_S`` is gone from it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
import math
from typing import NamedTuple

from swarm_coordination.area.shapes import Area, NOWHERE_CLOSED
from swarm_coordination.robot.outputs import RobotStatus
from swarm_coordination.units import ns_to_seconds, seconds_to_ns
from swarm_coordination.views import Mode, Pose

# A robot sends its status ten times a second; silent for so long it is out of the station's sight.
GONE_S = 5.0
# A part that has not reported for so long is stale, as diagnostic_aggregator takes it to be.
SILENT_S = 5.0
STALE = 3
# Points of a trail, one for each this far apart: 100 m of way.
TRAIL_POINTS, TRAIL_STEP_M = 400, 0.25
# consensus.messages.Role
LEADER = 3
# Of a storage id; Python refuses to read a number of thousands, which anybody may report.
ID_DIGITS = 19


class Health(NamedTuple):
    """A robot's report on one of its parts; level 0 OK, 1 WARN, 2 ERROR, 3 STALE."""

    level: int
    message: str
    values: Mapping[str, str]


class RobotSeen(NamedTuple):
    """One robot at one instant; what was never heard is None."""

    name: str
    number: int  # its place in the swarm file
    age_s: float  # since its last status
    status: RobotStatus
    heard: tuple[str, ...]  # names it hears directly
    formation_error_m: float  # NaN without a slot
    pose: Pose | None
    slot: tuple[float, float, float] | None  # where its place in the formation is
    trail: tuple[tuple[float, float, float], ...]
    health: Mapping[str, Health]  # by part
    kept: tuple[str, ...]  # robots whose link its controller keeps


class Picture(NamedTuple):
    """A swarm at one instant; robots in the order of the swarm file."""

    robots: tuple[RobotSeen, ...]
    kept_range_m: float
    area: Area = NOWHERE_CLOSED

    def links(self) -> tuple[tuple[RobotSeen, RobotSeen], ...]:
        """Return the pairs that hear each other in both directions."""
        return tuple(
            (a, b) for k, a in enumerate(self.robots) for b in self.robots[k + 1:]
            if b.name in a.heard and a.name in b.heard
        )

    def islands(self) -> tuple[tuple[RobotSeen, ...], ...]:
        """Return the groups joined by links, the one with the first robot first."""
        near: dict[str, list[RobotSeen]] = {robot.name: [] for robot in self.robots}
        for a, b in self.links():
            near[a.name].append(b)
            near[b.name].append(a)
        found, seen = [], set[str]()
        for robot in self.robots:
            if robot.name in seen:
                continue
            group, waiting = [], [robot]
            seen.add(robot.name)
            while waiting:
                one = waiting.pop()
                group.append(one)
                for other in near[one.name]:
                    if other.name not in seen:
                        seen.add(other.name)
                        waiting.append(other)
            found.append(tuple(sorted(group, key=lambda one: one.number)))
        return tuple(found)

    def leaders(self) -> tuple[RobotSeen, ...]:
        """Return the robots that lead with a quorum behind them."""
        return tuple(r for r in self.robots if r.status.role == LEADER and r.status.quorum)


class _Known:
    """What came of one robot."""

    def __init__(self) -> None:
        self.status: RobotStatus | None = None
        self.status_ns = 0
        self.heard: tuple[str, ...] = ()
        self.error_m = math.nan
        self.pose: Pose | None = None
        self.slot: tuple[float, float, float] | None = None
        self.trail: deque[tuple[float, float, float]] = deque(maxlen=TRAIL_POINTS)
        self.health: dict[str, tuple[Health, int]] = {}  # by part, with the time it came


class SwarmWatch:
    """
    Collects what is said; ``names`` are the robots of the swarm file, others are not taken.

    ``area`` is that of the swarm file.
    """

    def __init__(
        self, names: Iterable[str], kept_range_m: float, area: Area = NOWHERE_CLOSED
    ) -> None:
        self._known = {name: _Known() for name in names}
        self._kept_range_m, self._area = kept_range_m, area

    def status(
        self, name: str, status: RobotStatus, heard: Iterable[str], error_m: float, now: int
    ) -> None:
        """Take a status; ``now`` in ns of the station's steady clock."""
        known = self._known[name]
        known.status, known.status_ns = status, now
        known.heard, known.error_m = tuple(heard), error_m
        if status.mode is Mode.IDLE:
            known.slot = None

    def pose(self, name: str, pose: Pose) -> None:
        """Take a robot's pose in map."""
        known = self._known[name]
        known.pose = pose
        at = pose[:3]
        if not known.trail or math.dist(known.trail[-1], at) >= TRAIL_STEP_M:
            known.trail.append(at)

    def slot(self, name: str, slot: tuple[float, float, float] | None) -> None:
        """Take where a robot's place in the formation is."""
        self._known[name].slot = slot

    def health(self, name: str, part: str, health: Health, now: int) -> None:
        """Take a robot's report on one of its parts; ``now`` as in ``status``."""
        known = self._known.get(name)
        if known is not None:
            known.health[part] = (health, now)

    def picture(self, now: int) -> Picture:
        """Return the swarm as known at ``now``; who is gone leaves no trail behind."""
        robots = []
        names = {
            known.status.storage_id: name
            for name, known in self._known.items() if known.status is not None
        }
        for number, (name, known) in enumerate(self._known.items()):
            if known.status is None:
                continue
            if now - known.status_ns > seconds_to_ns(GONE_S):
                self._known[name] = _Known()
                continue
            health = {part: _aged(*told, now) for part, told in known.health.items()}
            robots.append(
                RobotSeen(
                    name, number, ns_to_seconds(now - known.status_ns), known.status,
                    known.heard, known.error_m, known.pose, known.slot, tuple(known.trail),
                    health, _kept(health, names),
                )
            )
        return Picture(tuple(robots), self._kept_range_m, self._area)


def _aged(health: Health, came_ns: int, now: int) -> Health:
    """Return a report as it is to be read at ``now``."""
    silent_s = ns_to_seconds(now - came_ns)
    if silent_s <= SILENT_S:
        return health
    return Health(STALE, f'silent for {silent_s:.0f} s; before: {health.message}', {})


def _kept(health: Mapping[str, Health], names: Mapping[int, str]) -> tuple[str, ...]:
    """Return the names of the robots that the controller's report lists as kept."""
    report = health.get('controller')
    words = report.values.get('kept', '').split() if report is not None else []
    ids = [int(word) for word in words if word.isdecimal() and len(word) <= ID_DIGITS]
    return tuple(sorted(names[one] for one in ids if one in names))
