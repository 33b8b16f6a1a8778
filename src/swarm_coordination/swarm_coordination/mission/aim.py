# SPDX-License-Identifier: Apache-2.0
"""
Where one step of a mission leads: all that the formation target follows from.

The target itself is worked out when somebody asks for it: a controller does at every step, and
a coordinator without one (in a simulator, in a test) never.
"""

from __future__ import annotations

from typing import NamedTuple

from swarm_coordination.mission.commands import StartMission
from swarm_coordination.mission.formations import PointMm
from swarm_coordination.mission.paths import Vector
from swarm_coordination.mission.places import Places
from swarm_coordination.units import MM_PER_M
from swarm_coordination.views import FormationTarget, Mode

STILL: Vector = (0.0, 0.0, 0.0)


class Aim(NamedTuple):
    """
    What one step decided.

    ``slots``: how many there are. ``where``: a place to go to instead of the slot; else the own
    position, None before the first localisation. ``rate_mps``: speed of the reference, which
    stands at ``progress_m``.
    """

    now: int
    mode: Mode
    epoch: int
    slot: int
    slots: int
    command: StartMission | None
    places: Places | None
    where: Vector | None
    rate_mps: float
    progress_m: float

    def target(self) -> FormationTarget:
        """Return the formation target of the step."""
        command, places = self.command, self.places
        yaw = command.yaw_mrad / 1000.0 if command else 0.0
        where, velocity, goal = self.where or STILL, STILL, None
        if self.mode is not Mode.SEEK and self.slot >= 0 and places is not None:
            where = in_m(places.slot(self.slot, self.progress_m))
            goal = in_m(places.goals()[self.slot])
            yaw = places.yaw_mrad(self.progress_m) / 1000.0
            tangent = places.path.at(self.progress_m).tangent
            drift = places.drift(self.slot, self.progress_m)
            vx, vy, vz = ((t + d) * self.rate_mps for t, d in zip(tangent, drift, strict=True))
            velocity = (vx, vy, vz)
        return FormationTarget(
            stamp_ns=self.now,
            mode=self.mode,
            epoch=self.epoch,
            slot=self.slot,
            slots=self.slots,
            position=_rounded(where),
            velocity=_rounded(velocity),
            yaw=yaw,
            goal=goal,
            resilience=command.resilience if command else 0,
        )


NOWHERE = Aim(-1, Mode.IDLE, 0, -1, 0, None, None, None, 0.0, 0.0)


def in_m(point: PointMm) -> Vector:
    """Return a point of whole millimetres in metres."""
    x, y, z = point
    return (x / MM_PER_M, y / MM_PER_M, z / MM_PER_M)


def _rounded(vector: Vector) -> Vector:
    """Whole millimetres (or mm/s), so that a topic and a function call carry the same number."""
    x, y, z = vector
    return (
        round(x * MM_PER_M) / MM_PER_M,
        round(y * MM_PER_M) / MM_PER_M,
        round(z * MM_PER_M) / MM_PER_M,
    )
