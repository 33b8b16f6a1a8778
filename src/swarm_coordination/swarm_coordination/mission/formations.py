# SPDX-License-Identifier: Apache-2.0
"""
Formations: where the slots lie around the reference point, and whether robots may fly them.

Offsets are whole millimetres with x forward and y to the left (REP-103), centred so that the
mean of all slots is the reference point. The forward direction is turned by the mission's yaw.
All shapes but the sphere lie in the plane; ``custom`` is what its offsets say.
"""

from __future__ import annotations

from collections.abc import Sequence
import math
from typing import NamedTuple

from swarm_coordination.area.shapes import Area, NOWHERE_CLOSED
from swarm_coordination.errors import CommandError

PointMm = tuple[int, int, int]
Point = tuple[float, float, float]

SHAPES = ('line', 'column', 'v', 'circle', 'grid', 'sphere', 'groups', 'custom')
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


class Layout(NamedTuple):
    """
    How an assignment lays out its formation: scaled about the reference, shifted in ``map``.

    ``scale_pm``: thousandths of the formation's own size. ``shift``: (x, y) in mm.
    """

    scale_pm: int = 1000
    shift: tuple[int, int] = (0, 0)


class FormationLimits(NamedTuple):
    """
    What a formation has to respect; from the swarm file.

    ``margin_m`` is kept free between robots beyond the safety distance, so that the controller
    has room to work in; groups that may lose contact keep both stopping distances more.
    ``mission_speed_max_mps`` leaves a part of the speed limit for catching up. Beyond the radio
    range ``range_m`` nobody is heard; nobody is sent within ``silent_radius_m`` of a silent robot.
    ``resilience``: 2 where the loss of any one robot may not part the others. Nobody stands
    outside ``area`` or within ``obstacle_clear_m`` of its obstacles and edges. ``dimensions`` and
    ``downwash_factor`` say how the safety filter measures how far apart robots are.
    """

    kept_range_m: float
    safety_distance_m: float
    mission_speed_max_mps: float
    margin_m: float
    stopping_distance_m: float = 0.0
    range_m: float = math.inf
    silent_radius_m: float = 0.0
    resilience: int = 1
    area: Area = NOWHERE_CLOSED
    obstacle_clear_m: float = 0.0
    dimensions: int = 2
    downwash_factor: float = 1.0

    def apart(self, first: Sequence[float], second: Sequence[float]) -> float:
        """
        Return how far apart robots at two points (x, y, z) are to the safety filter; any unit.

        In the plane, or in space with heights divided by ``downwash_factor``: never further than
        in truth. Ranges are those in truth: the radio knows of neither.
        """
        return math.dist(self.flattened(first), self.flattened(second))

    def flattened(self, point: Sequence[float]) -> Point:
        """Return a point or a way as the safety filter measures it."""
        x, y, z = point
        return (x, y, 0.0 if self.dimensions == 2 else z / self.downwash_factor)

    @property
    def measured(self) -> str:
        """How ``apart`` measures, in words; empty: as it is in truth."""
        if self.dimensions == 2:
            return ' in the plane'
        factor = self.downwash_factor
        return f' with heights divided by {factor:g} (downwash)' if factor != 1.0 else ''


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
    points = layout(formation.shape, formation.spacing_mm, count, formation.gap_mm)
    return tuple((round(x), round(y), round(z)) for x, y, z in points)


