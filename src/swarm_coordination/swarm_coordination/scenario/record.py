# SPDX-License-Identifier: Apache-2.0
"""
The record of a run: plain values that the recorder collects and the expectations judge.

Times are seconds since the start of the run. Robots are named; per-robot tuples of a sample
follow ``Record.robots``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from swarm_coordination.robot.outputs import CommittedEntry, RobotEvent, RobotStatus
from swarm_coordination.scenario.backend import TrueState


class FormationError(NamedTuple):
    """
    How far robots with a slot are from the committed formation, metres.

    ``rmse_m`` and ``max_m``: shape error, after the best common translation. ``absolute_m``: the
    greatest distance of a robot from its own place on the committed path.
    """

    robots: int
    rmse_m: float
    max_m: float
    absolute_m: float


class Sample(NamedTuple):
    """Ground truth and what each robot says of itself, at one instant (10 to 20 Hz)."""

    time_s: float
    truth: tuple[TrueState, ...]
    running: tuple[bool, ...]
    links: tuple[tuple[int, int], ...]  # pairs that hear each other, imposed cuts included
    min_distance_m: float  # least since the sample before, all robots
    lambda2: float  # algebraic connectivity of ``links`` over running robots, edges weigh 1
    connected: bool  # running robots are one component of ``links``
    reachable: bool  # the same without imposed cuts: nobody is out of range
    formation: FormationError | None
    leader: str  # name of the leader that most running robots know; "" none
    leaders: int  # different (term, leader) that running robots know; 1 where all agree
    term: int
    commit: int


class StatusChange(NamedTuple):
    """A status of one robot that differs from the one before in what the protocol cares about."""

    time_s: float
    robot: str
    status: RobotStatus


class Commit(NamedTuple):
    """One entry as one robot applied it; ``life`` counts the starts of its process from 1."""

    time_s: float
    robot: str
    life: int
    entry: CommittedEntry


class Jump(NamedTuple):
    """A snapshot took the place of all entries up to ``index`` at one robot, in one life."""

    time_s: float
    robot: str
    life: int
    index: int  # type: ignore[assignment]  # hides tuple.index, which nobody calls


class Accepted(NamedTuple):
    """An intent that a robot acknowledged: it must be committed exactly once."""

    time_s: float
    robot: str
    session: int
    serial: int
    command: str
    during_split: str  # "" | "minority" | "majority": where the robot stood when it accepted


class ActionTaken(NamedTuple):
    """Something the director did; ``robots`` are those it was done to or by."""

    time_s: float
    phase: str
    do: str
    robots: tuple[str, ...]
    text: str
    groups: tuple[tuple[str, ...], ...] = ()  # the majority of the votes last
    frames: int = 0  # attack: hostile frames asked for


class PhaseSpan(NamedTuple):
    """One phase as it went; ``unmet`` lists what had not come true at its time-out."""

    name: str
    title: str
    start_s: float
    end_s: float
    unmet: tuple[str, ...]
    checks: tuple[str, ...]


class LoggedEvent(NamedTuple):
    """An event that a robot reported."""

    time_s: float
    robot: str
    event: RobotEvent


class ProcessFigures(NamedTuple):
    """What one robot's process cost, where there is a process."""

    cpu_percent: float  # mean over the run, of one core
    memory_mb: float  # proportional set size at the end


@dataclass(slots=True)
class Record:
    """Everything kept of one run."""

    robots: tuple[str, ...]
    safety_distance_m: float
    samples: list[Sample] = field(default_factory=list)
    statuses: list[StatusChange] = field(default_factory=list)
    commits: list[Commit] = field(default_factory=list)
    jumps: list[Jump] = field(default_factory=list)
    accepted: list[Accepted] = field(default_factory=list)
    actions: list[ActionTaken] = field(default_factory=list)
    phases: list[PhaseSpan] = field(default_factory=list)
    events: list[LoggedEvent] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)  # invariants a backend saw broken
    refused: list[str] = field(default_factory=list)  # proposals that were not acknowledged
    final: dict[str, RobotStatus] = field(default_factory=dict)  # running robots at the end
    bytes_sent: dict[str, int] = field(default_factory=dict)  # frame bytes over the run
    processes: dict[str, ProcessFigures] = field(default_factory=dict)
    figures: dict[str, Any] = field(default_factory=dict)  # further figures of the backend
    min_distance_m: float = float('inf')
    min_distance_at: tuple[float, str, str] = (0.0, '', '')
    obstacle_gap_m: float = float('inf')  # least at any sample; inf: there is no obstacle
    dropped: int = 0  # anything not kept because a bound was reached
    end_s: float = 0.0
