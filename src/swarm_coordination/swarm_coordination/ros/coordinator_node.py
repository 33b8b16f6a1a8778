# SPDX-License-Identifier: Apache-2.0
"""
Node ``coordinator``: carries the core's ``Coordinator`` between DDS, disk and operator.

The loop calls at the core's next deadline. Every callback ends in ``pump``, which takes what came
out of the core: frames to the air, records to the writer thread, entries and events to their
topics. The disk is touched by that thread only; its results come back as tasks of the executor.
A failed sync ends the process.
"""

from __future__ import annotations

from array import array
from collections import deque
import importlib
import math
import random
import secrets
from typing import Any

from rclpy.node import Node
from swarm_coordination.bounds import ID_MAX
from swarm_coordination.errors import ConfigurationError, StorageError
from swarm_coordination.live.radio_filter import RadioFilter
from swarm_coordination.robot.coordinator import Coordinator
from swarm_coordination.robot.outputs import CommittedEntry
from swarm_coordination.ros import qos
from swarm_coordination.ros.clock import CoreClock
from swarm_coordination.ros.conversions import (
    entry_to,
    event_to,
    status_to,
    table_to,
    target_to,
)
from swarm_coordination.ros.executor import Runner
from swarm_coordination.ros.localisation import Localisation
from swarm_coordination.ros.markers import markers
from swarm_coordination.ros.operator_services import OperatorServices
from swarm_coordination.ros.parameters import (
    ControllerOptions,
    CoordinatorOptions,
    Overrides,
    read_robot,
)
from swarm_coordination.settings import declared
from swarm_coordination.storage.store import Storage
from swarm_coordination.storage.writer import StorageWriter
from swarm_coordination.units import NS_PER_MS, seconds_to_ns
from swarm_coordination.views import Pose
from swarm_coordination.wire.codec import WireCodec
from swarm_msgs import msg as swarm
from visualization_msgs.msg import MarkerArray

MESH_TOPIC = '/swarm/mesh'
RADIO_TOPIC = '/swarm/radio'
# Own frames come back from DDS; those of the last second are enough to know them by.
SENT_MAX = 256
# Ticks keep this distance, whatever deadline the core names: a tick costs half a millisecond at
# worst, so they never take more than a quarter of a processor.
TICK_GAP_NS = 2 * NS_PER_MS
# Events that go to the log as well: one line each for what an operator wants to have read.
LOGGED = frozenset((
    'leader', 'mission', 'slots', 'hold', 'abort', 'stop', 'stop_lifted', 'silent', 'returned',
    'quorum', 'no_quorum', 'lease_expired', 'lease_renewed', 'configuration_mismatch',
    'duplicate_name', 'duplicate_storage', 'held_back',
))
# What `query_log` can look back on; as many entries as the core holds in memory for sure.
ENTRIES_MAX = 65_536


