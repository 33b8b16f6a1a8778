# SPDX-License-Identifier: Apache-2.0
"""Cyclone DDS as what carries a demo: see ``live.backend.Middleware``."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

from swarm_coordination.dds.bus import CycloneBus
from swarm_coordination.dds.loop import CycloneLoop
from swarm_coordination.live.backend import Run
from swarm_coordination.live.bus import Bus
from swarm_coordination.live.starting import python
from swarm_coordination.scenario.run import RunOptions


class DdsMiddleware:
    """Robots as plain DDS processes, watched by a participant of this process."""

    name = 'dds'

    def __init__(self, domain: int, options: RunOptions) -> None:
        """Join the domain; signals ask for the end from now on."""
        self._loop = CycloneLoop(domain)
        self._loop.stop_on_signals()
        self._bus = CycloneBus(self._loop.participant)

    @property
    def stopping(self) -> bool:
        """Whether a signal has asked for the end."""
        return self._loop.stopping

    def robot_bus(self, robot: str) -> Bus:
        """Return the bus on which a robot is watched and asked."""
        return self._bus

    def world_bus(self) -> Bus:
        """Return the bus on which the world is watched and asked."""
        return self._bus

    def world_command(self, run: Run) -> list[str]:
        """Return the command of the world's process."""
        return python(
            'swarm_coordination.dds.world_main',
            '--swarm-file', run.swarm_file, '--scenario', run.scenario,
            '--robots', str(len(run.robots)), '--seed', str(run.seed),
        )

    def robot_command(self, run: Run, robot: str, disk: Path) -> list[str]:
        """Return the command of a robot's process."""
        return python(
            'swarm_coordination.cli.main', 'robot', robot,
            '--config', run.swarm_file, '--storage', str(disk),
            *(['--radio-filter'] if run.radio_filter else []),
            '--radio-seed', str(run.seed),
            '--radio-latency', str(run.latency_ms), '--radio-jitter', str(run.jitter_ms),
        )

    def spin_until(self, deadline_s: float) -> None:
        """Serve the bus until ``time.monotonic()`` reaches ``deadline_s``."""
        self._loop.spin_until(deadline_s)

    def versions(self) -> dict[str, str]:
        """Return what of others' software this run used."""
        return {'cyclonedds': metadata.version('cyclonedds')}

    def close(self) -> None:
        """Leave the domain."""
        self._loop.close()
        self._loop.restore_signals()
