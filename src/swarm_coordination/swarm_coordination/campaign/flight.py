# SPDX-License-Identifier: Apache-2.0
"""
No two robots closer than D: plants that fly what the controllers of an arena command.

The plants and their distances are the simulator's (``simulation/world.py``): distances are checked
along the whole way of every step. A robot whose process is dead or asleep coasts until its command
is stale, brakes, and stays where it is.
"""

from __future__ import annotations

from swarm_coordination.arena.arena import Arena
from swarm_coordination.arena.node import Node
from swarm_coordination.arena.observer import Observer
from swarm_coordination.campaign.broken import InvariantBroken
from swarm_coordination.campaign.tally import tally
from swarm_coordination.control.settings import ControlSettings
from swarm_coordination.robot.coordinator import Coordinator
from swarm_coordination.robot.outputs import RobotOutput
from swarm_coordination.scenario.schema import WorldSettings
from swarm_coordination.simulation.world import World
from swarm_coordination.views import Pose


class Flight(Observer):
    """Moves the robots of ``arena``, which ``flies``; ``closest_m`` is the least distance yet."""

    def __init__(self, arena: Arena, settings: ControlSettings) -> None:
        self.checks = tally('Safety distance')
        self._arena = arena
        self._safety_distance_m = settings.safety_distance_m
        starts = tuple((node.name, node.pose) for node in arena.nodes)
        self._world = World(starts, WorldSettings(), arena.queue.now)
        self.closest_m = float('inf')
        arena.queue.push(arena.queue.now + self._world.step_ns, self._step)

    def after(self, node: Node, core: Coordinator, output: RobotOutput, now: int) -> None:
        """Fly a new command."""
        if output.command is not None:
            self._world.plants[node.name].command(output.command, now)

    def _step(self, now: int) -> None:
        self.checks['Safety distance'] += 1
        closest = self._world.step(now)
        self.closest_m = min(self.closest_m, closest.distance_m)
        if closest.distance_m < self._safety_distance_m:
            raise InvariantBroken(
                'Safety distance',
                f'{closest.first} and {closest.second} are {closest.distance_m:.3f} m apart, '
                f'less than {self._safety_distance_m:g} m',
            )
        states = [self._world.plants[node.name].state for node in self._arena.nodes]
        self._arena.air.place_all([(round(s.x, 3), round(s.y, 3)) for s in states])
        for node, (x, y, z, yaw, *velocity) in zip(self._arena.nodes, states):
            vx, vy, vz = velocity
            node.localise(Pose(x, y, z, yaw), (vx, vy, vz), now)
        self._arena.queue.push(now + self._world.step_ns, self._step)
