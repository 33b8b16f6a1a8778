# SPDX-License-Identifier: Apache-2.0
"""
Which radio links a robot may let go: certified release, by any number of hops.

Robot i may release link (i, j) only if its table holds a path i .. j whose every edge is listed
live by both ends, is surely within the kept range and surely weighs less than (i, j). Where the
swarm must survive the loss of any one robot, two such paths that share nobody in between.

The weight of a link is the same function for the whole swarm: the distance between two places,
one of each robot, that move no faster than the robots do: where they are, or where they will be
``look_ahead_s`` later on the straight way to their slots. Distances and weights are known as
intervals: each end may have moved since its row was written and may move on until this robot's
next decision. Equal weights are ordered by the robots' ids.

Why that is sound stands in docs/connectivity.md. Ancestors: LMST (Li, Hou, Sha, INFOCOM 2003),
FLSS (Li and Hou, MobiHoc 2004), mobility margins (Wu and Dai, IPDPS 2004).

A certificate lives for one decision. It holds only robots that report this robot's own epoch in
the very row their position came from, so none survives a change of the assignment.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterator, Sequence
import heapq
import math
from typing import NamedTuple

from swarm_coordination.control.disjoint import two_disjoint_paths

# Weight and then both ids: a strict order of all links of the swarm, the same for everybody.
_Key = tuple[float, int, int]


class LinkNode(NamedTuple):
    """One robot as the release rule sees it."""

    robot: int
    x: float
    y: float
    slack_m: float  # how far from (x, y) it may be until the decision is made anew
    links: tuple[int, ...]  # robots it lists as heard directly and live
    ahead: tuple[float, ...] | None = None  # where its links are weighed; None: at its place
    z: float = 0.0  # 0 for all where distances are taken in the plane


def released_links(
    own: LinkNode, others: Sequence[LinkNode], link_distance_m: float, resilience: int = 1
) -> tuple[int, ...]:
    """
    Return the ids of robots in ``others`` whose link with ``own`` is certified superfluous.

    ``others`` are the robots that may stand in a certificate: of this robot's epoch and
    configuration, of bounded age. ``resilience``: paths that every certificate must hold, 1 or 2.
    """
    graph = _Certain(own, others, link_distance_m)
    candidates = [node for node in others if graph.listed(own.robot, node.robot)]
    if resilience == 1:
        bottleneck = graph.bottlenecks(own.robot)
        gone = [
            node.robot
            for node in candidates
            if node.robot in bottleneck and bottleneck[node.robot] < graph.least(own, node)
        ]
    else:
        gone = _doubly_connected(graph, own, candidates)
    return tuple(sorted(gone))


def _doubly_connected(
    graph: _Certain, own: LinkNode, candidates: Sequence[LinkNode]
) -> list[int]:
    """Return the robots to which two paths of lighter links lead that share nobody in between."""
    links, at = graph.ascending(), 0
    near: dict[int, set[int]] = defaultdict(set)
    found = []
    for limit, robot in sorted((graph.least(own, node), node.robot) for node in candidates):
        while at < len(links) and links[at] < limit:
            _, first, second = links[at]
            near[first].add(second)
            near[second].add(first)
            at += 1
        # By two neighbours of both there are two at once, as nearly always in a crowd.
        if len(near[own.robot] & near[robot]) > 1 or two_disjoint_paths(
            own.robot, robot, near.__getitem__
        ):
            found.append(robot)
    return found


class _Certain:
    """The links that are listed by both ends and surely within range, with greatest weights."""

    def __init__(self, own: LinkNode, others: Sequence[LinkNode], link_distance_m: float) -> None:
        self._nodes = {node.robot: node for node in (*others, own)}
        self._listed = {robot: frozenset(node.links) for robot, node in self._nodes.items()}
        self._range_m = link_distance_m

    def listed(self, robot: int, other: int) -> bool:
        """Return whether ``robot`` lists ``other``."""
        return other in self._listed[robot]

    def least(self, first: LinkNode, second: LinkNode) -> _Key:
        """Return the least weight that a link may have."""
        slack = first.slack_m + second.slack_m
        return _key(_weight(first, second) - slack, first.robot, second.robot)

    def edges(
        self, robot: int, passed: Container[int] = ()
    ) -> Iterator[tuple[int, _Key]]:
        """
        Yield the robots at the other ends of certain links, with their greatest weights.

        Those in ``passed`` are left out: most of the work is here, with hundreds of links.
        """
        here = self._nodes[robot]
        for near in here.links:
            if near in passed or near not in self._nodes or robot not in self._listed[near]:
                continue
            there = self._nodes[near]
            slack = here.slack_m + there.slack_m
            far = math.hypot(here.x - there.x, here.y - there.y, here.z - there.z)
            if far + slack <= self._range_m:
                yield near, _key(_weight(here, there) + slack, robot, near)

    def bottlenecks(self, start: int) -> dict[int, _Key]:
        """
        Return for every robot that can be reached the least largest link of a path to it.

        One run of Dijkstra's algorithm, with the largest link in the place of the sum.
        """
        found: dict[int, _Key] = {}
        frontier: list[tuple[_Key, int]] = [((-math.inf, start, start), start)]
        while frontier:
            key, robot = heapq.heappop(frontier)
            if robot not in found:
                found[robot] = key
                for near, edge in self.edges(robot, found):
                    heapq.heappush(frontier, (max(key, edge), near))
        return found

    def ascending(self) -> list[_Key]:
        """Return all certain links, the lightest first, by their greatest weights."""
        passed: set[int] = set()
        found: list[_Key] = []
        for robot in self._nodes:
            passed.add(robot)  # each link once
            found += [edge for _, edge in self.edges(robot, passed)]
        return sorted(found)


def _key(weight_m: float, first: int, second: int) -> _Key:
    return (weight_m, first, second) if first < second else (weight_m, second, first)


def _weight(first: LinkNode, second: LinkNode) -> float:
    here = first.ahead or (first.x, first.y, first.z)
    there = second.ahead or (second.x, second.y, second.z)
    return math.dist(here, there)
