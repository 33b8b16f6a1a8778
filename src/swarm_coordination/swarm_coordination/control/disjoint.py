# SPDX-License-Identifier: Apache-2.0
"""
Two paths that share no vertex in between: whether one loss can part two robots.

A flow of two with vertex capacities one (Menger's theorem): a first path by breadth-first search,
then an augmenting one in the residual graph. Its states are (vertex, side): side False is entered
from another vertex, side True leads on to others; along the first path a state may only be undone.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

_State = tuple[int, bool]


def two_disjoint_paths(start: int, end: int, near: Callable[[int], Iterable[int]]) -> bool:
    """Return whether two paths from ``start`` to ``end`` share no vertex but those two."""
    before: dict[int, int] = {}
    after: dict[int, int] = {}
    parents = _augment(start, end, near, before, after)
    if parents is None:
        return False
    vertex = end
    while vertex != start:
        back = parents[vertex, False][0]
        before[vertex], after[back] = back, vertex
        vertex = back
    return _augment(start, end, near, before, after) is not None


def _augment(
    start: int,
    end: int,
    near: Callable[[int], Iterable[int]],
    before: dict[int, int],
    after: dict[int, int],
) -> dict[_State, _State] | None:
    """Search one more path; ``before`` and ``after`` hold the first one. None: there is none."""
    first = (start, True)
    parents: dict[_State, _State] = {first: first}
    queue = deque([first])

    def reach(state: _State, origin: _State) -> None:
        if state not in parents:
            parents[state] = origin
            queue.append(state)

    while queue:
        state = queue.popleft()
        vertex, leaving = state
        if vertex in before:
            reach((vertex, False) if leaving else (before[vertex], True), state)
        if not leaving:
            continue
        for other in near(vertex):
            if other == start or after.get(vertex) == other:
                continue
            if other == end:
                parents[end, False] = state
                return parents
            reach((other, False), state)
            if other not in before:
                reach((other, True), (other, False))
    return None
