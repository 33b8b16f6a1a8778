# SPDX-License-Identifier: Apache-2.0
"""
Linearizable reads: what a read sees holds everything committed before it was asked for.

Ongaro 2014, section 6.4: so much had been applied by the time the read is answered.
"""

from __future__ import annotations

from swarm_coordination.arena.node import Node
from swarm_coordination.arena.observer import Observer
from swarm_coordination.campaign.broken import InvariantBroken
from swarm_coordination.campaign.raft_rules import RaftRules
from swarm_coordination.robot.coordinator import Coordinator
from swarm_coordination.robot.outputs import RobotOutput


class ReadRules(Observer):
    """Follows every read; told of events after ``rules`` were."""

    def __init__(self, rules: RaftRules) -> None:
        self.checks = 0
        self._rules = rules
        self._asked: dict[tuple[int, int, int], int] = {}  # robot, life, serial: committed then

    def asked(self, node: Node, serial: int) -> None:
        """Note that a robot was asked for a read."""
        self._asked[node.number, node.life, serial] = len(self._rules.committed)

    def after(self, node: Node, core: Coordinator, output: RobotOutput, now: int) -> None:
        """Check the reads that are answered."""
        for event in output.events:
            if event.kind != 'read':
                continue
            self.checks += 1
            due = self._asked.pop((node.number, node.life, event.value), 0)
            applied = self._rules.applied(node.number)
            if applied < due:
                raise InvariantBroken(
                    'Linearizable reads',
                    f'{node.name} answered a read at entry {applied}; {due} were committed '
                    'when it was asked',
                )