def layout(shape: str, spacing: float, count: int, gap: float = 0.0) -> list[Point]:
    """
    Return ``count`` points of a shape, neighbours ``spacing`` apart, mean at 0; any unit.

    ``gap``: between the two halves of ``groups``. Raises CommandError for another shape.
    """
    if shape == 'sphere':
        return _sphere(spacing, count)
    if shape == 'line':
        points = [(0.0, -float(k * spacing)) for k in range(count)]
    elif shape == 'column':
        points = [(-float(k * spacing), 0.0) for k in range(count)]
    elif shape == 'v':
        points = _vee(spacing, count)
    elif shape == 'circle':
        points = _circle(spacing, count)
    elif shape == 'grid':
        side = math.ceil(math.sqrt(count))
        points = [(-(k // side) * spacing, -(k % side) * spacing) for k in range(count)]
    elif shape == 'groups':
        points = _groups(spacing, gap, count)
    else:
        raise CommandError(f'formation.shape: {shape!r} is not one of {SHAPES}')
    mean_x = math.fsum(x for x, _ in points) / count
    mean_y = math.fsum(y for _, y in points) / count
    return [(x - mean_x, y - mean_y, 0.0) for x, y in points]


def turned(offsets: tuple[PointMm, ...], yaw_mrad: int) -> tuple[PointMm, ...]:
    """Rotate offsets about z by ``yaw_mrad``; whole millimetres again."""
    if yaw_mrad == 0:
        return offsets
    cosine, sine = math.cos(yaw_mrad / 1000.0), math.sin(yaw_mrad / 1000.0)
    return tuple(
        (round(x * cosine - y * sine), round(x * sine + y * cosine), z) for x, y, z in offsets
    )


def scaled(offsets: tuple[PointMm, ...], scale_pm: int) -> tuple[PointMm, ...]:
    """Return offsets at ``scale_pm`` thousandths of their size; whole millimetres again."""
    if scale_pm == 1000:
        return offsets
    factor = scale_pm / 1000.0
    return tuple((round(x * factor), round(y * factor), round(z * factor)) for x, y, z in offsets)


def blended(
    first: tuple[PointMm, ...], second: tuple[PointMm, ...], share: float
) -> tuple[PointMm, ...]:
    """Return each offset of ``first`` moved by ``share`` of the way to that of ``second``."""
    return tuple(
        (round(x + share * (p - x)), round(y + share * (q - y)), round(z + share * (r - z)))
        for (x, y, z), (p, q, r) in zip(first, second, strict=True)
    )


def check_slots(formation: Formation, count: int, limits: FormationLimits) -> None:
    """Check that ``count`` robots may stand in this formation: ``check_offsets``."""
    check_offsets(slot_offsets(formation, count), formation.shape, limits)


def check_offsets(offsets: tuple[PointMm, ...], shape: str, limits: FormationLimits) -> None:
    """
    Check that robots may stand at ``offsets``.

    Two slots are at least safety distance plus margin apart, as the safety filter measures it, and
    the graph that joins slots within the kept range is connected; where ``limits`` ask for
    ``resilience`` 2 it stays so whoever is lost. Raises CommandError with the reason.
    """
    count = len(offsets)
    for first in range(count):
        for second in range(first + 1, count):
            distance_mm = limits.apart(offsets[first], offsets[second])
            check_apart(distance_mm, first, second, count, shape, limits)
    reached = reachable(offsets, limits.kept_range_m)
    if len(reached) < count:
        inside = sorted(reached)
        outside = [slot for slot in range(count) if slot not in reached]
        gap = min(math.dist(offsets[a], offsets[b]) for a in inside for b in outside) / 1000.0
        raise CommandError(
            f'formation: {count} robots as {shape}: slots {outside} are {gap:.3f} m '
            f'from the others: at most {limits.kept_range_m:g} m (kept range)'
        )
    if limits.resilience == 2:
        cuts = [k for k in range(count) if _parts(offsets, k, limits.kept_range_m)]
        if cuts:
            raise CommandError(
                f'formation: {count} robots as {shape}: the loss of slot {cuts[0]} would part '
                f'the others at {limits.kept_range_m:g} m (kept range), and resilience is 2: '
                'stand closer together, or give the mission resilience: 1'
            )


def check_apart(
    distance_mm: float, first: int, second: int, count: int, shape: str, limits: FormationLimits
) -> None:
    """Check that two slots are far enough apart; raises CommandError with the reason."""
    needed = limits.safety_distance_m + limits.margin_m
    if distance_mm / 1000.0 < needed:
        raise CommandError(
            f'formation: {count} robots as {shape}: slots {first} and {second} '
            f'are {distance_mm / 1000.0:.3f} m apart{limits.measured}: at least {needed:.3f} m '
            f'(safety distance {limits.safety_distance_m:g} m and margin {limits.margin_m:g} m)'
        )


def _parts(offsets: tuple[PointMm, ...], lost: int, range_m: float) -> bool:
    """Return whether the slots without ``lost`` fall apart."""
    rest = offsets[:lost] + offsets[lost + 1:]
    return len(rest) > 1 and len(reachable(rest, range_m)) < len(rest)


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


def _vee(spacing: float, count: int) -> list[tuple[float, float]]:
    """Apex first, then left and right wing in turn, each robot one spacing behind the last."""
    back, side = spacing * math.cos(V_HALF_ANGLE_RAD), spacing * math.sin(V_HALF_ANGLE_RAD)
    points = []
    for slot in range(count):
        rank = (slot + 1) // 2
        points.append((-rank * back, rank * side if slot % 2 else -rank * side))
    return points


def _circle(spacing: float, count: int) -> list[tuple[float, float]]:
    """Regular polygon whose side is the spacing, first slot in front."""
    if count == 1:
        return [(0.0, 0.0)]
    radius = spacing / (2.0 * math.sin(math.pi / count))
    angles = [2.0 * math.pi * slot / count for slot in range(count)]
    return [(radius * math.cos(angle), radius * math.sin(angle)) for angle in angles]


def _groups(spacing: float, gap: float, count: int) -> list[tuple[float, float]]:
    """Two columns side by side, ``gap`` apart: the smaller on the left, then the rest."""
    small = minority_size(count)
    points: list[tuple[float, float]] = []
    for size, side in ((small, gap / 2.0), (count - small, -gap / 2.0)):
        points.extend(((size - 1) * spacing / 2.0 - k * spacing, side) for k in range(size))
    return points


def _sphere(spacing: float, count: int) -> list[Point]:
    """
    Points of a Fibonacci lattice on a sphere, the nearest two ``spacing`` apart, mean at 0.

    Gonzalez, *Measurement of areas on a sphere using Fibonacci and latitude-longitude lattices*,
    Mathematical Geosciences 42, 2010.
    """
    if count == 1:
        return [(0.0, 0.0, 0.0)]
    golden = math.pi * (3.0 - math.sqrt(5.0))
    points = []
    for k in range(count):
        z = 1.0 - (2.0 * k + 1.0) / count
        ring = math.sqrt(1.0 - z * z)
        points.append((ring * math.cos(golden * k), ring * math.sin(golden * k), z))
    least = min(math.dist(a, b) for i, a in enumerate(points) for b in points[:i])
    mean = [math.fsum(point[axis] for point in points) / count for axis in range(3)]
    size = spacing / least
    return [
        (size * (x - mean[0]), size * (y - mean[1]), size * (z - mean[2])) for x, y, z in points
    ]
