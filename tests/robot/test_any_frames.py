# SPDX-License-Identifier: Apache-2.0
"""
Whatever comes under a valid tag, a robot goes on: it raises nothing and keeps its promises.

Who holds the key and lies is outside the model: it may make a robot believe what is not so. It
must not end the robot, nor make it break what it has promised on its disk, nor grow without
bound. Frames are drawn near to what the robot is in (its term, its log, its neighbours), so
that they get past the mesh into election, log and mission.
"""

from __future__ import annotations

from collections import deque
import gc
import hashlib
import random
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Annotated, Any

from hypothesis import given, Phase, settings
from hypothesis import strategies as st
from robot.swarm_of_robots import CLUSTER_ID, CONFIG_HASH, KEY, provision, put
from swarm_coordination.bounds import Counter, COUNTER_MAX, ID_MAX, RobotId, Size
from swarm_coordination.consensus.compacting import configuration_bytes
from swarm_coordination.consensus.configuration import Configuration, configuration_payload
from swarm_coordination.consensus.messages import Role
from swarm_coordination.consensus.quorum import Membership
from swarm_coordination.errors import FrameError, ProposalRefused
from swarm_coordination.mesh.rows import (
    Accusation,
    Beacon,
    ConsensusSection,
    Digest,
    Fragment,
    Frame,
    FrameHeader,
    Heard,
    Identity,
    LogItem,
    PAYLOAD_MAX,
    SnapshotKey,
    SnapshotOffer,
    SnapshotPart,
    SnapshotWant,
    StopFlag,
    Want,
)
from swarm_coordination.mesh.selves import FRAMES_MAX
from swarm_coordination.mesh.settings import MeshSettings
from swarm_coordination.mesh.transfer import snapshot_key, Transfer
from swarm_coordination.mission.client_commands import ClientOpen
from swarm_coordination.mission.commands import (
    AssignSlots,
    ClientCommand,
    encode_command,
    Envelope,
    LiftStop,
    Put,
    RosterRemove,
    StartMission,
    TransferLeadership,
)
from swarm_coordination.mission.formations import Formation
from swarm_coordination.mission.snapshot import encode_state, StateValues
from swarm_coordination.mission.task_commands import TaskAdd, TaskClaim
from swarm_coordination.persistence import (
    EntryRecord,
    fresh,
    HardState,
    IncarnationRecord,
    Record,
    SnapshotRecord,
)
from swarm_coordination.robot.coordinator import Coordinator
from swarm_coordination.robot.settings import RobotSettings
from swarm_coordination.robot.snapshots import pack
from swarm_coordination.units import NS_PER_MS, NS_PER_S
from swarm_coordination.views import Pose
from swarm_coordination.wire.codec import WireCodec
from wire.frames import values

OWN, OTHER, THIRD, STRANGER = 1000, 1001, 1002, 2000
ROBOTS_MAX = 4
CODEC = WireCodec(KEY, CLUSTER_ID, CONFIG_HASH)
ELSEWHERE = WireCodec(KEY, CLUSTER_ID, CONFIG_HASH + 1)

