# SPDX-License-Identifier: Apache-2.0
"""``swarm force-new-cluster`` changes all of a robot's disk that it has to, or nothing."""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
from pathlib import Path
import random
import resource
import shutil

import pytest
from storage.power import laid_down, REMAINS, run_until_cut
from swarm_coordination.cli.main import main
from swarm_coordination.persistence import Entry, EntryRecord, HardState, Recovered
from swarm_coordination.robot.forcing import forced_records
from swarm_coordination.storage.provision import make_cluster
from swarm_coordination.storage.recovery import read_only
from swarm_coordination.storage.replay import Replay
from swarm_coordination.storage.store import Storage

PROVISION = make_cluster(('robot1', 'robot2', 'robot3'), random.Random(1))[0]
HELD = (HardState(1, 9), *(EntryRecord(Entry(index, 1, b'x' * 40)) for index in range(1, 151)))


def stopped(robot: Path) -> Path:
    return laid_down(robot, PROVISION, HELD)


def force(robot: Path) -> int:
    return main(['force-new-cluster', str(robot), '--confirm', 'robot1'])


def started(robot: Path) -> Recovered:
    storage, recovered = Storage.recover(robot)
    storage.close()
    return recovered


def test_a_power_cut_at_any_step_leaves_the_disk_as_it_was_or_the_new_cluster_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = Replay(HELD).recovered(PROVISION, '')
    forced = Replay((*HELD, *forced_records(before))).recovered(PROVISION, '')
    steps = len(run_until_cut(monkeypatch, stopped(tmp_path / 'whole'), -1, force).changes)
    assert steps >= 5
    seen = []
    for at in range(steps + 1):
        power = run_until_cut(monkeypatch, stopped(tmp_path / 'robot'), at, force)
        for written, named in REMAINS:
            left = power.remains(tmp_path / 'left', written, named)
            where = f'cut at {power.changes[-1]} {at}, contents {written}, names {named}'
            for _ in range(2):  # what the start itself writes must hold as well
                seen.append(started(left))
                assert seen[-1] in (before, forced), where
                assert power.is_off or seen[-1] == forced, where
            shutil.rmtree(left)
        shutil.rmtree(tmp_path / 'robot')
    assert before in seen and forced in seen


@contextlib.contextmanager
def room(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond ``size`` bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_disk_too_full_to_force_a_new_cluster_stays_as_it_was_and_the_operator_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    robot = stopped(tmp_path / 'robot')
    before = read_only(robot)
    names = {path.name for path in robot.iterdir()}
    size = (robot / 'log-1').stat().st_size
    for more in range(0, 400, 10):
        with room(size + more):
            status = force(robot)
        if status == 0:
            break
        assert status == 1 and 'File too large' in capsys.readouterr().err
        assert read_only(robot) == before
        assert started(robot) == before
        assert {path.name for path in robot.iterdir()} == names  # and gives the room back
    assert more >= 50 and status == 0
    assert started(robot) == Replay((*HELD, *forced_records(before))).recovered(PROVISION, '')
