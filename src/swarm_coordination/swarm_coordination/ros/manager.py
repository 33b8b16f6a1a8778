# SPDX-License-Identifier: Apache-2.0
"""
Brings the managed nodes of a process up, in order, and answers for them.

Up: once there is a time, configure and activate one node after the other. A node that cannot be
configured, or a fault while active, takes the others down in reverse order and ends the process
with the error: what starts it anew is the launch system, with a back-off. Only a clock that went
back is no error: the nodes are taken down and brought up again, which is the robot's restart.
"""

from __future__ import annotations

from collections.abc import Sequence
import time

from swarm_coordination.errors import SwarmError
from swarm_coordination.ros.clock import ClockWentBack
from swarm_coordination.ros.executor import Runner
from swarm_coordination.ros.managed import ManagedNode
from swarm_coordination.units import NS_PER_MS

# How often a first /clock is looked for.
LOOK_NS = 20 * NS_PER_MS


class Manager:
    """Manages ``nodes`` from now on; they come up as soon as ``runner`` spins."""

    def __init__(self, runner: Runner, nodes: Sequence[ManagedNode]) -> None:
        self._runner, self._nodes = runner, tuple(nodes)
        self._up = False
        self._look_ns = 0
        for node in self._nodes:
            node.on_fault = self._on_fault
        runner.at(lambda: 2**62 if self._up else self._look_ns, self._bring_up)

    def _bring_up(self) -> None:
        self._look_ns = time.monotonic_ns() + LOOK_NS
        if not all(node.core_clock.started for node in self._nodes):
            return
        self._up = True
        for node in self._nodes:
            node.trigger_configure()
            if node.state == 'inactive':
                node.trigger_activate()
            if node.state != 'active':
                error = node.problem or SwarmError(f'{node.get_name()} is {node.state}')
                self.take_down()
                self._runner.fail(error)
                return

    def _on_fault(self, error: Exception) -> None:
        self.take_down()
        if isinstance(error, ClockWentBack):
            for node in self._nodes:
                node.problem = None
            self._up = False
        else:
            self._runner.fail(error)

    def take_down(self) -> None:
        """Deactivate and clean up every node, the last first."""
        for node in reversed(self._nodes):
            if node.state == 'active':
                node.trigger_deactivate()
            if node.state == 'inactive':
                node.trigger_cleanup()
