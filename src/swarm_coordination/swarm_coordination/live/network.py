# SPDX-License-Identifier: Apache-2.0
"""
Where the processes of a run meet, and who loses their frames.

``Loopback``: all on this host's loopback interface, in a domain of their own; receivers draw by
the radio state that the world publishes. ``Joined``: the same in the domain that this process was
started in, beside rviz, Gazebo and others. ``netns.network``: each robot in a network namespace of
its own, and the kernel drops packets.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
import os
from pathlib import Path
from typing import Protocol

from swarm_coordination.live.domain import (
    claimed_domain,
    domain_of,
    interoperable_environment,
    local_environment,
)
from swarm_coordination.simulation.radio import Radio


class Network(Protocol):
    """One way to bring the processes of a run together."""

    @property
    def loses_packets(self) -> bool:
        """Whether it loses frames itself, so that receivers need no filter."""
        ...

    def domain(self) -> AbstractContextManager[int]:
        """Give the DDS domain of the run, for as long as it lasts."""
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

    def domain(self) -> AbstractContextManager[int]:
        """Give a domain that nobody else on this host is in."""
        return claimed_domain(os.getpid())

    def environment(self, domain: int, logs: Path, base: Mapping[str, str]) -> dict[str, str]:
        """Return the environment of the run's processes."""
        return local_environment(domain, logs, base)

    def inside(self, robot: str, command: list[str]) -> list[str]:
        """Return ``command``: all robots are here."""
        return command

    def shape(self, radio: Radio) -> None:
        """Nothing to do: receivers draw by what the world publishes."""


class Joined(Loopback):
    """Everybody in the domain and on the network of the shell that started this process."""

    def domain(self) -> AbstractContextManager[int]:
        """Give the domain of this process's environment."""
        return nullcontext(domain_of(None))

    def environment(self, domain: int, logs: Path, base: Mapping[str, str]) -> dict[str, str]:
        """Return ``base``; plain Cyclone DDS robots are met too."""
        return {**base, **interoperable_environment(base)}
