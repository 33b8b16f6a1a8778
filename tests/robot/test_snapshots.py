# SPDX-License-Identifier: Apache-2.0
"""Robots take snapshots, start from them, and catch up by them; nothing applied is lost by it."""

from __future__ import annotations

from dataclasses import replace
import random
import string
from types import SimpleNamespace

from hypothesis import given, settings
from hypothesis import strategies as st
import pytest
from robot.swarm_of_robots import Disk, provision, put, RobotsOnOneRadio
from swarm_coordination.consensus.compacting import configuration_bytes
from swarm_coordination.consensus.configuration import Configuration
from swarm_coordination.consensus.messages import Role
from swarm_coordination.consensus.settings import RaftSettings
from swarm_coordination.mesh.draft import Draft
from swarm_coordination.mesh.rows import (
    FrameHeader,
    Identity,
    SnapshotOffer,
    SnapshotPart,
    SnapshotWant,
)
from swarm_coordination.mesh.settings import MeshSettings
from swarm_coordination.mesh.snapshots import SnapshotExchange
from swarm_coordination.mesh.transfer import snapshot_key
from swarm_coordination.mission.snapshot import SNAPSHOT_BYTES_MAX
from swarm_coordination.mission.state import MissionState
from swarm_coordination.persistence import (
    Entry,
    EntryRecord,
    fresh,
    PersistRequest,
    SnapshotRecord,
)
from swarm_coordination.robot.settings import RobotSettings
from swarm_coordination.robot.snapshots import pack, Snapshots, STALLED_NS, start_from, unpack
from swarm_coordination.units import NS_PER_S
from swarm_coordination.wire.codec import WireCodec

EVERY = 10
# A small cache of log items, so that a log that was compacted is not served from there.
OFTEN = RobotSettings(
    mesh=replace(MeshSettings(), items_max=32),
    consensus=replace(RaftSettings(), snapshot_entries=EVERY),
)


def started(count: int = 3) -> RobotsOnOneRadio:
    swarm = RobotsOnOneRadio(count, OFTEN)
    swarm.run(3.0)
    return swarm


def busy(swarm: RobotsOnOneRadio, commands: int, by: int, first: int = 0) -> None:
    """Let robot ``by`` submit so many commands, in groups that a row can show."""
    for start in range(first, first + commands, 5):
        for number in range(start, min(start + 5, first + commands)):
            swarm.robot(by).propose(put(f'k{number % 20}', f'{number}'), swarm.now)
        swarm.run(0.5)


def alike(swarm: RobotsOnOneRadio) -> bool:
    """Whether all running robots have applied as far, to the same state."""
    statuses = [robot.status(swarm.now) for robot in swarm.robots if robot is not None]
    return len({(s.applied, s.state_hash) for s in statuses}) == 1


def test_robots_compact_their_logs_and_show_where_they_begin():
    swarm = started()
    busy(swarm, 60, by=0)
    swarm.run(1.0)
    assert alike(swarm)
    for at in range(3):
        status = swarm.status(at)
        assert status.snapshot_index > 40
        assert 1 < status.first_index <= status.snapshot_index - EVERY + 1
        assert status.last_index - status.first_index < 3 * EVERY
        held = swarm.disks[at].held
        assert held.snapshot is not None and held.snapshot.index == status.snapshot_index
        assert len(held.entries) < 2 * EVERY


def test_snapshots_of_one_index_are_the_same_bytes_on_all_robots():
    swarm = started()
    seen: dict[int, set[bytes]] = {}
    for _ in range(8):
        busy(swarm, 10, by=1)
        for disk in swarm.disks:
            record = disk.held.snapshot
            if record is not None:
                seen.setdefault(record.index, set()).add(record.state)
    assert len(seen) >= 5
    assert all(len(states) == 1 for states in seen.values())


