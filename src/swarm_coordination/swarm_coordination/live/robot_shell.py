# SPDX-License-Identifier: Apache-2.0
"""A whole robot in one process without ROS: both halves of the core, and the way to its base."""

from __future__ import annotations

from collections.abc import Mapping
import random
import secrets
from types import MappingProxyType
from typing import Any

from swarm_coordination.bounds import ID_MAX
from swarm_coordination.configuration import RobotConfiguration
from swarm_coordination.control.unicycle import steer
from swarm_coordination.live.bus import Bus, Turns
from swarm_coordination.live.carrier import Carrier, CarrierOptions
from swarm_coordination.live.conversions import MessageMaker
from swarm_coordination.persistence import Recovered
from swarm_coordination.recording.recorded import recorded
from swarm_coordination.robot.outputs import RobotOutput
from swarm_coordination.robot.robot import Robot
from swarm_coordination.storage.store import Storage
from swarm_coordination.transport import profiles
from swarm_coordination.wire.codec import WireCodec


class RobotShell:
    """
    One life of a robot on a bus, until ``close``.

    ``record_dir`` gets a recording of what each half is asked, as those of ROS nodes; ``disk``
    holds the files of the storage before it was opened. Raises ConfigurationError.
    """

    def __init__(
        self,
        bus: Bus,
        loop: Turns,
        robot: RobotConfiguration,
        storage: Storage,
        recovered: Recovered,
        options: CarrierOptions,
        record_dir: str = '',
        disk: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._make = MessageMaker(bus.types)
        self._steers = robot.kind == 'differential'
        self._cmd_vel = bus.publisher(bus.types.Twist, 'cmd_vel', profiles.COMMAND)
        nonce, provision = secrets.randbelow(ID_MAX), recovered.provision
        codec = WireCodec(provision.key, provision.cluster_id, robot.settings.config_hash)
        now = bus.clock.now()
        starts: dict[str, dict[str, Any]] = {
            'coordinator': {'disk': dict(disk), 'seed': nonce},
            'controller': {'storage_id': provision.storage_id},
        }
        self._recordings: list[Any] = []

        def before(part: str, core: Any) -> Any:
            core, recording = recorded(
                part, core, record_dir, bus.say, robot, now, **starts[part]
            )
            if recording is not None:
                self._recordings.append(recording)
            return core

        core = Robot(recovered, robot.settings, codec, random.Random(nonce), now, before)
        self._carrier = Carrier(
            bus, loop, robot, core, core.observe, storage, nonce, options, self._carry_out
        )

    def close(self) -> None:
        """Sync what is queued, close the disk, end recordings."""
        self._carrier.close()
        while self._recordings:
            self._recordings.pop().close()

    def _carry_out(self, out: RobotOutput, now: int) -> None:
        """Hand the velocity to the base."""
        if out.command is None:
            return
        pose = self._carrier.pose
        yaw = pose.yaw if pose is not None else 0.0
        steered = steer(out.command, yaw) if self._steers else out.command
        self._cmd_vel(self._make.twist_to(steered, yaw))
