# SPDX-License-Identifier: Apache-2.0
"""
Carries a robot between bus, disk and operator: all that is not core.

The loop calls at the core's next deadline. Every callback ends in ``pump``, which takes what came
out of the core: frames to the air, records to the writer thread, entries and events to their
topics, the velocity to the base. The disk is touched by that thread only; its results come back
through the loop. A failed sync ends the process.
"""

from __future__ import annotations

from array import array
from collections import deque
from dataclasses import dataclass
import math
import random
import secrets
from typing import Any

from swarm_coordination.bounds import ID_MAX
from swarm_coordination.configuration import RobotConfiguration
from swarm_coordination.errors import StorageError
from swarm_coordination.live import topics
from swarm_coordination.live.bus import Bus
from swarm_coordination.live.conversions import MessageMaker
from swarm_coordination.live.delay import Delay
from swarm_coordination.live.localisation import Localisation
from swarm_coordination.live.loop import Loop
from swarm_coordination.live.operator_services import OperatorServices
from swarm_coordination.live.radio_filter import RadioFilter
from swarm_coordination.live.unicycle import ahead, steer
from swarm_coordination.persistence import Recovered
from swarm_coordination.robot.outputs import CommittedEntry
from swarm_coordination.robot.robot import Robot
from swarm_coordination.storage.store import Storage
from swarm_coordination.storage.writer import StorageWriter
from swarm_coordination.transport import profiles
from swarm_coordination.units import NS_PER_MS, seconds_to_ns
from swarm_coordination.views import Pose
from swarm_coordination.wire.codec import WireCodec

# Ticks keep this distance, whatever deadline the core names: a tick costs half a millisecond at
# worst, so they never take more than a quarter of a processor.
TICK_GAP_NS = 2 * NS_PER_MS
# Events that go to the log as well: one line each for what an operator wants to have read.
LOGGED = frozenset((
    'leader', 'mission', 'slots', 'hold', 'abort', 'stop', 'stop_lifted', 'silent', 'returned',
    'quorum', 'no_quorum', 'lease_expired', 'lease_renewed', 'seek', 'configuration_mismatch',
    'frames_refused', 'duplicate_name', 'duplicate_storage', 'held_back', 'voters', 'transfer',
    'forced_new_cluster',
))
# What `query_log` can look back on; as many entries as the core holds in memory for sure.
ENTRIES_MAX = 65_536


@dataclass(frozen=True, slots=True)
class CarrierOptions:
    """
    What a process is told beside the swarm file.

    ``radio_filter``: draw reception by the world's radio state (simulation only).
    ``latency_ms``, ``jitter_ms``: what is heard is taken so much later (simulation only).
    """

    radio_filter: bool = False
    radio_seed: int = 1
    radio_timeout_s: float = 1.0
    latency_ms: float = 0.0
    jitter_ms: float = 0.0
    status_period_s: float = 0.1
    propose_timeout_s: float = 5.0


