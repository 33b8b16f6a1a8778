# SPDX-License-Identifier: Apache-2.0
"""
What a set of positions says as a disc graph: connectivity measures for reports and checks.

Edges join robots at most ``range_m`` apart. Uses NumPy's eigenvalues, which differ in the last
bits between machines: nothing here may reach a hashed trace.
"""

from __future__ import annotations

from collections.abc import Sequence
import math

import numpy as np

Point = Sequence[float]
Adjacency = list[list[int]]


def disc_graph(points: Sequence[Point], range_m: float) -> Adjacency:
    """Return, for each point, the ascending indices of the points within ``range_m``."""
    near: Adjacency = [[] for _ in points]
    for i, first in enumerate(points):
        for j in range(i):
            if math.dist(first, points[j]) <= range_m:
                near[i].append(j)
                near[j].append(i)
    return [sorted(row) for row in near]


def components(adjacency: Adjacency) -> list[list[int]]:
    """Return the connected components, each ascending, ordered by smallest member."""
    seen = [False] * len(adjacency)
    found = []
    for start in range(len(adjacency)):
        if seen[start]:
            continue
        seen[start] = True
        members, frontier = [start], [start]
        while frontier:
            for near in adjacency[frontier.pop()]:
                if not seen[near]:
                    seen[near] = True
                    members.append(near)
                    frontier.append(near)
        found.append(sorted(members))
    return found


def connected(adjacency: Adjacency) -> bool:
    """Return whether there is at most one component."""
    return len(components(adjacency)) <= 1


def algebraic_connectivity(adjacency: Adjacency) -> float:
    """
    Return lambda2, the second smallest eigenvalue of the graph Laplacian (Fiedler 1973).

    Positive exactly where the graph is connected; 0 for fewer than two vertices.
    """
    count = len(adjacency)
    if count < 2:
        return 0.0
    laplacian = np.zeros((count, count))
    for i, near in enumerate(adjacency):
        laplacian[i, i] = len(near)
        for j in near:
            laplacian[i, j] = -1.0
    return max(0.0, float(np.linalg.eigvalsh(laplacian)[1]))


def articulation_points(adjacency: Adjacency) -> list[int]:
    """Return the vertices whose loss splits their component, ascending (Tarjan 1972)."""
    count = len(adjacency)
    depth = [-1] * count
    low = [0] * count
    cuts = [False] * count
    for root in range(count):
        if depth[root] >= 0:
            continue
        depth[root] = 0
        root_children = 0
        stack = [(root, -1, 0)]
        while stack:
            vertex, parent, at = stack.pop()
            if at < len(adjacency[vertex]):
                stack.append((vertex, parent, at + 1))
                near = adjacency[vertex][at]
                if depth[near] < 0:
                    depth[near] = low[near] = depth[vertex] + 1
                    root_children += vertex == root
                    stack.append((near, vertex, 0))
                elif near != parent:
                    low[vertex] = min(low[vertex], depth[near])
            elif parent >= 0:
                low[parent] = min(low[parent], low[vertex])
                if parent != root and low[vertex] >= depth[parent]:
                    cuts[parent] = True
        cuts[root] = root_children > 1
    return [vertex for vertex in range(count) if cuts[vertex]]
