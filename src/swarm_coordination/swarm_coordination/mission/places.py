# SPDX-License-Identifier: Apache-2.0
"""
Where the slots of one assignment lie, along the whole path of its mission.

    slot_k(s) = path(s) + turn(scale * offset_k(s)) + shift

``offset_k`` and the turn are those of the mission's formation; on a leg whose end has another one
both go over to it evenly, so that a formation lines up on the way to a gap and opens behind it.
``scale`` and ``shift`` are the assignment's own (``Layout``): the leader commits them.

Everything is whole millimetres: what two robots compute of one slot is the same.
"""

from __future__ import annotations

import bisect

from swarm_coordination.mission.commands import StartMission
from swarm_coordination.mission.formations import (
    blended,
    Layout,
    PointMm,
    scaled,
    slot_offsets,
    turned,
)
from swarm_coordination.mission.paths import Path, Vector
from swarm_coordination.units import to_mm

# A formation of its own size, about its reference.
AS_IT_IS = Layout()


class Places:
    """
    The slots of ``count`` robots that fly ``command`` in ``layout``.

    Raises CommandError where the formation has no layout for so many robots.
    """

    def __init__(self, command: StartMission, count: int, layout: Layout = AS_IT_IS) -> None:
        self.path = Path(command.path)
        self._layout = layout
        changes = ((0, command.formation, command.yaw_mrad), *command.changes)
        # Where each formation stands complete, its offsets before turning, and its turn.
        self._at = [self.path.arc_m(waypoint) for waypoint, _, _ in changes]
        self._from = [self.path.arc_m(max(0, waypoint - 1)) for waypoint, _, _ in changes]
        self._offsets = [slot_offsets(formation, count) for _, formation, _ in changes]
        self._yaw = [yaw for _, _, yaw in changes]
        self._kept: tuple[int, tuple[PointMm, ...]] = (-1, ())  # formation, its offsets laid out
        self._asked: tuple[float, tuple[PointMm, ...]] = (-1.0, ())  # progress, slots there
        self._goals = self.slots(self.path.length_m)

    def yaw_mrad(self, progress_m: float) -> int:
        """Return how the formation is turned with the reference at ``progress_m``."""
        before, after, share = self._between(progress_m)
        return round(self._yaw[before] + share * (self._yaw[after] - self._yaw[before]))

    def offsets(self, progress_m: float) -> tuple[PointMm, ...]:
        """Return all slots about the reference, in the axes of ``map``."""
        before, after, share = self._between(progress_m)
        if share > 0.0:
            offsets = blended(self._offsets[before], self._offsets[after], share)
            return self._laid_out(offsets, self.yaw_mrad(progress_m))
        if self._kept[0] != before:  # most of the way a formation stays as it is
            offsets = self._laid_out(self._offsets[before], self._yaw[before])
            self._kept = (before, offsets)
        return self._kept[1]

    def _laid_out(self, offsets: tuple[PointMm, ...], yaw_mrad: int) -> tuple[PointMm, ...]:
        layout = self._layout
        offsets = turned(scaled(offsets, layout.scale_pm), yaw_mrad)
        if not any(layout.shift):
            return offsets
        dx, dy = layout.shift
        return tuple((x + dx, y + dy, z) for x, y, z in offsets)

    def slot(self, slot: int, progress_m: float) -> PointMm:
        """Return one of ``slots``: each robot asks for its own with every step."""
        x, y, z = self.path.at(progress_m).position
        dx, dy, dz = self.offsets(progress_m)[slot]
        return (to_mm(x) + dx, to_mm(y) + dy, to_mm(z) + dz)

    def slots(self, progress_m: float) -> tuple[PointMm, ...]:
        """Return all slots in ``map`` with the reference at ``progress_m``."""
        if progress_m != self._asked[0]:  # each place is asked for several times on end
            x, y, z = map(to_mm, self.path.at(progress_m).position)
            slots = [(x + dx, y + dy, z + dz) for dx, dy, dz in self.offsets(progress_m)]
            self._asked = (progress_m, tuple(slots))
        return self._asked[1]

    def goals(self) -> tuple[PointMm, ...]:
        """Return all slots at the path's end: constants of the assignment."""
        return self._goals

    def drift(self, slot: int, progress_m: float) -> Vector:
        """Return how a slot moves about the reference, in m per m of progress."""
        before, after, share = self._between(progress_m)
        if before == after or not 0.0 <= share < 1.0:
            return (0.0, 0.0, 0.0)
        # The chord of the next millimetres: offsets are whole millimetres and turn besides.
        ahead_m = min(self._at[after], progress_m + 0.1)
        if ahead_m <= progress_m:
            return (0.0, 0.0, 0.0)
        here, there = self.offsets(progress_m)[slot], self.offsets(ahead_m)[slot]
        scale = 1e-3 / (ahead_m - progress_m)
        return (
            (there[0] - here[0]) * scale,
            (there[1] - here[1]) * scale,
            (there[2] - here[2]) * scale,
        )

    def _between(self, progress_m: float) -> tuple[int, int, float]:
        """Return the formation left, the one gone over to, and how much of the latter it is."""
        after = bisect.bisect_right(self._at, progress_m)
        if after == len(self._at):
            return after - 1, after - 1, 0.0
        begun = max(self._from[after], self._at[after - 1])
        if progress_m <= begun:
            return after - 1, after - 1, 0.0
        return after - 1, after, (progress_m - begun) / (self._at[after] - begun)