class Carrier:
    """One life of a robot on a bus, from ``start`` to ``close``."""

    def __init__(
        self,
        bus: Bus,
        loop: Loop,
        robot: RobotConfiguration,
        storage: Storage,
        recovered: Recovered,
        options: CarrierOptions,
    ) -> None:
        self._bus, self._loop, self._options = bus, loop, options
        self._make, self._clock = MessageMaker(bus.types), bus.clock
        self._name = robot.name
        self._steers = robot.kind == 'differential'
        self._nonce = secrets.randbelow(ID_MAX)
        provision = recovered.provision
        codec = WireCodec(provision.key, provision.cluster_id, robot.settings.config_hash)
        now = self._clock.now()
        self._core = Robot(recovered, robot.settings, codec, random.Random(self._nonce), now)
        self._pose: Pose | None = None
        self._entries: deque[CommittedEntry] = deque(maxlen=ENTRIES_MAX)
        self._next_status = 0
        self._create_topics()
        self._operators = OperatorServices(
            bus,
            self._core.coordinator,
            self.pump,
            self._entries,
            seconds_to_ns(options.propose_timeout_s),
        )
        Localisation(bus, self._name, self._on_pose)
        self._deadline_ns = self._ticked_ns = now
        # Last: from here on the disk is the writer's.
        self._writer: StorageWriter | None = StorageWriter(
            storage, self._on_durable, self._on_disk_failure
        )
        loop.at(lambda: self._deadline_ns, self._on_deadline)

    def _create_topics(self) -> None:
        bus, swarm = self._bus, self._bus.types.swarm
        self._mesh = bus.publisher(swarm.MeshFrame, topics.MESH, profiles.MESH)
        self._status = bus.publisher(swarm.RobotStatus, 'status', profiles.STATUS_OFFERED)
        self._log = bus.publisher(swarm.LogEntry, 'log', profiles.LOG)
        self._events = bus.publisher(swarm.MissionEvent, 'events', profiles.EVENTS)
        self._cmd_vel = bus.publisher(bus.types.Twist, 'cmd_vel', profiles.COMMAND)
        bus.subscribe(swarm.MeshFrame, topics.MESH, profiles.MESH, self._on_frame)
        self._delay: Delay | None = None
        if self._options.latency_ms or self._options.jitter_ms:
            rng = random.Random(f'{self._options.radio_seed}:{self._name}:delay')
            self._delay = Delay(self._options.latency_ms, self._options.jitter_ms, rng)
            self._loop.at(self._delay.due_ns, self._take_late)
        self._filter: RadioFilter | None = None
        if self._options.radio_filter:
            rng = random.Random(f'{self._options.radio_seed}:{self._name}')
            self._filter = RadioFilter(self._name, self._options.radio_timeout_s, rng)
            bus.subscribe(swarm.RadioState, topics.RADIO, profiles.RADIO, self._on_radio)

    def close(self) -> None:
        """Sync what is queued and close the disk."""
        writer, self._writer = self._writer, None
        try:
            if writer is not None:
                writer.close()
        except StorageError as error:
            self._bus.say(f'disk: {error}', 'error')

    # ---------------------------------------------------------------- what comes in

    def _on_frame(self, message: Any) -> None:
        data = bytes(message.data)
        now = self._clock.now()
        if self._filter is not None and not self._filter.hears(message.sender, len(data), now):
            return
        if self._delay is not None:
            self._delay.put(data, now)
            return
        self._take_frame(data, now)

    def _take_frame(self, data: bytes, now: int) -> None:
        self._core.receive(data, now)
        self.pump(now)

    def _take_late(self) -> None:
        assert self._delay is not None
        now = self._clock.now()
        for data in self._delay.due(now):
            self._take_frame(data, now)

    def _on_radio(self, message: Any) -> None:
        assert self._filter is not None
        self._filter.update(
            message.names, message.reception, message.reference_bytes, self._clock.now()
        )

    def _on_pose(self, pose: Pose, velocity: tuple[float, float, float], time_ns: int) -> None:
        self._pose = pose
        self._core.observe(ahead(pose) if self._steers else pose, velocity, time_ns)

    def _on_deadline(self) -> None:
        self.pump(self._clock.now())

    # ---------------------------------------------------------------- what goes out

    def pump(self, now: int) -> None:
        """Carry out everything the core has to say, and note what it waits for."""
        if now >= self._due(now):
            # At once, before anything is published: others wait for what has just come in.
            self._ticked_ns = now
            self._core.tick(now)
        out = self._core.poll()
        for frame in out.frames:
            self._mesh(self._bus.types.swarm.MeshFrame(sender=self._name, data=array('B', frame)))
        for request in out.persist:
            assert self._writer is not None
            self._writer.submit(request)
        if any(event.kind == 'snapshot_installed' for event in out.events):
            self._entries.clear()  # what is held is contiguous
        for entry in out.committed:
            self._entries.append(entry)
            self._log(self._make.entry_to(entry))
        if out.events:
            stamp = self._clock.stamp()
            for event in out.events:
                self._events(self._make.event_to(event, self._name, stamp))
                if event.kind in LOGGED:
                    self._bus.say(event.text)
            self._operators.on_events(out.events)
            if any(event.kind in LOGGED for event in out.events):
                self._next_status = now
        if out.command is not None:
            yaw = self._pose.yaw if self._pose is not None else 0.0
            steered = steer(out.command, yaw) if self._steers else out.command
            self._cmd_vel(self._make.twist_to(steered, yaw))
        if now >= self._next_status:
            self._publish_status(now)
        self._deadline_ns = min(self._due(now), self._next_status)

    def _due(self, now: int) -> int:
        """Return when the core is to be ticked next."""
        return max(self._core.next_deadline(now), self._ticked_ns + TICK_GAP_NS)

    def _publish_status(self, now: int) -> None:
        self._next_status = now + seconds_to_ns(self._options.status_period_s)
        self._operators.expire(now)
        coordinator = self._core.coordinator
        target = coordinator.target
        error = math.nan
        if self._pose is not None and target.slot >= 0:
            error = math.dist(self._pose[:2], target.position[:2])
        self._status(
            self._make.status_to(
                self._core.status(now),
                self._clock.stamp(),
                heard=sorted(row.name for row in coordinator.table.neighbors if row.heard),
                formation_error_m=error,
                process_nonce=self._nonce,
            )
        )

    # ---------------------------------------------------------------- the disk

    def _on_durable(self, tokens: tuple[int, ...]) -> None:
        """Hand tokens over from the writer's thread."""
        self._loop.post(lambda: self._release(tokens[-1]))

    def _release(self, token: int) -> None:
        if self._writer is None:
            return  # closed meanwhile
        now = self._clock.now()
        self._core.persisted(token, now)
        self.pump(now)

    def _on_disk_failure(self, error: StorageError) -> None:
        """End the process: a robot without a disk must not go on (writer's thread)."""
        self._loop.fail(error)
