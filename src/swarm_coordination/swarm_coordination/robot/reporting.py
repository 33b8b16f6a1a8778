# SPDX-License-Identifier: Apache-2.0
"""What a robot says of itself: its status, gathered from all rooms at one instant."""

from __future__ import annotations

from collections.abc import Callable

from swarm_coordination.consensus.raft import Raft
from swarm_coordination.mesh.mesh import Mesh
from swarm_coordination.mission.aim import Aim
from swarm_coordination.mission.executor import MissionExecutor
from swarm_coordination.mission.state import MissionState
from swarm_coordination.robot.outputs import RobotStatus
from swarm_coordination.robot.refusals import Refusals
from swarm_coordination.robot.submission import Submissions


class Reporting:
    """Reads the rooms of one coordinator; changes nothing in them."""

    def __init__(
        self,
        mesh: Mesh,
        raft: Raft,
        state: MissionState,
        executor: MissionExecutor,
        submissions: Submissions,
        refusals: Refusals,
        name_of: Callable[[int], str],
    ) -> None:
        self._mesh, self._raft, self._state = mesh, raft, state
        self._executor, self._submissions, self._refusals = executor, submissions, refusals
        self._name_of = name_of

    def status(self, aim: Aim, articulation: tuple[str, ...], now: int) -> RobotStatus:
        """
        Return everything people and tests want to know.

        ``aim`` is of the newest step; ``articulation``: who joins parts of the swarm.
        """
        mesh, raft, state = self._mesh.statistics(), self._raft, self._state
        identity, mission = self._mesh.identity, self._state.mission
        return RobotStatus(
            time_ns=now,
            name=identity.name,
            storage_id=identity.storage_id,
            incarnation=identity.incarnation,
            role=int(raft.role),
            term=raft.term,
            leader=raft.leader,
            leader_name=self._name_of(raft.leader),
            quorum=raft.quorum_active(now),
            commit=raft.commit,
            applied=state.index,
            last_index=raft.log.last_index,
            state_hash=state.digest(),
            mode=aim.mode,
            mission=mission.command.name if mission else '',
            epoch=state.epoch,
            slot=aim.slot,
            slots=aim.slots,
            progress_m=self._executor.progress_m,
            alive=tuple(sorted(map(self._mesh.name_of, self._mesh.alive()))),
            pending_intents=len(self._submissions),
            frames_sent=mesh.frames_sent,
            frames_received=mesh.frames_received,
            frames_rejected=mesh.frames_rejected + self._refusals.total,
            bytes_sent=mesh.bytes_sent,
            may_vote=raft.may_vote,
            voters=tuple(map(self._name_of, raft.membership.voters)),
            learners=tuple(map(self._name_of, raft.membership.learners)),
            configuration=raft.configuration.index,
            first_index=raft.log.base_index + 1,
            snapshot_index=raft.snapshot_index,
            articulation=articulation,
        )
