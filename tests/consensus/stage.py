# SPDX-License-Identifier: Apache-2.0
"""
A few members on a stage, driven step by step by a script in words; what happens is told.

A script (``tests/consensus/scripts/*.txt``) is a series of steps: lines with commands, a line
``----``, what came of them, an empty line. ``#`` begins a remark. Commands::

    members 1 2 3 learners 4      start these; who is no learner is provisioned as voter
    timeout 2                     let the clock run to the election time-out of 2, which campaigns
    tick 50 [members]             let so many milliseconds pass
    send 1 [to 2 3]               show the row of 1, and the entries wanted of it, to all linked
    sync 1 2                      let the disks of these write
    settle                        rows, entries and disks in rounds, until nothing changes
    run 400                       let so many milliseconds pass, beat by beat, each settled
    quietly COMMAND               the same, telling only what members have become
    propose 1 x                   append a command at leader 1
    change 1 voters 1 2 learners 3   the same with a configuration
    transfer 1 to 2               hand leadership over
    read 2                        ask for a linearizable read at 2
    islands 1 2 | 3               cut all links between the groups
    crash 3, start 3              what was not synced is lost
    compact 1                     1 takes a snapshot of what it has applied
    weak 2                        2 is short of battery
    status                        tell everything of everybody

Told are the messages that a row turns into, as ``1 > 2 3: ...``, entries committed, reads done,
and what a member has become. Times, attempts and serials are left out: they are chance.
"""

from __future__ import annotations

from collections.abc import Iterator
import random

from swarm_coordination.consensus.compacting import configuration_bytes, configuration_from
from swarm_coordination.consensus.configuration import Configuration
from swarm_coordination.consensus.messages import (
    Append,
    AppendResponse,
    Heartbeat,
    HeartbeatResponse,
    Message,
    ReadAnswer,
    ReadRequest,
    TermNotice,
    TimeoutNow,
    VoteRequest,
    VoteResponse,
)
from swarm_coordination.consensus.quorum import Membership
from swarm_coordination.consensus.raft import Raft
from swarm_coordination.consensus.settings import RaftSettings
from swarm_coordination.errors import ProposalRefused
from swarm_coordination.mesh.consensus_rows import append_from_item, ConsensusRows, items_after
from swarm_coordination.mesh.rows import Identity
from swarm_coordination.persistence import Entry, EntryKind, Provision, Record, SnapshotRecord
from swarm_coordination.storage.replay import Replay
from swarm_coordination.units import NS_PER_MS

SETTINGS = RaftSettings()
ROUNDS_MAX = 50


def told(message: Message) -> str:
    """Return a message in words, without what is chance."""
    match message:
        case VoteRequest(_, term, index, last, pre, _, forced):
            kind = 'pre-vote' if pre else 'vote, as told by the leader' if forced else 'vote'
            return f'asks for a {kind} in term {term}, log ends {last}/{index}'
        case VoteResponse(_, term, candidate, pre, _):
            return f'{"would vote" if pre else "votes"} for {candidate} in term {term}'
        case Heartbeat(term, _, _, commit, index, last):
            return f'leads term {term}, log ends {last}/{index}, commit {commit}'
        case HeartbeatResponse(_, term, leader, _):
            return f'follows {leader} in term {term}'
        case Append(term, index, last, entries):
            held = ' '.join(f'{entry.term}/{entry.index}' for entry in entries)
            return f'entries of the leader of {term} after {last}/{index}: {held}'
        case AppendResponse(_, term, index):
            return f'holds {index} of the leader of {term}'
        case TermNotice(_, term):
            return f'is in term {term}'
        case TimeoutNow(term, _, target, _):
            return f'tells {target} to stand, in term {term}'
        case ReadRequest(_, _, target, _):
            return f'asks {target} for a read index'
        case ReadAnswer(_, _, asker, _, index):
            return f'answers {asker}: read at {index}'


