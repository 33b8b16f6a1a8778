# SPDX-License-Identifier: Apache-2.0
"""Namespaces as the network of a run: see ``live.network.Network``."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
import os
from pathlib import Path
import time

from swarm_coordination.configuration.locations import config_folder
from swarm_coordination.live.domain import claimed_domain, local_environment
from swarm_coordination.netns.namespaces import Namespaces
from swarm_coordination.netns.rules import losses
from swarm_coordination.simulation.radio import Radio

# A robot at full speed moves 0.3 m in this time. Putting rules in force costs a process.
SHAPE_PERIOD_S = 0.2


class NamespacedNetwork:
    """Robots reach each other through the bridge only; world and observer are in the hub."""

    loses_packets = True

    def __init__(self, namespaces: Namespaces) -> None:
        """Move this process to the hub."""
        self._namespaces = namespaces
        self._next_s = 0.0
        self._cuts: object = None
        namespaces.enter_hub()

    def domain(self) -> AbstractContextManager[int]:
        """Give a domain that nobody else in the hub is in."""
        return claimed_domain(os.getpid())

    def environment(self, domain: int, logs: Path, base: Mapping[str, str]) -> dict[str, str]:
        """Return the environment of the run's processes: DDS on the bridge, no shared memory."""
        return {
            **local_environment(domain, logs, base),
            'ROS_AUTOMATIC_DISCOVERY_RANGE': 'SUBNET',
            'ROS_LOCALHOST_ONLY': '0',
            'CYCLONEDDS_URI': (config_folder() / 'dds' / 'lab.xml').as_uri(),
        }

    def inside(self, robot: str, command: list[str]) -> list[str]:
        """Return the command that runs ``command`` where the robot is."""
        return self._namespaces.inside(robot, command)

    def shape(self, radio: Radio) -> None:
        """Drop packets as the radio loses frames; cuts and heals at once, motion now and then."""
        now_s = time.monotonic()
        if radio.cuts == self._cuts and now_s < self._next_s:
            return
        self._cuts, self._next_s = radio.cuts, now_s + SHAPE_PERIOD_S
        self._namespaces.lose(losses(radio.matrix()))
