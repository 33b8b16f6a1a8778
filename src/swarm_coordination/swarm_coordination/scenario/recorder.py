# SPDX-License-Identifier: Apache-2.0
"""
Keep what happened in a run, in bounded memory, while it happens.

A backend calls ``status``, ``committed``, ``event`` and ``closest`` as things happen; the
director calls ``accepted``, ``action`` and ``phase``, and ``sample`` at the sampling rate.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from swarm_coordination.area.nearest import in_space
from swarm_coordination.area.shapes import Area, NOWHERE_CLOSED
from swarm_coordination.robot.outputs import CommittedEntry, RobotEvent, RobotStatus
from swarm_coordination.scenario.backend import Backend, Groups, TrueState
from swarm_coordination.scenario.formation import CommittedFormation
from swarm_coordination.scenario.record import (
    Accepted,
    ActionTaken,
    Commit,
    Jump,
    LoggedEvent,
    PhaseSpan,
    Record,
    Sample,
    StatusChange,
)

# 10 Hz shows every manoeuvre; the least distance is taken at every step of the world besides.
SAMPLE_PERIOD_S = 0.1
# 20 minutes at 10 Hz, far beyond any scenario; about 2 kB each with 12 robots.
SAMPLES_MAX = 12_000
# Enough for 12 robots that apply 4,000 entries each; whatever is beyond fails the run.
COMMITS_MAX = 50_000
STATUSES_MAX = 100_000
# Events are for people: the rest is counted.
EVENTS_MAX = 20_000


class Recorder:
    """Collects one ``Record``."""

    def __init__(
        self,
        robots: Iterable[str],
        safety_distance_m: float,
        area: Area = NOWHERE_CLOSED,
        dimensions: int = 3,
    ) -> None:
        """
        Start an empty record for robots of these names, in an area with obstacles.

        ``dimensions``: whether they are controlled in the plane (2) or in space (3).
        """
        self._area = area
        self.record = Record(tuple(robots), safety_distance_m)
        self.formation = CommittedFormation(dimensions)
        self.groups: Groups = ()  # in a split; the last has the majority of the votes
        self.applied: set[tuple[str, int, int]] = set()  # (robot, session, serial)
        self._index = {name: number for number, name in enumerate(self.record.robots)}
        self._known: dict[str, tuple[object, ...]] = {}
        self._least_m = float('inf')  # since the last sample; kept until the next step
        self._stepped = False
        self._next_sample_s = 0.0
        self.latest: Sample | None = None
        self.newest: dict[str, RobotStatus] = {}  # last status of each robot, dead or not
        self._bytes_before: dict[str, int] = {}  # sent in former lives of a process

    def status(self, now_s: float, robot: str, status: RobotStatus) -> None:
        """Keep a status if it differs from the robot's last in what the protocol cares about."""
        last = self.newest.get(robot)
        if last is not None and status.bytes_sent < last.bytes_sent:
            self._bytes_before[robot] = self.bytes_sent(robot)
        self.newest[robot] = status
        key = (
            *(status.incarnation, status.role, status.term, status.leader, status.quorum),
            *(status.commit, status.applied, status.state_hash, status.mode, status.mission),
            *(status.epoch, status.slot, status.alive, status.pending_intents, status.may_vote),
        )
        if self._known.get(robot) == key:
            return
        self._known[robot] = key
        self._keep(self.record.statuses, StatusChange(now_s, robot, status), STATUSES_MAX)

    def bytes_sent(self, robot: str) -> int:
        """Return the frame bytes that a robot has said it sent, over all its lives."""
        status = self.newest.get(robot)
        return self._bytes_before.get(robot, 0) + (status.bytes_sent if status else 0)

    def committed(self, now_s: float, robot: str, life: int, entry: CommittedEntry) -> None:
        """Keep one entry that a robot applied; ``life`` counts the starts of its process."""
        self.formation.committed(entry)
        if entry.index == 1:  # a restarted process applies its log anew
            self.applied = {key for key in self.applied if key[0] != robot}
        if entry.serial and len(self.applied) < COMMITS_MAX:
            self.applied.add((robot, entry.session, entry.serial))
        self._keep(self.record.commits, Commit(now_s, robot, life, entry), COMMITS_MAX)

    def event(self, now_s: float, robot: str, event: RobotEvent, life: int) -> None:
        """Keep an event that a robot reported in one life of its process."""
        if len(self.record.events) < EVENTS_MAX:
            self.record.events.append(LoggedEvent(now_s, robot, event))
        if event.kind == 'snapshot_installed':
            self._keep(self.record.jumps, Jump(now_s, robot, life, event.value), COMMITS_MAX)
            self._jump(robot, life, event.value)

    def _jump(self, robot: str, life: int, index: int) -> None:
        """Count as applied what a snapshot at ``index`` holds, and what this life applied."""
        self.applied = {key for key in self.applied if key[0] != robot}
        for _, who, when, entry in self.record.commits:
            if entry.serial and (entry.index <= index or (who, when) == (robot, life)):
                self.applied.add((robot, entry.session, entry.serial))

    def closest(self, now_s: float, distance_m: float, first: str, second: str) -> None:
        """Take the least true distance of any two robots at one step of the world."""
        self._least_m = min(self._least_m, distance_m) if self._stepped else distance_m
        self._stepped = True
        if distance_m < self.record.min_distance_m:
            self.record.min_distance_m = distance_m
            self.record.min_distance_at = (now_s, first, second)

    def violation(self, text: str) -> None:
        """Keep a broken invariant that a backend saw itself; any one fails the run."""
        if len(self.record.violations) < 100:  # the first is what matters
            self.record.violations.append(text)

    def accepted(self, accepted: Accepted) -> None:
        """Keep an intent that a robot acknowledged."""
        self._keep(self.record.accepted, accepted, COMMITS_MAX)

    def action(self, action: ActionTaken) -> None:
        """Keep something that the director did."""
        self._keep(self.record.actions, action, COMMITS_MAX)

    def phase(self, span: PhaseSpan) -> None:
        """Keep a phase that has ended."""
        self.record.phases.append(span)

    def refused(self, text: str) -> None:
        """Keep a proposal that was not acknowledged."""
        self._keep(self.record.refused, text, COMMITS_MAX)

    def finish(self, now_s: float, backend: Backend) -> None:
        """Take the last look at the swarm; the record is complete then."""
        self.take(now_s, backend)
        statuses = backend.statuses()
        self.record.final = {n: statuses[n] for n in backend.running() if n in statuses}
        self.record.end_s = now_s
        self.record.bytes_sent = {name: self.bytes_sent(name) for name in self.record.robots}

    def sample(self, now_s: float, backend: Backend) -> Sample | None:
        """Take a sample if it is time for one; returns it."""
        self.record.end_s = now_s
        if now_s < self._next_sample_s:
            return None
        self._next_sample_s = max(self._next_sample_s + SAMPLE_PERIOD_S, now_s)
        return self.take(now_s, backend)

    def take(self, now_s: float, backend: Backend) -> Sample:
        """Take a sample now."""
        truth, running, statuses = backend.truth(), backend.running(), backend.statuses()
        links = self._pairs(backend.links())
        for name, status in statuses.items():
            self.status(now_s, name, status)
        alive = [self._index[name] for name in running]
        lambda2 = algebraic_connectivity(alive, links)
        leader, term, leaders = self._leader(running, statuses)
        self._obstacles(truth.values())
        sample = Sample(
            now_s,
            tuple(truth[name] for name in self.record.robots),
            tuple(name in running for name in self.record.robots),
            links,
            self._least_m,
            lambda2,
            connected(alive, links),
            connected(alive, self._pairs(backend.reach())),
            self.formation.error(self._flying(running), truth, statuses),
            leader,
            leaders,
            term,
            max((status.commit for status in statuses.values()), default=0),
        )
        self._stepped = False
        self._keep(self.record.samples, sample, SAMPLES_MAX)
        self.latest = sample
        return sample

    def _obstacles(self, places: Iterable[TrueState]) -> None:
        """Take how near anybody is to an obstacle, dead or not."""
        for piece in self._area.obstacles:
            for at in places:
                far_m = in_space(piece, at.x, at.y, at.z).distance_m
                self.record.obstacle_gap_m = min(self.record.obstacle_gap_m, far_m)

    def _flying(self, running: tuple[str, ...]) -> tuple[str, ...]:
        """Return the robots that the committed formation speaks of: in a split, the majority."""
        if not self.groups:
            return running
        return tuple(name for name in running if name in self.groups[-1])

    def _leader(
        self, running: tuple[str, ...], statuses: Mapping[str, RobotStatus]
    ) -> tuple[str, int, int]:
        """Return the leader that most know, its term, and how many different ones are known."""
        known: dict[tuple[int, str], int] = {}
        for name in running:
            status = statuses.get(name)
            key = (status.term, status.leader_name) if status else (0, '')
            known[key] = known.get(key, 0) + 1
        (term, leader) = max(known, key=lambda key: (known[key], key), default=(0, ''))
        return leader, term, len(known)

    def _pairs(self, links: Iterable[tuple[str, str]]) -> tuple[tuple[int, int], ...]:
        return tuple((self._index[a], self._index[b]) for a, b in links)

    def _keep(self, kept: list, item: object, most: int) -> None:  # type: ignore[type-arg]
        if len(kept) < most:
            kept.append(item)
        else:
            self.record.dropped += 1


def connected(nodes: list[int], links: tuple[tuple[int, int], ...]) -> bool:
    """Whether ``nodes`` are one component of the graph ``links`` restricted to them."""
    if len(nodes) < 2:
        return True
    inside, reached, queue = set(nodes), {nodes[0]}, [nodes[0]]
    while queue:
        here = queue.pop()
        for a, b in links:
            other = b if a == here else a if b == here else None
            if other is not None and other in inside and other not in reached:
                reached.add(other)
                queue.append(other)
    return len(reached) == len(nodes)


def algebraic_connectivity(nodes: list[int], links: tuple[tuple[int, int], ...]) -> float:
    """Second smallest eigenvalue of the graph's Laplacian (Fiedler 1973); 0 below two nodes."""
    if len(nodes) < 2:
        return 0.0
    place = {node: row for row, node in enumerate(nodes)}
    laplacian = np.zeros((len(nodes), len(nodes)))
    for a, b in links:
        if a in place and b in place:
            i, j = place[a], place[b]
            laplacian[i, j] = laplacian[j, i] = -1.0
            laplacian[i, i] += 1.0
            laplacian[j, j] += 1.0
    return max(0.0, float(np.linalg.eigvalsh(laplacian)[1]))
