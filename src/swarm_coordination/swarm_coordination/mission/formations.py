# SPDX-License-Identifier: Apache-2.0
"""
Formations: where the slots lie around the reference point, and whether robots may fly them.

Offsets are whole millimetres with x forward and y to the left (REP-103), centred so that the
mean of all slots is the reference point. The forward direction is turned by the mission's yaw.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from swarm_coordination.errors import CommandError

PointMm = tuple[int, int, int]

SHAPES = ('line', 'column', 'v', 'circle', 'groups', 'custom')
# As many storage ids as fit an assign_slots command of 640 bytes beside its other fields.
SLOTS_MAX = 24
# Half the opening angle of the V: neighbouring wing tips are sqrt(2) spacings apart, so the
# wings never come closer to each other than robots on one wing.
V_HALF_ANGLE_RAD = math.pi / 4.0


class Formation(NamedTuple):
    """
    Shape and size of a formation, for any number of robots.

    ``gap_mm``: distance between the two halves of ``groups``. ``custom``: one tuple of offsets
    per number of robots, ascending; other numbers take the head of the next longer one.
    """

    shape: str
    spacing_mm: int
    gap_mm: int = 0
    custom: tuple[tuple[PointMm, ...], ...] = ()


class FormationLimits(NamedTuple):
    """
    What a formation has to respect; from the swarm file.

    ``margin_m`` is kept free between robots beyond the safety distance, so that the controller
    has room to work in; groups that may lose contact keep both stopping distances more.
    ``mission_speed_max_mps`` leaves a part of the speed limit for catching up.
    """

    kept_range_m: float
    safety_distance_m: float
    mission_speed_max_mps: float
    margin_m: float
    stopping_distance_m: float = 0.0


def minority_size(count: int) -> int:
    """Slots in the first half of ``groups``: the largest part without a majority."""
    return max(0, (count - 1) // 2)


def slot_offsets(formation: Formation, count: int) -> tuple[PointMm, ...]:
    """
    Offsets of ``count`` slots in mm, shape (count, 3), before yaw is applied.

    Raises CommandError where the formation has no layout for so many robots.
    """
    if not 1 <= count <= SLOTS_MAX:
        raise CommandError(f'formation: {count} slots: a formation has 1 to {SLOTS_MAX}')
    if formation.shape == 'custom':
        return _custom(formation, count)
    spacing = formation.spacing_mm
    if formation.shape == 'line':
        points = [(0.0, -float(k * spacing)) for k in range(count)]
    elif formation.shape == 'column':
        points = [(-float(k * spacing), 0.0) for k in range(count)]
    elif formation.shape == 'v':
        points = _vee(spacing, count)
    elif formation.shape == 'circle':
        points = _circle(spacing, count)
    elif formation.shape == 'groups':
        points = _groups(spacing, formation.gap_mm, count)
    else:
        raise CommandError(f'formation.shape: {formation.shape!r} is not one of {SHAPES}')
    mean_x = math.fsum(x for x, _ in points) / count
    mean_y = math.fsum(y for _, y in points) / count
    return tuple((round(x - mean_x), round(y - mean_y), 0) for x, y in points)


def turned(offsets: tuple[PointMm, ...], yaw_mrad: int) -> tuple[PointMm, ...]:
    """Rotate offsets about z by ``yaw_mrad``; whole millimetres again."""
    if yaw_mrad == 0:
        return offsets
    cosine, sine = math.cos(yaw_mrad / 1000.0), math.sin(yaw_mrad / 1000.0)
    return tuple(
        (round(x * cosine - y * sine), round(x * sine + y * cosine), z) for x, y, z in offsets
    )


def check_slots(formation: Formation, count: int, limits: FormationLimits) -> None:
    """
    Check that ``count`` robots may stand in this formation.

    Two slots are at least safety distance plus margin apart, and the graph that joins slots
    within the kept range is connected. Raises CommandError with the reason.
    """
    offsets = slot_offsets(formation, count)
    needed = limits.safety_distance_m + limits.margin_m
    for first in range(count):
        for second in range(first + 1, count):
            distance = math.dist(offsets[first], offsets[second]) / 1000.0
            if distance < needed:
                raise CommandError(
                    f'formation: {count} robots as {formation.shape}: slots {first} and {second} '
                    f'are {distance:.3f} m apart: at least {needed:.3f} m (safety distance '
                    f'{limits.safety_distance_m:g} m and margin {limits.margin_m:g} m)'
                )
    reached = reachable(offsets, limits.kept_range_m)
    if len(reached) < count:
        inside = sorted(reached)
        outside = [slot for slot in range(count) if slot not in reached]
        gap = min(math.dist(offsets[a], offsets[b]) for a in inside for b in outside) / 1000.0
        raise CommandError(
            f'formation: {count} robots as {formation.shape}: slots {outside} are {gap:.3f} m '
            f'from the others: at most {limits.kept_range_m:g} m (kept range)'
        )


def reachable(points: tuple[PointMm, ...], range_m: float) -> set[int]:
    """Return the indices joined to point 0 by steps of at most ``range_m``."""
    seen, queue = {0}, [0]
    while queue:
        here = queue.pop()
        for other in range(len(points)):
            if other not in seen and math.dist(points[here], points[other]) <= range_m * 1000.0:
                seen.add(other)
                queue.append(other)
    return seen


def _custom(formation: Formation, count: int) -> tuple[PointMm, ...]:
    for offsets in formation.custom:
        if len(offsets) >= count:
            return offsets[:count]
    most = max((len(offsets) for offsets in formation.custom), default=0)
    raise CommandError(f'formation.custom: no layout for {count} robots: at most {most}')


def _vee(spacing: int, count: int) -> list[tuple[float, float]]:
    """Apex first, then left and right wing in turn, each robot one spacing behind the last."""
    back, side = spacing * math.cos(V_HALF_ANGLE_RAD), spacing * math.sin(V_HALF_ANGLE_RAD)
    points = []
    for slot in range(count):
        rank = (slot + 1) // 2
        points.append((-rank * back, rank * side if slot % 2 else -rank * side))
    return points


def _circle(spacing: int, count: int) -> list[tuple[float, float]]:
    """Regular polygon whose side is the spacing, first slot in front."""
    if count == 1:
        return [(0.0, 0.0)]
    radius = spacing / (2.0 * math.sin(math.pi / count))
    angles = [2.0 * math.pi * slot / count for slot in range(count)]
    return [(radius * math.cos(angle), radius * math.sin(angle)) for angle in angles]


def _groups(spacing: int, gap: int, count: int) -> list[tuple[float, float]]:
    """Two columns side by side, ``gap`` apart: the smaller on the left, then the rest."""
    small = minority_size(count)
    points: list[tuple[float, float]] = []
    for size, side in ((small, gap / 2.0), (count - small, -gap / 2.0)):
        points.extend(((size - 1) * spacing / 2.0 - k * spacing, side) for k in range(size))
    return points
