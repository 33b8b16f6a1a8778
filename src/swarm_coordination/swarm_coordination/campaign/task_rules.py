# SPDX-License-Identifier: Apache-2.0
"""
One task, one holder: no two robots may act on a task at the same time, and fences never fall.

Who has accepted to give a task back, or to finish it, never acts on it again under that fence,
whatever was under way: others may hear of the giving back before that robot does.
A robot acts where its own ``may_act`` says so, by its own clock; who sleeps does not act.
"""

from __future__ import annotations

from collections.abc import Sequence

from swarm_coordination.arena.node import Node
from swarm_coordination.arena.observer import Observer
from swarm_coordination.campaign.broken import InvariantBroken
from swarm_coordination.campaign.tally import tally
from swarm_coordination.mission.commands import Command
from swarm_coordination.mission.task_commands import TaskDone, TaskRelease
from swarm_coordination.robot.coordinator import Coordinator
from swarm_coordination.robot.outputs import RobotOutput

RISE, ONE, GIVEN_BACK = 'Fences rise', 'One task, one holder', 'Given back is given back'


class TaskRules(Observer):
    """Asks whoever was just called, and all others where it may act."""

    every_event = True

    def __init__(self, nodes: Sequence[Node]) -> None:
        self.checks = tally(RISE, ONE, GIVEN_BACK)
        self._nodes = nodes
        self._fences: dict[str, int] = {}
        # By robot, life and task: under which fence it was given back last.
        self._given_back: dict[tuple[str, int, str], int] = {}
        self.holders: dict[str, set[str]] = {}  # by task, who has acted on it

    def asked(self, node: Node, command: Command) -> None:
        """Note that a robot has taken a command."""
        if isinstance(command, TaskRelease | TaskDone):
            self._given_back[node.name, node.life, command.task] = command.fence

    def after(self, node: Node, core: Coordinator, output: RobotOutput, now: int) -> None:
        """Check the tasks that a robot may act on after it was called."""
        for task, fence in core.tasks.held(node.clock.local(now)):
            self.holders.setdefault(task, set()).add(node.name)
            self._check_fence(node, task, fence)
            for other in self._nodes:
                if other is not node and other.runs and other.core is not None:
                    self.checks[ONE] += 1
                    theirs = other.core.tasks.may_act(task, other.clock.local(now))
                    if theirs:
                        raise InvariantBroken(
                            ONE,
                            f'{node.name} (fence {fence}) and {other.name} (fence {theirs}) '
                            f'act on {task}',
                        )

    def _check_fence(self, node: Node, task: str, fence: int) -> None:
        before = self._fences.get(task, 0)
        self.checks[RISE] += before > 0
        if fence < before:
            raise InvariantBroken(RISE, f'{node.name} acts on {task} under {fence} after {before}')
        self._fences[task] = fence
        given_back = self._given_back.get((node.name, node.life, task), 0)
        self.checks[GIVEN_BACK] += given_back > 0
        if fence == given_back:
            raise InvariantBroken(
                GIVEN_BACK, f'{node.name} acts on {task} under {fence}, which it has given back'
            )
