# SPDX-License-Identifier: Apache-2.0
"""
Nobody who runs is declared dead while everybody runs, whatever frames are lost under any load.

A process that is down takes the links over it with it, so what others say meanwhile, and for a
moment after all run again, says nothing. This holds in profiles without cuts: there a verdict on
who cannot be heard is right.
"""

from __future__ import annotations

from swarm_coordination.arena.node import Node
from swarm_coordination.arena.observer import Observer
from swarm_coordination.campaign.broken import InvariantBroken
from swarm_coordination.campaign.profiles import Profile
from swarm_coordination.campaign.schedule import Schedule
from swarm_coordination.campaign.tally import tally
from swarm_coordination.persistence import Recovered
from swarm_coordination.robot.coordinator import Coordinator
from swarm_coordination.robot.outputs import RobotOutput
from swarm_coordination.units import NS_PER_S

# Under these everybody who runs is heard, sooner or later, over whatever hops.
HEARD = frozenset(('loss', 'duplicate', 'delay', 'crash', 'wipe', 'slow_disk'))
RULE = 'The living are held alive'
# What a death began may end so long after it: a suspicion that nobody has refuted yet.
SETTLED_NS = 3 * NS_PER_S


def judges(schedule: Schedule, profile: Profile) -> bool:
    """Return whether all who run can be heard; a course cuts links that no schedule names."""
    return HEARD.issuperset((*profile.kinds, *(fault.kind for fault in schedule.faults)))


class Verdicts(Observer):
    """Compares what robots say of each other's silence with who runs."""

    def __init__(self, nodes: tuple[Node, ...]) -> None:
        self.checks = tally(RULE)
        self._nodes = {node.storage_id: node for node in nodes}
        self._down = set(self._nodes)
        self._whole_ns = 0  # since when all run

    def started(self, node: Node, recovered: Recovered, now: int) -> None:
        """Note that a robot lives."""
        self._down.discard(node.storage_id)
        self._whole_ns = now

    def crashed(self, node: Node, now: int) -> None:
        """Note that a robot is dead."""
        self._down.add(node.storage_id)

    def after(self, node: Node, core: Coordinator, output: RobotOutput, now: int) -> None:
        """Check who is said to be silent, once a beacon for all that were heard."""
        if self._down or now - self._whole_ns < SETTLED_NS:
            return
        self.checks[RULE] += bool(output.frames)
        for event in output.events:
            if event.kind == 'silent':
                raise InvariantBroken(
                    RULE,
                    f'{node.name} declares {self._nodes[event.value].name} dead; all have run '
                    f'for {(now - self._whole_ns) / NS_PER_S:.2f} s',
                )