def test_a_restarted_robot_goes_on_from_its_snapshot_and_says_so():
    swarm = started()
    busy(swarm, 40, by=0)
    swarm.run(1.0)
    before, snapshot = swarm.status(2), swarm.disks[2].held.snapshot
    assert snapshot is not None
    swarm.kill(2)
    swarm.committed[2].clear()
    swarm.events[2].clear()
    swarm.start(2)
    assert swarm.status(2).applied == snapshot.index
    swarm.run(3.0)
    assert alike(swarm)
    jumps = [event for event in swarm.events[2] if event.kind == 'snapshot_installed']
    assert [event.value for event in jumps] == [snapshot.index]
    busy(swarm, 5, by=0)
    assert swarm.committed[2][0].index == snapshot.index + 1
    assert swarm.status(2).applied >= before.applied


def test_a_robot_that_was_away_for_long_takes_a_snapshot_of_another():
    swarm = started()
    swarm.kill(2)
    busy(swarm, 80, by=0)
    assert swarm.status(0).first_index > swarm.disks[2].held.entries[-1].index + 1
    swarm.events[2].clear()
    swarm.committed[2].clear()
    swarm.start(2)
    swarm.run(6.0)
    assert alike(swarm)
    busy(swarm, 5, by=0)
    jump = next(event for event in swarm.events[2] if event.kind == 'snapshot_installed')
    following = [entry.index for entry in swarm.committed[2]]
    assert following[0] == jump.value + 1
    assert following == list(range(following[0], following[-1] + 1))
    snapshot = swarm.disks[2].held.snapshot
    assert snapshot is not None and snapshot.index >= jump.value


def test_a_wiped_robot_catches_up_without_a_vote():
    swarm = started()
    busy(swarm, 50, by=0)
    swarm.kill(2)
    swarm.disks[2] = Disk(fresh(provision(3, 2))._replace(may_vote=False, reason='missing'))
    swarm.start(2)
    swarm.run(6.0)
    assert alike(swarm)
    assert not swarm.status(2).may_vote
    assert 'snapshot_installed' in swarm.kinds(2)


def test_a_command_that_the_snapshot_holds_is_settled_and_takes_effect_once():
    swarm = started()
    serial = swarm.robot(2).propose(put('mine', 'once'), swarm.now)
    swarm.run(0.05)  # on disk and shown, hardly committed
    held = swarm.disks[2].held
    assert [record.serial for record in held.intents] == [serial]
    disk = Disk(fresh(provision(3, 2)))
    for record in (held.hard_state, *held.intents):
        disk.waiting.append(PersistRequest(1, (record,)))
    disk.sync()
    swarm.run(0.5)
    swarm.kill(2)  # what it applied since is on no disk: it comes back with the intent alone
    swarm.disks[2] = disk
    busy(swarm, 50, by=0)
    swarm.events[2].clear()
    swarm.start(2)
    swarm.run(6.0)
    assert alike(swarm)
    assert swarm.status(2).pending_intents == 0
    assert [e.value for e in swarm.events[2] if e.kind == 'applied'] == [serial]
    assert sum(command == put('mine', 'once') and applied
               for command, applied in swarm.values_put(0)) == 1


def test_a_command_queued_while_away_still_takes_effect_after_the_snapshot():
    swarm = started()
    swarm.cut = {2}
    swarm.run(1.0)
    swarm.robot(2).propose(put('late', 'yes'), swarm.now)
    busy(swarm, 60, by=0)
    swarm.cut = set()
    swarm.run(8.0)
    assert alike(swarm)
    assert 'snapshot_installed' in swarm.kinds(2)
    assert (put('late', 'yes'), True) in swarm.values_put(0)
    assert swarm.status(2).pending_intents == 0


def test_stops_lifted_and_robots_removed_meanwhile_are_so_after_the_snapshot():
    swarm = started(4)
    swarm.robot(0).stop(1, swarm.now)
    swarm.run(0.5)
    swarm.kill(3)
    swarm.robot(0).propose(swarm.robot(0).coordinator.lift_command(), swarm.now)
    swarm.run(1.0)
    busy(swarm, 60, by=0)
    assert swarm.status(0).mode.name != 'STOPPED'
    swarm.start(3)
    swarm.run(0.2)
    assert swarm.status(3).mode.name == 'STOPPED'  # by its disk
    swarm.run(6.0)
    assert 'snapshot_installed' in swarm.kinds(3)
    assert swarm.status(3).mode.name != 'STOPPED'


