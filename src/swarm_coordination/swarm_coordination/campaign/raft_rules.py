# SPDX-License-Identifier: Apache-2.0
"""
The safety rules of Raft (Ongaro 2014, figure 3.2), after every event, by what it touched.

Election Safety, Leader Append-Only, Log Matching (``shadow.py``), Leader Completeness and State
Machine Safety; at most one change of the voters under way, and none before something of the
leader's term is committed (section 4.1 and its correction of 2015). Besides: what is committed is
durable on a majority of the voters, term, commit and applied never fall while a process lives,
and who has lost its quorum does not lead on beside a newer leader (CheckQuorum, section 6.2).
"""

from __future__ import annotations

from swarm_coordination.arena.node import Node
from swarm_coordination.arena.observer import Observer
from swarm_coordination.campaign.broken import InvariantBroken
from swarm_coordination.campaign.shadow import Chains, Shadow
from swarm_coordination.campaign.tally import tally
from swarm_coordination.consensus.messages import Role, Standing
from swarm_coordination.persistence import (
    EntryKind,
    EntryRecord,
    PersistRequest,
    Recovered,
    SnapshotRecord,
)
from swarm_coordination.robot.coordinator import Coordinator
from swarm_coordination.robot.outputs import NOTHING, RobotOutput
from swarm_coordination.units import NS_PER_MS, NS_PER_S

# A leader without its quorum steps down within the longest election time-out (0.8 s) of the last
# heartbeat that a majority echoed, at its next tick; clocks may be 200 ppm apart.
STEP_DOWN_NS = 900 * NS_PER_MS
# After a process has slept or its clock leapt, its first ticks come first.
AWAKE_NS = 100 * NS_PER_MS
RULES = (
    'Election Safety', 'Leader Append-Only', 'Leader Completeness', 'State Machine Safety',
    'Durable on a majority', 'Durability', 'Monotone term and commit',
    'One change of voters at a time', 'CheckQuorum',
)

_FRESH = Standing(0, Role.FOLLOWER, 0)  # what a robot was after its last event: before the first