COMMANDS = (
    StartMission('patrol', Formation('line', 3000), ((0, 0, 0), (9000, 0, 0)), 500, 5000),
    AssignSlots(1, 0, (OWN, OTHER)),
    LiftStop(((OWN, 2**20 + 1), (OTHER, 5))),
    LiftStop(((OWN, COUNTER_MAX),)),
    Put('a', 'x'),
    RosterRemove(OTHER),
    RosterRemove(OWN),
    TransferLeadership(OWN),
    TaskAdd('scan', 5_000),
    TaskClaim('scan'),
    ClientOpen(10_000),
    ClientCommand(1, 1, Put('b', 'y')),
)
BARE = [encode_command(command) for command in COMMANDS]
MEMBERS = [
    ((OWN,), ()), ((OTHER,), (OWN,)), ((OWN, OTHER), ()), ((OWN, OTHER, THIRD), (STRANGER,)),
]
CONFIGURATIONS = [configuration_payload(Membership.of(*lists)) for lists in MEMBERS]
ENVELOPES = [
    Envelope(session, serial, 7, command).encode()
    for session, serial in ((0, 0), (OWN, 1), (OTHER, 1), (OTHER, 2)) for command in BARE
]
BROKEN = [
    b'{}', b'1 1 1', b'01 1 1\n', b'0 0 0\n\xff', b'1001 1 1\n', b'1001 1 1\n[]',
    b'1001 1 1\n{"', b'1001 1 1\n{"kind":1}', b'1001 1 9007199254740992\n{"kind":"hold"}',
    b'1001 1 1\n' + b'[' * 600, b'1001 1 1\n{"expected":1e400,"key":"a","kind":"put","value":"x"}',
]
PAYLOADS = st.sampled_from([b'', *BARE, *ENVELOPES, *CONFIGURATIONS, *BROKEN]) | st.binary(
    min_size=1, max_size=20
)
STATE = SnapshotRecord(
    6, 2, configuration_bytes(Configuration(1, Membership.of((OWN, OTHER, THIRD)))),
    encode_state(StateValues(index=6, term=2)),
)
SNAPSHOT = pack(STATE, 2)
KEY_OF_IT = snapshot_key(6, 2, SNAPSHOT)
CHUNKS = Transfer(KEY_OF_IT, SNAPSHOT)

NOBODYS = FrameHeader(CLUSTER_ID, CONFIG_HASH, Identity('x', 1, 1), 1)
NUMBERS = st.integers(0, 5) | st.sampled_from([COUNTER_MAX, COUNTER_MAX - 1, 2**32, 2**33])
IDS = st.sampled_from([0, OWN, OTHER, OTHER, THIRD, STRANGER, ID_MAX])
IDENTITIES = st.builds(
    Identity,
    st.sampled_from(['robot1', 'robot2', 'robot3', 'x']),
    IDS,
    st.sampled_from([1, 1, 1, 2, 0, COUNTER_MAX]),
)
LIKELY = {
    Counter: NUMBERS,
    RobotId: IDS,
    Identity: IDENTITIES,
    SnapshotKey: st.just(KEY_OF_IT)
    | st.builds(SnapshotKey, NUMBERS, NUMBERS, IDS, st.integers(1, 2000)),
    Annotated[bytes, Size(0, PAYLOAD_MAX)]: PAYLOADS,
    Annotated[bytes, Size(1, PAYLOAD_MAX)]: PAYLOADS.filter(bool),
}
LEADER, FOLLOWER = Identity('robot2', OTHER, 1), Identity('robot3', THIRD, 1)
SENDERS = st.sampled_from([LEADER, FOLLOWER]) | IDENTITIES

# What a member would send, in any role, term and with any log: a section of its row, and items.
SECTIONS = st.builds(
    lambda version, term, role, vote, last, commit, beat: ConsensusSection(
        version, term, role, vote, vote, last, term, commit, beat, term, last,
        term + 1, 1, OWN, term + 1, 1, 1,
    ),
    st.integers(1, 9),
    st.integers(1, 4),
    st.sampled_from([Role.LEADER, Role.CANDIDATE, Role.PRE_CANDIDATE, Role.FOLLOWER]),
    st.sampled_from([OWN, OTHER, THIRD]),
    st.integers(0, 5),
    st.integers(0, 6),
    NUMBERS,
)
ITEMS = st.builds(
    LogItem, st.integers(1, 4), st.integers(1, 6), st.integers(1, 4), st.integers(0, 3), PAYLOADS,
    st.sampled_from([0, 0, 0, 1]),
)
SAID = st.builds(
    lambda owner, section, items: Frame(
        NOBODYS, (Fragment(owner, 0, None, section),), (), tuple(items)
    ),
    st.sampled_from([LEADER, FOLLOWER]),
    SECTIONS,
    st.lists(ITEMS, max_size=5),
)
ANYTHING = values(Frame, (), {**LIKELY, FrameHeader: st.just(NOBODYS)})
FRAMES = st.tuples(
    SENDERS, SAID | SAID | ANYTHING, st.sampled_from([True, True, True, False])
)
DAMAGE = st.lists(st.tuples(st.integers(0, 600), st.integers(0, 2), st.binary(max_size=3)),
                  min_size=1, max_size=3)
