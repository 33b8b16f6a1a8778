# SPDX-License-Identifier: Apache-2.0
"""The leader's mission planner, fed with what this robot sees; made anew for every leadership."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from swarm_coordination.mesh.mesh import Mesh
from swarm_coordination.mission.executor import MissionExecutor
from swarm_coordination.mission.offers import Offer
from swarm_coordination.mission.planner import LiveRobot, MissionPlanner, SilentRobot
from swarm_coordination.mission.state import MissionState
from swarm_coordination.robot.leading import Leading
from swarm_coordination.robot.settings import RobotSettings
from swarm_coordination.views import Liveness, NeighborState


class Planning:
    """Slot assignments of one robot while it leads."""

    def __init__(
        self,
        robot: int,
        state: MissionState,
        mesh: Mesh,
        executor: MissionExecutor,
        settings: RobotSettings,
    ) -> None:
        self._robot = robot
        self._state, self._mesh, self._executor = state, mesh, executor
        self._settings = settings
        self._planner = self._new_planner()
        self._term = 0  # of the leadership that the planner serves
        self._problem = ''  # as last told

    def step(
        self,
        leading: Leading,
        position: tuple[float, float, float] | None,
        neighbors: Callable[[], Iterable[NeighborState]],
        now: int,
    ) -> str:
        """
        Append what the planner wants; return a problem that is new, "" otherwise.

        ``neighbors`` yields the robots of the table, which is made when somebody asks.
        """
        if leading.term != self._term:  # a planner remembers its own proposals only
            self._term, self._planner = leading.term, self._new_planner()
        command = self._planner.plan(
            self._state,
            self._live_robots(position, neighbors),
            self._silent_robots(neighbors),
            self._executor.progress_m,
            leading.assignment_pending,
            now,
        )
        if command is not None:
            leading.propose_assignment(command, now)
        if self._planner.problem == self._problem:
            return ''
        self._problem = self._planner.problem
        return self._problem

    def _live_robots(
        self,
        position: tuple[float, float, float] | None,
        neighbors: Callable[[], Iterable[NeighborState]],
    ) -> Iterator[LiveRobot]:
        """Yield who is believed alive, self included, as the planner asks for them."""
        if position is not None:
            yield LiveRobot(self._robot, position, self._state.index, self._executor.offer)
        alive = self._mesh.alive()  # proved to be: a replayed row is not
        for neighbor in neighbors():
            if neighbor.robot in alive:
                mission = self._mesh.mission(neighbor.robot)
                offer = Offer(mission.epoch, mission.offer - 1)
                yield LiveRobot(neighbor.robot, neighbor.position, mission.applied, offer)

    def _silent_robots(
        self, neighbors: Callable[[], Iterable[NeighborState]]
    ) -> Iterator[SilentRobot]:
        """Yield who is believed dead, as the planner asks for them."""
        for neighbor in neighbors():
            if neighbor.liveness is Liveness.SILENT:
                yield SilentRobot(neighbor.robot, neighbor.position)

    def _new_planner(self) -> MissionPlanner:
        return MissionPlanner(self._settings.mission, self._settings.formation_limits)
