# SPDX-License-Identifier: Apache-2.0
"""
What a robot would do if it were alone: track its slot, or brake in a straight line.

    u = v_slot + gain (p_slot - p) + cohesion mean_j (e_j - e),    e = p - p_slot

in each axis, the mean over the robots j whose slots are within the kept range of the own one; then
shortened to the speed bound, direction kept. In the plane the vertical part is bounded by itself
and does not depend on the others; the heading never does.

The last term is consensus on displacements (Ren and Beard, *Distributed Consensus in Multi-vehicle
Cooperative Control*, chapter 5): who waits for a kept link is not left behind by its neighbours in
the formation. They come back to it, and so take over the link. Where the way leads around
obstacles, displacements say nothing of who is ahead: a robot follows its way, at a distance to
those before it (``queueing``).
"""

from __future__ import annotations

from collections.abc import Sequence
import math

from swarm_coordination.area.ways import Ways
from swarm_coordination.control.closing import Contraction, contraction, IDENTITY
from swarm_coordination.control.queueing import queued
from swarm_coordination.control.settings import ControlSettings
from swarm_coordination.views import (
    FormationTarget,
    Liveness,
    NeighborState,
    NeighborTable,
    Pose,
    VelocityCommand,
)

STANDSTILL = VelocityCommand(0.0, 0.0, 0.0, 0.0)


def track(
    pose: Pose,
    target: FormationTarget,
    feed_forward: bool,
    settings: ControlSettings,
    table: NeighborTable | None = None,
    ways: Ways | None = None,
) -> VelocityCommand:
    """
    Return the velocity (m/s, rad/s, frame ``map``) that brings the robot to its slot.

    ``ways``: around obstacles, to the slot as it is drawn together after a loss (``closing``);
    None: straight.
    """
    gain = settings.gain
    rows = () if table is None else table.neighbors
    moved = _closing(target, rows, settings)
    x, y = moved.moved(target.position[0], target.position[1])
    ex, ey, ez = x - pose.x, y - pose.y, target.position[2] - pose.z
    around = ways and ways.around(pose.x, pose.y, pose.z, (x, y))
    wx, wy = around or (ex, ey)
    dx, dy, dz = 0.0, 0.0, 0.0
    if not around:
        dx, dy, dz = _lead((ex, ey, ez), target, rows, moved, settings)
    vx = gain * wx + settings.cohesion_gain * dx
    vy = gain * wy + settings.cohesion_gain * dy
    vz = gain * ez + settings.cohesion_gain * dz
    if feed_forward:
        vx, vy, vz = vx + target.velocity[0], vy + target.velocity[1], vz + target.velocity[2]
    vx, vy, vz = bounded(vx, vy, vz, settings)
    if around:
        vx, vy = queued(
            (vx, vy), pose, rows, settings.follow_distance_m, settings.dimensions == 3
        )
        vx, vy, vz = bounded(vx, vy, vz, settings)
    turn = settings.yaw_gain * math.remainder(target.yaw - pose.yaw, 2.0 * math.pi)
    return VelocityCommand(vx, vy, vz, _clip(turn, settings.yaw_rate_max_radps))


def brake(last: VelocityCommand, elapsed_s: float, settings: ControlSettings) -> VelocityCommand:
    """Return ``last`` slowed down along its own direction for ``elapsed_s``; turning ends."""
    slower = settings.deceleration_mps2 * elapsed_s
    norm = math.hypot(last.vx, last.vy, last.vz)
    if norm <= slower:
        return STANDSTILL
    scale = 1.0 - slower / norm
    return VelocityCommand(last.vx * scale, last.vy * scale, last.vz * scale, 0.0)


def _closing(
    target: FormationTarget, rows: Sequence[NeighborState], settings: ControlSettings
) -> Contraction:
    """Return how the slots of this assignment are drawn together after a loss."""
    silent = [row.slot for row in rows if row.slot and row.liveness is Liveness.SILENT]
    if not silent:
        return IDENTITY
    living = [row.slot for row in rows if row.slot and row.liveness is not Liveness.SILENT]
    return contraction(
        [target.position[:2], *((slot[0], slot[1]) for slot in living)],
        [(slot[0], slot[1]) for slot in silent],
        settings,
    )


def _lead(
    error: tuple[float, float, float],
    target: FormationTarget,
    rows: Sequence[NeighborState],
    moved: Contraction,
    settings: ControlSettings,
) -> tuple[float, float, float]:
    """
    Mean of how much further the own slot is than those of neighbours in the formation are.

    Heights take part where distances are taken in space.
    """
    near, dx, dy, dz = 0, 0.0, 0.0, 0.0
    heights = 1.0 if settings.dimensions == 3 else 0.0
    for row in rows if settings.cohesion_gain > 0.0 else ():
        if row.slot is None or row.liveness is Liveness.SILENT or row.epoch != target.epoch:
            continue
        sx, sy, sz = target.position
        up = heights * (row.slot[2] - sz)
        if math.hypot(row.slot[0] - sx, row.slot[1] - sy, up) <= settings.link_distance_m:
            near += 1
            x, y = moved.moved(row.slot[0], row.slot[1])
            dx += error[0] - (x - row.position[0])
            dy += error[1] - (y - row.position[1])
            dz += heights * (error[2] - (row.slot[2] - row.position[2]))
    return (dx / near, dy / near, dz / near) if near else (0.0, 0.0, 0.0)


def bounded(
    vx: float, vy: float, vz: float, settings: ControlSettings
) -> tuple[float, float, float]:
    """Return a velocity cut to the speed bound; in the plane its vertical part by itself."""
    speed, space = settings.speed_max_mps, settings.dimensions == 3
    norm = math.hypot(vx, vy, vz) if space else math.hypot(vx, vy)
    scale = speed / norm if norm > speed else 1.0
    return vx * scale, vy * scale, vz * scale if space else _clip(vz, speed)


def _clip(value: float, bound: float) -> float:
    return max(-bound, min(bound, value))