# ---------------------------------------------------------------- what a disk gives back


def recovered(state: bytes, configuration: bytes | None = None):
    base = Configuration.provisioned((1000, 1001, 1002))
    record = SnapshotRecord(
        9, 2, configuration_bytes(base) if configuration is None else configuration, state
    )
    disk = Disk(fresh(provision(3, 0)))
    disk.waiting.append(PersistRequest(1, (record,)))
    disk.sync()
    return disk.held


def state_at(index: int) -> bytes:
    state = MissionState()
    for number in range(1, index + 1):
        state.apply(number, 2, b'')
    return state.snapshot()


def test_a_snapshot_on_disk_is_where_a_robot_starts():
    start = start_from(recovered(state_at(9)))
    assert start.state is not None and start.state.index == 9
    assert start.recovered.may_vote


@pytest.mark.parametrize(('state', 'configuration'), [
    (b'{"format": "of a newer version"}', None),
    (state_at(8), None),  # another index than the record says
    (state_at(9), b'nonsense'),
])
def test_a_snapshot_that_cannot_be_read_makes_a_learner_with_its_promises(state, configuration):
    start = start_from(recovered(state, configuration))
    assert start.state is None
    left = start.recovered
    assert not left.may_vote and 'cannot be read' in left.reason
    assert left.entries == () and left.snapshot is None
    swarm = RobotsOnOneRadio(3, OFTEN)
    swarm.run(2.0)
    busy(swarm, 30, by=1)
    swarm.kill(0)
    disk = Disk(fresh(provision(3, 0)))
    disk.waiting.append(PersistRequest(1, (recovered(state, configuration).snapshot,)))
    disk.sync()
    swarm.disks[0] = disk
    swarm.start(0)
    swarm.run(6.0)
    assert alike(swarm)
    assert not swarm.status(0).may_vote
    # The snapshot on its disk is another's now, and readable. What it acknowledged is still lost.
    assert swarm.disks[0].held.snapshot is not None
    swarm.kill(0)
    swarm.start(0)
    swarm.run(2.0)
    assert not swarm.status(0).may_vote


@pytest.mark.parametrize(('configured', 'from_a_snapshot'), [(None, False), (OFTEN, True)])
def test_what_a_robot_fetches_in_place_of_a_snapshot_that_it_cannot_read_survives_a_restart(
    configured, from_a_snapshot
):
    swarm = RobotsOnOneRadio(3, configured)
    swarm.run(2.0)
    busy(swarm, 30, by=1)
    swarm.kill(0)
    disk = Disk(fresh(provision(3, 0)))
    unreadable = SnapshotRecord(10_000, 1, b'', b'of a newer version')
    disk.waiting.append(PersistRequest(1, (unreadable, EntryRecord(Entry(10_001, 1, b'')))))
    disk.sync()
    swarm.disks[0] = disk
    swarm.start(0)
    swarm.run(6.0)
    assert alike(swarm)
    swarm.kill(0)
    held = swarm.disks[0].held
    assert (held.snapshot is not None) is from_a_snapshot
    assert held.snapshot is None or start_from(held).state is not None
    assert held.entries[-1].index == swarm.status(1).commit
    assert not held.may_vote and 'at entry 10000 cannot be read' in held.reason


def test_a_robot_without_a_vote_forfeits_what_it_cannot_read_all_the_same():
    start = start_from(recovered(b'of a newer version')._replace(may_vote=False, reason='lost'))
    assert start.forfeits


# ---------------------------------------------------------------- what crosses the mesh


RECORDS = st.builds(
    SnapshotRecord, st.integers(1, 2**53 - 1), st.integers(0, 2**53 - 1),
    st.binary(max_size=600), st.binary(max_size=5_000),
)


@settings(max_examples=100)
@given(RECORDS, st.integers(0, 2**53 - 1))
def test_what_is_packed_is_unpacked(record, taken_in):
    data = pack(record, taken_in)
    assert unpack(snapshot_key(record.index, record.term, data), data) == (record, taken_in)


