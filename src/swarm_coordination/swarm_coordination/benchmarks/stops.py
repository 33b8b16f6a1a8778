# SPDX-License-Identifier: Apache-2.0
"""The safety stop in virtual time: how soon every robot along a line obeys one from its end."""

from __future__ import annotations

from swarm_coordination.arena.node import Node
from swarm_coordination.arena.observer import Observer
from swarm_coordination.benchmarks.stage import Stage
from swarm_coordination.robot.coordinator import Coordinator
from swarm_coordination.robot.outputs import RobotOutput
from swarm_coordination.units import ns_to_seconds, seconds_to_ns
from swarm_coordination.views import Mode

HOPS = 6
# All processes have started and heard of each other; a stop asks for no leader.
HEARD_AFTER_S = 1.0
MOST_S = 30.0
LOOK_S = 0.1


class Obeyed(Observer):
    """By robot, when its target first said to stop; in ns."""

    def __init__(self) -> None:
        self.since: dict[int, int] = {}

    def after(self, node: Node, core: Coordinator, output: RobotOutput, now: int) -> None:
        """Note what the controller is handed."""
        if core.target.mode is Mode.STOPPED:
            self.since.setdefault(node.number, now)


def stop_obeyed(seed: int, loss: float) -> list[float]:
    """Return after how many seconds the robot at each number of hops, from 0, obeyed a stop."""
    stage = Stage(HOPS + 1, f'stop/{seed}', shape='line', loss=loss)
    stage.arena.run(HEARD_AFTER_S + 0.2 * stage.random.random())
    obeyed = Obeyed()
    stage.arena.watch(obeyed)
    at = stage.arena.queue.now
    stage.arena.stop(0, 1)
    end = at + seconds_to_ns(MOST_S)
    while len(obeyed.since) <= HOPS and stage.arena.queue.now < end:
        stage.arena.run(LOOK_S)
    return [ns_to_seconds(obeyed.since.get(k, end) - at) for k in range(HOPS + 1)]
