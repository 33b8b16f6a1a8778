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
from functools import lru_cache
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
# Widened pieces remembered, two outlines each: those of some maps of 100 pieces.
PIECES_KEPT = 512
# Operations that a map is made with at a time, asked for before it is there: arrays of this size.
AT_ONCE = 1_000_000


class Ways:
    """Shortest ways in an area for a robot that keeps ``clear_m`` from everything."""

    def __init__(self, area: Area, clear_m: float) -> None:
        """Take the area; maps are made when they are first needed, or before (``prepare``)."""
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
        known = self._map(z)
        while not known.ready:
            known.work(AT_ONCE)
        found = known.first(np.array([x, y]), goal)
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

    def prepare(self, z: float, most: int) -> int:
        """
        Go on with the map for the height ``z`` by at most ``most`` operations; 0: it is there.

        Returns how many those were. One operation is one edge of a block that a line is cut by, or
        one corner that a way is looked at over: nanoseconds each, on arrays.
        """
        return self._map(z).work(most)

    def ready(self, z: float) -> bool:
        """Return whether ``around`` has nothing left to prepare at this height."""
        return self._map(z).ready


class _Map:
    """
    Corners that ways lead over, and the lengths of the ways between all of them.

    It is made by ``work``, in slices: who sees whom, line by line; then Dijkstra's algorithm from
    all corners side by side, one corner settled in each at a time.
    """

    def __init__(self, pieces: Sequence[Piece], area: Area, clear_m: float) -> None:
        all_pieces = (*pieces, *area.walls)
        self._planes = _planes([_edges(piece, clear_m, ROUND) for piece in all_pieces])
        # A little less than a robot keeps clear: for places in a pocket too narrow for any way.
        tight = TIGHT_SHARE * clear_m
        self._tight = _planes([_edges(piece, tight, FINE) for piece in all_pieces])
        corners = [
            corner
            for piece in all_pieces
            for corner in _corners(piece, clear_m + ASIDE_M)
            if not area.zone or inside(*corner, area.zone)
        ]
        nodes = np.array(corners, dtype=np.float64).reshape(-1, 2)
        free = ~self._within(nodes).any(axis=1)
        self._nodes = nodes[free]
        count = len(self._nodes)
        self._apart = np.full((count, count), np.inf)  # inf where they do not see each other
        self._between = np.full((count, count), np.inf)
        np.fill_diagonal(self._between, 0.0)
        self._open = np.ones((count, count), np.bool_)  # not settled yet, by source
        self._lines = self._settled = 0
        self._goals: dict[Corner, tuple[Floats, Floats]] = {}

    @property
    def ready(self) -> bool:
        """Whether ways can be asked for."""
        return self._settled >= len(self._nodes) ** 2

    def work(self, most: int) -> int:
        """
        Go on with the map by at most ``most`` operations; return how many those were.

        One line is cut by all blocks, however few operations are asked for.
        """
        count, edges, done = len(self._nodes), self._planes[..., 0].size, 0
        while self._lines < count * count and (done == 0 or done + edges <= most):
            row, column = divmod(self._lines, count)
            some = slice(column, min(count, column + max(1, (most - done) // edges)))
            others = self._nodes[some]
            sees = self._sees(self._nodes[row], others, self._planes)
            apart = np.linalg.norm(self._nodes[row] - others, axis=1)
            self._apart[row, some] = np.where(sees, apart, np.inf)
            self._lines += len(others)
            done += len(others) * edges
        while not self.ready and self._lines >= count * count and (
            done == 0 or done + count <= most
        ):
            first = self._settled % count
            some = slice(first, min(count, first + max(1, (most - done) // count)))
            self._settle(some)
            self._settled += some.stop - some.start
            done += (some.stop - some.start) * count
        return done

    def _settle(self, sources: slice) -> None:
        """Settle the nearest open corner of each source, and relax the ways on from there."""
        ways, waiting = self._between[sources], self._open[sources]
        rows = np.arange(len(ways))
        nearest = np.where(waiting, ways, np.inf).argmin(axis=1)
        waiting[rows, nearest] = False
        on = ways[rows, nearest][:, None] + self._apart[nearest]
        np.minimum(ways, on, out=ways)

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


@lru_cache(maxsize=PIECES_KEPT)
def _corners(piece: Piece, by_m: float) -> tuple[Corner, ...]:
    return tuple(widened(piece, by_m))


@lru_cache(maxsize=PIECES_KEPT)
def _edges(piece: Piece, by_m: float, fine: int) -> tuple[tuple[float, float, float], ...]:
    """Return the edges of a widened piece as (nx, ny, b): inside is n . p < b."""
    block = widened(piece, by_m, fine)
    edges = []
    for a, b in zip(block, (*block[1:], block[0])):
        nx, ny = _outwards(a, b)
        edges.append((nx, ny, nx * a[0] + ny * a[1]))
    return tuple(edges)


def _planes(blocks: Sequence[Sequence[tuple[float, float, float]]]) -> Floats:
    """Return the edges of blocks as one array, (P, K, 3); short ones repeat their last."""
    most = max((len(block) for block in blocks), default=1)
    found = np.zeros((len(blocks), most, 3))
    for k, edges in enumerate(blocks):
        found[k] = [*edges, *[edges[-1]] * (most - len(edges))]
    return found
