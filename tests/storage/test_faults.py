# SPDX-License-Identifier: Apache-2.0
"""Each fault of a disk has one defined answer; the faults are real where a test can make them."""

from __future__ import annotations

from collections.abc import Iterator
import os
from pathlib import Path
import random
import resource
import subprocess
import threading

import pytest
from swarm_coordination.errors import StorageError
from swarm_coordination.persistence import (
    Entry,
    EntryRecord,
    HardState,
    PersistRequest,
    SnapshotRecord,
)
from swarm_coordination.storage.provision import make_cluster, write_provision
from swarm_coordination.storage.recovery import read_only
from swarm_coordination.storage.store import Storage
from swarm_coordination.storage.writer import StorageWriter

PROVISION = make_cluster(('robot1',), random.Random(1))[0]


def entry(index: int) -> EntryRecord:
    return EntryRecord(Entry(index, 1, b'x' * 500))


SNAPSHOT = SnapshotRecord(3, 1, b'', b'state' * 100)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    write_provision(tmp_path / 'robot1', PROVISION)
    return tmp_path / 'robot1'


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a file system of 64 kB."""
    if os.geteuid() != 0:
        pytest.skip('needs root: mounts a tmpfs of 64 kB')
    point = tmp_path / 'small'
    point.mkdir()
    mount = ['mount', '-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', str(point)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip('needs the right to mount a tmpfs')
    yield point
    subprocess.run(['umount', '-l', str(point)], check=True)


@pytest.fixture
def file_limit() -> Iterator[int]:
    """Let no file of this process grow beyond 16 kB."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (16_384, before[1]))
    yield 16_384
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def fill(storage: Storage, first: int = 1) -> int:
    """Append entries until the disk refuses; return the last index that was synced."""
    synced = first - 1
    with pytest.raises(StorageError) as refused:
        for index in range(first, first + 1_000):
            storage.append((entry(index),))
            storage.sync()
            synced = index
    assert 'No space left' in str(refused.value) or 'File too large' in str(refused.value)
    return synced


def test_a_full_disk_stops_the_robot_and_costs_nothing_that_was_synced(small_disk: Path) -> None:
    directory = small_disk / 'robot1'
    write_provision(directory, PROVISION)
    storage, _ = Storage.recover(directory)
    synced = fill(storage)
    assert synced > 10
    with pytest.raises(StorageError, match='No space left'):  # not tried again
        storage.append((HardState(9, 9),))
    storage.close()

    again, recovered = Storage.recover(directory)
    assert recovered.may_vote and len(recovered.entries) == synced
    with pytest.raises(StorageError, match='No space left'):  # a restart makes no room
        again.append((entry(synced + 1), entry(synced + 2)))
    again.close()
    assert len(read_only(directory).entries) == synced


def test_a_disk_too_full_to_compact_keeps_the_log_as_it_was(small_disk: Path) -> None:
    directory = small_disk / 'robot1'
    write_provision(directory, PROVISION)
    storage, _ = Storage.recover(directory)
    storage.append(entry(index) for index in range(1, 70))  # 36 kB: no room for a second file
    storage.sync()
    storage.append((SNAPSHOT, entry(70)))
    with pytest.raises(StorageError, match=r'compaction failed.*No space left'):
        storage.sync()
    storage.close()

    storage, recovered = Storage.recover(directory)  # and gives the room back
    assert recovered.may_vote
    assert recovered.snapshot is None
    assert [e.index for e in recovered.entries] == list(range(1, 70))
    assert [path.name for path in directory.glob('log-*')] == ['log-1']
    storage.append((SnapshotRecord(69, 1, b'', b'small'),))
    storage.sync()
    storage.close()
    assert read_only(directory).entries == ()


def test_a_file_that_may_not_grow_is_a_full_disk(directory: Path, file_limit: int) -> None:
    storage, _ = Storage.recover(directory)
    synced = fill(storage)
    storage.close()
    assert 0 < synced < file_limit / 500
    assert len(read_only(directory).entries) == synced


