# SPDX-License-Identifier: Apache-2.0
"""
A safety stop reaches everybody, and is lifted only under the counters that a command named.

A stop is certain once it is on a disk; one whose issuer died before may be forgotten.
"""

from __future__ import annotations

from swarm_coordination.arena.node import Node
from swarm_coordination.arena.observer import Observer
from swarm_coordination.campaign.broken import InvariantBroken
from swarm_coordination.mission.commands import decode_command, LiftStop
from swarm_coordination.persistence import PersistRequest, StopRecord
from swarm_coordination.robot.coordinator import Coordinator
from swarm_coordination.robot.outputs import RobotOutput


class StopRules(Observer):
    """Follows every stop from its first disk to its lifting."""

    def __init__(self) -> None:
        self.checks = 0
        self._raised: dict[int, int] = {}  # issuer: highest counter on any disk
        self._lifted: dict[int, int] = {}
        self._judged = 0

    def durable(self, node: Node, request: PersistRequest, now: int) -> None:
        """Note the stops that are on a disk."""
        for record in request.records:
            if isinstance(record, StopRecord):
                held = self._raised.get(record.issuer, 0)
                self._raised[record.issuer] = max(held, record.counter)

    def after(self, node: Node, core: Coordinator, output: RobotOutput, now: int) -> None:
        """Note what committed commands lift."""
        for entry in output.committed:
            if entry.index <= self._judged:
                continue
            self._judged = entry.index
            if entry.applied and entry.command:
                command = decode_command(entry.command.encode())
                if isinstance(command, LiftStop):
                    for issuer, counter in command.counters:
                        self._lifted[issuer] = max(counter, self._lifted.get(issuer, 0))

    def in_force(self) -> dict[int, int]:
        """Return (issuer: counter) of the stops that must be in force everywhere."""
        return {i: c for i, c in sorted(self._raised.items()) if c > self._lifted.get(i, 0)}

    def check(self, node: Node, core: Coordinator) -> None:
        """Check that a robot that has applied all obeys exactly the stops in force."""
        self.checks += 1
        command = decode_command(core.lift_command().encode()) if core.lift_command() else None
        obeyed = dict(command.counters) if isinstance(command, LiftStop) else {}
        if obeyed != self.in_force():
            raise InvariantBroken(
                'Safety stop delivered',
                f'{node.name} obeys {obeyed}, in force are {self.in_force()}',
            )
