# SPDX-License-Identifier: Apache-2.0
"""
Which states a campaign has reached: a check that never sees a state says nothing about it.

Read from events, roles and records; a state counts once per seed.
"""

from __future__ import annotations

from swarm_coordination.arena.node import Node
from swarm_coordination.arena.observer import Observer
from swarm_coordination.campaign.raft_rules import RaftRules
from swarm_coordination.consensus.messages import Role
from swarm_coordination.persistence import EntryRecord, Recovered, SnapshotRecord
from swarm_coordination.robot.coordinator import Coordinator
from swarm_coordination.robot.outputs import RobotOutput

# Event kind: state that it shows.
_EVENTS = {
    'gap': 'a pause noticed',
    'suspected': 'suspected',
    'silent': 'declared silent',
    'returned': 'returned from silence',
    'refuted': 'refuted a suspicion',
    'no_quorum': 'no quorum',
    'lease_expired': 'a mission lease expired',
    'lease_renewed': 'a mission lease renewed',
    'held_back': 'took part without a vote',
    'stop': 'a safety stop heard',
    'stop_lifted': 'a safety stop lifted',
    'slots': 'slots assigned',
    'voters': 'voters changed',
    'read': 'a linearizable read answered',
    'refused': 'a command refused',
    'snapshot_installed': 'a snapshot installed, or started from',
}
STATES = (
    *_EVENTS.values(),
    'a pre-candidate', 'a candidate', 'a candidacy lost', 'a leader deposed',
    'two leaders at once', 'term above 10', 'an unfinished log cut',
    'an entry of an earlier term committed', 'a duplicate not applied',
    'a restart with a log', 'a hundred entries', 'commits while somebody is dead',
    'a snapshot taken',
)


class Coverage(Observer):
    """Collects the states that one run reaches."""

    def __init__(self, rules: RaftRules, count: int) -> None:
        self.states: set[str] = set()
        self._rules = rules
        self._roles = [Role.FOLLOWER] * count
        self._ends = [0] * count
        self._dead: set[int] = set()

    def started(self, node: Node, recovered: Recovered, now: int) -> None:
        """See a restart."""
        self._dead.discard(node.number)
        self._roles[node.number] = Role.FOLLOWER
        base = recovered.snapshot.index if recovered.snapshot is not None else 0
        self._ends[node.number] = base + len(recovered.entries)
        if recovered.entries:
            self.states.add('a restart with a log')

    def crashed(self, node: Node, now: int) -> None:
        """See a death."""
        self._dead.add(node.number)

    def after(self, node: Node, core: Coordinator, output: RobotOutput, now: int) -> None:
        """See what an event brought."""
        if core.role is not self._roles[node.number]:
            self._role(node.number, core)
        for event in output.events:
            state = _EVENTS.get(event.kind)
            if state is not None:
                self.states.add(state)
        for request in output.persist:
            for record in request.records:
                if isinstance(record, EntryRecord):
                    if record.entry.index <= self._ends[node.number]:
                        self.states.add('an unfinished log cut')
                    self._ends[node.number] = record.entry.index
                elif isinstance(record, SnapshotRecord):
                    self.states.add('a snapshot taken')
                    self._ends[node.number] = max(self._ends[node.number], record.index)
        if output.committed:
            self._commits(core, output)

    def _role(self, number: int, core: Coordinator) -> None:
        before, role = self._roles[number], core.role
        self._roles[number] = role
        if core.term > 10:
            self.states.add('term above 10')
        if role is Role.PRE_CANDIDATE:
            self.states.add('a pre-candidate')
        elif role is Role.CANDIDATE:
            self.states.add('a candidate')
        if before is Role.CANDIDATE and role is not Role.LEADER:
            self.states.add('a candidacy lost')
        if before is Role.LEADER:
            self.states.add('a leader deposed')
        if len(self._rules.leading) > 1:
            self.states.add('two leaders at once')

    def _commits(self, core: Coordinator, output: RobotOutput) -> None:
        last = output.committed[-1]
        if self._dead:
            self.states.add('commits while somebody is dead')
        if last.index >= 100:
            self.states.add('a hundred entries')
        for entry in output.committed:
            if entry.term < core.term:
                self.states.add('an entry of an earlier term committed')
            # A robot's own, or, wrapped in a refusal, a client's.
            if entry.result.removeprefix('refused: ').startswith('duplicate'):
                self.states.add('a duplicate not applied')