def test_a_failed_sync_stops_the_writer_and_no_token_comes_back(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage, _ = Storage.recover(directory)
    tokens: list[int] = []
    failures: list[StorageError] = []
    failed = threading.Event()

    def fail(error: StorageError) -> None:
        failures.append(error)
        failed.set()

    def broken(descriptor: int) -> None:
        raise OSError(5, 'Input/output error')

    monkeypatch.setattr(os, 'fdatasync', broken)
    writer = StorageWriter(storage, tokens.extend, fail)
    writer.submit(PersistRequest(1, (entry(1),)))
    assert failed.wait(10)
    assert tokens == []
    assert 'sync failed' in str(failures[0]) and 'Input/output error' in str(failures[0])
    with pytest.raises(StorageError, match='Input/output error'):
        writer.submit(PersistRequest(2, (SNAPSHOT,)))
    with pytest.raises(StorageError, match='Input/output error'):
        writer.close()


@pytest.mark.parametrize('byte', [60, 300, 700])
def test_a_flipped_bit_in_a_snapshot_makes_a_learner_that_keeps_its_promises(
    directory: Path, byte: int
) -> None:
    storage, _ = Storage.recover(directory)
    storage.append((HardState(7, 3), entry(1), entry(2), entry(3), SNAPSHOT, entry(4)))
    storage.sync()
    storage.close()
    (path,) = directory.glob('log-*')
    data = bytearray(path.read_bytes())
    at = data.index(b'statestate') + byte % 400
    data[at] ^= 1
    path.write_bytes(data)

    storage, recovered = Storage.recover(directory)
    storage.close()
    assert not recovered.may_vote and 'damaged at byte' in recovered.reason
    assert recovered.snapshot is None and recovered.entries == ()
    assert recovered.hard_state == HardState(7, 3)
    assert list(directory.glob('*.damaged'))


@pytest.mark.parametrize('missing', ['log', 'mark'])
def test_a_missing_file_makes_a_learner_for_good(directory: Path, missing: str) -> None:
    storage, _ = Storage.recover(directory)
    storage.append((entry(1), entry(2), entry(3), SNAPSHOT, entry(4)))
    storage.sync()
    storage.close()
    for path in directory.glob(f'{missing}*'):
        path.unlink()
    for _ in range(2):
        storage, recovered = Storage.recover(directory)
        storage.close()
        assert not recovered.may_vote and recovered.reason


def test_a_missing_provision_is_named(directory: Path) -> None:
    (directory / 'provision.json').unlink()
    with pytest.raises(StorageError, match=r'provision\.json: missing'):
        Storage.recover(directory)


def test_a_directory_that_cannot_be_written_is_named(directory: Path) -> None:
    if os.geteuid() == 0:
        probe = subprocess.run(
            ['mount', '--bind', '-o', 'ro', str(directory), str(directory)],
            capture_output=True, check=False,
        )
        if probe.returncode:
            pytest.skip('needs the right to mount read-only')
        subprocess.run(
            ['mount', '-o', 'remount,ro,bind', str(directory)], capture_output=True, check=True
        )
    else:
        directory.chmod(0o500)
    try:
        with pytest.raises(StorageError, match='cannot be opened for writing'):
            Storage.recover(directory)
    finally:
        if os.geteuid() == 0:
            subprocess.run(['umount', '-l', str(directory)], check=True)
        else:
            directory.chmod(0o700)


def test_a_full_disk_that_takes_not_even_the_lock_is_named(small_disk: Path) -> None:
    robot = small_disk / 'robot1'
    write_provision(robot, PROVISION)
    (robot / 'lock').write_bytes(b'')  # as a crash leaves it between cutting and writing
    with (small_disk / 'rest').open('wb', buffering=0) as rest, pytest.raises(OSError):
        while True:
            rest.write(bytes(512))
    before = len(os.listdir('/proc/self/fd'))
    with pytest.raises(StorageError, match=f'{robot}: cannot be locked: .*No space left'):
        Storage.recover(robot)
    with pytest.raises(StorageError, match='No space left'):
        write_provision(small_disk / 'robot2', PROVISION)
    assert len(os.listdir('/proc/self/fd')) == before
