# SPDX-License-Identifier: Apache-2.0
"""
Where every robot should be by the committed log, and how far from it they truly are.

An observer outside the swarm: it follows the entries that any robot applied, in log order, and
compares ground truth with the slots of the newest assignment.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
import math

from swarm_coordination.errors import CommandError
from swarm_coordination.mission.commands import AssignSlots, decode_command, StartMission
from swarm_coordination.mission.places import Places
from swarm_coordination.robot.outputs import CommittedEntry, RobotStatus
from swarm_coordination.scenario.backend import TrueState
from swarm_coordination.scenario.record import FormationError

Vector = tuple[float, float, float]


class CommittedFormation:
    """
    The newest mission and slot assignment of the committed log.

    ``dimensions``: 2, and errors are those of the plane, where heights are not commanded; or 3.
    """

    def __init__(self, dimensions: int = 3) -> None:
        """Start with an empty log."""
        self._dimensions = dimensions
        self._index = 0
        self._mission: StartMission | None = None
        self._places: Places | None = None
        self._slots: dict[int, int] = {}  # by storage id
        self.epoch = 0
        self.mission_index = 0

    def committed(self, entry: CommittedEntry) -> None:
        """Follow one entry; entries already seen from another robot are passed over."""
        if entry.index <= self._index:
            return
        self._index = entry.index
        if not entry.applied or not entry.command:
            return
        try:
            command = decode_command(entry.command.encode())
        except CommandError:
            return  # a newer version's command: the robots refuse it alike
        if isinstance(command, StartMission):
            self._mission, self._places = command, Places(command, 1)
            self._slots, self.mission_index = {}, entry.index
        elif isinstance(command, AssignSlots) and self._mission is not None:
            self._places = Places(self._mission, len(command.robots), command.layout)
            self.epoch, self._slots = entry.index, command.slots

    @property
    def path_length_m(self) -> float:
        """Length of the newest mission's path; 0 without a mission."""
        return self._places.path.length_m if self._places else 0.0

    @property
    def assigned(self) -> frozenset[int]:
        """Storage ids that have a slot."""
        return frozenset(self._slots)

    def place(self, status: RobotStatus) -> Vector | None:
        """Return the point where a robot should be at its own progress; None without a slot."""
        slot = self._slots.get(status.storage_id)
        if slot is None or self._places is None or status.epoch != self.epoch:
            return None
        x, y, z = self._places.slots(status.progress_m)[slot]
        return (x / 1000.0, y / 1000.0, z / 1000.0)

    def _offset(self, status: RobotStatus) -> Vector:
        """Return a slot's place about the reference, in a formation that may change on the way."""
        assert self._places is not None
        x, y, z = self._places.offsets(status.progress_m)[self._slots[status.storage_id]]
        return (x / 1000.0, y / 1000.0, z / 1000.0)

    def error(
        self,
        robots: Iterable[str],
        truth: Mapping[str, TrueState],
        statuses: Mapping[str, RobotStatus],
    ) -> FormationError | None:
        """Return the error over ``robots``; None where one of them has no slot of this epoch."""
        gaps: list[Vector] = []
        absolute = 0.0
        for name in robots:
            status, state = statuses.get(name), truth[name]
            place = self.place(status) if status else None
            if status is None or place is None:
                return None
            height = state.z if self._dimensions == 3 else place[2]
            absolute = max(absolute, math.dist(place, (state.x, state.y, height)))
            dx, dy, dz = self._offset(status)
            gaps.append((state.x - dx, state.y - dy, height - dz))
        if not gaps:
            return None
        mean = [math.fsum(gap[axis] for gap in gaps) / len(gaps) for axis in range(3)]
        errors = [math.dist(gap, mean) for gap in gaps]
        rmse = math.sqrt(math.fsum(error * error for error in errors) / len(errors))
        return FormationError(len(gaps), rmse, max(errors), absolute)
