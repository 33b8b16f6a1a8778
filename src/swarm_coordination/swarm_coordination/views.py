# SPDX-License-Identifier: Apache-2.0
"""
What the coordinator hands to the formation controller, and what comes back: plain values.

They cross a ROS topic when the two run as nodes and a function call when one process holds
both, so every number is already rounded to millimetres and the two paths compute the same.
Lengths in metres, speeds in m/s, angles in radians, frame ``map`` (REP-103, ENU).
"""

from __future__ import annotations

import enum
from typing import NamedTuple


class Liveness(enum.IntEnum):
    """Failure detector's verdict on a robot."""

    ALIVE = 0
    SUSPECT = 1
    SILENT = 2  # declared dead: still an obstacle at its last pose


class Mode(enum.IntEnum):
    """What a robot is doing with the mission."""

    IDLE = 0  # no mission: stand
    FLY = 1
    HOLD = 2  # commanded hold: keep slot, progress frozen
    LEASE_EXPIRED = 3  # no quorum-backed leader known, or parted from robots near: brake and stand
    STOPPED = 4  # safety stop: brake and stand
    ABORTED = 5  # mission aborted by the log: brake and stand
    SEEK = 6  # hears nobody: goes where others may be


class Pose(NamedTuple):
    """Own pose from localisation."""

    x: float
    y: float
    z: float
    yaw: float


class NeighborState(NamedTuple):
    """One other robot as this robot knows it."""

    robot: int  # storage id
    name: str
    position: tuple[float, float, float]
    velocity: tuple[float, float, float]
    yaw: float
    epoch: int  # its own epoch, from the very row the position came from
    age_s: float  # upper bound on the age of that row; math.inf where nothing bounds it
    liveness: Liveness
    heard: bool  # heard directly by this robot within the link time-out
    links: tuple[int, ...]  # storage ids that it lists as heard directly and live
    progress_m: float  # how far along the mission's path its own reference stands
    mission_epoch: int  # epoch its progress belongs to
    same_configuration: bool  # False: avoid it, but build nothing on it
    # Its own slot in the table's epoch, with the reference where this robot's stands, and at the
    # end of the path (a constant of the epoch); None: unknown, or nothing to go by.
    slot: tuple[float, float, float] | None = None
    goal: tuple[float, float, float] | None = None


class NeighborTable(NamedTuple):
    """Everything the formation controller knows of the others, at one instant."""

    stamp_ns: int  # of the robot's clock (the ``now`` of its core)
    robot: int  # own storage id
    epoch: int  # own epoch in force
    neighbors: tuple[NeighborState, ...]  # sorted by storage id


class FormationTarget(NamedTuple):
    """Where this robot should be, from the committed mission."""

    stamp_ns: int
    mode: Mode
    epoch: int  # log index of the slot assignment; 0 where there is none
    slot: int  # -1 where this robot has none
    slots: int
    position: tuple[float, float, float]
    velocity: tuple[float, float, float]  # feed-forward
    yaw: float
    goal: tuple[float, float, float] | None = None  # the slot at the path's end
    resilience: int = 0  # paths in a certificate in this mission; 0: as configured


class VelocityCommand(NamedTuple):
    """Set-point for the robot's base, in ``map``."""

    vx: float
    vy: float
    vz: float
    yaw_rate: float
