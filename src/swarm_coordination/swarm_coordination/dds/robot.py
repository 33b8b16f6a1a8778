# SPDX-License-Identifier: Apache-2.0
"""One robot as a plain DDS process: ``swarm robot``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from swarm_coordination.configuration import load_swarm
from swarm_coordination.dds.bus import CycloneBus
from swarm_coordination.dds.loop import CycloneLoop
from swarm_coordination.dds.process import run_on_dds
from swarm_coordination.errors import ConfigurationError
from swarm_coordination.live.carrier import CarrierOptions
from swarm_coordination.live.robot_shell import RobotShell
from swarm_coordination.recording.start import disk_of
from swarm_coordination.storage.store import Storage
from swarm_coordination.units import seconds_to_ns

# Frames and poses may wait for each other for this part of a beacon's period: 10 ms as shipped.
GATHERED_OF_BEACON = 5


def run_robot(
    swarm_file: Path,
    name: str,
    directory: Path,
    domain: int | None,
    options: CarrierOptions,
    record_dir: str = '',
) -> None:
    """
    Run the robot ``name`` of ``swarm_file`` until a signal; ``directory`` is its storage.

    ``record_dir``: a folder for recordings of every call into its core.

    Raises ConfigurationError before anything is published, StorageError where the disk fails.
    """
    robot = load_swarm(swarm_file).robot(name)
    disk = disk_of(directory) if record_dir and directory.is_dir() else {}
    storage, recovered = Storage.recover(directory)
    if recovered.provision.name != name:
        storage.close()
        raise ConfigurationError(
            'command line', '--storage', str(directory),
            f'the storage of {name}: it is that of {recovered.provision.name}',
        )

    def begin(loop: CycloneLoop) -> Callable[[], None]:
        beacon_ns = seconds_to_ns(robot.settings.mesh.beacon_period_s)
        loop.participant.gather_ns = beacon_ns // GATHERED_OF_BEACON
        bus = CycloneBus(loop.participant, name)
        return RobotShell(bus, loop, robot, storage, recovered, options, record_dir, disk).close

    run_on_dds(domain, begin)
