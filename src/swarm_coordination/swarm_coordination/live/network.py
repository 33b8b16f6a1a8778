# SPDX-License-Identifier: Apache-2.0
"""
Where the processes of a run meet, and who loses their frames.

``Loopback``: all on this host's loopback interface; receivers draw by the radio state that the
world publishes. ``netns.network``: each robot in a network namespace of its own, and the kernel
drops packets.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from swarm_coordination.live.domain import local_environment
from swarm_coordination.simulation.radio import Radio


class Network(Protocol):
    """One way to bring the processes of a run together."""

    @property
    def loses_packets(self) -> bool:
        """Whether it loses frames itself, so that receivers need no filter."""
        ...

    def environment(self, domain: int, logs: Path, base: Mapping[str, str]) -> dict[str, str]:
        """Return the environment of the run's processes."""
        ...

    def inside(self, robot: str, command: list[str]) -> list[str]:
        """Return the command that runs ``command`` where the robot is."""
        ...

    def shape(self, radio: Radio) -> None:
        """Let the network lose as much as the radio does now."""
        ...


class Loopback:
    """Everybody on the loopback interface of this host."""

    loses_packets = False

    def environment(self, domain: int, logs: Path, base: Mapping[str, str]) -> dict[str, str]:
        """Return the environment of the run's processes."""
        return local_environment(domain, logs, base)

    def inside(self, robot: str, command: list[str]) -> list[str]:
        """Return ``command``: all robots are here."""
        return command

    def shape(self, radio: Radio) -> None:
        """Nothing to do: receivers draw by what the world publishes."""