class Actor:
    """One member with its disk."""

    def __init__(self, member: int, base: Configuration, now: int, lives: int = 1) -> None:
        self.id, self.base, self.lives = member, base, lives
        self.disk = Replay()
        self.pending: list[tuple[int, tuple[Record, ...]]] = []
        self.begin(now)

    def begin(self, now: int) -> None:
        """Start from what the disk holds."""
        self.identity = Identity(f'm{self.id}', self.id, self.lives)
        held = self.disk.recovered(Provision('', self.id, 0, (), b''), '')
        self.snapshot = held.snapshot
        base = self.base
        if held.snapshot is not None:
            base = configuration_from(held.snapshot.configuration) or base
        self.raft = Raft(
            self.id, base, SETTINGS, random.Random(self.id), now,
            hard_state=held.hard_state, snapshot=held.snapshot, entries=held.entries,
        )
        self.applied = held.snapshot[:2] if held.snapshot is not None else (0, 0)
        self.rows = ConsensusRows()
        self.pending.clear()

    def sync(self, now: int) -> bool:
        """Write everything handed out; return whether there was anything."""
        for mark, records in self.pending:
            for record in records:
                self.disk.apply(record)
            self.raft.persisted(mark, now)
        wrote = bool(self.pending)
        self.pending.clear()
        return wrote

    def become(self) -> str:
        """Return what this member is, in words."""
        raft = self.raft
        membership = raft.membership
        voters = ' '.join(map(str, membership.voters))
        learners = f' learners {" ".join(map(str, membership.learners))}'
        leader = f'leader {raft.leader}' if raft.leader else 'no leader'
        base = raft.log.base_index
        first = f'after {raft.log.base_term}/{base} to ' if base else ''
        return (
            f'{self.id}: {raft.role.name.lower()} term {raft.term} {leader} '
            f'log {first}{raft.log.last_term}/{raft.log.last_index} commit {raft.commit} '
            f'voters {voters}{learners if membership.learners else ""}'
        )


