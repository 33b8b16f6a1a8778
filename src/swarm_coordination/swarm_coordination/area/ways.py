# SPDX-License-Identifier: Apache-2.0
"""
Short ways around obstacles: a visibility graph (Lozano-Perez and Wesley, CACM 1979).

Every piece is widened by the clearance, its corners moved a little further out; a shortest way
between two places leads from corner to corner. The ways between all corners are computed once for
a map (and a height); one query joins both its ends to the corners that they see. An end that
stands closer to a piece than the clearance counts as where it would just have it.
"""

from __future__ import annotations

from collections.abc import Sequence
import heapq
import math

import numpy as np
import numpy.typing as npt
from swarm_coordination.area.convex import inside
from swarm_coordination.area.shapes import Area, Corner, Piece

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

# Corners of the polygon around a disc (its radius grows by 1 / cos(pi / 8), 8 %).
ROUND = 8
# A way is planned to pass so much further out than the widened piece reaches (m).
ASIDE_M = 0.05
# A corner sharper than this is cut, or its widened tip would lie far out (cosine of half a turn).
SHARP = 0.5
# Moved out of a block, a place stands so far outside; between narrow blocks it is tried as often.
OUT_M, PUSHES_MAX = 1e-6, 4
# Corners that are looked at together, and goals remembered.
TRIED, GOALS_MAX = 4, 256
# Blocks of this share of the clearance hold no robot that stands where it may: it may be clear of
# a piece by two thirds of what ways are planned with. Their discs have more corners.
TIGHT_SHARE, FINE = 0.6, 24
# Maps remembered by height: pieces that a robot flies over change as it climbs.
MAPS_MAX = 8


class Ways:
    """Shortest ways in an area for a robot that keeps ``clear_m`` from everything."""

    def __init__(self, area: Area, clear_m: float) -> None:
        """Take the area; maps are made when they are first needed."""
        self._area, self._clear_m = area, clear_m
        self._maps: dict[tuple[int, ...], _Map] = {}

    def around(
        self, x: float, y: float, z: float, goal: Corner
    ) -> tuple[float, float] | None:
        """
        Return the way (dx, dy) to a goal: its direction now, as long as the whole way.

        None where nothing is between, and where no way is known.
        """
        if not self._area.obstacles and not self._area.zone:
            return None
        found = self._map(z).first(np.array([x, y]), goal)
        if found is None:
            return None
        corner, length = found
        ax, ay = float(corner[0]) - x, float(corner[1]) - y
        far = math.hypot(ax, ay)
        return (ax * length / far, ay * length / far) if far > 0.0 else None

    def _map(self, z: float) -> _Map:
        """Return the map of the pieces that stand at the height of a robot."""
        # Hovering just over a roof is not beside it.
        near = 0.5 * self._clear_m
        numbers = tuple(
            k for k, piece in enumerate(self._area.obstacles)
            if piece.low_m - near < z < piece.high_m + near
        )
        known = self._maps.get(numbers)
        if known is None:
            if len(self._maps) >= MAPS_MAX:
                self._maps.clear()
            pieces = [self._area.obstacles[k] for k in numbers]
            known = self._maps[numbers] = _Map(pieces, self._area, self._clear_m)
        return known


class _Map:
    """Corners that ways lead over, and the lengths of the ways between all of them."""

    def __init__(self, pieces: Sequence[Piece], area: Area, clear_m: float) -> None:
        blocks = [widened(piece, clear_m) for piece in (*pieces, *area.walls)]
        self._planes = _planes(blocks)
        # A little less than a robot keeps clear: for places in a pocket too narrow for any way.
        tight = TIGHT_SHARE * clear_m
        self._tight = _planes([widened(p, tight, FINE) for p in (*pieces, *area.walls)])
        corners = [
            corner
            for piece in (*pieces, *area.walls)
            for corner in widened(piece, clear_m + ASIDE_M)
            if not area.zone or inside(*corner, area.zone)
        ]
        nodes = np.array(corners, dtype=np.float64).reshape(-1, 2)
        free = ~self._within(nodes).any(axis=1)
        self._nodes = nodes[free]
        count = len(self._nodes)
        apart = np.linalg.norm(self._nodes[:, None] - self._nodes[None], axis=2)
        sees = np.array([self._sees(node, self._nodes, self._planes) for node in self._nodes])
        self._between = _all_ways(np.where(sees, apart, np.inf) if count else apart)
        self._goals: dict[Corner, tuple[Floats, Floats]] = {}

    def first(self, here: Floats, goal: Corner) -> tuple[Floats, float] | None:
        """Return the first corner of the way and the length of all of it; None: straight."""
        if not len(self._nodes):
            return None
        here, (end, rest) = self._out(here), self._goal(goal)
        pocket = bool(self._within(here[None]).any())
        planes = self._outside(here) if pocket else self._planes
        if not pocket and self._sees(here, end[None], planes)[0]:
            return None
        whole = np.linalg.norm(self._nodes - here, axis=1) + rest
        # The shortest first: the first that is seen is the way.
        order = whole.argsort(kind='stable')
        for start in range(0, len(order), TRIED):
            some = order[start:start + TRIED]
            seen = np.flatnonzero(self._sees(here, self._nodes[some], planes))
            if len(seen):
                best = int(some[seen[0]])
                length = float(whole[best])
                return (self._nodes[best], length) if math.isfinite(length) else None
        return None

    def _goal(self, goal: Corner) -> tuple[Floats, Floats]:
        """Return where a goal counts, and how far it is from every corner; slots stay a while."""
        known = self._goals.get(goal)
        if known is None:
            if len(self._goals) >= GOALS_MAX:
                self._goals.clear()
            end = self._out(np.array(goal, dtype=np.float64))
            back = np.linalg.norm(self._nodes - end, axis=1)
            planes = self._outside(end) if self._within(end[None]).any() else self._planes
            back[~self._sees(end, self._nodes, planes)] = np.inf
            known = self._goals[goal] = (end, (self._between + back).min(axis=1))
        return known

    def _out(self, place: Floats) -> Floats:
        """Return a place moved out of the blocks that it stands in, by their nearest edges."""
        for _ in range(PUSHES_MAX):
            side = np.einsum('pkc,c->pk', self._planes[..., :2], place) - self._planes[..., 2]
            depth = side.max(axis=1, initial=-math.inf)
            if not len(depth) or depth.min() >= 0.0:
                break
            block = int(depth.argmin())
            edge = self._planes[block, int(side[block].argmax())]
            place = place - (depth[block] - OUT_M) * edge[:2]
        return place

    def _outside(self, place: Floats) -> Floats:
        """Return the tight blocks that do not hold a place."""
        side = np.einsum('pkc,c->pk', self._tight[..., :2], place) - self._tight[..., 2]
        return np.asarray(self._tight[(side >= 0.0).any(axis=1)])

    def _within(self, places: Floats) -> Flags:
        """Return which places (M, 2) lie within which blocks (P,)."""
        side = np.einsum('pkc,mc->mpk', self._planes[..., :2], places)
        return np.asarray((side < self._planes[..., 2]).all(axis=2))

    def _sees(self, here: Floats, others: Floats, planes: Floats) -> Flags:
        """
        Return to which of ``others`` (M, 2) the straight line passes no block.

        Every block is the set n . p < b over its edges: the line is cut by each (Cyrus and Beck,
        1978); what is left of it, if anything, lies within.
        """
        start = np.einsum('pkc,c->pk', planes[..., :2], here) - planes[..., 2]
        slope = np.einsum('pkc,mc->mpk', planes[..., :2], others - here)
        with np.errstate(divide='ignore', invalid='ignore'):
            cut = -start / slope
        flat = np.abs(slope) < 1e-12
        low = np.where(~flat & (slope < 0.0), cut, 0.0).max(axis=2)
        high = np.where(~flat & (slope > 0.0), cut, 1.0).min(axis=2)
        beside = (flat & (start >= 0.0)).any(axis=2)
        hit = (low < high - 1e-9) & ~beside
        return np.asarray(~hit.any(axis=1))


