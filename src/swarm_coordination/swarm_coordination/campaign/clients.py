# SPDX-License-Identifier: Apache-2.0
"""
Clients and operators: whatever is asked of a robot goes through here.

So the rules hear of it, and have an answer to compare with.
"""

from __future__ import annotations

from swarm_coordination.arena.arena import Arena
from swarm_coordination.campaign.blackboard import Blackboard
from swarm_coordination.campaign.read_rules import ReadRules
from swarm_coordination.campaign.stop_rules import StopRules
from swarm_coordination.campaign.task_rules import TaskRules
from swarm_coordination.mission.commands import Command, encode_command


class Clients:
    """Whoever talks to the robots of an arena; ``submitted`` counts the commands taken."""

    def __init__(
        self, arena: Arena, board: Blackboard, reads: ReadRules, stops: StopRules,
        tasks: TaskRules | None,
    ) -> None:
        self._arena, self._board, self._reads, self._stops = arena, board, reads, stops
        self._tasks = tasks
        self.submitted = 0

    def submit(self, robot: int, command: Command, request: str = '') -> int | None:
        """Hand a command to a robot; return its serial, None where it does not take it."""
        serial = self._submit(robot, encode_command(command).decode(), request)
        if serial is not None and self._tasks is not None:
            self._tasks.asked(self._arena.nodes[robot], command)
        return serial

    def read(self, robot: int, key: str) -> None:
        """Ask a robot for a linearizable read of a key, and look at the key without one."""
        node = self._arena.nodes[robot]
        if node.core is not None and node.runs:
            self._reads.local(node, node.core, key)
        serial = node.read(self._arena.queue.now)
        if serial is not None:
            self._reads.asked(node, serial)
            self._board.asked_to_read(node, serial, key)

    def stop(self, robot: int) -> None:
        """Raise a safety stop at a robot."""
        counter = self._arena.stop(robot)
        node = self._arena.nodes[robot]
        if counter is not None and node.core is not None:
            self._stops.raised(node, node.core, counter)

    def lift(self, robot: int) -> None:
        """Lift the stops that are in force at a robot by now."""
        core = self._arena.nodes[robot].core
        command = core.lift_command() if core is not None else ''
        if command:
            self._submit(robot, command)

    def may_act(self, robot: int, task: str) -> int:
        """Return the fence under which a robot may act on a task at this instant, else 0."""
        node = self._arena.nodes[robot]
        if node.core is None or not node.runs:
            return 0
        return node.core.tasks.may_act(task, node.clock.local(self._arena.queue.now))

    def _submit(self, robot: int, text: str, request: str = '') -> int | None:
        serial = self._arena.propose(robot, text, request)
        if serial is not None:
            self.submitted += 1
            self._board.asked(self._arena.nodes[robot], serial, text)
        return serial
