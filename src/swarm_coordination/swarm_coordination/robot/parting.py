# SPDX-License-Identifier: Apache-2.0
"""
Whether a robot may be the one that others near it have lost: then it stands.

Who has lost another cannot know which of the two is cut off, and each keeps only a disc around the
last place of the other. Of all parts of a swarm at most one hears a majority of the voters. It
flies on; whoever does not stands before it can have left its disc. docs/control.md has the proof.
"""

from __future__ import annotations

from collections.abc import Sequence
import math

from swarm_coordination.consensus.raft import Raft
from swarm_coordination.robot.settings import RobotSettings
from swarm_coordination.units import seconds_to_ns
from swarm_coordination.views import Liveness, NeighborState

Point = tuple[float, float, float]

# Share of the radio range within which distance is no reason to hear nobody.
NEAR_SHARE = 0.4


class Parting:
    """The rule for the robot with storage id ``robot``, whose ``raft`` knows who votes."""

    def __init__(self, robot: int, raft: Raft, settings: RobotSettings) -> None:
        self._robot, self._raft = robot, raft
        control = settings.control
        self._near_m = NEAR_SHARE * control.range_m
        self._young_s = control.parting_time_s  # P
        self._young_ns = seconds_to_ns(self._young_s)
        self._backed_ns = seconds_to_ns(control.age_max_s)
        # A leader leads on without a majority so long: evidence of it was of a majority that
        # was there after a row of this age was lost.
        self._long_s = 2.0 * control.age_max_s + settings.consensus.election_timeout_max_s
        self._stood_ns: int | None = None  # when there was last a reason to stand

    def __call__(
        self,
        position: Point,
        neighbors: Sequence[NeighborState],
        evidence_ns: int | None,
        now: int,
    ) -> bool:
        """
        Say whether to stand at ``position``.

        ``evidence_ns``: instant of the newest evidence of a leader that a quorum backs. It stands
        until no reason has been there for P: rows from many hops away are about as old as P.
        """
        if self._has_reason(position, neighbors, evidence_ns, now):
            self._stood_ns = now
        elif self._stood_ns is not None and now - self._stood_ns >= self._young_ns:
            self._stood_ns = None
        return self._stood_ns is not None

    def _has_reason(
        self,
        position: Point,
        neighbors: Sequence[NeighborState],
        evidence_ns: int | None,
        now: int,
    ) -> bool:
        lost = [
            row for row in neighbors
            if not self._is_young(row) and math.dist(row.position, position) <= self._near_m
        ]
        if not lost or self._majority(neighbors):
            return False
        silent = all(
            row.liveness is Liveness.SILENT and row.age_s > self._long_s for row in lost
        )
        backed = evidence_ns is not None and now - evidence_ns <= self._backed_ns
        return not (silent and backed)

    def _majority(self, neighbors: Sequence[NeighborState]) -> bool:
        """Whether rows of a majority of the voters, the own one included, are young."""
        voters = self._raft.membership.voters
        young = {row.robot for row in neighbors if self._is_young(row)}
        young.add(self._robot)
        return 2 * len(young.intersection(voters)) > len(voters)

    def _is_young(self, row: NeighborState) -> bool:
        """Whether a robot is not lost to this one."""
        return row.liveness is not Liveness.SILENT and row.age_s <= self._young_s