def widened(piece: Piece, by_m: float, fine: int = ROUND) -> list[Corner]:
    """
    Return a convex polygon, counter-clockwise, around all within ``by_m`` of a piece.

    ``fine``: corners around a disc.
    """
    reach = piece.radius_m + by_m
    corners = piece.corners
    if len(corners) == 1:
        far = reach / math.cos(math.pi / fine)
        turns = [math.tau * k / fine for k in range(fine)]
        return [(corners[0][0] + far * math.cos(t), corners[0][1] + far * math.sin(t))
                for t in turns]
    found: list[Corner] = []
    count = len(corners)
    for k, (x, y) in enumerate(corners):
        before, after = corners[k - 1], corners[(k + 1) % count]
        ax, ay = _outwards(before, (x, y))
        bx, by = _outwards((x, y), after)
        half = math.sqrt(max(0.0, (1.0 + ax * bx + ay * by) / 2.0))
        if half >= SHARP:
            norm = math.hypot(ax + bx, ay + by)
            far = reach / half
            found.append((x + (ax + bx) / norm * far, y + (ay + by) / norm * far))
        else:  # a sharp tip: cut across at the distance ``reach``
            tx, ty = -(before[0] - x) - (after[0] - x), -(before[1] - y) - (after[1] - y)
            norm = math.hypot(tx, ty)
            tx, ty = tx / norm, ty / norm
            found.append(_meeting(x, y, (ax, ay), (tx, ty), reach))
            found.append(_meeting(x, y, (tx, ty), (bx, by), reach))
    return found


def _meeting(
    x: float, y: float, one: Corner, other: Corner, reach: float
) -> Corner:
    """Return where two lines meet that pass (x, y) at ``reach`` in two directions."""
    sx, sy = one[0] + other[0], one[1] + other[1]
    scale = 2.0 * reach / (sx * sx + sy * sy)
    return x + sx * scale, y + sy * scale


def _outwards(a: Corner, b: Corner) -> Corner:
    """Return the unit vector to the right of the edge from a to b."""
    length = math.hypot(b[0] - a[0], b[1] - a[1])
    return (b[1] - a[1]) / length, -(b[0] - a[0]) / length


def _planes(blocks: Sequence[Sequence[Corner]]) -> Floats:
    """Return the edges of polygons as n . p < b, (P, K, 3); short ones repeat their last."""
    most = max((len(block) for block in blocks), default=1)
    found = np.zeros((len(blocks), most, 3))
    for k, block in enumerate(blocks):
        edges = []
        for a, b in zip(block, (*block[1:], block[0])):
            nx, ny = _outwards(a, b)
            edges.append((nx, ny, nx * a[0] + ny * a[1]))
        found[k] = [*edges, *[edges[-1]] * (most - len(edges))]
    return found


def _all_ways(apart: Floats) -> Floats:
    """Return the shortest ways between all nodes, by Dijkstra's algorithm from each."""
    count = len(apart)
    found = np.full((count, count), np.inf)
    near = [np.flatnonzero(np.isfinite(row)).tolist() for row in apart]
    for start in range(count):
        ways = found[start]
        ways[start] = 0.0
        frontier = [(0.0, start)]
        while frontier:
            far, node = heapq.heappop(frontier)
            if far > ways[node]:
                continue
            for other in near[node]:
                way = far + float(apart[node, other])
                if way < ways[other]:
                    ways[other] = way
                    heapq.heappush(frontier, (way, other))
    return found
