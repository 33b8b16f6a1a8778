# SPDX-License-Identifier: Apache-2.0
"""
Robots whose loss would part the swarm, found before they fail: articulation points of the links.

By the own table: a link counts where both ends list it. Told once it has held for a moment, for
links at the edge of the range come and go.
"""

from __future__ import annotations

from swarm_coordination.control.graph import articulation_points
from swarm_coordination.units import NS_PER_S
from swarm_coordination.views import Liveness, NeighborTable

# Looked at once a second: nobody acts on it sooner, and it costs a search of the whole graph.
LOOK_NS = NS_PER_S
# Looks on end that have to agree.
LOOKS = 2


class Joints:
    """The robots that the swarm hangs together by, as one robot sees it."""

    def __init__(self, robot: int, name: str) -> None:
        self._robot, self._name = robot, name
        self._next_look = 0
        self._seen: tuple[str, ...] = ()
        self._agreed = 0
        self.names: tuple[str, ...] = ()  # ascending

    def due(self, now: int) -> bool:
        """Whether it is time to look."""
        return now >= self._next_look

    def look(self, table: NeighborTable, now: int) -> str:
        """Look at the links now; return what to tell people where it has changed, else ""."""
        self._next_look = now + LOOK_NS
        seen = self._joining(table)
        self._agreed = self._agreed + 1 if seen == self._seen else 1
        self._seen = seen
        if self._agreed < LOOKS or seen == self.names:
            return ''
        self.names = seen
        if not seen:
            return 'no robot whose loss would part the swarm'
        return f'the loss of {" or ".join(seen)} would part the swarm'

    def _joining(self, table: NeighborTable) -> tuple[str, ...]:
        rows = [row for row in table.neighbors if row.liveness is not Liveness.SILENT]
        links = {row.robot: frozenset(row.links) for row in rows}
        links[self._robot] = frozenset(row.robot for row in rows if row.heard)
        names = {row.robot: row.name for row in rows} | {self._robot: self._name}
        order = sorted(links)
        near = [
            [k for k, other in enumerate(order) if other in links[one] and one in links[other]]
            for one in order
        ]
        return tuple(sorted(names[order[k]] for k in articulation_points(near)))
