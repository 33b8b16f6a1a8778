# SPDX-License-Identifier: Apache-2.0
"""
The last poses of silent robots, told to those who came later: the dead stay obstacles to all.

A robot that starts after another has died never hears it and would fly through its body. So
whoever holds a silent row with a pose repeats it, slowly, as long as the row is held. Such a
fragment proves nothing: its receiver enters the robot as silent, believes its own eyes where
it holds the row alive, and lets it return only by the proofs that every silent robot needs.
"""

from __future__ import annotations

from swarm_coordination.mesh.draft import Draft
from swarm_coordination.mesh.parts import MeshParts
from swarm_coordination.mesh.rows import AGE_UNBOUNDED_MS, Fragment
from swarm_coordination.mesh.settings import MeshSettings
from swarm_coordination.mesh.table import Life, Row
from swarm_coordination.units import seconds_to_ns


class SilentPoses:
    """Tells and takes the last poses of silent robots."""

    def __init__(self, settings: MeshSettings, parts: MeshParts) -> None:
        self._table, self._links = parts.table, parts.links
        self._beacon_ns = seconds_to_ns(settings.beacon_period_s)
        self._repeat_ns = seconds_to_ns(settings.refresh_period_s)

    def add(self, draft: Draft, now: int) -> None:
        """Add the poses that have not been in the air for a refresh period, longest first."""
        if self._links.all_hear_all:
            return
        due = [
            row
            for row in self._table.rows()
            if row.life is Life.SILENT
            and self._links.lacking(row.identity.storage_id)
            and now - row.pose_sent_ns >= self._repeat_ns
        ]
        for row in sorted(due, key=lambda row: row.pose_sent_ns):
            fragment = _told(row)
            if fragment is not None and draft.add_fragment(fragment):
                row.pose_sent_ns = now

    def take(self, relay: Row, fragment: Fragment, now: int) -> None:
        """Enter what a relay says of a silent robot, where nothing better is known here."""
        owner, pose = fragment.owner, fragment.beacon
        if pose is None or not pose.localised:
            return
        row = self._table.get(owner.storage_id)
        told = (owner.incarnation, pose.heartbeat)
        if row is None:
            row = self._table.add_silent(owner, self._beacon_ns, now)
            if row is None:
                return
            row.heartbeat = pose.heartbeat
        elif row.life is Life.UNPROVEN and told >= (row.identity.incarnation, row.heartbeat):
            row.life, row.silent_ns, row.proofs = Life.SILENT, now, 0
        if row.life is not Life.SILENT:
            return
        if told > row.pose_version:
            row.take_silent_pose(owner.incarnation, pose)
        if told == row.pose_version and self._links.covered(relay, owner.storage_id):
            row.pose_sent_ns = now  # everybody we would tell has just heard it


def _told(row: Row) -> Fragment | None:
    """Return the fragment that tells of a silent robot; None where no pose of it is known."""
    if row.pose is None:
        return None
    owner = row.identity._replace(incarnation=row.pose_incarnation)
    pose = row.pose.without_lists()
    return Fragment(owner, AGE_UNBOUNDED_MS, pose, silent=True)
