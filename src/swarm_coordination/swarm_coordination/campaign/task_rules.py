# SPDX-License-Identifier: Apache-2.0
"""
One task, one holder: no two robots may act on a task at the same time, and fences never fall.

A robot acts where its own ``may_act`` says so, by its own clock; who sleeps does not act.
"""

from __future__ import annotations

from collections.abc import Sequence

from swarm_coordination.arena.node import Node
from swarm_coordination.arena.observer import Observer
from swarm_coordination.campaign.broken import InvariantBroken
from swarm_coordination.campaign.tally import tally
from swarm_coordination.robot.coordinator import Coordinator
from swarm_coordination.robot.outputs import RobotOutput


class TaskRules(Observer):
    """Asks whoever was just called, and all others where it may act."""

    every_event = True

    def __init__(self, nodes: Sequence[Node]) -> None:
        self.checks = tally('Fences rise', 'One task, one holder')
        self._nodes = nodes
        self._fences: dict[str, int] = {}
        self.holders: dict[str, set[str]] = {}  # by task, who has acted on it

    def after(self, node: Node, core: Coordinator, output: RobotOutput, now: int) -> None:
        """Check the tasks that a robot may act on after it was called."""
        for task, fence in core.tasks.held(node.clock.local(now)):
            self.holders.setdefault(task, set()).add(node.name)
            before = self._fences.get(task, 0)
            self.checks['Fences rise'] += before > 0
            if fence < before:
                raise InvariantBroken(
                    'Fences rise',
                    f'{node.name} acts on {task} under {fence} after {before}',
                )
            self._fences[task] = fence
            for other in self._nodes:
                if other is not node and other.runs and other.core is not None:
                    self.checks['One task, one holder'] += 1
                    theirs = other.core.tasks.may_act(task, other.clock.local(now))
                    if theirs:
                        raise InvariantBroken(
                            'One task, one holder',
                            f'{node.name} (fence {fence}) and {other.name} (fence {theirs}) '
                            f'act on {task}',
                        )