class RaftRules(Observer):
    """Watches all robots of an arena; ``voters`` are storage ids."""

    every_event = True

    def __init__(self, nodes: tuple[Node, ...], voters: tuple[int, ...]) -> None:
        self.chains = Chains(voters)
        self.checks = self.chains.checks  # one tally: Log Matching is a rule of Raft, too
        self.checks.update(tally(*RULES))
        self.logs = {node.number: Shadow(self.chains, node.name) for node in nodes}
        self.disks = {node.number: Shadow(self.chains, node.name) for node in nodes}
        self.committed: list[int] = []  # chain by index
        self._commit_terms: list[int] = []  # of the leader that committed, by index
        self._numbers = {node.storage_id: node.number for node in nodes}
        self._nodes = nodes
        self.lost: set[int] = set()  # robots whose disks were lost
        self._seen = [_FRESH] * len(nodes)
        self._applied = [0] * len(nodes)
        self._results: list[tuple[object, ...]] = []
        self._states: dict[int, bytes] = {}  # by index, of every snapshot
        self._leaders: dict[int, int] = {}  # term: number
        self._newest_win = (0, 0)  # (term, time)
        self._awake_since = [0] * len(nodes)
        self.leading: set[int] = set()  # robots that lead now

    # ---------------------------------------------------------------- processes and disks

    def started(self, node: Node, recovered: Recovered, now: int) -> None:
        """Begin a life: forget what only holds within one."""
        log = self.logs[node.number] = Shadow(self.chains, node.name)
        if recovered.snapshot is not None:
            self._install(log, recovered.snapshot, node)
        for entry in recovered.entries:
            log.put(entry)
        disk = self.disks[node.number].chains
        if disk:  # else there is nothing to read back
            self.checks['Durability'] += 1
        if log.chains != disk:
            raise InvariantBroken('Durability', f'{node.name} read back another log')
        self._seen[node.number] = _FRESH
        # It begins with the snapshot's state, and may be asked for it before its first event.
        snapshot = recovered.snapshot
        self._applied[node.number] = snapshot.index if snapshot is not None else 0
        self._awake_since[node.number] = now

    def crashed(self, node: Node, now: int) -> None:
        """End a life."""
        self.leading.discard(node.number)

    def wiped(self, node: Node, now: int) -> None:
        """Forget a log that is gone."""
        self.disks[node.number] = Shadow(self.chains, node.name)
        self.lost.add(node.number)

    def may_lose(self, *robots: int) -> bool:
        """Whether every configuration in force anywhere has a majority on other, whole disks."""
        gone = {*self.lost, *robots}
        ends = {log.last for log in (*self.logs.values(), *self.disks.values())}
        for chain in sorted({*ends, self.committed[-1] if self.committed else 0}):
            voters = self.chains.voters[chain]
            whole = sum(1 for voter in voters if self._numbers[voter] not in gone)
            if whole < len(voters) // 2 + 1:
                return False
        return True

    def applied(self, robot: int) -> int:
        """Return the index up to which a robot has applied the log."""
        return self._applied[robot]

    def disturbed(self, node: Node, now: int) -> None:
        """Note that a process slept or its clock leapt until now."""
        self._awake_since[node.number] = now

    def durable(self, node: Node, request: PersistRequest, now: int) -> None:
        """Keep the shadow of the disk."""
        disk = self.disks[node.number]
        for record in request.records:
            if isinstance(record, EntryRecord):
                disk.put(record.entry)
            elif isinstance(record, SnapshotRecord):
                self._install(disk, record, node)

    def _install(self, log: Shadow, record: SnapshotRecord, node: Node) -> None:
        """Let a snapshot take the place of a log; it must be that of the common log."""
        self.checks['State Machine Safety'] += 1
        committed = self.committed[: record.index]
        if len(committed) < record.index or self.chains.terms[committed[-1]] != record.term:
            raise InvariantBroken(
                'State Machine Safety',
                f'{node.name} has a snapshot at entry {record.index} of term {record.term}, '
                'which was not committed',
            )
        if self._states.setdefault(record.index, record.state) != record.state:
            raise InvariantBroken(
                'State Machine Safety',
                f'{node.name} has another state in its snapshot at entry {record.index}',
            )
        log.install(committed)

    def leader_of(self, term: int) -> int | None:
        """Return who leads ``term`` now; None where nobody does (any more)."""
        leader = self._leaders.get(term)
        leads = leader in self.leading and leader is not None and self._seen[leader].term == term
        return leader if leads else None

    # ---------------------------------------------------------------- events

    def after(self, node: Node, core: Coordinator, output: RobotOutput, now: int) -> None:
        """Check what the event changed."""
        number = node.number
        before = self._seen[number]
        seen = core.standing
        taken: list[SnapshotRecord] = []
        if output is not NOTHING:
            installs = [e.value for e in output.events if e.kind == 'snapshot_installed']
            if output.persist:
                taken = self._wrote(node, output.persist, before, seen, installs)
            self._applied[number] = max(self._applied[number], *installs, 0)
        if seen is not before and seen != before:
            self._changed(node, before, seen, now)
        for record in taken:
            self._install(self.logs[number], record, node)
        if output.committed:
            self._apply(node, output, seen)
        if number in self.leading:
            self._check_quorum(node, seen, now)

    def _wrote(
        self, node: Node, persist: tuple[PersistRequest, ...], before: Standing, seen: Standing,
        installs: list[int],
    ) -> list[SnapshotRecord]:
        """
        Keep the shadow of the log; return snapshots to be looked at once the commit index is.

        These are of what the robot itself applied, maybe in the same event in which it learnt
        that it is committed (a leader that wakes reads acknowledgements and then ticks). One that
        it ``installs`` comes before: it is the log that is committed now.
        """
        log = self.logs[node.number]
        taken: list[SnapshotRecord] = []
        leads_on = before.role == seen.role == Role.LEADER and before.term == seen.term
        for request in persist:
            for record in request.records:
                if isinstance(record, EntryRecord):
                    index = record.entry.index
                    own = seen.role == Role.LEADER and record.entry.term == seen.term
                    if own and record.entry.kind is EntryKind.CONFIGURATION:
                        self._check_change(node, seen, log.last)
                    self.checks['Leader Append-Only'] += leads_on
                    self.checks['State Machine Safety'] += before.commit > 0
                    if leads_on and index <= len(log):
                        raise InvariantBroken(
                            'Leader Append-Only',
                            f'{node.name} leads term {seen.term} and rewrote entry {index}',
                        )
                    if index <= before.commit:
                        raise InvariantBroken(
                            'State Machine Safety',
                            f'{node.name} rewrote entry {index}, committed up to {before.commit}',
                        )
                    log.put(record.entry)
                elif isinstance(record, SnapshotRecord):
                    if record.index in installs:
                        self._install(log, record, node)
                    else:
                        taken.append(record)
        return taken

    def _check_change(self, node: Node, seen: Standing, chain: int) -> None:
        """Check that a leader may change the voters of a log that ends with ``chain``."""
        self.checks['One change of voters at a time'] += 1
        pending = self.chains.configured[chain]
        last = self.committed[seen.commit - 1] if seen.commit else 0
        if pending > seen.commit or self.chains.terms[last] != seen.term:
            raise InvariantBroken(
                'One change of voters at a time',
                f'{node.name} changed the voters while configuration {pending} was under way, or '
                f'before anything of term {seen.term} was committed (commit {seen.commit})',
            )

    def _changed(self, node: Node, before: Standing, seen: Standing, now: int) -> None:
        self.checks['Monotone term and commit'] += 1
        self._seen[node.number] = seen
        if seen.term < before.term or seen.commit < before.commit:
            raise InvariantBroken(
                'Monotone term and commit',
                f'{node.name} fell from term {before.term}, commit {before.commit} to '
                f'term {seen.term}, commit {seen.commit}',
            )
        if seen.role == Role.LEADER:
            if before.role != Role.LEADER or before.term != seen.term:
                self._won(node, seen, now)
        else:
            self.leading.discard(node.number)
        if seen.commit > before.commit:
            self._commit(node, before, seen)

    def _won(self, node: Node, seen: Standing, now: int) -> None:
        self.checks['Election Safety'] += 1
        leader = self._leaders.setdefault(seen.term, node.number)
        if leader != node.number:
            raise InvariantBroken(
                'Election Safety',
                f'{self._nodes[leader].name} and {node.name} were elected in term {seen.term}',
            )
        self.leading.add(node.number)
        self._newest_win = max(self._newest_win, (seen.term, now))
        self._complete(node, seen.term)

    def _complete(self, leader: Node, term: int) -> None:
        """Check that a leader holds what was committed in terms before its own."""
        index = len(self._commit_terms)
        while index and self._commit_terms[index - 1] >= term:
            index -= 1
        if not index:
            return
        self.checks['Leader Completeness'] += 1
        if self.logs[leader.number].at(index) != self.committed[index - 1]:
            raise InvariantBroken(
                'Leader Completeness',
                f'{leader.name} leads term {term} without entry {index}, committed in term '
                f'{self._commit_terms[index - 1]}',
            )

    def _commit(self, node: Node, before: Standing, seen: Standing) -> None:
        log, committed = self.logs[node.number], self.committed
        if seen.commit > len(log):
            raise InvariantBroken(
                'Log Matching', f'{node.name} committed {seen.commit} of {len(log)} entries'
            )
        known = min(seen.commit, len(committed))
        self.checks['State Machine Safety'] += known > before.commit
        if known > before.commit and log.at(known) != committed[known - 1]:
            raise InvariantBroken(
                'State Machine Safety',
                f'{node.name} committed another entry {known} or one before it',
            )
        if seen.commit <= len(committed):
            return
        for index in range(len(committed) + 1, seen.commit + 1):
            committed.append(log.at(index))
            self._commit_terms.append(seen.term)
        self.checks['Durable on a majority'] += 1
        voters = self.chains.voters[log.last]
        holders = sum(
            1 for voter in voters
            if self.disks[self._numbers[voter]].at(seen.commit) == committed[-1]
        )
        if holders < len(voters) // 2 + 1:
            raise InvariantBroken(
                'Durable on a majority',
                f'{node.name} committed entry {seen.commit}, which is on the disks of {holders} '
                f'of {len(voters)} voters',
            )
        for leader in self.leading:
            if self._seen[leader].term > seen.term:
                self._complete(self._nodes[leader], self._seen[leader].term)

    def _apply(self, node: Node, output: RobotOutput, seen: Standing) -> None:
        for entry in output.committed:
            self.checks['State Machine Safety'] += 1
            if entry.index != self._applied[node.number] + 1 or entry.index > seen.commit:
                raise InvariantBroken(
                    'State Machine Safety',
                    f'{node.name} applied entry {entry.index} after '
                    f'{self._applied[node.number]}, committed {seen.commit}',
                )
            self._applied[node.number] = entry.index
            if entry.index == len(self._results) + 1:
                self._results.append(tuple(entry))
            elif self._results[entry.index - 1] != tuple(entry):
                raise InvariantBroken(
                    'State Machine Safety',
                    f'{node.name} applied entry {entry.index} with another result',
                )

    def _check_quorum(self, node: Node, seen: Standing, now: int) -> None:
        term, won = self._newest_win
        if term <= seen.term:
            return
        self.checks['CheckQuorum'] += 1
        overdue = now - max(won, self._awake_since[node.number])
        if now - won > STEP_DOWN_NS and overdue > AWAKE_NS:
            raise InvariantBroken(
                'CheckQuorum',
                f'{node.name} leads term {seen.term} {(now - won) / NS_PER_S:.2f} s after '
                f'term {term} was won',
            )
