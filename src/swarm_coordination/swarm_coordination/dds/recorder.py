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
from swarm_coordination.live.recorded_topics import of_one_kind, OTHER_KIND, recorded_topics
from swarm_coordination.recording.bag import BagWriter, Recorded
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
    taker = _Taker(folder, wanted)
    try:
        with joined(domain) as loop:
            bus = CycloneBus(loop.participant)
            for one in wanted:
                for kind in filter(None, (one.kind, OTHER_KIND.get(one.kind))):
                    either = one._replace(kind=kind)
                    bus.subscribe(
                        _class_of(kind), one.topic, one.profile, partial(taker.take, either)
                    )
            while not (loop.stopping or done(taker.bag.messages)):
                loop.spin_until(time.monotonic() + 0.1)
    finally:
        taker.close()
    return taker.bag.messages


class _Taker:
    """A bag, and which type each topic has: of several, that of its first message."""

    def __init__(self, folder: Path, wanted: Sequence[Recorded]) -> None:
        fixed, self._several = of_one_kind(wanted)
        self.bag = BagWriter(folder, fixed, lambda kind: definition(*kind.split('/')))
        self._kinds = {one.topic: one.kind for one in fixed}

    def take(self, one: Recorded, message: Any) -> None:
        """Add a message; one of another type than its topic has is somebody else's."""
        if one.topic not in self._kinds:
            self._join(one)
        if self._kinds[one.topic] == one.kind:
            self.bag.add(one.topic, message.serialize(), time.time_ns())

    def close(self) -> None:
        """Name the topics on which nothing came, too; finish the bag."""
        for one in self._several:
            if one.topic not in self._kinds:
                self._join(one)
        self.bag.close()

    def _join(self, one: Recorded) -> None:
        self.bag.join(one)
        self._kinds[one.topic] = one.kind


def _known(kind: str) -> bool:
    return kind in COMMON or kind.startswith(f'{OURS}/')


def _class_of(kind: str) -> Any:
    package, _, name = kind.split('/')
    return getattr(messages().swarm if package == OURS else messages(), name)
