# SPDX-License-Identifier: Apache-2.0
"""
The others as one step of the mission sees them: a table made when somebody first asks for it.

Most steps need none (no mission is flown, no controller listens), and it is what costs most of a
step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from swarm_coordination.mesh.mesh import Mesh
from swarm_coordination.mission.aim import Aim, NOWHERE
from swarm_coordination.mission.executor import Slots
from swarm_coordination.views import (
    FormationTarget,
    Liveness,
    Mode,
    NeighborState,
    NeighborTable,
)


class Surroundings:
    """
    The table of neighbours at the newest step.

    ``robot`` is the own storage id. Before ``listening_until`` an empty table means nothing, for
    not everybody near has had the time to be heard: none is handed to a controller, which may
    have outlived us and know more.
    """

    def __init__(self, mesh: Mesh, robot: int, listening_until: int) -> None:
        self._mesh = mesh
        self._none = self._table = NeighborTable(-1, robot, 0, ())
        self._listening_until = listening_until
        self._epoch = 0
        self._step_ns = -1
        self._slots: Callable[[], Mapping[int, Slots]] = dict
        self._keep = False
        self._handed = self._none
        self.aim = self._aimed = NOWHERE  # of the newest step, and as handed to a controller
        self._target: FormationTarget | None = None  # that ``_aimed`` comes to, once asked for

    def step(self, epoch: int, now: int) -> None:
        """Go on to ``now``, with the own ``epoch`` in force."""
        self._epoch, self._step_ns = epoch, now

    def assigned(
        self, aim: Aim, slots: Callable[[], Mapping[int, Slots]], keep: bool
    ) -> None:
        """
        Take where to, and what gives the slots in force by storage id, for a controller.

        ``keep``: whoever falls silent keeps its slot, so nobody draws nearer to it.
        """
        self.aim, self._slots, self._keep = aim, slots, keep
        # A stop is handed over even while listening: whoever is near, it says to stand.
        if self.listened or aim.mode is Mode.STOPPED:
            self._aimed, self._target = aim, None

    @property
    def listened(self) -> bool:
        """Whether everybody near has had the time to be heard."""
        return self._step_ns >= self._listening_until

    @property
    def handed(self) -> NeighborTable:
        """Table for the controller; stamped -1 while listening."""
        if not self.listened:
            return self._none
        if self._handed.stamp_ns < self._step_ns:
            slots, self._handed = self._slots(), self.table
            if slots:
                rows = tuple(self._slotted(row, slots) for row in self.table.neighbors)
                self._handed = self.table._replace(neighbors=rows)
        return self._handed

    @property
    def target(self) -> FormationTarget:
        """Return the formation target for the controller; stamped -1 while listening."""
        if self._target is None:
            self._target = self._aimed.target()
        return self._target

    def _slotted(self, row: NeighborState, slots: Mapping[int, Slots]) -> NeighborState:
        """Return a row with its slot, where there is one to go by."""
        known = slots.get(row.robot)
        if known is None or not row.same_configuration:
            return row
        if self._keep and row.liveness is Liveness.SILENT:
            return row
        return row._replace(slot=known[0], goal=known[1])

    @property
    def table(self) -> NeighborTable:
        """Table stamped with the newest step; asked for before the next frame is received."""
        if self._table.stamp_ns < self._step_ns:
            self._table = self._mesh.neighbors(self._step_ns, self._epoch)
        return self._table

    def neighbors(self) -> Iterator[NeighborState]:
        """Yield the robots of the table, which is made when the first is asked for."""
        yield from self.table.neighbors