class Stage:
    """Members, links and the clock; ``play`` takes a command and yields what came of it."""

    def __init__(self) -> None:
        self.now = 0
        self.actors: dict[int, Actor] = {}
        self.down: dict[int, Actor] = {}
        self.islands: list[set[int]] = []
        self._known: dict[int, str] = {}

    def play(self, line: str) -> Iterator[str]:
        """Carry out one command."""
        verb, _, rest = line.partition(' ')
        if verb == 'quietly':
            for _ in self.play(rest):
                pass
            yield from self.changes()
            return
        try:
            yield from getattr(self, f'do_{verb}')(rest)
        except ProposalRefused as error:
            yield f'refused: {error}'
        for actor in self.actors.values():
            yield from self.collect(actor)

    def changes(self) -> Iterator[str]:
        """Tell what members have become since the last time."""
        for member, actor in sorted(self.actors.items()):
            text = actor.become()
            if self._known.get(member) != text:
                self._known[member] = text
                yield text

    def collect(self, actor: Actor) -> Iterator[str]:
        """Take what came out of a member."""
        ready = actor.raft.ready()
        if ready.records:
            actor.pending.append((ready.mark, ready.records))
        for entry in ready.committed:
            actor.applied = (entry.index, entry.term)
            yield f'{actor.id} commits {entry.term}/{entry.index} {content(entry)}'
        for _ in ready.reads:
            yield f'{actor.id} may read'

    def linked(self, a: int, b: int) -> bool:
        return a != b and (not self.islands or any({a, b} <= group for group in self.islands))

    def show(self, sender: Actor, receivers: list[Actor]) -> Iterator[str]:
        """Let some see the row of ``sender``, then the entries that they want and it can give."""
        section = sender.rows.section(sender.raft)
        said: dict[str, list[int]] = {}
        for actor in receivers:
            for message in actor.rows.messages(sender.identity, section):
                said.setdefault(told(message), []).append(actor.id)
                actor.raft.step(message, self.now)
        for actor in receivers:
            want = actor.raft.want
            if want is None or want[0] != sender.raft.term:
                continue
            record = sender.snapshot
            if want[1] < sender.raft.log.base_index and record is not None:
                text = f'a snapshot at {record.term}/{record.index}'
                said.setdefault(text, []).append(actor.id)
                if actor.raft.install(record, sender.raft.term, self.now):
                    actor.snapshot, actor.applied = record, record[:2]
            for item in items_after(sender.raft, want[1], 10_000):
                append = append_from_item(item)
                said.setdefault(told(append), []).append(actor.id)
                actor.raft.step(append, self.now)
        for text, to in said.items():
            yield f'{sender.id} > {" ".join(map(str, to))}: {text}'
        for actor in receivers:
            yield from self.collect(actor)

    def named(self, text: str) -> list[Actor]:
        """Return the members that a text names, all for none."""
        numbers = [int(word) for word in text.split()]
        return [self.actors[n] for n in numbers or sorted(self.actors)]

    # ---------------------------------------------------------------- commands

    def do_members(self, rest: str) -> Iterator[str]:
        voters, _, learners = rest.partition('learners')
        electors, others = ([int(n) for n in part.split()] for part in (voters, learners))
        base = Configuration(0, Membership.of(electors, others))
        for member in (*electors, *others):
            self.actors[member] = Actor(member, base, self.now)
        yield from ()

    def do_timeout(self, rest: str) -> Iterator[str]:
        (actor,) = self.named(rest)
        self.now = max(self.now, actor.raft.next_deadline())
        actor.raft.tick(self.now)
        yield from self.collect(actor)

    def do_tick(self, rest: str) -> Iterator[str]:
        ms, _, members = rest.partition(' ')
        self.now += int(ms) * NS_PER_MS
        for actor in self.named(members):
            actor.raft.tick(self.now)
            yield from self.collect(actor)

    def do_send(self, rest: str) -> Iterator[str]:
        (sender,) = self.named(rest.partition(' to ')[0])
        receivers = [a for a in self.named(rest.partition(' to ')[2])
                     if self.linked(sender.id, a.id)]
        yield from self.show(sender, receivers)

    def do_sync(self, rest: str) -> Iterator[str]:
        for actor in self.named(rest):
            actor.sync(self.now)
            yield from self.collect(actor)

    def do_settle(self, _: str) -> Iterator[str]:
        for _ in range(ROUNDS_MAX):
            lines, wrote = [], False
            for actor in self.named(''):
                lines += self.collect(actor)
                wrote |= actor.sync(self.now)
                lines += self.collect(actor)
                others = [b for b in self.named('') if self.linked(actor.id, b.id)]
                lines += self.show(actor, others)
            yield from lines
            if not lines and not wrote:
                return
        yield 'and so on, without end'

    def do_run(self, rest: str) -> Iterator[str]:
        for _ in range(int(rest) * NS_PER_MS // SETTINGS.heartbeat_period_ns):
            self.now += SETTINGS.heartbeat_period_ns
            for actor in self.named(''):
                actor.raft.tick(self.now)
            yield from self.do_settle('')

    def do_propose(self, rest: str) -> Iterator[str]:
        member, _, text = rest.partition(' ')
        self.actors[int(member)].raft.propose(text.encode(), self.now)
        yield from ()

    def do_change(self, rest: str) -> Iterator[str]:
        member, _, lists = rest.partition(' voters ')
        voters, _, learners = lists.partition('learners')
        membership = Membership.of(map(int, voters.split()), map(int, learners.split()))
        self.actors[int(member)].raft.propose_membership(membership, self.now)
        yield from ()

    def do_transfer(self, rest: str) -> Iterator[str]:
        member, _, target = rest.partition(' to ')
        self.actors[int(member)].raft.transfer(int(target), self.now)
        yield from ()

    def do_read(self, rest: str) -> Iterator[str]:
        self.actors[int(rest)].raft.read(self.now)
        yield from ()

    def do_weak(self, rest: str) -> Iterator[str]:
        self.actors[int(rest)].raft.weaken(True)
        yield from ()

    def do_islands(self, rest: str) -> Iterator[str]:
        self.islands = [{int(n) for n in part.split()} for part in rest.split('|')]
        yield from ()

    def do_crash(self, rest: str) -> Iterator[str]:
        self.down[int(rest)] = self.actors.pop(int(rest))
        yield from ()

    def do_start(self, rest: str) -> Iterator[str]:
        actor = self.actors[int(rest)] = self.down.pop(int(rest))
        actor.lives += 1
        actor.begin(self.now)
        yield from ()

    def do_compact(self, rest: str) -> Iterator[str]:
        (actor,) = self.named(rest)
        index, term = actor.applied
        configuration = configuration_bytes(actor.raft.configuration_at(index))
        actor.snapshot = SnapshotRecord(index, term, configuration, b'%d' % index)
        actor.raft.took_snapshot(actor.snapshot)
        yield from ()

    def do_status(self, _: str) -> Iterator[str]:
        self._known = {}
        yield from self.changes()


def content(entry: Entry) -> str:
    """Return what an entry holds, in a word."""
    if entry.kind is EntryKind.CONFIGURATION:
        return 'a configuration'
    return repr(entry.payload.decode()) if entry.payload else 'nothing'
