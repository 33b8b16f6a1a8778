# SPDX-License-Identifier: Apache-2.0
"""
What a scenario needs of the swarm it is played on: one small interface, polled, never blocking.

A backend owns the robots, the world and the radio. It calls ``director.update(now_s)`` from its
own loop (10 to 50 times a second) and feeds the ``Recorder``; the director calls back through
this protocol. ``now_s`` is seconds since the start of the run.
"""

from __future__ import annotations

from collections.abc import Mapping
import enum
from typing import NamedTuple, Protocol

from swarm_coordination.robot.outputs import RobotStatus

Groups = tuple[tuple[str, ...], ...]


class TrueState(NamedTuple):
    """Ground truth of one plant, frame ``map``: metres, m/s, radians."""

    x: float
    y: float
    z: float
    yaw: float
    vx: float
    vy: float
    vz: float


class ProposalStage(enum.Enum):
    """How far a proposal has come."""

    PENDING = 'pending'  # not answered yet
    ACCEPTED = 'accepted'  # durable at the robot that was asked: it will be committed once
    REFUSED = 'refused'  # the robot answered that it cannot take it
    LOST = 'lost'  # the robot died before it answered: outcome unknown


class Proposal(NamedTuple):
    """Answer to one ``propose`` so far; ``session`` and ``serial`` name an accepted intent."""

    stage: ProposalStage
    session: int = 0  # storage id of the robot that accepted it
    serial: int = 0
    text: str = ''  # why it was refused


class Backend(Protocol):
    """A swarm that a scenario can be played on."""

    @property
    def name(self) -> str:
        """Return the backend's name for reports: ``virtual``, ``ros``."""
        ...

    @property
    def robots(self) -> tuple[str, ...]:
        """Return the names of all robots, alive or not, in the order of the swarm file."""
        ...

    def running(self) -> tuple[str, ...]:
        """Return the names of the robots whose process runs now, in the order of ``robots``."""
        ...

    def statuses(self) -> Mapping[str, RobotStatus]:
        """Return the newest status of every running robot (absent until it first reports)."""
        ...

    def truth(self) -> Mapping[str, TrueState]:
        """Return the true state of every plant, those of dead robots included."""
        ...

    def links(self) -> tuple[tuple[str, str], ...]:
        """Return the pairs that can hear each other by the radio model, imposed cuts included."""
        ...

    def reach(self) -> tuple[tuple[str, str], ...]:
        """Return the same pairs as if nothing were cut: who is within range of whom."""
        ...

    def propose(self, robot: str, command: str) -> int:
        """Hand ``command`` (JSON text) to ``robot``; returns a ticket for ``proposal``."""
        ...

    def proposal(self, ticket: int) -> Proposal:
        """Return what became of a proposal so far."""
        ...

    def kill(self, robot: str) -> None:
        """End the robot's process at once (SIGKILL): unsynced writes are lost, the plant stays."""
        ...

    def restart(self, robot: str, *, keep_disk: bool) -> None:
        """Start a killed robot's process again, with its disk or with an empty provisioned one."""
        ...

    def set_partition(self, groups: Groups | None) -> None:
        """Let only robots of the same group hear each other; None heals, ``mute`` too."""
        ...

    def mute(self, robot: str, receivers: tuple[str, ...]) -> None:
        """Let ``receivers`` no longer hear ``robot``, which goes on hearing them."""
        ...

    def stops(self) -> tuple[tuple[str, int], ...]:
        """Return (robot, counter) of every stop that was answered, in that order."""
        ...

    def stop(self, robot: str, level: int) -> None:
        """Raise a safety stop at ``robot``; level 0 is never given here."""
        ...

    def attack(self, rate_hz: float, for_s: float) -> None:
        """Let somebody without the key send so many hostile frames a second."""
        ...

    def attacking(self) -> bool:
        """Whether hostile frames that were asked for are still to come."""
        ...
