# SPDX-License-Identifier: Apache-2.0
"""What passes on the air of a swarm, for somebody who has no key: prefixes, and ages of poses."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from swarm_coordination.live import topics
from swarm_coordination.live.bus import Bus
from swarm_coordination.transport import profiles
from swarm_coordination.units import ns_to_seconds
from swarm_coordination.wire.codec import Prefix, prefix_of

# Senders that are remembered: a swarm, and as many who have no business there.
SENDERS_MAX = 128


class Listening:
    """Listens from now on; ``prefixes`` and ``pose_ages_s`` hold the newest of each robot."""

    def __init__(self, bus: Bus, names: Sequence[str]) -> None:
        self._clock = bus.clock
        self.prefixes: dict[str, Prefix] = {}
        self.pose_ages_s: dict[str, float] = {}
        kind = bus.types.swarm.MeshFrame
        bus.subscribe(kind, topics.MESH, profiles.MESH, self._on_frame)
        for name in names:
            bus.subscribe(
                bus.types.PoseStamped, f'/{name}/pose', profiles.STATE,
                partial(self._on_pose, name),
            )

    def _on_frame(self, message: Any) -> None:
        prefix = prefix_of(bytes(message.data))
        known = message.sender in self.prefixes or len(self.prefixes) < SENDERS_MAX
        if prefix is not None and known:
            self.prefixes[message.sender] = prefix

    def _on_pose(self, name: str, message: Any) -> None:
        stamp = message.header.stamp
        unstamped = not (stamp.sec or stamp.nanosec)  # counts from its receipt
        self.pose_ages_s[name] = 0.0 if unstamped else ns_to_seconds(self._clock.age_ns(stamp))