class CoordinatorNode(Node):
    """Runs one ``Coordinator``."""

    _writer: StorageWriter | None = None  # until the disk is open

    def __init__(self, runner: Runner, **node_options: Any) -> None:
        """Read parameters and disk, then create the topics; raises SwarmError."""
        super().__init__(
            'coordinator',
            context=runner.context,
            automatically_declare_parameters_from_overrides=True,
            **node_options,
        )
        overrides = Overrides(self)
        robot, directory = read_robot(self, overrides)
        self._options = overrides.group(CoordinatorOptions(), '')
        overrides.done(ignored=tuple(declared(ControllerOptions)))
        self._runner = runner
        self._core_clock = CoreClock(self)
        storage, recovered = Storage.recover(directory)
        provision = recovered.provision
        if provision.name != robot.name:
            storage.close()
            raise ConfigurationError(
                'parameter', 'storage_dir', str(directory),
                f'the storage of {robot.name}: it is that of {provision.name}',
            )
        self._name = robot.name
        self._nonce = secrets.randbelow(ID_MAX)
        self._settings = robot.settings
        self._recovered = recovered
        codec = WireCodec(provision.key, provision.cluster_id, robot.settings.config_hash)
        self._codec = codec
        # Who leads assigns slots with it. Loading it takes a second on a busy host: at the first
        # assignment, the new leader would fall silent and lose the lead.
        importlib.import_module('scipy.optimize')
        self._core = Coordinator(
            recovered, robot.settings, codec, random.Random(self._nonce), self._core_clock.now()
        )
        self._writer = StorageWriter(storage, self._on_durable, self._on_disk_failure)
        self._pose: Pose | None = None
        self._sent: deque[bytes] = deque(maxlen=SENT_MAX)
        self.entries: deque[CommittedEntry] = deque(maxlen=ENTRIES_MAX)
        self._shown_ns = -1
        self._next_status = self._next_markers = 0
        self._filter: RadioFilter | None = None
        self._create_topics()
        self._operators = OperatorServices(
            self, runner, self._core, self._core_clock, self._options
        )
        self._localisation = Localisation(self, self._name, self._core_clock, self._on_pose)
        self._deadline_ns = self._ticked_ns = self._core_clock.now()
        runner.at(lambda: self._core_clock.due_ns(self._deadline_ns), self._on_deadline)

    def _create_topics(self) -> None:
        def publisher(kind: Any, topic: str, profile: Any) -> Any:
            events = qos.publisher_events(self, topic)
            return self.create_publisher(kind, topic, profile, event_callbacks=events)

        self._mesh = publisher(swarm.MeshFrame, MESH_TOPIC, qos.MESH)
        self._status = publisher(swarm.RobotStatus, 'status', qos.STATUS_OFFERED)
        self._neighbors = publisher(swarm.NeighborTable, 'neighbors', qos.TABLE_OFFERED)
        self._target = publisher(swarm.FormationTarget, 'target', qos.TABLE_OFFERED)
        self._log = publisher(swarm.LogEntry, 'log', qos.LOG)
        self._events = publisher(swarm.MissionEvent, 'events', qos.EVENTS)
        self._markers = publisher(MarkerArray, 'markers', qos.MARKERS)
        self.create_subscription(
            swarm.MeshFrame, MESH_TOPIC, self._on_frame, qos.MESH,
            event_callbacks=qos.subscription_events(self, MESH_TOPIC),
        )
        if self._options.radio_filter:
            rng = random.Random(f'{self._options.radio_seed}:{self._name}')
            self._filter = RadioFilter(self._name, self._options.radio_timeout_s, rng)
            self.create_subscription(swarm.RadioState, RADIO_TOPIC, self._on_radio, qos.RADIO)

    # ---------------------------------------------------------------- what comes in

    def _on_frame(self, message: Any) -> None:
        data = message.data.tobytes()
        if message.sender == self._name and data in self._sent:
            return
        now = self._core_clock.now()
        if self._filter is not None and not self._filter.hears(message.sender, len(data), now):
            return
        self._core.receive(data, now)
        self.pump(now)

    def _on_radio(self, message: Any) -> None:
        assert self._filter is not None
        self._filter.update(
            message.names, message.reception, message.reference_bytes, self._core_clock.now()
        )

    def _on_pose(self, pose: Pose, velocity: tuple[float, float, float], time_ns: int) -> None:
        self._pose = pose
        self._core.observe(pose, velocity, time_ns)

    def _on_deadline(self) -> None:
        now = self._ticked_ns = self._core_clock.now()
        self._core.tick(now)
        self.pump(now)

    # ---------------------------------------------------------------- what goes out

    def pump(self, now: int) -> None:
        """Carry out everything the core has to say, and note what it waits for."""
        out = self._core.poll()
        for frame in out.frames:
            self._sent.append(frame)
            self._mesh.publish(swarm.MeshFrame(sender=self._name, data=array('B', frame)))
        for request in out.persist:
            assert self._writer is not None
            self._writer.submit(request)
        for entry in out.committed:
            self.entries.append(entry)
            self._log.publish(entry_to(entry))
        if out.events:
            stamp = self._core_clock.stamp()
            for event in out.events:
                self._events.publish(event_to(event, self._name, stamp))
                if event.kind in LOGGED:
                    self.get_logger().info(event.text)
            self._operators.on_events(out.events)
            self._next_status = now
        table = self._core.table
        if table.stamp_ns > self._shown_ns:
            self._shown_ns = table.stamp_ns
            stamp = self._core_clock.stamp()
            self._neighbors.publish(table_to(table, stamp))
            self._target.publish(target_to(self._core.target, stamp))
        if now >= self._next_status:
            self._publish_status(now)
        deadline = min(self._core.next_deadline(now), self._next_status)
        self._deadline_ns = max(deadline, self._ticked_ns + TICK_GAP_NS)

    def _publish_status(self, now: int) -> None:
        self._next_status = now + seconds_to_ns(self._options.status_period_s)
        self._operators.expire(now)
        status, stamp = self._core.status(now), self._core_clock.stamp()
        table, target = self._core.table, self._core.target
        error = math.nan
        if self._pose is not None and target.slot >= 0:
            error = math.dist(self._pose[:2], target.position[:2])
        self._status.publish(
            status_to(
                status,
                stamp,
                heard=sorted(row.name for row in table.neighbors if row.heard),
                formation_error_m=error,
                process_nonce=self._nonce,
            )
        )
        if now >= self._next_markers and self._pose is not None:
            self._next_markers = now + seconds_to_ns(self._options.marker_period_s)
            if self._markers.get_subscription_count():
                self._markers.publish(markers(status, self._pose, table, target, stamp))

    # ---------------------------------------------------------------- the disk

    def _on_durable(self, tokens: tuple[int, ...]) -> None:
        """Hand tokens over from the writer's thread."""
        self._runner.post(lambda: self._release(tokens[-1]))

    def _release(self, token: int) -> None:
        if self._writer is None:
            return  # the node has been destroyed meanwhile
        now = self._core_clock.now()
        self._core.persisted(token, now)
        self.pump(now)

    def _on_disk_failure(self, error: StorageError) -> None:
        """End the process: a robot without a disk must not go on (writer's thread)."""
        self._runner.fail(error)

    def destroy_node(self) -> None:
        """Sync what is queued, close the disk, leave."""
        writer, self._writer = self._writer, None
        try:
            if writer is not None:
                writer.close()
        except StorageError as error:
            self.get_logger().fatal(f'disk: {error}')
        super().destroy_node()
