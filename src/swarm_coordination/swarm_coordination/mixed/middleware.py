# SPDX-License-Identifier: Apache-2.0
"""
rclpy and Cyclone DDS in turn as what carries a demo: see ``live.backend.Middleware``.

Topics cross between the two; services do not, so each robot is asked over its own kind. The
world is a plain DDS process. One process holds both, served in turn by one thread.
"""

from __future__ import annotations

from pathlib import Path
import time

from swarm_coordination.dds.middleware import DdsMiddleware
from swarm_coordination.live.backend import Middleware, Run
from swarm_coordination.live.bus import Bus
from swarm_coordination.ros.middleware import RosMiddleware
from swarm_coordination.scenario.run import RunOptions

# One waits so long for the other: what comes in is read at least 100 times a second.
SLICE_S = 0.005


class MixedMiddleware:
    """
    Every second robot is of the other kind.

    Which kind the first one is of follows from the seed: Cyclone DDS where that is odd. So each
    kind alone has a majority of an odd swarm in one of two seeds.
    """

    name = 'mixed'

    def __init__(self, domain: int, options: RunOptions) -> None:
        """Join the domain twice; signals ask for the end from now on."""
        self._ros = RosMiddleware(domain, options)
        self._dds = DdsMiddleware(domain, options)
        kinds: tuple[Middleware, Middleware] = (self._ros, self._dds)
        self._kinds = {
            name: kinds[(number + options.seed) % 2]
            for number, name in enumerate(options.swarm.names)
        }

    @property
    def stopping(self) -> bool:
        """Whether a signal has asked for the end."""
        return self._ros.stopping or self._dds.stopping

    def robot_bus(self, robot: str) -> Bus:
        """Return the bus on which a robot is watched and asked."""
        return self._kinds[robot].robot_bus(robot)

    def world_bus(self) -> Bus:
        """Return the bus on which the world is watched and asked."""
        return self._dds.world_bus()

    def world_command(self, run: Run) -> list[str]:
        """Return the command of the world's process."""
        return self._dds.world_command(run)

    def robot_command(self, run: Run, robot: str, disk: Path) -> list[str]:
        """Return the command of a robot's process."""
        return self._kinds[robot].robot_command(run, robot, disk)

    def spin_until(self, deadline_s: float) -> None:
        """Serve both until ``time.monotonic()`` reaches ``deadline_s``."""
        while not self.stopping and (now := time.monotonic()) < deadline_s:
            until = min(deadline_s, now + SLICE_S)
            self._ros.spin_until(until)
            self._dds.spin_until(until + SLICE_S)

    def versions(self) -> dict[str, str]:
        """Return what of others' software this run used, and which robot is of which kind."""
        kinds = {f'kind of {name}': kind.name for name, kind in self._kinds.items()}
        return {**self._ros.versions(), **self._dds.versions(), **kinds}

    def close(self) -> None:
        """Leave the domain; the newest handler of signals goes first."""
        self._dds.close()
        self._ros.close()
