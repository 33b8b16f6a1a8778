# SPDX-License-Identifier: Apache-2.0
"""
Carries the core's ``Coordinator`` between DDS, disk and operator, from configure to cleanup.

The loop calls at the core's next deadline. Every callback ends in ``pump``, which takes what came
out of the core: frames to the air, records to the writer thread, entries and events to their
topics. The disk is touched by that thread only; its results come back as tasks of the executor.
A failed sync is a fault of the node: a robot without a disk must not go on.
"""

from __future__ import annotations

from array import array
from collections import deque
import math
import random
import secrets
from typing import Any

from geometry_msgs.msg import PoseStamped
from std_msgs.msg import String
from swarm_coordination.bounds import ID_MAX
from swarm_coordination.configuration import RobotConfiguration
from swarm_coordination.errors import StorageError
from swarm_coordination.live import topics
from swarm_coordination.live.frames import odom_frame
from swarm_coordination.live.radio_filter import RadioFilter
from swarm_coordination.persistence import Recovered
from swarm_coordination.robot.coordinator import Coordinator
from swarm_coordination.robot.outputs import CommittedEntry, RobotEvent
from swarm_coordination.ros import qos, tf
from swarm_coordination.ros.conversions import (
    entry_to,
    event_to,
    MAP,
    pose_to,
    status_to,
    table_to,
    target_to,
)
from swarm_coordination.ros.description import robot_description
from swarm_coordination.ros.endpoints import Endpoints
from swarm_coordination.ros.health import consensus_health, mesh_health, Report
from swarm_coordination.ros.localisation import localise
from swarm_coordination.ros.mesh_apart import MeshApart
from swarm_coordination.ros.operator_services import OperatorServices
from swarm_coordination.ros.recorded import recorded
from swarm_coordination.ros.safety_guard import SafetyGuard
from swarm_coordination.storage.store import Storage
from swarm_coordination.storage.writer import StorageWriter
from swarm_coordination.units import NS_PER_MS, seconds_to_ns
from swarm_coordination.views import Pose
from swarm_coordination.wire.codec import WireCodec
from swarm_msgs import msg as swarm

# Own frames come back from DDS; those of the last second are enough to know them by.
SENT_MAX = 256
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
# Events after which the mesh needs a person.
CONFLICTS = frozenset(('configuration_mismatch', 'duplicate_name', 'duplicate_storage'))
# What `query_log` can look back on; as many entries as the core holds in memory for sure.
ENTRIES_MAX = 65_536


