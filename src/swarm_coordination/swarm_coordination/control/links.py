# SPDX-License-Identifier: Apache-2.0
"""
Which radio links a robot may let go: certified release, by any number of hops.

Robot i may release link (i, j) only if its table holds a path i .. j whose every edge is listed
live by both ends, is surely within the kept range and is surely shorter than (i, j). Lengths
are known as intervals: each end may have moved since its row was written and may move on until
this robot's next decision. Equal lengths are ordered by the robots' ids.

Why that is sound: at any instant order all live links by (true length, ids). Every released
link, whichever end released it, has a path of strictly smaller links; replacing the largest
released link by its path, again and again, ends in a path of links that nobody released.
Ancestors: LMST (Li, Hou, Sha, INFOCOM 2003), mobility margins (Wu and Dai, IPDPS 2004).

A certificate lives for one decision. It holds only robots that report this robot's own epoch in
the very row their position came from, so none survives a change of the assignment.
"""

from __future__ import annotations

from collections.abc import Sequence
import heapq
import math
from typing import NamedTuple

# Length and then both ids: a strict order of all links of the swarm, the same for everybody.
_Key = tuple[float, int, int]


class LinkNode(NamedTuple):
    """One robot as the release rule sees it."""

    robot: int
    x: float
    y: float
    slack_m: float  # how far from (x, y) it may be until the decision is made anew
    links: tuple[int, ...]  # robots it lists as heard directly and live


def released_links(
    own: LinkNode, others: Sequence[LinkNode], link_distance_m: float
) -> tuple[int, ...]:
    """
    Return the ids of robots in ``others`` whose link with ``own`` is certified superfluous.

    ``others`` are the robots that may stand in a certificate: of this robot's epoch and
    configuration, of bounded age. The rule asks for the smallest largest edge over all paths
    (the bottleneck), which one run of Dijkstra's algorithm from ``own`` gives for every robot.
    """
    nodes = {node.robot: node for node in others}
    nodes[own.robot] = own
    listed = {robot: frozenset(node.links) for robot, node in nodes.items()}
    start: _Key = (-math.inf, own.robot, own.robot)
    bottleneck: dict[int, _Key] = {}
    frontier: list[tuple[_Key, int]] = [(start, own.robot)]
    while frontier:
        key, robot = heapq.heappop(frontier)
        if robot in bottleneck:
            continue
        bottleneck[robot] = key
        here = nodes[robot]
        for near in here.links:
            if near in bottleneck or near not in nodes or robot not in listed[near]:
                continue
            there = nodes[near]
            longest = _distance(here, there) + here.slack_m + there.slack_m
            if longest <= link_distance_m:
                edge = _key(longest, robot, near)
                heapq.heappush(frontier, (max(key, edge), near))
    released = []
    for node in others:
        if node.robot in bottleneck and node.robot in listed[own.robot]:
            shortest = _distance(own, node) - own.slack_m - node.slack_m
            if bottleneck[node.robot] < _key(shortest, own.robot, node.robot):
                released.append(node.robot)
    return tuple(sorted(released))


def _key(length_m: float, first: int, second: int) -> _Key:
    return (length_m, first, second) if first < second else (length_m, second, first)


def _distance(first: LinkNode, second: LinkNode) -> float:
    return math.hypot(first.x - second.x, first.y - second.y)
