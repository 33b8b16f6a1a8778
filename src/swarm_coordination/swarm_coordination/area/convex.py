# SPDX-License-Identifier: Apache-2.0
"""
Simple polygons cut into convex pieces: ears are cut off, then joined while they stay convex.

Ear clipping (Meisters, *Polygons have ears*, 1975), then the joining of Hertel and Mehlhorn
(1983): at most four times as many pieces as needed. Polygons have a few corners, so everything is
tried in order.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

Corner = tuple[float, float]

# Corners with a smaller turn (m^2, twice the area of the triangle they make) count as straight.
STRAIGHT_M2 = 1e-9


def turn(a: Corner, b: Corner, c: Corner) -> float:
    """Return twice the area of a triangle: above 0 where a, b, c turn to the left."""
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def area_m2(corners: Sequence[Corner]) -> float:
    """Return the area of a polygon: above 0 where its corners run counter-clockwise."""
    first = corners[0]
    return 0.5 * sum(turn(first, a, b) for a, b in pairwise(corners[1:]))


def counter_clockwise(corners: Sequence[Corner]) -> tuple[Corner, ...]:
    """
    Return the corners of a simple polygon counter-clockwise, without those on a straight edge.

    Raises ValueError where it crosses itself or has no area.
    """
    if len(corners) < 3 or len(set(corners)) < len(corners):
        raise ValueError('three corners or more, all different')
    count = len(corners)
    for i in range(count):
        for j in range(i + 2, count - (i == 0)):
            if _cross(corners[i], corners[i + 1], corners[j], corners[(j + 1) % count]):
                raise ValueError('a polygon whose edges do not cross')
    ordered = list(corners) if area_m2(corners) > 0.0 else list(corners)[::-1]
    kept = [
        corner
        for before, corner, after in zip((ordered[-1], *ordered), ordered, (*ordered[1:],
                                                                            ordered[0]))
        if abs(turn(before, corner, after)) > STRAIGHT_M2
    ]
    if len(kept) < 3:
        raise ValueError('a polygon with an area')
    return tuple(kept)


def inside(x: float, y: float, corners: Sequence[Corner]) -> bool:
    """Return whether a point lies in a simple polygon (even-odd rule)."""
    found = False
    ax, ay = corners[-1]
    for bx, by in corners:
        if (ay > y) != (by > y) and x < ax + (bx - ax) * (y - ay) / (by - ay):
            found = not found
        ax, ay = bx, by
    return found


def convex_pieces(corners: Sequence[Corner]) -> list[tuple[Corner, ...]]:
    """Return convex polygons that cover a simple one (counter-clockwise) and nothing else."""
    pieces = _triangles(list(corners))
    joined = True
    while joined:
        joined = False
        for i, one in enumerate(pieces):
            for j in range(i):
                whole = _join(pieces[j], one)
                if whole is not None:
                    pieces[j] = whole
                    del pieces[i]
                    joined = True
                    break
            if joined:
                break
    return pieces


def _triangles(left: list[Corner]) -> list[tuple[Corner, ...]]:
    found: list[tuple[Corner, ...]] = []
    while len(left) > 3:
        ear = next((k for k in range(len(left)) if _is_ear(left, k)), None)
        if ear is None:
            raise ValueError('a polygon whose edges do not touch')
        before, after = left[ear - 1], left[(ear + 1) % len(left)]
        if turn(before, left[ear], after) > STRAIGHT_M2:
            found.append((before, left[ear], after))
        del left[ear]
    found.append(tuple(left))
    return found


def _is_ear(left: list[Corner], k: int) -> bool:
    """Return whether the triangle at corner ``k`` lies inside: no other corner is in it."""
    a, b, c = left[k - 1], left[k], left[(k + 1) % len(left)]
    if turn(a, b, c) <= 0.0:
        return False
    return not any(
        turn(a, b, p) >= 0.0 and turn(b, c, p) >= 0.0 and turn(c, a, p) >= 0.0
        for p in left
        if p not in (a, b, c)
    )


def _join(one: tuple[Corner, ...], other: tuple[Corner, ...]) -> tuple[Corner, ...] | None:
    """Return two pieces with a common edge as one; None where that is not convex."""
    for i, a in enumerate(one):
        b = one[(i + 1) % len(one)]
        if a in other and b in other:
            at = other.index(b)
            if other[(at + 1) % len(other)] != a:
                continue
            around = [other[(at + k) % len(other)] for k in range(2, len(other))]
            whole = (*one[: i + 1], *around, *one[i + 1:])
            count = len(whole)
            if all(
                turn(whole[k - 1], whole[k], whole[(k + 1) % count]) >= 0.0
                for k in range(count)
            ):
                return whole
    return None


def _cross(a: Corner, b: Corner, c: Corner, d: Corner) -> bool:
    """Return whether two edges without a common corner meet."""
    return (turn(a, b, c) > 0.0) != (turn(a, b, d) > 0.0) and (
        (turn(c, d, a) > 0.0) != (turn(c, d, b) > 0.0)
    )