@settings(max_examples=200)
@given(RECORDS, st.binary(max_size=40), st.integers(0, 200))
def test_bytes_that_are_no_snapshot_are_refused(record, noise, cut):
    for data in (noise, pack(record, 3)[:cut], pack(record, 3) + b'x'):
        if data != pack(record, 3):
            assert unpack(snapshot_key(1, 1, data or b'x'), data) is None


def test_a_snapshot_that_would_unfold_beyond_its_bound_is_refused():
    bomb = SnapshotRecord(1, 1, b'', bytes(SNAPSHOT_BYTES_MAX + 1))
    data = pack(bomb, 1)
    assert len(data) < 1_000
    assert unpack(snapshot_key(1, 1, data), data) is None
    whole = bomb._replace(state=bytes(SNAPSHOT_BYTES_MAX))
    data = pack(whole, 1)
    assert unpack(snapshot_key(1, 1, data), data) == (whole, 1)


def test_a_snapshot_with_the_right_hash_and_a_wrong_state_is_counted_and_changes_nothing():
    swarm = started()
    swarm.cut = {2}
    busy(swarm, 60, by=0)
    key = swarm.status(0).last_index + 5
    wrong = pack(SnapshotRecord(key, 1, b'', b'{"not": "a state"}'), 1)
    for at in (0, 1):
        exchange = swarm.robot(at).coordinator._mesh.snapshots
        exchange.hold(key, 1, wrong, log_base=key)
    before = swarm.status(2).applied
    swarm.cut = set()
    swarm.run(4.0)
    exchange = swarm.robot(2).coordinator._mesh.snapshots
    assert exchange.faults >= 1
    assert swarm.status(2).applied == before


@pytest.mark.parametrize('unreadable', ['state', 'configuration'])
def test_a_snapshot_that_cannot_be_read_is_pulled_once_told_and_not_handed_on(unreadable):
    swarm = started()
    swarm.kill(2)
    busy(swarm, 60, by=0)
    index, term = swarm.status(0).last_index, swarm.status(0).term
    state = MissionState()
    for number in range(1, index + 6):
        state.apply(number, term, b'')
    configuration = configuration_bytes(Configuration.provisioned((1000, 1001, 1002)))
    record = SnapshotRecord(index + 5, term, configuration, state.snapshot())
    # As a newer version's: whole, and of its hash.
    record = record._replace(**{unreadable: b'{"of": "a newer version"}'})
    for at in (0, 1):
        exchange = swarm.robot(at).coordinator._mesh.snapshots
        exchange.hold(record.index, term, pack(record, term), log_base=record.index)
    swarm.events[2].clear()
    swarm.start(2)
    swarm.run(3.0)
    exchange = swarm.robot(2).coordinator._mesh.snapshots
    assert exchange.faults == 1
    held_back = [event for event in swarm.events[2] if event.kind == 'held_back']
    assert [event.value for event in held_back] == [record.index]
    assert f'cannot read the snapshot at entry {record.index}' in held_back[0].text
    assert exchange.progress is None and not exchange._held  # nor does it hand it on
    swarm.run(5.0)
    assert exchange.faults == 1
    assert not swarm.robot(0).coordinator._mesh.snapshots.is_asked


def test_a_robot_that_was_held_back_takes_the_next_snapshot_that_it_can_read():
    swarm = started()
    swarm.kill(2)
    busy(swarm, 60, by=0)
    index = swarm.status(0).last_index + 5
    wrong = pack(SnapshotRecord(index, 1, b'', b'{"of": "a newer version"}'), 1)
    for at in (0, 1):
        swarm.robot(at).coordinator._mesh.snapshots.hold(index, 1, wrong, log_base=index)
    swarm.events[2].clear()
    swarm.start(2)
    swarm.run(3.0)
    assert 'held_back' in swarm.kinds(2)
    busy(swarm, 30, by=0, first=60)
    swarm.run(6.0)
    assert alike(swarm) and 'snapshot_installed' in swarm.kinds(2)
    assert swarm.status(0).quorum


