# SPDX-License-Identifier: Apache-2.0
"""
The life of snapshots on one robot: taken, written, offered; needed, pulled, installed.

When enough has been applied since the last one, the state's bytes go to the disk as a record among
the others. Once they are durable, Raft shortens its log and the mesh may offer them. A follower
that gets no further by the log for half a second says that it needs a snapshot; one that arrives
whole, is readable and is newer takes the place of log and state. One that is not readable is not
asked for again, and an event says that this robot is held back. What travels is the compressed
state beside the term and the membership it was taken in.
"""

from __future__ import annotations

from collections.abc import Callable
import struct
from typing import NamedTuple
import zlib

from swarm_coordination.consensus.compacting import configuration_bytes, configuration_from
from swarm_coordination.consensus.configuration import Configuration
from swarm_coordination.consensus.log import entry_bytes
from swarm_coordination.consensus.messages import Role
from swarm_coordination.consensus.raft import Raft
from swarm_coordination.epochs import epoch_of
from swarm_coordination.errors import CommandError
from swarm_coordination.mesh.mesh import Mesh
from swarm_coordination.mesh.rows import SnapshotKey
from swarm_coordination.mission.snapshot import decode_state, SNAPSHOT_BYTES_MAX, StateValues
from swarm_coordination.mission.state import MissionState
from swarm_coordination.persistence import Entry, Recovered, SnapshotRecord
from swarm_coordination.robot.submission import Submissions
from swarm_coordination.robot.watches import Watches
from swarm_coordination.units import NS_PER_S

# A log that can serve a follower does so within a few beacons; a snapshot is for the others.
STALLED_NS = NS_PER_S // 2
# While a neighbour pulls a snapshot, the next one is put off to so many times what makes it due.
PUT_OFF_MAX = 16
# Tells of an event: now, kind, text, value (see ``RobotEvent``).
Tell = Callable[[int, str, str, int], None]
_HEAD = struct.Struct('>QI')  # term in which it was taken, length of the configuration


def pack(record: SnapshotRecord, taken_in: int) -> bytes:
    """Return a snapshot as it crosses the mesh."""
    head = _HEAD.pack(taken_in, len(record.configuration))
    return head + record.configuration + zlib.compress(record.state)


def unpack(key: SnapshotKey, data: bytes) -> tuple[SnapshotRecord, int] | None:
    """Return the snapshot in ``data`` and the term it was taken in; None where it holds none."""
    if len(data) < _HEAD.size:
        return None
    taken_in, length = _HEAD.unpack_from(data)
    state_at = _HEAD.size + length
    inflater = zlib.decompressobj()
    try:
        state = inflater.decompress(data[state_at:], SNAPSHOT_BYTES_MAX)
    except zlib.error:
        return None
    if not inflater.eof or inflater.unused_data:
        return None
    return SnapshotRecord(key.index, key.term, data[_HEAD.size:state_at], state), taken_in


class Start(NamedTuple):
    """
    What a robot starts from: what its disk gave back, as far as it can be read.

    ``forfeits``: what it leaves out, it may have acknowledged; the disk has to know, also so that
    what is fetched in its place may start below.
    """

    recovered: Recovered
    configuration: Configuration
    state: StateValues | None
    forfeits: bool = False


def start_from(recovered: Recovered) -> Start:
    """
    Read the snapshot that the disk gave back.

    One that this version cannot read is left out, and the log after it: the robot then is a
    learner, and gets both from others.
    """
    provisioned = Configuration.provisioned(v.storage_id for v in recovered.provision.voters)
    snapshot = recovered.snapshot
    if snapshot is None:
        return Start(recovered, provisioned, None)
    values, configuration = _read(snapshot), configuration_from(snapshot.configuration)
    if values is not None and configuration is not None:
        return Start(recovered, configuration, values)
    reason = f'the snapshot at entry {snapshot.index} cannot be read by this version'
    left = recovered._replace(snapshot=None, entries=(), may_vote=False, reason=reason)
    return Start(left, provisioned, None, forfeits=True)


def _read(record: SnapshotRecord) -> StateValues | None:
    try:
        values = decode_state(record.state)
    except CommandError:
        return None
    return values if (values.index, values.term) == record[:2] else None


