# SPDX-License-Identifier: Apache-2.0
"""The table of rows as the formation controller wants it: metres, ages, links."""

from __future__ import annotations

from collections.abc import Iterable
import math

from swarm_coordination.mesh.ages import age_bound_ns
from swarm_coordination.mesh.links import Links
from swarm_coordination.mesh.rows import Beacon
from swarm_coordination.mesh.table import Life, Row
from swarm_coordination.units import MM_PER_M, NS_PER_S
from swarm_coordination.views import Liveness, NeighborState, NeighborTable

# An unproven robot is an obstacle like any other, but nothing is built on it.
_LIVENESS = {
    Life.UNPROVEN: Liveness.SUSPECT,
    Life.ALIVE: Liveness.ALIVE,
    Life.SUSPECT: Liveness.SUSPECT,
    Life.SILENT: Liveness.SILENT,
}


def neighbor_table(
    rows: Iterable[Row], links: Links, own_id: int, own_epoch: int, now: int, drift_ppm: int
) -> NeighborTable:
    """Return every robot whose position is known, by ascending storage id."""
    states = tuple(
        [_state(row, row.pose, links, now, drift_ppm) for row in rows if row.pose is not None]
    )
    return NeighborTable(now, own_id, own_epoch, states)


def _state(row: Row, pose: Beacon, links: Links, now: int, drift_ppm: int) -> NeighborState:
    made_after, cooperates = row.pose_made_after_ns, row.cooperates
    mission = row.mission if cooperates else None
    age_s = math.inf
    if made_after is not None:
        age_s = age_bound_ns(made_after, now, drift_ppm) / NS_PER_S
    name, storage_id, _ = row.identity
    x_mm, y_mm, z_mm, yaw_mrad, vx_mm_s, vy_mm_s, vz_mm_s, epoch = pose[2:10]
    fields = (  # of NeighborState in their order: many robots, many times a second
        storage_id,
        name,
        (x_mm / MM_PER_M, y_mm / MM_PER_M, z_mm / MM_PER_M),
        (vx_mm_s / MM_PER_M, vy_mm_s / MM_PER_M, vz_mm_s / MM_PER_M),
        yaw_mrad / MM_PER_M,
        epoch,
        age_s,
        _LIVENESS[row.life],
        links.live(row, now),
        links.listed_near(row, now) if cooperates else (),
        mission.progress_mm / MM_PER_M if mission else 0.0,
        mission.epoch if mission else 0,
        cooperates,
        None,
        None,
    )
    return tuple.__new__(NeighborState, fields)