ENTRIES = st.lists(
    st.tuples(st.sampled_from(ENVELOPES), st.just(0))
    | st.tuples(st.sampled_from(CONFIGURATIONS), st.just(1))
    | st.tuples(st.sampled_from(BROKEN), st.just(0))
    | st.tuples(PAYLOADS, st.sampled_from([0, 1])),
    min_size=1, max_size=5,
)
ACTIONS = st.one_of(
    FRAMES,
    st.tuples(FRAMES, DAMAGE),
    st.tuples(st.just('lead'), ENTRIES, st.integers(0, 2)),
    st.sampled_from([2, 10, 60, 60, 250, 900]),  # ms that pass
    st.sampled_from(['sync', 'sync', 'propose', 'stop', 'read', 'again']),
    st.sampled_from(['depose', 'lie', 'stand', 'compact']),
)


class Watched:
    """A coordinator whose every output is checked against what it promised before."""

    def __init__(self, voters: int) -> None:
        configured = RobotSettings(
            mesh=MeshSettings(robots_max=ROBOTS_MAX), config_hash=CONFIG_HASH
        )
        self.now, self.counter = NS_PER_S, 0
        held = fresh(provision(voters, 0))
        self.core = Coordinator(held, configured, CODEC, random.Random(1), self.now)
        self.tokens: list[int] = []
        self.term, self.vote, self.incarnation, self.sent = 0, 0, 0, (0, 0)
        self.applied = 0
        self.last = b''
        self.log: list[tuple[int, bytes, int]] = []  # of a leader: term, payload, kind
        self.leader_term, self.beat, self.heartbeat = 2, 0, 0

    def lead(self, entries: Any, behind: int) -> None:
        """Let a leader append entries to its log, and show it with the items, as a true one."""
        term = self.leader_term
        self.log += [(term, payload, kind) for payload, kind in entries]
        terms = [0, *(entry[0] for entry in self.log)]
        items = [
            LogItem(term, index, terms[index], terms[index - 1], payload, kind)
            for index, (_, payload, kind) in enumerate(self.log, 1)
        ]
        self._show(Frame(NOBODYS, items=tuple(items[-10:])), behind)

    def compact(self) -> None:
        """Let the leader's log be a snapshot alone, offered until it is taken."""
        self.log = [(STATE.term, b'', 0)] * STATE.index
        part = SnapshotPart(SnapshotOffer(KEY_OF_IT, 0), None, (CHUNKS.chunk(0),))
        for _ in range(6):
            self._show(Frame(NOBODYS, snapshot=part), 0)
            self.act('sync')
            self.act(200)

    def stand(self) -> None:
        """Let two stand in one term, as if their leader had asked both, then lead in it both."""
        self.leader_term = term = self.core.term + 1
        for role in (Role.CANDIDATE, Role.LEADER):
            for owner in (LEADER, FOLLOWER):
                self.beat += 1
                voted, leader = owner.storage_id, owner.storage_id * (role is Role.LEADER)
                section = ConsensusSection(
                    self.beat, term, role, voted, leader, 9, term, 0, self.beat * bool(leader),
                    0, 0, 0, 0, 0, 0, 0, 1, role is Role.CANDIDATE,
                )
                part = Fragment(owner, 0, self._beacon(), section)
                self.hear(owner, Frame(NOBODYS, (part,)), True)
            self.act('sync')

    def _show(self, frame: Frame, behind: int) -> None:
        self.beat += 1
        last, term = len(self.log), self.leader_term
        section = ConsensusSection(
            self.beat, term, Role.LEADER, OTHER, OTHER, last, term, max(0, last - behind),
            self.beat, term, last, 0, 0, 0, 0, 0, 1,
        )
        parts = (Fragment(LEADER, 0, self._beacon(), section),)
        self.hear(LEADER, frame._replace(fragments=parts), True)

    def _beacon(self) -> Beacon:
        """Return a beacon that echoes the robot's newest: what comes with it is young."""
        heard = (Heard(OWN, self.sent[0], self.heartbeat, True),) if self.heartbeat else ()
        return Beacon(self.beat, True, 3000, 0, 0, 0, 0, 0, 0, 0, heard)

    def hear(self, sender: Identity, frame: Frame, alike: bool, damage: Any = ()) -> None:
        """Let it receive a frame under a valid tag, with its body damaged where so asked."""
        self.counter += 1
        codec = CODEC if alike else ELSEWHERE
        header = FrameHeader(CLUSTER_ID, CONFIG_HASH + (not alike), sender, self.counter)
        data = codec.encode(frame._replace(header=header))
        if damage:
            body = bytearray(data[34:])
            for at, length, new in damage:
                at %= len(body) + 1
                body[at:at + length] = new
            data = signed(data[:18], bytes(body))
        self.receive(data)

    def receive(self, data: bytes) -> None:
        """Let it receive bytes: refused and counted, or taken."""
        self.last = data
        before = self.core.status(self.now).frames_rejected
        try:
            CODEC.decode(data)
            refused = 0
        except FrameError:
            refused = 1
        self.core.receive(data, self.now)
        counted = self.core.status(self.now).frames_rejected - before
        assert counted >= refused
        self.check()

    def act(self, action: Any) -> None:
        """Do one thing to it."""
        if isinstance(action, int):
            self.now += action * NS_PER_MS
            self.core.observe(Pose(0.0, 0.0, 0.0, 0.0), (0.0, 0.0, 0.0), self.now)
            self.core.tick(self.now)
        elif action == 'sync':
            for token in self.tokens:
                self.core.persisted(token, self.now)
            self.tokens = []
        elif action in ('propose', 'read', 'stop'):
            try:
                self._ask(action)
            except ProposalRefused:
                pass
        elif action == 'depose':  # the next leader lacks what is not committed
            self.leader_term += 1
            self.log = self.log[:self.core.commit]
        elif action == 'lie':  # a leader that lacks what is
            self.leader_term += 1
            self.log = []
        elif action in ('compact', 'stand'):
            getattr(self, action)()
        elif action[0] == 'lead':
            self.lead(*action[1:])
        elif action == 'again':
            self.receive(self.last)
        elif isinstance(action[0], Identity):
            self.hear(*action)
        else:
            self.hear(*action[0], action[1])
        self.check()

    def _ask(self, what: str) -> None:
        if what == 'read':
            self.core.read(self.now)
        elif what == 'stop':
            self.core.stop(1, self.now)
        else:
            self.core.propose(put('mine', 'x'), self.now)

    def check(self) -> None:
        """Compare what came out with all that came out before."""
        out = self.core.poll()
        for request in out.persist:
            self.tokens.append(request.token)
            for record in request.records:
                self._record(record)
        for data in out.frames:
            frame = CODEC.decode(data)
            header = frame.header
            for part in frame.fragments:
                if part.owner == header.sender and part.beacon is not None:
                    self.heartbeat = part.beacon.heartbeat
            assert len(data) <= MeshSettings().mtu_bytes
            assert self.sent < (header.sender.incarnation, header.counter)
            self.sent = (header.sender.incarnation, header.counter)
        for event in out.events:
            if event.kind == 'snapshot_installed':
                assert event.value > self.applied
                self.applied = event.value
        for entry in out.committed:
            assert entry.index == self.applied + 1
            self.applied = entry.index
        status = self.core.status(self.now)
        assert self.applied == status.applied <= self.core.commit
        assert len(self.core.table.neighbors) <= ROBOTS_MAX

    def _record(self, record: Record) -> None:
        if isinstance(record, HardState):
            assert record.term >= self.term, 'a term went back'
            assert record.term > self.term or self.vote in (0, record.vote), 'voted twice'
            self.term, self.vote = record
        elif isinstance(record, IncarnationRecord):
            assert record.incarnation > self.incarnation
            self.incarnation = record.incarnation
        elif isinstance(record, EntryRecord):
            assert record.entry.index > self.applied, 'an applied entry is replaced'


