# SPDX-License-Identifier: Apache-2.0
"""Loads keep their window and tell what they came to; real members are measured and all ended."""

from __future__ import annotations

import json
import os
from pathlib import Path
import sys
import time

import psutil
import pytest
from swarm_coordination.benchmarks.cluster import disk, measure, systems
from swarm_coordination.benchmarks.cluster.driver import Members
from swarm_coordination.benchmarks.cluster.etcd_member import etcd_command
from swarm_coordination.benchmarks.cluster.load import Load
from swarm_coordination.live.domain import claimed_domain


class Taker:
    """Takes what it is offered, as long as there is room."""

    def __init__(self, room: int) -> None:
        self.room, self.taken, self.now = room, 0, 0.0
        self.load = Load(self._propose, lambda: self.now, lambda: f'{self.taken} wait')

    def _propose(self, size: int) -> bool:
        if self.taken >= self.room:
            return False
        self.taken += 1
        return True

    def apply(self) -> None:
        self.taken -= 1
        self.load.applied()
        self.load.fill()


def told(capsys) -> dict:
    """Return the one load that was told of."""
    (line,) = capsys.readouterr().out.splitlines()
    return json.loads(line)['load']


def test_one_command_after_the_other_gives_its_latencies(capsys):
    taker = Taker(10)
    taker.load.start(window=1, size=100, count=3, seconds=60.0)
    for seconds in (0.1, 0.2, 0.3):
        assert taker.taken == 1
        taker.now += seconds
        taker.apply()

    assert told(capsys)['latencies'] == pytest.approx([0.1, 0.2, 0.3])
    assert taker.taken == 0


def test_a_window_is_kept_full_and_never_overfilled_and_ends_in_time(capsys):
    taker = Taker(1000)
    taker.load.start(window=50, size=100, count=10**9, seconds=1.0)
    for _ in range(20):
        taker.load.tick()
    assert taker.taken == 50
    for _ in range(30):
        taker.apply()
        assert taker.taken <= 50
    taker.now = 1.5
    taker.load.tick()
    taker.apply()

    assert told(capsys) | {'latencies': []} == {
        'seconds': 1.5, 'done': 30, 'latencies': [], 'state': '50 wait'}


def test_what_is_not_taken_is_offered_again(capsys):
    taker = Taker(2)
    taker.load.start(window=5, size=100, count=4, seconds=60.0)
    for _ in range(4):
        assert taker.taken <= 2
        taker.apply()

    assert told(capsys)['done'] == 4


def test_s_is_measured_on_real_storages(tmp_path):
    syncs = disk.median_syncs(tmp_path, writers=2, rounds=9)
    assert 0.0 < syncs.one < 10.0 and 0.0 < syncs.durable < 10.0
    assert (tmp_path / 'writer1').is_dir()


def test_a_system_that_is_not_installed_is_a_row_that_says_how_to_get_it(monkeypatch, tmp_path):
    monkeypatch.setattr(systems, 'pysyncobj_is_there', lambda: False)
    monkeypatch.setattr(systems, 'etcd_is_there', lambda: False)
    rows = list(measure._others(tmp_path, measure.QUICK))

    assert [(row.row, row.values) for row in rows] == [('pysyncobj', ()), ('etcd', ())]
    assert rows[0].title == 'skipped: PySyncObj is not installed (make compare)'
    assert rows[1].title == 'skipped: etcd is not installed (apt-get install etcd-server)'
    assert not measure.missed(rows)


def test_every_member_of_etcd_is_told_of_all_and_keeps_a_disk_of_its_own(tmp_path):
    peers = {'etcd1': 7001, 'etcd2': 7002}
    commands = [etcd_command(name, tmp_path, 8000, peers) for name in peers]

    clusters = {command[command.index('--initial-cluster') + 1] for command in commands}
    assert clusters == {'etcd1=http://127.0.0.1:7001,etcd2=http://127.0.0.1:7002'}
    assert len({command[command.index('--data-dir') + 1] for command in commands}) == 2


@pytest.mark.slow
def test_etcd_is_started_measured_killed_and_ended(tmp_path):
    if not systems.etcd_is_there():
        pytest.skip('etcd is not installed (apt-get install etcd-server)')
    with systems.etcd(tmp_path / 'etcd', 3) as members:
        leader = members.leader()
        assert members.all[leader].load(1, 100, 5, 30.0)['done'] == 5
        assert members.outage() > 0.05
        assert members.leader() != leader


MEMBER = """
import json, sys, time
print(json.dumps({'leader': 'a', 'term': int(sys.argv[1]), 'at': time.monotonic()}), flush=True)
time.sleep(600)
"""


def test_members_agree_only_where_all_name_one_leader_that_runs_and_none_is_left(tmp_path):
    def command(term: int) -> list[str]:
        return [sys.executable, '-c', MEMBER, str(term)]

    for terms, leader in ((('3', '3'), 'a'), (('3', '4'), '')):
        commands = {name: command(term) for name, term in zip('ab', terms)}
        with Members(commands, dict(os.environ), tmp_path) as members:
            pids = [child.pid for child in psutil.Process().children()]
            deadline = time.monotonic() + 30.0
            while not all(one.leader[1] for one in members.all.values()):
                assert time.monotonic() < deadline
                time.sleep(0.01)
            assert members.agreed() == leader
            assert members.agreed(above=3) == ''
            members.all['a'].kill()
            assert members.agreed() == ''
        assert not any(psutil.pid_exists(pid) for pid in pids)


@pytest.mark.slow
def test_five_processes_elect_commit_and_survive_their_leader(tmp_path: Path):
    pytest.importorskip('cyclonedds', reason='cyclonedds is not installed')
    with claimed_domain(os.getpid()) as domain, \
            systems.ours(tmp_path / 'ours', domain, 5, 'lab') as members:
        leader = members.leader()
        time.sleep(3.0)
        leader = members.leader()
        assert members.all[leader].load(1, 100, 5, 30.0)['done'] == 5
        assert 0.05 < members.outage() < 10.0
        assert members.leader() != leader
