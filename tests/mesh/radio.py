# SPDX-License-Identifier: Apache-2.0
"""A fake radio in virtual time: drives Mesh objects over links that lose, delay and repeat."""

from __future__ import annotations

from collections.abc import Callable, Iterable
import heapq
import random
from typing import Any

from swarm_coordination.mesh.events import MergeResult, MeshEvent
from swarm_coordination.mesh.mesh import Mesh
from swarm_coordination.mesh.rows import Frame, Identity
from swarm_coordination.mesh.settings import MeshSettings
from swarm_coordination.units import NS_PER_MS, NS_PER_S, seconds_to_ns
from swarm_coordination.wire.codec import WireCodec

KEY = bytes(range(32))
CLUSTER, CONFIG = 77, 4242
FIRST_ID = 1 << 61


def identity(number: int, incarnation: int = 1) -> Identity:
    """Identity of robot ``number``, with a storage id as long as a real one."""
    return Identity(f'robot{number}', FIRST_ID + number, incarnation)


class Station:
    """One robot on the fake radio: a mesh with a clock of its own."""

    def __init__(self, air: Air, number: int, incarnation: int, config_hash: int) -> None:
        self.air, self.number = air, number
        self.codec = air.codec(config_hash)
        self.clock_offset_ns = air.rng.randrange(1000 * NS_PER_S)
        self.events: list[MeshEvent] = []
        self.sent: list[tuple[int, int]] = []  # (time, bytes)
        self.made_ns: dict[int, int] = {}  # own heartbeat -> true time
        self.up = True
        self.wakes = 0
        self.paused_until_ns = 0
        self.identity = identity(number, incarnation)
        self.mesh = Mesh(
            self.identity,
            air.settings,
            CLUSTER,
            config_hash,
            self.codec,
            random.Random(air.rng.random()),
            self.clock(air.now),
        )
        self.x_mm = 1000 * number
        self.place()

    def clock(self, true_ns: int) -> int:
        """Own clock at a true time: no two robots agree on the hour."""
        return true_ns + self.clock_offset_ns

    def place(self) -> None:
        """State the position on a line, one metre between robots."""
        self.mesh.set_beacon((self.x_mm, 0, 0), 0, (0, 0, 0), 0, localised=True)

    def kinds(self, kind: str) -> list[MeshEvent]:
        """Events of one kind so far."""
        return [event for event in self.events if event.kind == kind]


class Air:
    """
    Event queue, links and their faults.

    ``hears(sender, receiver)`` says whether a frame arrives at all; loss, duplication and the
    delay are drawn per receiver, so reordering comes by itself.
    """

    def __init__(
        self,
        count: int,
        hears: Callable[[int, int], bool] = lambda sender, receiver: True,
        *,
        seed: int = 1,
        loss: float = 0.0,
        duplication: float = 0.0,
        delay_ms: tuple[float, float] = (2.0, 2.0),
        settings: MeshSettings | None = None,
    ) -> None:
        self.rng = random.Random(seed)
        self.settings = settings or MeshSettings()
        self.hears, self.loss, self.duplication = hears, loss, duplication
        self.delay_ns = (round(delay_ms[0] * NS_PER_MS), round(delay_ms[1] * NS_PER_MS))
        self.now = 0
        self._queue: list[tuple[int, int, Callable[..., None], tuple[Any, ...]]] = []
        self._serial = 0
        self.stations: dict[int, Station] = {}
        self.taps: list[Callable[[int, bytes, Frame], None]] = []
        self.arrivals: list[Callable[[Station, MergeResult], None]] = []
        self._codecs: dict[int, WireCodec] = {}
        self.checks: list[Callable[[Station], None]] = []
        for number in range(count):
            self.start(number)

    def codec(self, config_hash: int) -> WireCodec:
        """One codec per configuration, so that a broadcast is decoded once."""
        if config_hash not in self._codecs:
            self._codecs[config_hash] = WireCodec(KEY, CLUSTER, config_hash, cache_size=512)
        return self._codecs[config_hash]

    def start(self, number: int, incarnation: int = 1, config_hash: int = CONFIG) -> Station:
        """Start (or restart) a robot."""
        station = Station(self, number, incarnation, config_hash)
        self.stations[number] = station
        self._at(self.now, self._wake, (station,))
        return station

    def kill(self, number: int) -> None:
        """Stop a robot for good."""
        self.stations[number].up = False

    def wake(self, station: Station) -> None:
        """Let a robot tick and speak now: its caller has just used it."""
        self._wake(station)

    def pause(self, number: int, seconds: float) -> None:
        """Suspend a robot's process; what arrives meanwhile waits in its socket."""
        self.stations[number].paused_until_ns = self.now + seconds_to_ns(seconds)

    def run(self, seconds: float) -> None:
        """Advance virtual time."""
        end = self.now + seconds_to_ns(seconds)
        while self._queue and self._queue[0][0] <= end:
            self.now, _, action, arguments = heapq.heappop(self._queue)
            action(*arguments)
        self.now = end

    def live(self) -> Iterable[Station]:
        """Stations that run."""
        return [station for _, station in sorted(self.stations.items()) if station.up]

    def inject(self, number: int, data: bytes) -> MergeResult:
        """Let one robot hear given bytes now."""
        station = self.stations[number]
        return station.mesh.merge(station.codec.decode(data), len(data), station.clock(self.now))

    def _at(self, when: int, action: Callable[..., None], arguments: tuple[Any, ...]) -> None:
        self._serial += 1
        heapq.heappush(self._queue, (when, self._serial, action, arguments))

    def _wake(self, station: Station) -> None:
        if not station.up:
            return
        if self.now < station.paused_until_ns:
            self._at(station.paused_until_ns, self._wake, (station,))
            return
        now = station.clock(self.now)
        station.events += station.mesh.tick(now)
        self._transmit(station)
        for check in self.checks:
            check(station)
        wake = station.mesh.next_deadline(now) - station.clock_offset_ns
        station.wakes += 1
        self._at(max(wake, self.now + 1000), self._wake_if_due, (station, station.wakes))

    def _wake_if_due(self, station: Station, serial: int) -> None:
        if serial == station.wakes:  # else it has been woken since, and set a newer alarm
            self._wake(station)

    def _transmit(self, station: Station) -> None:
        while (frame := station.mesh.compose(station.clock(self.now))) is not None:
            data = station.codec.encode(frame)
            station.sent.append((self.now, len(data)))
            for fragment in frame.fragments:
                if fragment.beacon and fragment.owner.storage_id == station.identity.storage_id:
                    station.made_ns[fragment.beacon.heartbeat] = self.now
            for tap in self.taps:
                tap(station.number, data, frame)
            for number in sorted(self.stations):
                if number != station.number and self.hears(station.number, number):
                    self._fly(number, data)

    def _fly(self, number: int, data: bytes) -> None:
        copies = 2 if self.rng.random() < self.duplication else 1
        for _ in range(copies):
            if self.rng.random() >= self.loss:
                delay = self.rng.randint(*self.delay_ns)
                self._at(self.now + delay, self._arrive, (number, data))

    def _arrive(self, number: int, data: bytes) -> None:
        station = self.stations[number]
        if not station.up:
            return
        if self.now < station.paused_until_ns:
            self._at(station.paused_until_ns, self._arrive, (number, data))
            return
        now = station.clock(self.now)
        result = station.mesh.merge(station.codec.decode(data), len(data), now)
        for tap in self.arrivals:
            tap(station, result)
        self._transmit(station)


def line(sender: int, receiver: int) -> bool:
    """Everybody hears only its next."""
    return abs(sender - receiver) == 1
