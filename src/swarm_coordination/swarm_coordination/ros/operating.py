# SPDX-License-Identifier: Apache-2.0
"""A bus of ROS 2 for a short while: what the operator's verbs talk to robots over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
import os

from rclpy.node import Node
from swarm_coordination.live.bus import Bus
from swarm_coordination.ros.bus import RosBus
from swarm_coordination.ros.clock import CoreClock
from swarm_coordination.ros.executor import Runner


@contextmanager
def open_bus(domain: int) -> Iterator[tuple[Bus, Callable[[float], None]]]:
    """Give a bus in the domain, and what serves it until a time of the steady clock (s)."""
    runner = Runner(domain_id=domain)
    try:
        node = Node(
            f'operator_{os.getpid()}',
            context=runner.context, enable_rosout=False, start_parameter_services=False,
        )
        runner.add(node)
        yield RosBus(node, runner, CoreClock(node)), runner.spin_until
    finally:
        runner.close()
