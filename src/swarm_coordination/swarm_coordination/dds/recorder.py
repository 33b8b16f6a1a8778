# SPDX-License-Identifier: Apache-2.0
"""
Records what a swarm says into a bag, over Cyclone DDS and without ROS.

Samples are read and written again: their bytes are those of CDR either way, which a test of every
message compares with rclpy's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
import time
from typing import Any

from swarm_coordination.dds.bus import CycloneBus
from swarm_coordination.dds.process import joined
from swarm_coordination.live.recorded_topics import recorded_topics
from swarm_coordination.recording.bag import BagWriter
from swarm_coordination.transport.definitions import COMMON
from swarm_coordination.transport.messages import definition, messages, OURS


def record(
    folder: Path, robots: Sequence[str], domain: int, done: Callable[[int], bool]
) -> int:
    """
    Record until ``done(messages)`` holds or a signal comes; return how many messages.

    Raises ConfigurationError where the folder exists.
    """
    wanted = recorded_topics(robots, _known)
    bag = BagWriter(folder, wanted, lambda kind: definition(*kind.split('/')))
    try:
        with joined(domain) as loop:
            bus = CycloneBus(loop.participant)

            def take(topic: str, message: Any) -> None:
                bag.add(topic, message.serialize(), time.time_ns())

            for one in wanted:
                bus.subscribe(
                    _class_of(one.kind), one.topic, one.profile, partial(take, one.topic)
                )
            while not (loop.stopping or done(bag.messages)):
                loop.spin_until(time.monotonic() + 0.1)
    finally:
        bag.close()
    return bag.messages


def _known(kind: str) -> bool:
    return kind in COMMON or kind.startswith(f'{OURS}/')


def _class_of(kind: str) -> Any:
    package, _, name = kind.split('/')
    return getattr(messages().swarm if package == OURS else messages(), name)
