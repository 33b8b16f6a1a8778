# SPDX-License-Identifier: Apache-2.0
"""Robots on the air, some of which need a snapshot that another has."""

from __future__ import annotations

import random

from mesh.radio import Air
from swarm_coordination.mesh.rows import Want
from swarm_coordination.mesh.transfer import snapshot_key
from swarm_coordination.units import NS_PER_S

INDEX, TERM = 5_000, 7
DATA = random.Random(3).randbytes(10_000)


class Hop:
    """A line of robots; the first has a snapshot, the others need it."""

    def __init__(self, air: Air, needing: set[int]) -> None:
        self.air = air
        self.arrived: dict[int, tuple[float, bytes]] = {}
        self.needing = needing
        air.checks.append(self.look)

    def look(self, station) -> None:
        exchange = station.mesh.snapshots
        if station.number in self.needing and station.number not in self.arrived:
            station.mesh.set_want(Want(TERM, 10))
            exchange.need(10)
            whole = exchange.take_whole()
            if whole is not None:
                assert whole[0] == snapshot_key(*whole[0][:2], whole[1])
                self.arrived[station.number] = (self.air.now / NS_PER_S, whole[1])
                station.mesh.set_want(None)
                exchange.need(None)


def run(air: Air, hop: Hop, seconds: float) -> None:
    while air.now < seconds * NS_PER_S and len(hop.arrived) < len(hop.needing):
        air.run(0.1)
