# SPDX-License-Identifier: Apache-2.0
"""
Invariants of the protocol, checked as things happen, each by what the event touched.

Names as in Ongaro 2014, figure 3.2: Election Safety (one leader per term), Log Matching (here:
on the committed prefix) and State Machine Safety; besides, term, commit and applied index never
fall while a process lives.
"""

from __future__ import annotations

from collections.abc import Callable

from swarm_coordination.consensus.messages import Role
from swarm_coordination.robot.outputs import CommittedEntry, RobotStatus

# Statuses come ten times a second over a topic of their own: what explains a gap is there by then.
GAP_STATUSES = 5

Identity = tuple[int, int, int, str, bool]


class Invariants:
    """Everything seen so far that later events must agree with; ``broken`` takes a text."""

    def __init__(self, broken: Callable[[str], None]) -> None:
        self._broken = broken
        self._leaders: dict[int, str] = {}
        self._entries: list[Identity] = []
        self._hashes: dict[int, tuple[int, str]] = {}
        self._applied: dict[str, int] = {}
        self._marks: dict[str, tuple[int, int, int]] = {}
        # Robot: the entry it went on with after a gap, and how often it was seen since.
        self._gaps: dict[str, tuple[int, int]] = {}
        self.checks = 0

    def restarted(self, robot: str) -> None:
        """Forget what only holds while a process lives."""
        self._applied.pop(robot, None)
        self._marks.pop(robot, None)
        self._gaps.pop(robot, None)

    def jumped(self, robot: str, index: int) -> None:
        """Note that a snapshot took a robot to ``index``; entries before it are not seen."""
        gap = self._gaps.get(robot)
        if gap is not None and gap[0] == index + 1:
            del self._gaps[robot]
        self._applied[robot] = max(index, self._applied.get(robot, 0))

    def committed(self, robot: str, entry: CommittedEntry) -> None:
        """Check one applied entry."""
        self.checks += 1
        before = self._applied.get(robot, 0)
        if entry.index <= before:
            self._broken(f'{robot} applied entry {entry.index} after entry {before}')
        elif entry.index > before + 1:
            self._gaps[robot] = (entry.index, 0)
        self._applied[robot] = entry.index
        identity = (entry.term, entry.session, entry.serial, entry.command, entry.applied)
        if entry.index == len(self._entries) + 1:
            self._entries.append(identity)
        elif entry.index > len(self._entries) or self._entries[entry.index - 1] != identity:
            self._broken(f'Log Matching: {robot} applied another entry {entry.index}')

    def status(self, robot: str, status: RobotStatus) -> None:
        """Check one status."""
        self.checks += 1
        self._check_gap(robot)
        if status.role == Role.LEADER:
            leader = self._leaders.setdefault(status.term, robot)
            if leader != robot:
                self._broken(f'Election Safety: {leader} and {robot} lead term {status.term}')
        digest, first = self._hashes.setdefault(status.applied, (status.state_hash, robot))
        if digest != status.state_hash:
            self._broken(
                f'State Machine Safety: {first} and {robot} differ after entry {status.applied}'
            )
        mark = (status.term, status.commit, status.applied)
        before = self._marks.get(robot, mark)
        if any(now < then for now, then in zip(mark, before)):
            self._broken(f'{robot} fell back from term, commit, applied {before} to {mark}')
        self._marks[robot] = mark

    def _check_gap(self, robot: str) -> None:
        """Report a gap that no snapshot has explained by now: over DDS it may come later."""
        if robot in self._gaps:
            index, seen = self._gaps[robot]
            self._gaps[robot] = (index, seen + 1)
            if seen == GAP_STATUSES:
                self._broken(f'{robot} applied entry {index} and not the one before')
