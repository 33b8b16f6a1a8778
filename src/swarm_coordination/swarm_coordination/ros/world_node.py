# SPDX-License-Identifier: Apache-2.0
"""Node ``world``: the embedded world (``live.world``) on a node's bus and ROS time."""

from __future__ import annotations

from typing import Any

from rclpy.node import Node
from swarm_coordination.configuration import find_swarm_file, load_swarm
from swarm_coordination.live.world import LiveWorld, WorldPeriods
from swarm_coordination.ros.bus import RosBus
from swarm_coordination.ros.clock import ClockWentBack, CoreClock
from swarm_coordination.ros.executor import Runner
from swarm_coordination.ros.options import WorldOptions
from swarm_coordination.ros.parameters import OF_ROBOTS, Overrides
from swarm_coordination.scenario.loading import load_scenario
from swarm_coordination.scenario.schema import RadioSettings, WorldSettings


class WorldNode(Node):
    """Plants and radio of a whole swarm."""

    def __init__(self, runner: Runner, **node_options: Any) -> None:
        """Read parameters, create the topics of every robot; raises SwarmError."""
        super().__init__(
            'world',
            context=runner.context,
            automatically_declare_parameters_from_overrides=True,
            **node_options,
        )
        overrides = Overrides(self)
        options = overrides.group(WorldOptions(), '')
        overrides.done(ignored=OF_ROBOTS)
        found = load_swarm(find_swarm_file(options.swarm_file or None))
        robots = (found.first(options.robots) if options.robots else found).robots
        radio, plants = RadioSettings(), WorldSettings()
        if options.scenario:
            played = load_scenario(options.scenario)
            radio, plants = played.radio, played.world
        periods = WorldPeriods(
            options.odom_period_s, options.radio_period_s, options.world_period_s
        )
        self._bus = RosBus(self, runner, CoreClock(self))
        self._world = LiveWorld(
            self._bus, robots, radio, plants, options.seed, periods, tf=options.tf
        )
        runner.at(lambda: self._bus.clock.due_ns(self._world.next_ns), self._step)

    def _step(self) -> None:
        try:
            self._world.step()
        except ClockWentBack as error:
            self._bus.say(f'the world begins anew: {error}', 'warning')
            self._bus.clock = CoreClock(self)
            self._world.begin()
