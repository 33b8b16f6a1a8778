# SPDX-License-Identifier: Apache-2.0
"""
No ghost members: who comes to life in somebody's eyes has lived a moment ago.

A beacon proves life only while its age is bounded by ``proof_age_max_s``, so a robot may be said
to have joined or returned only so long after its last moment.
"""

from __future__ import annotations

from swarm_coordination.arena.node import Node
from swarm_coordination.arena.observer import Observer
from swarm_coordination.campaign.broken import InvariantBroken
from swarm_coordination.persistence import Recovered
from swarm_coordination.robot.coordinator import Coordinator
from swarm_coordination.robot.outputs import RobotOutput
from swarm_coordination.units import NS_PER_MS, NS_PER_S

# What an event may come after the verdict: a tick, and clocks 200 ppm apart.
SLACK_NS = 200 * NS_PER_MS


class Ghosts(Observer):
    """Knows who runs, and compares what robots say of each other with it."""

    def __init__(self, nodes: tuple[Node, ...], proof_age_ns: int) -> None:
        self.checks = 0
        self._nodes = {node.storage_id: node for node in nodes}
        self._proof_age_ns = proof_age_ns
        self._last_ns: dict[int, int] = {}  # last moment of those that do not run

    def started(self, node: Node, recovered: Recovered, now: int) -> None:
        """Note that a robot lives."""
        self._last_ns.pop(node.storage_id, None)

    def crashed(self, node: Node, now: int) -> None:
        """Note that a robot is dead."""
        self._last_ns.setdefault(node.storage_id, now)

    def after(self, node: Node, core: Coordinator, output: RobotOutput, now: int) -> None:
        """Check who is said to live."""
        for event in output.events:
            if event.kind not in ('joined', 'returned'):
                continue
            self.checks += 1
            last = self._last_ns.get(event.value)
            if last is not None and now - last > self._proof_age_ns + SLACK_NS:
                raise InvariantBroken(
                    'No ghost members',
                    f'{node.name} says {event.kind} of {self._nodes[event.value].name}, which '
                    f'died {(now - last) / NS_PER_S:.2f} s ago',
                )