class Snapshots:
    """Decides when to take, offer, ask for and install; everything else is done elsewhere."""

    def __init__(
        self,
        raft: Raft,
        mesh: Mesh,
        state: MissionState,
        submissions: Submissions,
        watches: Watches,
        tell: Tell,
    ) -> None:
        self._raft, self._mesh, self._state = raft, mesh, state
        self._submissions, self._watches, self._tell = submissions, watches, tell
        self._exchange = mesh.snapshots
        self._settings = raft.settings
        self._taken: tuple[SnapshotRecord, int] | None = None  # not on disk yet; and its term
        self._entries = self._bytes = 0  # applied since the last was taken
        self._stuck_at: tuple[int, int] | None = None  # what was wanted, and is still
        self._stuck_since = 0
        self._too_long = False
        self._offered: tuple[SnapshotRecord, int] | None = None  # and the term vouched for
        self._void = False  # as the stops that are lifted were told last

    def begin(self, start: Start, now: int) -> None:
        """Go on from the snapshot that the disk gave back, and offer it."""
        if start.state is not None and start.recovered.snapshot is not None:
            self._restore(start.state, now)
            self._offer(start.recovered.snapshot, self._raft.vouched_term)

    def applied(self, entry: Entry) -> None:
        """Count an entry that the state machine has taken."""
        self._entries += 1
        self._bytes += entry_bytes(entry)

    def take_due(self, now: int) -> None:
        """
        Take a snapshot where enough has been applied and none is on its way to the disk.

        Not so soon while a neighbour pulls one: two more would take it, and the log after it, away
        before it has crossed, again and again where commands come faster than chunks.
        """
        settings = self._settings
        times = PUT_OFF_MAX if self._exchange.is_asked else 1
        due = (
            self._entries >= times * settings.snapshot_entries
            or self._bytes >= times * settings.snapshot_bytes
        )
        if not due or self._taken is not None:
            return
        state = self._state
        data = state.snapshot()
        self._entries = self._bytes = 0
        if len(data) > SNAPSHOT_BYTES_MAX:
            if not self._too_long:
                text = f'no snapshot: the state has {len(data)} bytes, {SNAPSHOT_BYTES_MAX} fit'
                self._tell(now, 'refused', text, state.index)
            self._too_long = True
            return
        configuration = configuration_bytes(self._raft.configuration_at(state.index))
        record = SnapshotRecord(state.index, state.term, configuration, data)
        self._taken = (record, self._raft.vouched_term)
        self._raft.took_snapshot(record)

    def persisted(self) -> None:
        """Offer the snapshot that has become durable."""
        if self._taken is not None and self._raft.snapshot_index >= self._taken[0].index:
            record, taken_in = self._taken
            self._taken = None
            if self._raft.snapshot_index == record.index:
                self._offer(record, taken_in)

    def _offer(self, record: SnapshotRecord, taken_in: int) -> None:
        self._offered = (record, taken_in)
        if self._raft.is_void:
            return
        data = pack(record, taken_in)
        self._exchange.hold(record.index, record.term, data, self._raft.log.base_index)

    def tick(self, now: int) -> None:
        """Say whether a snapshot is needed: the log does not go on, or one is on its way."""
        if self._offered is not None and epoch_of(self._offered[1]) < epoch_of(self._raft.term):
            self._renew_offer()
        if self._raft.is_void is not self._void:
            self._follow_liftings()
        want = self._raft.want
        # In a new term nothing is wanted until its leader has been heard: that ends no transfer.
        coming = self._exchange.progress is not None and self._raft.role is not Role.LEADER
        if want is None or want != self._stuck_at:
            self._stuck_at, self._stuck_since = want, now
        stalled = want is not None and now - self._stuck_since >= STALLED_NS
        self._exchange.need(self._raft.commit if stalled or coming else None)

    def _renew_offer(self) -> None:
        """
        Offer nothing in a forced cluster until the own log has been joined to that cluster's.

        From then on what it begins with is part of that cluster's history, and vouched for anew.
        """
        self._exchange.withdraw()
        if self._offered is not None and not self._raft.is_void:
            self._offer(self._offered[0], self._raft.vouched_term)

    def install_arrived(self, now: int) -> bool:
        """Install a snapshot that has arrived; return whether one was: the state jumps then."""
        whole = self._exchange.take_whole()
        if whole is None:
            return False
        key, unpacked = whole[0], unpack(*whole)
        values = _read(unpacked[0]) if unpacked is not None else None
        known = unpacked is not None and configuration_from(unpacked[0].configuration) is not None
        if unpacked is None or values is None or not known:
            self._exchange.faults += 1  # of another version: its hash was right
            self._exchange.renounce(key)
            text = f'cannot read the snapshot at entry {key.index} that others offer: stays at '
            text += f'entry {self._raft.commit} until they offer one that it can read'
            self._tell(now, 'held_back', text, key.index)
            return False
        if epoch_of(unpacked[1]) < epoch_of(self._raft.term):
            self._exchange.renounce(key)  # of a cluster that is void, whatever else it says
        before = epoch_of(self._raft.vouched_term)
        if not self._raft.install(*unpacked, now):
            return False
        self._restore(values, now, was_void=epoch_of(unpacked[1]) > before)
        self._taken = None
        self._entries = self._bytes = 0
        self._offer(*unpacked)
        return True

    def _follow_liftings(self) -> None:
        """Let those stops be lifted that the state says; none while the log is void."""
        self._void = self._raft.is_void
        self._mesh.lift_exactly(() if self._void else self._state.liftings)

    def _restore(self, values: StateValues, now: int, *, was_void: bool = False) -> None:
        """
        Let the state jump, and do for all entries left out what each would have done.

        ``was_void``: the state so far was of a history that a forced cluster has made void.
        """
        first, own_id = self._state.index + 1, self._raft.member
        self._state.become(values)
        self._follow_liftings()
        for robot in values.removed:
            if robot != own_id:
                self._mesh.forget(robot, now)
        self._watches.restored(was_void=was_void)
        text = f'state of entry {values.index} in the place of entries from {first} on'
        self._tell(now, 'snapshot_installed', text, values.index)
        for told in self._submissions.restored():
            self._tell(now, *told)
