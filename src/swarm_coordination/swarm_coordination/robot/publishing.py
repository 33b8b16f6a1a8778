# SPDX-License-Identifier: Apache-2.0
"""What the own row shows of mission and intents, brought up to date where it has changed."""

from __future__ import annotations

from swarm_coordination.mesh.mesh import Mesh
from swarm_coordination.mesh.rows import IntentSection, MissionSection
from swarm_coordination.mission.executor import MissionExecutor
from swarm_coordination.mission.state import MissionState
from swarm_coordination.robot.replication import Replication
from swarm_coordination.robot.submission import Submissions


class Publishing:
    """Sections of one robot's row; the mesh numbers their versions."""

    def __init__(
        self,
        mesh: Mesh,
        state: MissionState,
        executor: MissionExecutor,
        submissions: Submissions,
        replication: Replication,
    ) -> None:
        self._mesh, self._state, self._executor = mesh, state, executor
        self._submissions, self._replication = submissions, replication
        # Of the mission: applied, mode, epoch, progress (mm), 1 + the slot offered for.
        self._shown = (-1, 0, 0, 0, 0)
        self._intents = (-1, False)  # version of the queue; none is shown

    @property
    def is_behind(self) -> bool:
        """Whether commands were accepted or applied since intents were shown last."""
        return self._submissions.version != self._intents[0]

    def mission(self, *, stepped: bool) -> None:
        """Show the mission, where it was stepped or something applied since."""
        if not stepped and self._state.index == self._shown[0]:
            return
        executor = self._executor
        shown = (
            self._state.index,
            int(executor.mode),
            executor.progress_epoch,
            executor.progress_mm,
            1 + executor.offer.slot,
        )
        if shown != self._shown:
            self._shown = shown
            self._mesh.set_mission(MissionSection(0, *shown))

    def intents(self) -> None:
        """
        Show the intents, where the queue has changed.

        A leader shows none: they go out as log items, and who leads next reads them there or,
        once this robot leads no more, in its row. Nor does who comes out of a history made void,
        until it knows what becomes of them.
        """
        none = self._replication.leading is not None or self._submissions.withholds
        shown = (self._submissions.version, none)
        if shown != self._intents:
            self._intents = shown
            head = () if none else self._submissions.shown()
            self._mesh.set_intents(IntentSection(0, head))
