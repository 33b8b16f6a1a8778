# SPDX-License-Identifier: Apache-2.0
"""
Linearizable reads: what a read sees holds everything committed before it was asked for.

Ongaro 2014, section 6.4: so much had been applied by the time the read is answered. A local read
promises less: what stands in the common log up to where this robot has applied it, no more and
no less.
"""

from __future__ import annotations

from swarm_coordination.arena.node import Node
from swarm_coordination.arena.observer import Observer
from swarm_coordination.campaign.broken import InvariantBroken
from swarm_coordination.campaign.raft_rules import RaftRules
from swarm_coordination.campaign.tally import tally
from swarm_coordination.mission.blackboard import BoardValue
from swarm_coordination.mission.commands import decode_command, Delete, Put
from swarm_coordination.robot.coordinator import Coordinator
from swarm_coordination.robot.outputs import CommittedEntry, RobotOutput


class ReadRules(Observer):
    """Follows every read; told of events after ``rules`` were."""

    def __init__(self, rules: RaftRules) -> None:
        self.checks = tally('Local reads', 'Linearizable reads')
        self._rules = rules
        self._asked: dict[tuple[int, int, int], int] = {}  # robot, life, serial: committed then
        # By key, ascending: index of a write or deletion that took effect, and what stood there
        # from then on.
        self._written: dict[str, list[tuple[int, BoardValue | None]]] = {}
        self._judged = 0  # entries of the common log

    def asked(self, node: Node, serial: int) -> None:
        """Note that a robot was asked for a read."""
        self._asked[node.number, node.life, serial] = len(self._rules.committed)

    def local(self, node: Node, core: Coordinator, key: str) -> None:
        """Check what a robot's own state says of a key at this instant."""
        self.checks['Local reads'] += 1
        applied = self._rules.applied(node.number)
        due = next((value for index, value in reversed(self._written.get(key, ()))
                    if index <= applied), None)
        held = core.watches.held(key)
        if held != due:
            raise InvariantBroken(
                'Local reads', f'{node.name} holds {held} under {key}; the log up to entry '
                f'{applied} says {due}',
            )

    def after(self, node: Node, core: Coordinator, output: RobotOutput, now: int) -> None:
        """Check the reads that are answered."""
        for entry in output.committed:
            if entry.index > self._judged:
                self._judged = entry.index
                self._effect(entry)
        for event in output.events:
            if event.kind != 'read':
                continue
            due = self._asked.pop((node.number, node.life, event.value), 0)
            if not due:
                continue
            self.checks['Linearizable reads'] += 1
            applied = self._rules.applied(node.number)
            if applied < due:
                raise InvariantBroken(
                    'Linearizable reads',
                    f'{node.name} answered a read at entry {applied}; {due} were committed '
                    'when it was asked',
                )

    def _effect(self, entry: CommittedEntry) -> None:
        """Note a write or a deletion that took effect."""
        told = entry.applied and entry.command
        command = decode_command(entry.command.encode()) if told else None
        value = None
        if isinstance(command, Put):
            value = BoardValue(command.value, int(entry.result.removeprefix('version ')))
        if isinstance(command, Put | Delete):
            self._written.setdefault(command.key, []).append((entry.index, value))
