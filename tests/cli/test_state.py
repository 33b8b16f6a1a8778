# SPDX-License-Identifier: Apache-2.0
"""``swarm state``: what a robot's disk leads to, from snapshot and log."""

from __future__ import annotations

import json

from mission.log import Log
import pytest
from swarm_coordination.cli.main import main
from swarm_coordination.consensus.compacting import configuration_bytes
from swarm_coordination.consensus.configuration import Configuration
from swarm_coordination.mission.client_commands import ClientOpen
from swarm_coordination.mission.commands import AssignSlots, Put, RosterRemove, StartMission
from swarm_coordination.mission.formations import Formation
from swarm_coordination.mission.task_commands import TaskAdd, TaskClaim, TaskDone
from swarm_coordination.persistence import Entry, EntryRecord, HardState, SnapshotRecord
from swarm_coordination.storage.store import Storage

MISSION = StartMission('patrol', Formation('line', 3000), ((0, 0, 0), (9000, 0, 0)), 500, 5000)


@pytest.fixture
def disk(tmp_path, capsys):
    """Return a robot's folder with a snapshot and a log after it, and the state they lead to."""
    assert main(['provision', str(tmp_path / 'swarm'), '--robots', '3']) == 0
    capsys.readouterr()
    folder = tmp_path / 'swarm' / 'robot1'
    storage, recovered = Storage.recover(folder)
    robot = recovered.provision.storage_id
    log = Log()
    log.submit(MISSION, session=robot)
    log.submit(AssignSlots(1, 1, (robot, 0)), session=0)
    log.submit(Put('area/1', 'free'), session=robot)
    log.submit(TaskAdd('scan', 2_000), session=robot)
    configuration = Configuration.provisioned(v.storage_id for v in recovered.provision.voters)
    snapshot = SnapshotRecord(4, 1, configuration_bytes(configuration), log.state.snapshot())
    log.submit(TaskClaim('scan'), session=robot, stamp_ms=100)
    for name in ('carry', 'wait'):
        log.submit(TaskAdd(name, 2_000), session=robot)
    fence = log.submit(TaskClaim('carry'), session=robot).index
    log.submit(TaskDone('carry', fence, 'put down'), session=robot)
    log.submit(ClientOpen(10_000), session=robot)
    log.submit(RosterRemove(77), session=robot)
    entries = [EntryRecord(Entry(index, 1, payload)) for index, payload in
               enumerate(log.payloads, 1)]
    storage.append([HardState(1, robot), *entries[:4], snapshot, *entries[4:]])
    storage.sync()
    storage.close()
    return folder, log.state


def test_the_state_is_printed_for_people(disk, capsys):
    folder, _ = disk
    assert main(['state', str(folder)]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == 'index      11, term 1, log time 100 ms'
    assert 'mission    patrol, entry 1' in printed
    assert 'slots      epoch 2: robot1, nobody' in printed
    assert "board      area/1 = 'free', version 1" in printed
    assert 'task       scan: held by robot1 until 2100 ms, fence 5' in printed
    assert "task       carry: done: 'put down'" in printed
    assert 'task       wait: free' in printed
    assert 'client     10, last serial 0, last used at 100 ms' in printed
    assert 'session    robot1, last serial 10' in printed
    assert 'removed    77' in printed


def test_json_is_the_state_as_a_snapshot_holds_it(disk, capsys):
    folder, state = disk
    assert main(['state', '--json', str(folder)]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads(state.snapshot())


def test_a_folder_that_is_no_disk_is_refused_in_one_line(tmp_path, capsys):
    assert main(['state', str(tmp_path)]) == 1
    assert capsys.readouterr().err.count('\n') == 1