def filled(count: int) -> tuple[RobotsOnOneRadio, int]:
    """Return robots on a narrow radio with a state that takes seconds to cross; one is away."""
    narrow = replace(OFTEN, mesh=replace(OFTEN.mesh, byte_budget_per_s=6_000))
    swarm = RobotsOnOneRadio(count, narrow)
    swarm.run(2.0)
    away = next(at for at in range(count) if at != swarm.leader())
    swarm.kill(away)
    for number in range(50):
        noise = random.Random(number).choices(string.ascii_letters, k=400)
        swarm.robot(swarm.leader()).propose(put(f'k{number}', ''.join(noise)), swarm.now)
        swarm.run(0.4)
    return swarm, away


def test_elections_end_no_transfer():
    swarm, away = filled(4)
    swarm.start(away)
    exchange = swarm.robot(away).coordinator._mesh.snapshots
    arrived = [0]
    for goal in (5, 10, 15):
        swarm.until(lambda goal=goal: (exchange.progress or (None, 0))[1] >= goal, 20.0)
        leads = swarm.leader()
        target = next(at for at in swarm.living() if at not in (leads, away))
        swarm.robot(leads).coordinator._raft.transfer(1000 + target, swarm.now)
        for _ in range(20):
            swarm.run(0.05)
            assert exchange.progress is not None, f'{arrived[-1]} chunks were thrown away'
            arrived.append(exchange.progress[1])
        assert swarm.leader() == target
    assert arrived == sorted(arrived)
    assert swarm.until(lambda: 'snapshot_installed' in swarm.kinds(away), 20.0)


def test_who_comes_to_lead_while_a_snapshot_is_on_its_way_asks_no_more():
    raft = SimpleNamespace(
        settings=RaftSettings(), is_void=False, want=(5, 40), role=Role.FOLLOWER, commit=40)
    exchange = SnapshotExchange(9, 30_000)
    mesh, nobody = SimpleNamespace(snapshots=exchange), SimpleNamespace()
    member = Snapshots(raft, mesh, nobody, nobody, nobody, print)
    codec, header = WireCodec(bytes(32), 1, 2), FrameHeader(1, 2, Identity('robot9', 9, 1), 1)
    offer = SnapshotPart(offer=SnapshotOffer(snapshot_key(80, 4, bytes(1_500)), 0))

    def wants(now: int) -> bool:
        member.tick(now)
        exchange.hear(8, offer, now)
        draft = Draft(codec, header, 1_200)
        exchange.add(draft, now, beacon_due=True)
        return draft.snapshot is not None and draft.snapshot.want is not None

    assert not wants(0)
    assert wants(STALLED_NS)
    raft.want, raft.role = None, Role.CANDIDATE
    assert wants(NS_PER_S)
    raft.role, raft.commit = Role.LEADER, 101
    assert not any(wants(now) for now in range(2 * NS_PER_S, 5 * NS_PER_S, NS_PER_S // 10))
    assert exchange.progress is None


def test_a_snapshot_crosses_though_others_would_be_due_before_it_has():
    swarm, away = filled(4)
    leads = swarm.leader()
    swarm.start(away)
    for number in range(100):
        swarm.robot(leads).propose(put('counter', f'{number}'), swarm.now)
        swarm.run(0.2)
        if 'snapshot_installed' in swarm.kinds(away):
            break
    assert 'snapshot_installed' in swarm.kinds(away)
    assert swarm.until(lambda: alike(swarm), 5.0)


def test_who_asks_for_a_snapshot_for_ever_does_not_let_the_log_grow_for_ever():
    swarm = started()
    busy(swarm, 20, by=0)
    exchange = swarm.robot(0).coordinator._mesh.snapshots
    want = SnapshotWant(exchange._held[-1].key, exchange._own_id, b'')
    lengths = []
    for number in range(0, 40 * EVERY, 5):
        exchange.hear(9, SnapshotPart(want=want), swarm.now)
        busy(swarm, 5, by=0, first=number)
        status = swarm.status(0)
        lengths.append(status.last_index - status.first_index)
    assert 16 * EVERY < max(lengths) < 2 * 17 * EVERY
    swarm.run(3.0)  # it has gone: what was put off is due
    busy(swarm, 3 * EVERY, by=0)
    assert swarm.status(0).last_index - swarm.status(0).first_index < 3 * EVERY
