# SPDX-License-Identifier: Apache-2.0
"""
The part of a coordinator node: the core's ``Coordinator``, carried from configure to cleanup.

What carries it between bus, disk and operator is ``live.carrier``. Here stands what only a node
adds: the values for its other half, its health, a recording, what rviz wants to know.
"""

from __future__ import annotations

import random
import secrets
from typing import Any

from swarm_coordination.bounds import ID_MAX
from swarm_coordination.configuration import RobotConfiguration
from swarm_coordination.errors import ConfigurationError
from swarm_coordination.live.air import AirOptions, Hear
from swarm_coordination.live.carrier import Carrier, CarrierOptions
from swarm_coordination.live.conversions import MessageMaker
from swarm_coordination.persistence import Recovered
from swarm_coordination.recording.recorded import recorded
from swarm_coordination.robot.believing import Believing, gate
from swarm_coordination.robot.coordinator import Coordinator
from swarm_coordination.robot.outputs import RobotOutput
from swarm_coordination.ros.description import robot_description
from swarm_coordination.ros.endpoints import Endpoints
from swarm_coordination.ros.health import consensus_health, frames_health, mesh_health, Report
from swarm_coordination.storage.store import Storage
from swarm_coordination.transport import profiles
from swarm_coordination.wire.codec import WireCodec


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
        self._node, self._bus, self.clock = node, endpoints, endpoints.clock
        self._make = MessageMaker(endpoints.types)
        nonce, provision = secrets.randbelow(ID_MAX), recovered.provision
        codec = WireCodec(provision.key, provision.cluster_id, robot.settings.config_hash)
        now = self.clock.now()
        core = Coordinator(recovered, robot.settings, codec, random.Random(nonce), now)
        self.core, self._recording = recorded(
            'coordinator', core, node.record_dir, endpoints.say, robot, now, disk=disk, seed=nonce
        )
        self._shown_ns = -1
        swarm = endpoints.types.swarm
        self._neighbors = endpoints.publisher(
            swarm.NeighborTable, 'neighbors', profiles.TABLE_OFFERED
        )
        self._target = endpoints.publisher(
            swarm.FormationTarget, 'target', profiles.TABLE_OFFERED
        )
        self._describe(robot)
        self._believing = Believing(self.core, gate(robot.settings.control))
        endpoints.subscribe(endpoints.types.Bool, 'pose_frozen', profiles.TABLE, self._on_frozen)
        apart = self._mesh_apart() if node.options.mesh_domain >= 0 else None
        self._carrier = Carrier(
            endpoints, endpoints, robot, self.core, self._believing.observe, storage, nonce,
            self._options(), self._carry_out, apart,
        )

    def _options(self) -> CarrierOptions:
        given = self._node.options
        return CarrierOptions(
            air=AirOptions(
                given.radio_filter, given.radio_seed, given.radio_timeout_s,
                given.radio_latency_ms, given.radio_jitter_ms,
            ),
            safety=self._node.safety,
            pose_source=self._node.localisation_options.pose_source,
            publish_tf=given.publish_tf,
            status_period_s=given.status_period_s,
            propose_timeout_s=given.propose_timeout_s,
        )

    def _mesh_apart(self) -> Any:
        # Cyclone DDS, which ROS does without, only where it is asked for.
        try:
            from swarm_coordination.ros.mesh_apart import MeshApart
        except ImportError as error:
            raise ConfigurationError(
                'parameter', 'mesh_domain', self._node.options.mesh_domain,
                f'-1 without the package cyclonedds (pip install cyclonedds): {error}',
            ) from error

        options = self._node.options

        def join(hear: Hear) -> Any:
            return MeshApart(
                self._bus, self._node.robot, options.mesh_domain, options.mesh_profile, hear
            ).publish

        return join

    def _describe(self, robot: RobotConfiguration) -> None:
        """Say once what the robot looks like."""
        bus = self._bus
        text = robot_description(robot.name, robot.kind, robot.settings.control.safety_distance_m)
        bus.publisher(bus.types.String, 'robot_description', profiles.DESCRIPTION)(
            bus.types.String(data=text)
        )

    # ---------------------------------------------------------------- life

    def activate(self) -> None:
        """Begin, or go on after a pause."""
        self._carrier.resume()

    def deactivate(self) -> None:
        """Pause: nothing is heard, said or accepted; those who wait for an answer get one."""
        self._carrier.give_up()

    def adjust(self) -> None:
        """Run by the node's newest options."""
        self._carrier.options = self._options()

    def close(self) -> None:
        """Sync what is queued and close the disk."""
        self._carrier.close()
        if self._recording is not None:
            self._recording.close()
            self._recording = None

    def health(self) -> list[Report]:
        """Return the health of mesh and consensus, and of links that need odometry."""
        now, told = self.clock.now(), self._carrier.told
        status, trouble = self.core.status(now), self._carrier.frames.trouble(now)
        mesh = mesh_health(
            status, len(told.heard), told.conflict, told.refused, refusing=told.refusing(now)
        )
        frames = [] if trouble is None else [frames_health(trouble)]
        return [mesh, consensus_health(status), *frames]

    def _on_frozen(self, message: Any) -> None:
        """Take what the other half says of the pose."""
        self._believing.frozen = message.data

    def _carry_out(self, out: RobotOutput, now: int) -> None:
        """Hand table and target over to the controller's node."""
        table, target = self.core.table, self.core.target
        if target.stamp_ns > self._shown_ns:
            self._shown_ns = target.stamp_ns
            stamp = self.clock.stamp()
            if table.stamp_ns == target.stamp_ns:
                self._neighbors(self._make.table_to(table, stamp))
            self._target(self._make.target_to(target, stamp))
