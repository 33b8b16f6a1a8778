# SPDX-License-Identifier: Apache-2.0
"""A run as readable lines: faults, roles, verdicts, commands, commits."""

from __future__ import annotations

from collections.abc import Callable

from swarm_coordination.arena.arena import START_NS
from swarm_coordination.arena.node import Node
from swarm_coordination.arena.observer import Observer
from swarm_coordination.persistence import Recovered
from swarm_coordination.robot.coordinator import Coordinator
from swarm_coordination.robot.outputs import RobotOutput
from swarm_coordination.units import NS_PER_S

# What a line shows of a command: mission paths are long.
_COMMAND_CHARS = 60


class TraceLines(Observer):
    """Gives one line per thing that happened to ``say``."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say

    def note(self, text: str, now: int) -> None:
        """Say something that was done to the swarm."""
        self._say(f'{(now - START_NS) / NS_PER_S:10.6f} s  ----  {text}')

    def started(self, node: Node, recovered: Recovered, now: int) -> None:
        """Say that a process starts."""
        state = recovered.hard_state
        self._line(node, f'starts: term {state.term}, vote {state.vote}, '
                         f'{len(recovered.entries)} entries', now)

    def crashed(self, node: Node, now: int) -> None:
        """Say that a process died."""
        self._line(node, 'dies', now)

    def after(self, node: Node, core: Coordinator, output: RobotOutput, now: int) -> None:
        """Say what came out."""
        for event in output.events:
            self._line(node, f'{event.kind}: {event.text}', now)
        for entry in output.committed:
            what = entry.command[:_COMMAND_CHARS] or 'no-op'
            result = f' -> {entry.result}' if entry.result else ''
            self._line(node, f'applies {entry.index} (term {entry.term}): {what}{result}', now)

    def _line(self, node: Node, text: str, now: int) -> None:
        self._say(f'{(now - START_NS) / NS_PER_S:10.6f} s  {node.name:4}  {text}')
