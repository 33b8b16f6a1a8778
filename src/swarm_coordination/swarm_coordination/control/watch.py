# SPDX-License-Identifier: Apache-2.0
"""
Gates on what reaches the controller: finite, of this robot, not from the future, not too old.

Each gate keeps the newest good value and the time it is from, and counts what it refused.
"""

from __future__ import annotations

from collections.abc import Iterable
import math

from swarm_coordination.bounds import COORDINATE_MAX_MM
from swarm_coordination.control.settings import ControlSettings
from swarm_coordination.units import from_mm, ns_to_seconds, seconds_to_ns
from swarm_coordination.views import (
    FormationTarget,
    NeighborState,
    NeighborTable,
    Pose,
    VelocityCommand,
)

# Stamps are of the same clock; what is ahead of it by more is of another one (a restarted clock).
_FUTURE_NS = seconds_to_ns(0.1)
# Coordinates in metres that fit a frame; far below where a square or a sum could overflow.
_NUMBER_MAX = from_mm(COORDINATE_MAX_MM)


class PoseGate:
    """
    The own pose: refuses what is not finite or jumps further than the robot can have moved.

    The allowance grows with the time since the last good pose, so a true relocation is accepted
    in the end (5 m after 3.2 s at 1.5 m/s); until then the robot brakes and stands.

    A pose that does not change at all while commands ask for more than any error explains is a
    frozen one: localisation repeats itself, or the base does not move. Either way its commands
    do not do what they should.
    """

    def __init__(self, settings: ControlSettings) -> None:
        self._settings = settings
        self.pose: Pose | None = None
        self.stamp_ns = 0
        self.refused = 0
        self.refusing = False  # the newest pose given was refused
        self._asked = (0.0, 0.0, 0.0)  # way (m) commanded since the pose last changed

    def offer(self, pose: Pose, now: int) -> bool:
        """Take a pose of the time ``now`` or refuse it; return whether it was taken."""
        self.refusing = not (_finite(pose) and self._plausible(pose, now))
        if self.refusing:
            self.refused += 1
            return False
        if pose != self.pose:
            self._asked = (0.0, 0.0, 0.0)
        self.pose, self.stamp_ns = pose, now
        return True

    def asked(self, command: VelocityCommand, seconds: float) -> None:
        """Note that ``command`` was in force for so long."""
        x, y, z = self._asked
        # A robot of the plane leaves its height alone, whatever is asked.
        rise = command.vz * seconds if self._settings.dimensions == 3 else 0.0
        self._asked = (x + command.vx * seconds, y + command.vy * seconds, z + rise)

    @property
    def frozen(self) -> bool:
        """Whether the pose stands still although the robot was sent elsewhere."""
        limits = self._settings
        free_m = limits.pose_jump_m + limits.speed_max_mps * limits.pose_timeout_s
        return math.hypot(*self._asked) > free_m

    def fresh(self, now: int) -> bool:
        """Return whether there is a pose young enough to fly by."""
        return self.pose is not None and self.age_s(now) <= self._settings.pose_timeout_s

    def age_s(self, now: int) -> float:
        """Age of the newest good pose in seconds."""
        return max(0.0, ns_to_seconds(now - self.stamp_ns))

    def _plausible(self, pose: Pose, now: int) -> bool:
        if self.pose is None:
            return True
        limits = self._settings
        elapsed = self.age_s(now)
        reach = limits.speed_max_mps * elapsed + limits.pose_jump_m
        plane = math.hypot(pose.x - self.pose.x, pose.y - self.pose.y)
        return plane <= reach and abs(pose.z - self.pose.z) <= reach


class TableGate:
    """The neighbour table: refuses tables of another robot, of another clock, or with bad rows."""

    def __init__(self, robot: int, timeout_s: float) -> None:
        self._robot, self._timeout_s = robot, timeout_s
        self.table: NeighborTable | None = None
        self.refused = 0

    def offer(self, table: NeighborTable, now: int) -> bool:
        """Take a table or refuse it; an older one than the newest is ignored."""
        good = (
            table.robot == self._robot
            and table.stamp_ns <= now + _FUTURE_NS
            and all(_sound(row) for row in table.neighbors)
        )
        if not good:
            self.refused += 1
        elif self.table is None or table.stamp_ns >= self.table.stamp_ns:
            self.table = table
        return good

    def age_s(self, now: int) -> float:
        """Age of the newest good table in seconds; infinite where there is none."""
        if self.table is None:
            return math.inf
        return max(0.0, ns_to_seconds(now - self.table.stamp_ns))

    def fresh(self, now: int) -> bool:
        """Return whether the coordinator still speaks."""
        return self.age_s(now) <= self._timeout_s


class TargetGate:
    """The formation target: refuses what is not finite or from another clock."""

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self.target: FormationTarget | None = None
        self.refused = 0

    def offer(self, target: FormationTarget, now: int) -> bool:
        """Take a target or refuse it; an older one than the newest is ignored."""
        numbers = (*target.position, *target.velocity, target.yaw, *(target.goal or ()))
        good = target.stamp_ns <= now + _FUTURE_NS and _finite(numbers)
        if not good:
            self.refused += 1
        elif self.target is None or target.stamp_ns >= self.target.stamp_ns:
            self.target = target
        return good

    def fresh(self, now: int) -> bool:
        """Return whether there is a target young enough to follow."""
        if self.target is None:
            return False
        return ns_to_seconds(now - self.target.stamp_ns) <= self._timeout_s


def _finite(numbers: Iterable[float]) -> bool:
    """Return whether all are numbers that a frame can carry; NaN and infinity are not."""
    return all(-_NUMBER_MAX <= number <= _NUMBER_MAX for number in numbers)


def _sound(row: NeighborState) -> bool:
    """Return whether a row's numbers make sense; an infinite age does, a NaN does not."""
    numbers = (*row.position, *(row.slot or ()), *(row.goal or ()))
    return _finite(numbers) and row.age_s >= 0.0