class CoordinatorShell:
    """One life of a coordinator; ``node`` is the CoordinatorNode whose part it is."""

    def __init__(
        self,
        node: Any,
        endpoints: Endpoints,
        robot: RobotConfiguration,
        storage: Storage,
        recovered: Recovered,
        disk: dict[str, str],
    ) -> None:
        """
        Start the core, which speaks from ``activate`` on; the storage is closed by us.

        ``disk``: the files of the storage before it was opened, for a recording.
        """
        self.node, self._endpoints = node, endpoints
        self.clock = node.core_clock
        self._name = robot.name
        self._nonce = secrets.randbelow(ID_MAX)
        provision = recovered.provision
        codec = WireCodec(provision.key, provision.cluster_id, robot.settings.config_hash)
        now = self.clock.now()
        core = Coordinator(
            recovered, robot.settings, codec, random.Random(self._nonce), now
        )
        self.core, self._recording = recorded(
            'coordinator', core, node, robot, now, disk=disk, seed=self._nonce
        )
        self._pose: Pose | None = None
        self._sent: deque[bytes] = deque(maxlen=SENT_MAX)
        self.entries: deque[CommittedEntry] = deque(maxlen=ENTRIES_MAX)
        self._shown_ns = -1
        self._next_status = 0
        self._heard: tuple[str, ...] = ()
        self._conflict = ''
        self._filter: RadioFilter | None = None
        self._create_topics(endpoints)
        self._operators = OperatorServices(self, endpoints)
        self._guard = SafetyGuard(self, endpoints, node.safety)
        localise(node, endpoints, robot, self._on_pose)
        self._describe(endpoints, robot)
        self._deadline_ns = self._ticked_ns = self.clock.now()
        endpoints.deadline(lambda: self.clock.due_ns(self._deadline_ns), self._on_deadline)
        # Last: from here on the disk is the writer's.
        self._writer: StorageWriter | None = StorageWriter(
            storage, self._on_durable, self._on_disk_failure
        )

    def _create_topics(self, on: Endpoints) -> None:
        self._status = on.publisher(swarm.RobotStatus, 'status', qos.STATUS_OFFERED)
        self._neighbors = on.publisher(swarm.NeighborTable, 'neighbors', qos.TABLE_OFFERED)
        self._target = on.publisher(swarm.FormationTarget, 'target', qos.TABLE_OFFERED)
        self._log = on.publisher(swarm.LogEntry, 'log', qos.LOG)
        self._events = on.publisher(swarm.MissionEvent, 'events', qos.EVENTS)
        # A pose that is composed here, for those who watch.
        composed = self.node.localisation_options.pose_source != 'pose'
        self._shown_pose = (
            on.publisher(PoseStamped, 'pose', qos.STATE_OFFERED) if composed else None
        )
        options = self.node.options
        self._apart: MeshApart | None = None
        if options.mesh_domain >= 0:
            self._apart = MeshApart(
                on, self._name, options.mesh_domain, options.mesh_profile, self._hear
            )
        else:
            self._mesh = on.publisher(swarm.MeshFrame, topics.MESH, qos.MESH)
            on.subscription(swarm.MeshFrame, topics.MESH, self._on_frame, qos.MESH)
        if options.radio_filter:
            rng = random.Random(f'{options.radio_seed}:{self._name}')
            self._filter = RadioFilter(self._name, options.radio_timeout_s, rng)
            on.subscription(swarm.RadioState, topics.RADIO, self._on_radio, qos.RADIO)

    def _describe(self, on: Endpoints, robot: RobotConfiguration) -> None:
        """Say once what the robot looks like, and where its odometry began if that is known."""
        text = robot_description(robot.name, robot.kind, robot.settings.control.safety_distance_m)
        on.publisher(String, 'robot_description', qos.DESCRIPTION).publish(String(data=text))
        if self.node.localisation_options.pose_source == 'start' and tf.available():
            link = tf.transform(
                MAP, odom_frame(robot.name), robot.start, self.clock.stamp()
            )
            on.publisher(tf.MESSAGE, tf.TF_STATIC, qos.TF_STATIC).publish(tf.message([link]))

    # ---------------------------------------------------------------- life

    @property
    def active(self) -> bool:
        """Whether commands are taken."""
        return self._endpoints.active

    def activate(self) -> None:
        """Begin, or go on after a pause, which the core sees as a gap in its time."""
        self._deadline_ns = self.clock.now()

    def deactivate(self) -> None:
        """Pause: nothing is heard, said or accepted; those who wait for an answer get one."""
        self._operators.give_up()

    def close(self) -> None:
        """Sync what is queued and close the disk."""
        writer, self._writer = self._writer, None
        self._operators.give_up()
        try:
            if writer is not None:
                writer.close()
        except StorageError as error:
            self.node.get_logger().fatal(f'disk: {error}')
        if self._recording is not None:
            self._recording.close()
            self._recording = None

    def health(self) -> list[Report]:
        """Return the health of mesh and consensus."""
        status = self.core.status(self.clock.now())
        return [
            mesh_health(status, len(self._heard), self._conflict),
            consensus_health(status),
        ]

    # ---------------------------------------------------------------- what comes in

    def _on_frame(self, message: Any) -> None:
        data = message.data.tobytes()
        if message.sender != self._name or data not in self._sent:
            self._hear(message.sender, data)

    def _hear(self, sender: str, data: bytes) -> None:
        now = self.clock.now()
        if self._filter is not None and not self._filter.hears(sender, len(data), now):
            return
        self.core.receive(data, now)
        self.pump(now)

    def _on_radio(self, message: Any) -> None:
        assert self._filter is not None
        self._filter.update(
            message.names, message.reception, message.reference_bytes, self.clock.now()
        )

    def _on_pose(self, pose: Pose, velocity: tuple[float, float, float], time_ns: int) -> None:
        self._pose = pose
        self.core.observe(pose, velocity, time_ns)
        self._guard.observe(pose, self.clock.now())
        if self._shown_pose is not None:
            self._shown_pose.publish(pose_to(pose, self.clock.stamp()))

    def _on_deadline(self) -> None:
        now = self._ticked_ns = self.clock.now()
        self.core.tick(now)
        self.pump(now)

    # ---------------------------------------------------------------- what goes out

    def pump(self, now: int) -> None:
        """Carry out everything the core has to say, and note what it waits for."""
        out = self.core.poll()
        for frame in out.frames:
            if self._apart is not None:
                self._apart.publish(frame)
                continue
            self._sent.append(frame)
            self._mesh.publish(swarm.MeshFrame(sender=self._name, data=array('B', frame)))
        for request in out.persist:
            assert self._writer is not None
            self._writer.submit(request)
        if any(event.kind == 'snapshot_installed' for event in out.events):
            self.entries.clear()  # what is held is contiguous
        for entry in out.committed:
            self.entries.append(entry)
            self._log.publish(entry_to(entry))
        if out.events:
            self._publish_events(out.events)
            self._next_status = now
        table, target = self.core.table, self.core.target
        if target.stamp_ns > self._shown_ns:
            self._shown_ns = target.stamp_ns
            stamp = self.clock.stamp()
            if table.stamp_ns == target.stamp_ns:
                self._neighbors.publish(table_to(table, stamp))
            self._target.publish(target_to(target, stamp))
        if now >= self._next_status:
            self._publish_status(now)
        deadline = min(self.core.next_deadline(now), self._next_status)
        self._deadline_ns = max(deadline, self._ticked_ns + TICK_GAP_NS)

    def _publish_events(self, events: tuple[RobotEvent, ...]) -> None:
        stamp = self.clock.stamp()
        for event in events:
            self._events.publish(event_to(event, self._name, stamp))
            if event.kind in LOGGED:
                self.node.get_logger().info(event.text)
            if event.kind in CONFLICTS:
                self._conflict = event.text
        self._operators.on_events(events)

    def _publish_status(self, now: int) -> None:
        options = self.node.options
        self._next_status = now + seconds_to_ns(options.status_period_s)
        self._operators.expire(now)
        status, stamp = self.core.status(now), self.clock.stamp()
        table, target = self.core.table, self.core.target
        error = math.nan
        if self._pose is not None and target.slot >= 0:
            error = math.dist(self._pose[:2], target.position[:2])
        self._heard = tuple(sorted(row.name for row in table.neighbors if row.heard))
        self._status.publish(
            status_to(
                status,
                stamp,
                heard=list(self._heard),
                formation_error_m=error,
                process_nonce=self._nonce,
            )
        )

    # ---------------------------------------------------------------- the disk

    def _on_durable(self, tokens: tuple[int, ...]) -> None:
        """Hand tokens over from the writer's thread."""
        self._endpoints.post(lambda: self._release(tokens[-1]))

    def _release(self, token: int) -> None:
        if self._writer is None:
            return  # closed meanwhile
        now = self.clock.now()
        self.core.persisted(token, now)
        if self._endpoints.active:
            self.pump(now)

    def _on_disk_failure(self, error: StorageError) -> None:
        """Let the node fail in its own thread (called in the writer's)."""

        def fail() -> None:
            raise error

        self._endpoints.post(fail)
