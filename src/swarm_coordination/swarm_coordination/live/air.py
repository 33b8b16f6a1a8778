# SPDX-License-Identifier: Apache-2.0
"""
The air of one robot: its frames out, others' in, and what a simulation loses and delays of them.

Frames go over the topic of the mesh, or over what is given instead (``ros.mesh_apart``).
"""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
import random
from typing import Any

from swarm_coordination.live import topics
from swarm_coordination.live.bus import Bus, Turns
from swarm_coordination.live.delay import Delay
from swarm_coordination.live.radio_filter import RadioFilter
from swarm_coordination.transport import profiles

# Some buses bring one's own frames back; those of the last second are enough to know them by.
SENT_MAX = 256
# Takes a sender's name and a frame; takes such a taker and returns what sends a frame.
Hear = Callable[[str, bytes], None]
Mesh = Callable[[Hear], Callable[[bytes], None]]


@dataclass(frozen=True, slots=True)
class AirOptions:
    """
    What a simulation does to the air; nothing on real robots.

    ``radio_filter``: draw reception by the world's radio state. ``latency_ms``, ``jitter_ms``:
    what is heard is taken so much later.
    """

    radio_filter: bool = False
    radio_seed: int = 1
    radio_timeout_s: float = 1.0
    latency_ms: float = 0.0
    jitter_ms: float = 0.0


class Air:
    """``take(frame, now)`` is called with every frame that the robot named ``name`` hears."""

    def __init__(
        self,
        bus: Bus,
        loop: Turns,
        name: str,
        options: AirOptions,
        take: Callable[[bytes, int], None],
        mesh: Mesh | None = None,
    ) -> None:
        self._bus, self._name, self._take = bus, name, take
        self._sent: deque[bytes] = deque(maxlen=SENT_MAX)
        self.send = mesh(self._hear) if mesh is not None else self._join()
        self._delay: Delay | None = None
        if options.latency_ms or options.jitter_ms:
            rng = random.Random(f'{options.radio_seed}:{name}:delay')
            self._delay = delay = Delay(options.latency_ms, options.jitter_ms, rng)
            loop.at(lambda: bus.clock.due_ns(delay.due_ns()), self._take_late)
        self._filter: RadioFilter | None = None
        if options.radio_filter:
            rng = random.Random(f'{options.radio_seed}:{name}')
            self._filter = RadioFilter(name, options.radio_timeout_s, rng)
            bus.subscribe(
                bus.types.swarm.RadioState, topics.RADIO, profiles.RADIO, self._on_radio
            )

    def _join(self) -> Callable[[bytes], None]:
        kind = self._bus.types.swarm.MeshFrame
        publish = self._bus.publisher(kind, topics.MESH, profiles.MESH)
        self._bus.subscribe(kind, topics.MESH, profiles.MESH, self._on_frame)

        def send(frame: bytes) -> None:
            self._sent.append(frame)
            publish(kind(sender=self._name, data=array('B', frame)))

        return send

    def _on_frame(self, message: Any) -> None:
        data = bytes(message.data)
        if message.sender != self._name or data not in self._sent:
            self._hear(message.sender, data)

    def _hear(self, sender: str, data: bytes) -> None:
        now = self._bus.clock.now()
        if self._filter is not None and not self._filter.hears(sender, len(data), now):
            return
        if self._delay is not None:
            self._delay.put(data, now)
            return
        self._take(data, now)

    def _take_late(self) -> None:
        assert self._delay is not None
        now = self._bus.clock.now()
        for data in self._delay.due(now):
            self._take(data, now)

    def _on_radio(self, message: Any) -> None:
        assert self._filter is not None
        self._filter.update(
            message.names, message.reception, message.reference_bytes, self._bus.clock.now()
        )