def signed(prefix: bytes, body: bytes) -> bytes:
    """Put a valid tag between a prefix and any body."""
    mac = hashlib.blake2b(prefix + body, key=KEY, digest_size=16, person=b'swarm-mesh')
    return prefix + mac.digest() + body


# Not made smaller where it fails: that would take minutes.
@settings(max_examples=60, phases=(Phase.explicit, Phase.generate))
@given(st.sampled_from([1, 3, 3]), st.lists(ACTIONS, min_size=10, max_size=40))
def test_whatever_comes_under_a_valid_tag_a_robot_goes_on_and_keeps_its_promises(
    voters: int, actions: list[Any]
) -> None:
    watched = Watched(voters)
    watched.act('sync')
    for action in actions:
        watched.act(action)
    for _ in range(20):  # and still speaks
        watched.act('sync')
        watched.act(60)
    assert watched.sent > (0, 0)


def flood(watched: Watched, strangers: int) -> None:
    """Let strangers, each heard once, say of themselves and of others all there is to say."""
    for number in range(strangers):
        who = Identity(f'x{number}', 10_000 + number, 1)
        other = Identity(f'y{number}', 30_000 + number, 1)
        accused = (Accusation(OTHER, 1, COUNTER_MAX), Accusation(number, 1, 1))
        heard = (Heard(20_000 + number, 1, 5, True),)
        beacon = Beacon(1, True, 3000, 0, 0, 0, 0, 0, 0, 0, heard, accused)
        key = SnapshotKey(number + 1, 1, number + 1, 5000)
        said = Frame(
            NOBODYS,
            fragments=(Fragment(who, 0, beacon), Fragment(other, 0, beacon)),
            stops=(StopFlag(40_000 + number, 1, 1),),
            items=(LogItem(2, number + 1, 1, 1, b'x', 0),),
            digests=(Digest(50_000 + number, 1, 1, 1, 1, 1),),
            want=Want(2, number),
            snapshot=SnapshotPart(SnapshotOffer(key, 1), SnapshotWant(key, OWN, b'\0'), ()),
        )
        watched.hear(who, said, True)
        watched.act(5)


def largest(root: object) -> int:
    """Return the length of the largest container that ``root`` holds, by whatever way."""
    code = (type, ModuleType, FunctionType, BuiltinFunctionType)
    seen, left, length = {id(root)}, [root], 0
    while left:
        for held in gc.get_referents(left.pop()):
            if id(held) in seen or isinstance(held, code):
                continue
            seen.add(id(held))
            left.append(held)
            if isinstance(held, (dict, list, set, tuple, deque)):
                length = max(length, len(held))
    return length


def test_strangers_without_end_fill_no_memory_without_end() -> None:
    watched = Watched(3)
    for action in (60, 'sync', 60):
        watched.act(action)
    watched.lead((), 0)  # its beacon echoes ours: it is alive, and keeps its place in the table
    assert watched.heartbeat
    flood(watched, FRAMES_MAX + 100)
    assert largest(watched.core) <= FRAMES_MAX  # own frames: nothing else is remembered as long
