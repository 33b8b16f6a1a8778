# SPDX-License-Identifier: Apache-2.0
"""Entries, snapshots, hashes and disks as docs/wire.md has them, against what robots made."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
import random
import re
from typing import TypeVar

import pytest
from swarm_coordination.area.shapes import Area, box, cylinder
from swarm_coordination.configuration.groups import with_area
from swarm_coordination.consensus.compacting import configuration_bytes
from swarm_coordination.consensus.configuration import Configuration, configuration_of
from swarm_coordination.consensus.quorum import Membership
from swarm_coordination.mission.blackboard import BoardValue, BoardValues, Tombstone
from swarm_coordination.mission.commands import encode_command, Envelope, StartMission
from swarm_coordination.mission.formations import Formation, Layout
from swarm_coordination.mission.sessions import Client, Session
from swarm_coordination.mission.snapshot import encode_state, Mission, StateValues
from swarm_coordination.mission.tasks import Task
from swarm_coordination.persistence import (
    Entry,
    EntryKind,
    EntryRecord,
    ForfeitRecord,
    HardState,
    IncarnationRecord,
    IntentRecord,
    IntentSettled,
    Record,
    RequestRecord,
    SnapshotRecord,
    StopRecord,
)
from swarm_coordination.robot.settings import RobotSettings
from swarm_coordination.robot.snapshots import pack
from swarm_coordination.storage.provision import make_cluster, write_provision
from swarm_coordination.storage.store import Storage
from wire.by_the_page import disks, logs, tables
from wire.flown import fly, told

Kind = TypeVar('Kind', bound=Record)


def recorded(kind: type[Kind]) -> list[Kind]:
    """Return all records of a kind that the robots of the run wrote."""
    return [record for disk in fly().records for record in disk if isinstance(record, kind)]


def test_every_entry_of_the_run_is_read_alike_and_written_byte_for_byte() -> None:
    sessions = set()
    configurations = 0
    for record in recorded(EntryRecord):
        entry = record.entry
        if entry.kind is EntryKind.CONFIGURATION:
            read = logs.read_membership(entry.payload)
            known = configuration_of(entry)
            assert known is not None
            assert (read.forced, *read[1:]) == (known.forced, *known.membership)
            assert logs.write_membership(read) == entry.payload
            configurations += 1
            continue
        envelope = logs.read_command(entry.payload)
        assert logs.write_command(envelope) == entry.payload
        if envelope is not None:
            assert Envelope.decode(entry.payload)[:3] == envelope[:3]
            sessions.add(envelope.session)
    # The leader's own and those of several robots; who joined late became a learner.
    assert 0 in sessions and len(sessions) > 3 and configurations > 0


def test_items_in_the_air_hold_what_the_disks_hold() -> None:
    held = {(r.entry.term, r.entry.index): r.entry.payload for r in recorded(EntryRecord)}
    known = 0
    for _, frame in told():
        for item in frame.body['items']:
            assert item['payload'] == held.get((item['term'], item['index']), item['payload'])
            known += (item['term'], item['index']) in held
    assert known > 50


def test_snapshots_put_together_from_the_air_have_their_hash_and_are_read() -> None:
    keys: dict[int, dict[str, int]] = {}
    chunks: dict[int, dict[int, bytes]] = {}
    for _, frame in told():
        part = frame.body['snapshot'] or {'chunks': []}
        for said in (part.get('offer'), part.get('want')):
            if said:
                keys[said['key']['digest']] = said['key']
        for chunk in part['chunks']:
            held = chunks.setdefault(chunk['digest'], {})
            held.setdefault(chunk['number'], chunk['data'])
    whole = 0
    for digest, parts in chunks.items():
        key = keys[digest]
        data = b''.join(parts[number] for number in sorted(parts))
        assert len(parts) == -(-key['size'] // 512) > 1 and len(data) == key['size']
        assert logs.snapshot_digest(key['index'], key['term'], data) == digest
        snapshot = logs.read_snapshot(data)
        assert (snapshot.state['index'], snapshot.state['term']) == (key['index'], key['term'])
        assert logs.write_snapshot(snapshot) == data
        whole += 1
    assert whole > 0


def test_snapshots_of_the_disks_cross_the_mesh_as_the_page_has_it() -> None:
    keys = set()
    for record in recorded(SnapshotRecord):
        data = pack(record, 77)
        snapshot = logs.read_snapshot(data)
        assert snapshot.taken_in == 77 and logs.write_snapshot(snapshot) == data
        assert logs.canonical(snapshot.state) == record.state
        membership = Membership(snapshot.membership.voters, snapshot.membership.learners)
        known = Configuration(snapshot.configured_at, membership, snapshot.membership.forced)
        assert configuration_bytes(known) == record.configuration
        keys |= set(snapshot.state)
    listed = re.findall(r'^\| ((?:`\w+`(?:, )?)+) \|', tables.section(6), re.MULTILINE)
    named = set(re.findall(r'`(\w+)`', ' '.join(listed)))
    assert keys == named - {'layout'}  # which stands there where a formation was shrunk


MISSION = StartMission('row', Formation('line', 3000), ((0, 0, 0),), 400, 60_000)
FULL = StateValues(
    index=90, term=5, log_time_ms=70, mission=Mission(7, MISSION, True, False), epoch=8,
    slots=(11, 0, 12), sessions=((11, Session(9, 0b101101111, 'version 3')),),
    clients=((20, Client(Session(2, 0b10, 'done'), 10_000, 60)),),
    board=BoardValues((('a', BoardValue('é', 4)),), (('b', Tombstone(2, 33)),), 6),
    tasks=(('scan', Task(5_000, 'far', 12, 40, 65, True, 'seen')),),
    lifted=((11, 2**21),), removed=(13,), layout=Layout(300, (-5, 6)),
)


def test_a_state_with_everything_in_it_is_read_by_the_names_of_the_page() -> None:
    data = encode_state(FULL)
    state = json.loads(data)
    assert logs.canonical(state) == data
    told = logs.by_name(state)
    assert logs.took_effect(told['sessions'][11]) == {
        serial for serial in range(1, 10) if FULL.sessions[0][1].took_effect(serial)
    }
    assert told['sessions'][11] == [9, '16f', 'version 3']
    assert {**told['clients'][20], 'session': 0} == {
        'session': 0, 'ttl_ms': 10_000, 'used_ms': 60
    }
    assert logs.took_effect(told['clients'][20]['session']) == {1}
    assert told['values'] == {'a': {'value': 'é', 'version': 4}}
    assert told['deletions'] == {'b': {'version': 2, 'index': 33}} and told['forgotten'] == 6
    assert told['tasks'] == {'scan': FULL.tasks[0][1]._asdict()}
    assert told['lifted'] == {11: 2**21} and told['layout'] == [300, [-5, 6]]
    assert told['mission'] == {
        'index': 7, 'command': encode_command(MISSION).decode(), 'held': True, 'aborted': False
    }
    assert (state['slots'], state['removed']) == ([11, 0, 12], [13])
    assert (state['epoch'], state['log_time_ms']) == (8, 70)


def shelves(area: Area) -> list[object]:
    """Return an area as the page writes it."""
    pieces = [[[*map(list, corners)], *rest] for corners, *rest in area.obstacles]
    return [pieces, [*map(list, area.zone)], area.low_m, area.high_m]


def test_the_configuration_hash_follows_from_the_tables_of_parameters() -> None:
    shared = tables.shared_settings()
    assert set(shared) == {'consensus', 'control', 'membership', 'mesh', 'mission'}
    bare = with_area(RobotSettings(), Area())
    assert logs.configuration_hash(shared) == bare.config_hash
    area = Area((box((1.0, 2.0), (3.0, 0.1), 0.3, name='Kiste Ä'), cylinder((0.5, 1e-05), 2.0)),
                ((0.0, 0.0), (9.0, 0.0), (9.0, 9.0)), 0.0, 20.0)
    there = with_area(RobotSettings(), area)
    assert logs.configuration_hash(shared, shelves(area)) == there.config_hash != bare.config_hash


ONE_OF_EACH: tuple[Record, ...] = (
    HardState(2**40, 2**61),
    EntryRecord(Entry(1, 1, b'')),
    EntryRecord(Entry(2, 3, b'1 1 5\n{"kind":"hold"}')),
    EntryRecord(Entry(3, 3, b'\0\1' + bytes(8) + b'\0', EntryKind.CONFIGURATION)),
    IncarnationRecord(7),
    StopRecord(2**62 - 1, 2**53 - 1, 3),
    IntentRecord(1, b'{}'),
    IntentRecord(2, b'{"kind":"hold"}', 'günther'),
    RequestRecord(1, 'anna'),
    IntentSettled(1),
    ForfeitRecord('a copy of its disk was in use'),
)


def test_a_provision_has_the_check_of_its_fields(tmp_path: Path) -> None:
    (provision,) = make_cluster(['r1'], random.Random(3))
    write_provision(tmp_path, provision)
    fields = json.loads((tmp_path / 'provision.json').read_text())
    check = fields.pop('check')
    assert hashlib.blake2b(logs.canonical(fields), digest_size=8).hexdigest() == check
    assert fields['format'] == 2 and bytes.fromhex(fields['key']) == provision.key


def test_a_disk_is_read_and_written_byte_for_byte(tmp_path: Path) -> None:
    (provision,) = make_cluster(['r1'], random.Random(3))
    write_provision(tmp_path, provision)
    storage, _ = Storage.recover(tmp_path)
    storage.append(ONE_OF_EACH)
    storage.sync()
    first = check_files(tmp_path, 1, provision.storage_id)
    assert [record[0] for record in first.records] == [type(r).__name__ for r in ONE_OF_EACH]
    fields = [(kind, *values.values()) for _, kind, values in first.records]
    assert fields[0] == (1, 2**40, 2**61) and fields[5] == (4, 2**62 - 1, 2**53 - 1, 3)
    assert fields[2] == (2, 2, 3, b'1 1 5\n{"kind":"hold"}') and fields[3][0] == 7
    assert fields[7] == (10, 2, 'günther'.encode(), b'{"kind":"hold"}')
    assert fields[8] == (11, 1, b'anna') and fields[10] == (9, b'a copy of its disk was in use')
    state = recorded(SnapshotRecord)[0]
    storage.append([state])
    storage.sync()
    storage.close()
    second = check_files(tmp_path, 2, provision.storage_id)
    (snapshot,) = [values for _, kind, values in second.records if kind == 8]
    assert tuple(snapshot.values()) == tuple(state)
    kinds = {record[1] for record in (*first.records, *second.records)}
    assert kinds == set(disks.RECORDS)


def check_files(folder: Path, number: int, storage_id: int) -> disks.Log:
    """Read log and mark by the page, write them again, and return the log."""
    data = (folder / f'log-{number}').read_bytes()
    log = disks.read_log(data)
    assert disks.write_log(log) == data and log[:2] == (number, storage_id)
    mark = (folder / 'mark').read_bytes()
    slots = [disks.read_slot(mark[at:at + 4096]) for at in (0, 4096)]
    newest = max(slots)
    assert (newest.number, newest.offset, newest.chain) == (number, log.end, log.chain)
    assert slots.index(newest) == newest.sequence % 2 and newest.damaged == 0
    for at, slot in zip((0, 4096), slots):
        assert disks.write_slot(slot) == mark[at:at + 41]
    return log


@pytest.mark.parametrize('damage', [10, 33, 60])
def test_a_flipped_byte_of_a_log_is_seen_by_the_page(tmp_path: Path, damage: int) -> None:
    (provision,) = make_cluster(['r1'], random.Random(3))
    write_provision(tmp_path, provision)
    storage, _ = Storage.recover(tmp_path)
    storage.append(ONE_OF_EACH)
    storage.sync()
    storage.close()
    data = bytearray((tmp_path / 'log-1').read_bytes())
    data[damage] ^= 1
    with pytest.raises(AssertionError):
        disks.read_log(bytes(data))
