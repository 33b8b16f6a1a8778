# SPDX-License-Identifier: Apache-2.0
"""
No ghost members: who comes to life in somebody's eyes has lived a moment ago, and the dead die.

A beacon proves life only while its age is bounded by ``proof_age_max_s``, so a robot may be said
to have joined or returned only so long after its last moment. And nobody is held alive for ever:
a last beacon goes from robot to robot, and out of links that held it, for at most
``row_relay_max_age_s``; then comes suspicion, and no confirmation is needed for a verdict after
the longest. Who slept meanwhile, or whose clock leapt, takes that out of everybody's silence.
"""

from __future__ import annotations

from swarm_coordination.arena.node import Node
from swarm_coordination.arena.observer import Observer
from swarm_coordination.campaign.broken import InvariantBroken
from swarm_coordination.campaign.tally import tally
from swarm_coordination.mesh.detector import SLOWEST, VERDICT_MAX_BEACONS
from swarm_coordination.mesh.settings import MeshSettings
from swarm_coordination.persistence import Recovered
from swarm_coordination.robot.coordinator import Coordinator
from swarm_coordination.robot.outputs import RobotOutput
from swarm_coordination.units import NS_PER_MS, NS_PER_S, seconds_to_ns

RULE = 'No ghost members'
# What an event may come after the verdict: a tick, and clocks 200 ppm apart.
SLACK_NS = 200 * NS_PER_MS
# How often it is looked at who holds a dead robot alive.
LOOK_NS = 250 * NS_PER_MS
# By so much links that hold frames back may stretch the beacon interval that others measure.
STRETCHED = 2


def silent_ns(settings: MeshSettings) -> int:
    """Return how long after its last moment a robot may be held alive."""
    # On a short budget beacons come as slowly as the detector puts up with.
    slow = settings.byte_budget_per_s < MeshSettings().byte_budget_per_s
    interval_s = (SLOWEST if slow else STRETCHED) * settings.beacon_period_s
    suspicion_s = max(settings.suspicion_max_s, VERDICT_MAX_BEACONS * interval_s)
    return seconds_to_ns(settings.row_relay_max_age_s + suspicion_s)


class Ghosts(Observer):
    """Knows who runs, and compares what robots say of each other with it."""

    def __init__(self, nodes: tuple[Node, ...], settings: MeshSettings) -> None:
        self.checks = tally(RULE)
        self._nodes = {node.storage_id: node for node in nodes}
        self._proof_age_ns = seconds_to_ns(settings.proof_age_max_s)
        self._silent_ns = silent_ns(settings)
        self._last_ns: dict[int, int] = {}  # last moment of those that do not run
        self._steady_ns: dict[int, int] = {}  # since when each has run without a break
        self._look_ns = 0

    def started(self, node: Node, recovered: Recovered, now: int) -> None:
        """Note that a robot lives."""
        self._last_ns.pop(node.storage_id, None)
        self._steady_ns[node.storage_id] = now

    def disturbed(self, node: Node, now: int) -> None:
        """Note that what a robot measured before now says nothing."""
        self._steady_ns[node.storage_id] = now

    def crashed(self, node: Node, now: int) -> None:
        """Note that a robot is dead."""
        self._last_ns.setdefault(node.storage_id, now)

    def after(self, node: Node, core: Coordinator, output: RobotOutput, now: int) -> None:
        """Check who is said to live."""
        if self._last_ns and now >= self._look_ns:
            self._look_ns = now + LOOK_NS
            self._look(now)
        for event in output.events:
            if event.kind not in ('joined', 'returned'):
                continue
            self.checks[RULE] += 1
            last = self._last_ns.get(event.value)
            if last is not None and now - last > self._proof_age_ns + SLACK_NS:
                raise InvariantBroken(
                    RULE,
                    f'{node.name} says {event.kind} of {self._nodes[event.value].name}, which '
                    f'died {(now - last) / NS_PER_S:.2f} s ago',
                )

    def _look(self, now: int) -> None:
        """Check that nobody who could know better holds a dead robot alive."""
        latest = now - self._silent_ns - SLACK_NS
        dead = [robot for robot, last in self._last_ns.items() if last < latest]
        if not dead:  # as nearly always
            return
        for storage_id, node in self._nodes.items():
            if node.core is None or node.paused or self._steady_ns[storage_id] >= latest:
                continue
            self.checks[RULE] += len(dead)
            alive = node.core.status(node.clock.local(now)).alive
            for robot in dead:
                if self._nodes[robot].name in alive:
                    raise InvariantBroken(
                        RULE,
                        f'{node.name} holds {self._nodes[robot].name} alive, which died '
                        f'{(now - self._last_ns[robot]) / NS_PER_S:.2f} s ago',
                    )
