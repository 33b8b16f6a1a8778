# SPDX-License-Identifier: Apache-2.0
"""
Members joined by a fake radio, in virtual time, with disks that lose what was not synced.

Everything goes the way it goes in a robot: levels become a row section, sections and items are
broadcast to whoever is in range, relayed from there, and become messages again. Frames get
lost, doubled and overtaken; only the newest section of an owner is kept. The invariants of
Raft (Ongaro 2014, figure 3.2) are checked at every step.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
import hashlib
import heapq
import random

from swarm_coordination.consensus.compacting import configuration_bytes, configuration_from
from swarm_coordination.consensus.configuration import Configuration
from swarm_coordination.consensus.messages import Ready, Role
from swarm_coordination.consensus.raft import Raft
from swarm_coordination.consensus.settings import RaftSettings
from swarm_coordination.mesh.consensus_rows import append_from_item, ConsensusRows, items_after
from swarm_coordination.mesh.rows import ConsensusSection, Identity, LogItem
from swarm_coordination.persistence import Entry, EntryRecord, HardState, SnapshotRecord
from swarm_coordination.units import NS_PER_MS, NS_PER_S

BEACON_NS = 50 * NS_PER_MS
FRAME_ITEMS_BYTES = 400  # of entries in one frame, so that catching up takes several
CACHE_MAX = 64


class Invariants:
    """What must hold of all members together, whatever happens."""

    def __init__(self) -> None:
        self.leaders: dict[int, int] = {}
        self.votes: dict[tuple[int, int], int] = {}
        self.entries: dict[tuple[int, int], tuple[bytes, int]] = {}
        self.committed: list[Entry] = []

    def leads(self, raft: Raft) -> None:
        """Election Safety, and Leader Completeness at the moment of election."""
        known = self.leaders.setdefault(raft.term, raft.member)
        assert known == raft.member, f'two leaders in term {raft.term}'
        assert raft.log.base_index <= len(self.committed)
        for entry in self.committed[raft.log.base_index:]:
            held = raft.log.term_at(entry.index)
            assert held == entry.term, f'leader of {raft.term} lacks committed {entry.index}'

    def holds(self, raft: Raft, entry: Entry) -> None:
        """Log Matching: index and term determine the payload and everything before."""
        before = raft.log.term_at(entry.index - 1)
        if before is None or not raft.log.matches(entry.index, entry.term):
            return  # replaced again before it was handed out
        known = self.entries.setdefault((entry.index, entry.term), (entry.payload, before))
        assert known == (entry.payload, before), f'logs differ below {entry.index}'

    def applies(self, entry: Entry) -> None:
        """State Machine Safety: one entry for each index."""
        if entry.index <= len(self.committed):
            assert self.committed[entry.index - 1] == entry, f'two entries at {entry.index}'
        else:
            assert entry.index == len(self.committed) + 1, 'an entry was left out'
            self.committed.append(entry)

    def installs(self, record: SnapshotRecord) -> None:
        """State Machine Safety: a snapshot is the state after exactly its entries."""
        assert record.index <= len(self.committed), 'a snapshot of what was never committed'
        assert record.state == state_after(self.committed[: record.index])
        assert record.term == self.committed[record.index - 1].term

    def shows(self, raft: Raft, section: ConsensusSection, disk: Disk) -> None:
        """Whatever was promised is on disk, and nobody votes twice in a term."""
        state, snapshot, entries = disk.durable()
        owner = raft.member
        assert state.term >= section.term
        if section.term < raft.term:
            assert section.leader == section.heartbeat == 0, 'echo of a term not on disk'
        if section.vote:
            voted = self.votes.setdefault((owner, section.term), section.vote)
            assert voted == section.vote, f'{owner} voted twice in {section.term}'
            assert state.term > section.term or state.vote == section.vote
        if section.role in (Role.CANDIDATE, Role.LEADER):
            assert state == HardState(section.term, owner)
        if section.match_index and section.match_term == raft.term:
            first = max(raft.log.base_index, snapshot.index if snapshot else 0)
            held = tuple(e for e in entries if first < e.index <= section.match_index)
            acknowledged = raft.log.between(first, max(first, section.match_index))
            assert held == acknowledged, 'not on disk'
            assert section.match_index <= (entries[-1].index if entries else first)


def state_after(entries: list[Entry]) -> bytes:
    """State of a state machine that tells any two logs apart."""
    hashed = hashlib.sha256()
    for entry in entries:
        hashed.update(b'%d/%d/%s;' % (entry.index, entry.term, entry.payload))
    return hashed.digest()


Records = HardState | EntryRecord | SnapshotRecord


def replay(records: list[Records]) -> tuple[HardState, SnapshotRecord | None, list[Entry]]:
    """State that a disk holding ``records`` gives back."""
    state, snapshot, entries = HardState(0, 0), None, []
    for record in records:
        if isinstance(record, HardState):
            state = record
        elif isinstance(record, SnapshotRecord):
            snapshot = record
            agrees = any((e.index, e.term) == record[:2] for e in entries)
            entries = [e for e in entries if agrees and e.index > record.index]
        else:
            entries = [e for e in entries if e.index < record.entry.index]
            entries.append(record.entry)
    return state, snapshot, entries


@dataclass
class Disk:
    """Records in order; those written but not synced survive a crash only as a prefix."""

    synced: list[Records] = field(default_factory=list)
    pending: deque[tuple[int, tuple[Records, ...]]] = field(default_factory=deque)
    stalled_until: int = 0

    def durable(self) -> tuple[HardState, SnapshotRecord | None, list[Entry]]:
        return replay(self.synced)

    def sync(self, mark: int) -> None:
        while self.pending and self.pending[0][0] <= mark:
            self.synced.extend(self.pending.popleft()[1])

    def crash(self, rng: random.Random) -> None:
        written = [record for _, records in self.pending for record in records]
        self.synced.extend(written[: rng.randint(0, len(written))])
        self.pending.clear()


class Frame:
    """What one broadcast carries."""

    def __init__(self, rows: dict[int, tuple[Identity, ConsensusSection]]) -> None:
        self.rows = rows
        self.items: list[LogItem] = []
        self.want: tuple[int, int] | None = None
        self.snapshot: tuple[SnapshotRecord, int] | None = None


class Member:
    """One robot as far as consensus goes."""

    def __init__(self, cluster: Cluster, member: int, disk: Disk, incarnation: int) -> None:
        self.cluster = cluster
        self.id = member
        self.disk = disk
        self.identity = Identity(f'm{member}', member, incarnation)
        state, self.snapshot, entries = disk.durable()
        base = Configuration.provisioned(cluster.voters)
        if self.snapshot is not None:
            read = configuration_from(self.snapshot.configuration)
            assert read is not None
            base = read
        self.raft = Raft(
            member,
            base,
            cluster.settings,
            random.Random(cluster.rng.getrandbits(64)),
            cluster.now,
            hard_state=state,
            snapshot=self.snapshot,
            entries=entries,
            may_vote=member not in cluster.damaged,
        )
        self.rows = ConsensusRows()
        self.table: dict[int, tuple[Identity, ConsensusSection]] = {}
        self.cache: dict[tuple[int, int], LogItem] = {}
        self.wants: dict[int, tuple[int, int]] = {}
        self.pushed = self.raft.log.last_index
        first = self.snapshot.index if self.snapshot else 0
        self.applied: list[Entry] = cluster.invariants.committed[:first]
        self.installed = 0
        self.reads: list[int] = []  # done, by serial
        self.asked: dict[int, int] = {}  # reads not done -> entries committed anywhere by then
        self.led = False

    def receive(self, frame: Frame) -> None:
        """Merge rows (newest wins), keep items, remember wants, then step what came of it."""
        now, raft = self.cluster.now, self.raft
        for owner, (identity, section) in frame.rows.items():
            if owner == self.id:
                continue
            held = self.table.get(owner)
            if held is None or (identity.incarnation, section.version) > (
                held[0].incarnation,
                held[1].version,
            ):
                self.table[owner] = (identity, section)
            # Every section is offered, old ones too: the adapter must be idempotent.
            for message in self.rows.messages(identity, section):
                raft.step(message, now)
        if frame.snapshot is not None:
            self.take_snapshot(*frame.snapshot)
        for item in frame.items:
            self.cache[(item.leader_term, item.index)] = item
            raft.step(append_from_item(item), now)
        while len(self.cache) > CACHE_MAX:
            del self.cache[next(iter(self.cache))]
        self.drain_cache()
        self.poll()

    def take_snapshot(self, record: SnapshotRecord, taken_in: int) -> None:
        """Take a snapshot where the log goes no further."""
        self.cluster.invariants.installs(record)
        if self.raft.want is None:
            return
        if self.raft.install(record, taken_in, self.cluster.now):
            self.installed += 1
            self.snapshot = record
            self.applied = self.cluster.invariants.committed[: record.index]

    def compact(self) -> None:
        """Take a snapshot of the own state every ``compact_every`` entries."""
        every = self.cluster.compact_every
        last = self.snapshot.index if self.snapshot else 0
        if every and len(self.applied) >= last + every:
            entry = self.applied[-1]
            configuration = configuration_bytes(self.raft.configuration_at(entry.index))
            self.snapshot = SnapshotRecord(
                entry.index, entry.term, configuration, state_after(self.applied)
            )
            self.raft.took_snapshot(self.snapshot)

    def drain_cache(self) -> None:
        """Feed items that came too early."""
        while (want := self.raft.want) is not None:
            item = self.cache.get((want[0], want[1] + 1))
            if item is None:
                return
            self.raft.step(append_from_item(item), self.cluster.now)
            if self.raft.want == want:
                return

    def beacon(self) -> Frame:
        """Compose a frame: own row, rows held, own new entries, what neighbours asked for."""
        section = self.rows.section(self.raft)
        self.cluster.invariants.shows(self.raft, section, self.disk)
        frame = Frame({**self.table, self.id: (self.identity, section)})
        frame.want = self.raft.want
        if self.raft.role is Role.LEADER:
            self.pushed = min(self.pushed, self.raft.log.last_index)
            frame.items.extend(items_after(self.raft, self.pushed, FRAME_ITEMS_BYTES))
            self.pushed += len(frame.items)
        for term, index in sorted(set(self.wants.values())):
            if term == self.raft.term:
                frame.items.extend(items_after(self.raft, index, FRAME_ITEMS_BYTES))
            elif (term, index + 1) in self.cache:
                frame.items.append(self.cache[(term, index + 1)])
            if index < self.raft.log.base_index and self.snapshot is not None:
                frame.snapshot = (self.snapshot, self.raft.term)
        self.wants.clear()
        return frame

    def ask(self) -> int:
        """Ask for a linearizable read; return its serial."""
        serial = self.raft.read(self.cluster.now)
        self.asked[serial] = len(self.cluster.invariants.committed)
        return serial

    def poll(self) -> None:
        """Take what came out: records to the disk, committed entries, invariants."""
        self.take(self.raft.ready())
        self.compact()
        self.take(self.raft.ready())

    def take(self, ready: Ready) -> None:
        """Write records, apply entries, check."""
        invariants = self.cluster.invariants
        if ready.records:
            self.disk.pending.append((ready.mark, ready.records))
            self.cluster.write(self, ready.mark)
            for record in ready.records:
                if isinstance(record, EntryRecord):
                    invariants.holds(self.raft, record.entry)
        if self.raft.role is Role.LEADER and not self.led:
            invariants.leads(self.raft)
            self.pushed = self.raft.log.last_index - 1
        self.led = self.raft.role is Role.LEADER
        for entry in ready.committed:
            invariants.applies(entry)
            self.applied.append(entry)
        for serial in ready.reads:
            self.reads.append(serial)
            seen = self.asked.pop(serial, 0)
            assert len(self.applied) >= seen, f'{self.id} read the past: {len(self.applied)}'
        assert self.raft.anomalies == 0


class Cluster:
    """Members, links and virtual time; ``seed`` decides everything."""

    def __init__(
        self,
        members: int,
        seed: int = 0,
        *,
        learners: int = 0,
        loss: float = 0.0,
        duplicates: float = 0.0,
        delay_ms: tuple[int, int] = (1, 5),
        sync_ms: tuple[int, int] = (1, 4),
        links: set[frozenset[int]] | None = None,
        settings: RaftSettings | None = None,
        damaged: frozenset[int] = frozenset(),
        compact_every: int = 0,
    ) -> None:
        self.rng = random.Random(seed)
        self.now = 0
        self.settings = settings or RaftSettings()
        self.voters = tuple(range(1, members + 1))
        self.damaged = damaged
        self.compact_every = compact_every  # entries between snapshots; 0: never
        self.loss, self.duplicates = loss, duplicates
        self.delay_ms, self.sync_ms = delay_ms, sync_ms
        self.links = links  # None: everybody hears everybody
        self.invariants = Invariants()
        self.members: dict[int, Member] = {}
        self.down: dict[int, tuple[Disk, int]] = {}
        self._events: list[tuple[int, int, Callable[[], None]]] = []
        self._serial = 0
        for member in range(1, members + learners + 1):
            self.down[member] = (Disk(), 0)
            self.start(member)

    def at(self, time: int, action: Callable[[], None]) -> None:
        """Run ``action`` at ``time``."""
        self._serial += 1
        heapq.heappush(self._events, (time, self._serial, action))

    def run(self, seconds: float, until: Callable[[], bool] | None = None) -> bool:
        """Let time pass; stop early and return True once ``until`` holds."""
        end = self.now + round(seconds * NS_PER_S)
        while self._events and self._events[0][0] <= end:
            self.now, _, action = heapq.heappop(self._events)
            action()
            if until is not None and until():
                return True
        self.now = end
        return until is not None and until()

    # What happens to members and links.

    def start(self, member: int) -> Member:
        """Start a member with the disk it left."""
        disk, incarnation = self.down.pop(member)
        started = Member(self, member, disk, incarnation + 1)
        self.members[member] = started
        self.at(self.now + self.rng.randint(0, BEACON_NS), lambda: self._beat(started))
        return started

    def crash(self, member: int) -> None:
        """Kill a member; of what it had not synced, a prefix may survive."""
        died = self.members.pop(member)
        died.disk.crash(self.rng)
        self.down[member] = (died.disk, died.identity.incarnation)

    def split(self, *islands: tuple[int, ...]) -> None:
        """Cut all links between islands."""
        self.links = {
            frozenset((a, b)) for island in islands for a in island for b in island if a != b
        }

    def write(self, member: Member, mark: int) -> None:
        """Sync up to ``mark`` after a while, if the member lives then."""
        delay = self.rng.randint(self.sync_ms[0] * NS_PER_MS, self.sync_ms[1] * NS_PER_MS)

        def synced() -> None:
            if self.members.get(member.id) is not member:
                return
            if self.now < member.disk.stalled_until:
                self.at(member.disk.stalled_until, synced)
                return
            member.disk.sync(mark)
            member.raft.persisted(mark, self.now)
            member.poll()

        self.at(self.now + delay, synced)

    def _beat(self, member: Member) -> None:
        if self.members.get(member.id) is not member:
            return
        member.raft.tick(self.now)
        member.poll()
        frame = member.beacon()
        for other in sorted(self.members):
            if other != member.id and self._linked(member.id, other):
                self._send(frame, self.members[other])
                neighbour = self.members[other]
                if frame.want is not None and self.rng.random() >= self.loss:
                    neighbour.wants[member.id] = frame.want
        self.at(self.now + BEACON_NS, lambda: self._beat(member))

    def _linked(self, a: int, b: int) -> bool:
        return self.links is None or frozenset((a, b)) in self.links

    def _send(self, frame: Frame, to: Member) -> None:
        copies = (self.rng.random() >= self.loss) + (self.rng.random() < self.duplicates)

        def arrive() -> None:
            if self.members.get(to.id) is to:
                to.receive(frame)

        for _ in range(copies):
            low, high = self.delay_ms
            self.at(self.now + self.rng.randint(low * NS_PER_MS, high * NS_PER_MS), arrive)

    # What tests ask.

    def leader(self) -> Member | None:
        """Return the leader of the highest term, if any member leads."""
        leading = [m for m in self.members.values() if m.raft.role is Role.LEADER]
        return max(leading, key=lambda m: m.raft.term) if leading else None

    def agreed_leader(self) -> bool:
        """Whether all living members know one and the same leader in one term."""
        known = {(m.raft.term, m.raft.leader) for m in self.members.values()}
        return len(known) == 1 and next(iter(known))[1] in self.members

    def committed(self) -> list[Entry]:
        """Return what anybody has applied, in log order."""
        return self.invariants.committed

    def settled(self) -> bool:
        """Whether all know one leader, which no change under way is about to leave out."""
        leader = self.leader()
        return (
            self.agreed_leader()
            and leader is not None
            and leader.raft.may_vote
            and leader.raft.commit >= leader.raft.configuration.index
        )

    def propose(self, payload: bytes) -> int:
        """Propose at the leader; return the index."""
        leader = self.leader()
        assert leader is not None
        index = leader.raft.propose(payload, self.now)
        leader.poll()
        return index

    def all_read(self) -> bool:
        """Whether no read waits."""
        return not any(member.asked for member in self.members.values())

    def all_applied(self, payload: bytes) -> bool:
        """Whether every living member has applied ``payload``."""
        return all(any(e.payload == payload for e in m.applied) for m in self.members.values())
