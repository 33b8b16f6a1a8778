# SPDX-License-Identifier: Apache-2.0
"""The durable log: nothing synced is lost unnoticed, whatever happens to the bytes."""

from __future__ import annotations

import os
from pathlib import Path
import random
import shutil
import subprocess
import sys

from hypothesis import given, HealthCheck, settings
from hypothesis import strategies as st
import pytest
from swarm_coordination.errors import StorageError
from swarm_coordination.persistence import (
    Entry,
    EntryKind,
    EntryRecord,
    ForfeitRecord,
    fresh,
    HardState,
    IncarnationRecord,
    IntentRecord,
    IntentSettled,
    Record,
    Recovered,
    RequestRecord,
    REQUESTS_MAX,
    SnapshotRecord,
    StopRecord,
)
from swarm_coordination.storage import generation, store
from swarm_coordination.storage.provision import make_cluster, write_provision
from swarm_coordination.storage.recovery import read_only
from swarm_coordination.storage.replay import Replay
from swarm_coordination.storage.store import Storage

PROVISION = make_cluster(('robot1', 'robot2', 'robot3'), random.Random(1))[0]
CONFIGURATION = EntryRecord(Entry(3, 2, b'', EntryKind.CONFIGURATION))


def entry(index: int, term: int = 1, payload: bytes = b'') -> EntryRecord:
    return EntryRecord(Entry(index, term, payload or b'payload %d' % index))


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave syncs out: no test here cuts the power, and each would cost milliseconds."""
    monkeypatch.setattr(os, 'fsync', lambda _: None)
    monkeypatch.setattr(os, 'fdatasync', lambda _: None)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    write_provision(tmp_path / 'robot1', PROVISION)
    return tmp_path / 'robot1'


def write(directory: Path, *batches: tuple[Record, ...], tail: tuple[Record, ...] = ()) -> int:
    """Sync each batch, append ``tail`` without a sync; return the length of the synced part."""
    storage, _ = Storage.recover(directory)
    for batch in batches:
        storage.append(batch)
        storage.sync()
    synced = log_file(directory).stat().st_size
    storage.append(tail)
    storage.close()
    return synced


def log_file(directory: Path) -> Path:
    (path,) = (p for p in directory.glob('log-*') if p.suffix != '.damaged')
    return path


def reopen(directory: Path) -> Recovered:
    """Open, compare with the view that changes nothing, close."""
    seen = read_only(directory)
    storage, recovered = Storage.recover(directory)
    storage.close()
    assert recovered == seen
    return recovered


def test_a_robot_provisioned_and_never_started_is_fresh(directory: Path) -> None:
    assert reopen(directory) == fresh(PROVISION)


def test_everything_written_comes_back(directory: Path) -> None:
    write(
        directory,
        (IncarnationRecord(1), HardState(1, 7)),
        (entry(1), entry(2), entry(3), StopRecord(9, 4, 2), StopRecord(9, 5, 0)),
        (IntentRecord(1, b'a'), IntentRecord(2, b'b'), IntentSettled(1)),
        (HardState(2, 0), entry(2, 2, b'new'), CONFIGURATION),
    )
    recovered = reopen(directory)
    assert recovered.incarnation == 1
    assert recovered.hard_state == HardState(2, 0)
    assert recovered.entries == (entry(1).entry, entry(2, 2, b'new').entry, CONFIGURATION.entry)
    assert recovered.stops == (StopRecord(9, 5, 0),)
    assert recovered.intents == (IntentRecord(2, b'b'),)
    assert recovered.last_serial == 2
    assert recovered.may_vote and recovered.reason == ''


def test_the_last_serial_survives_its_settlement(directory: Path) -> None:
    write(directory, (IntentRecord(5, b'x'), IntentSettled(5)))
    assert reopen(directory).last_serial == 5
    assert reopen(directory).intents == ()


def test_what_callers_named_their_commands_survives_settling_and_compaction(
    directory: Path,
) -> None:
    first, unnamed = IntentRecord(1, b'a', 'one'), IntentRecord(2, b'b')
    last = IntentRecord(3, b'c', 'é')
    write(directory, (first, unnamed, last))
    named = (RequestRecord(1, 'one'), RequestRecord(3, 'é'))
    for _ in range(2):
        recovered = reopen(directory)
        assert recovered.requests == named and recovered.last_serial == 3
        write(directory, (IntentSettled(2), SnapshotRecord(1, 1, b'', b'state')))
    assert reopen(directory).intents == (last,)
    many = tuple(IntentRecord(s, b'd', f'name {s}') for s in range(4, 4 + REQUESTS_MAX))
    write(directory, many)
    assert reopen(directory).requests == tuple(RequestRecord(r.serial, r.request) for r in many)


def test_a_vote_given_up_stays_so_over_restarts_and_compactions(directory: Path) -> None:
    write(directory, (entry(1), HardState(2, 7)), (ForfeitRecord('a copy was in use'),))
    for _ in range(2):
        recovered = reopen(directory)
        assert not recovered.may_vote and recovered.reason == 'a copy was in use'
        assert recovered.hard_state == HardState(2, 7)
        write(directory, (SnapshotRecord(1, 1, b'', b'state'), ForfeitRecord('another reason')))


def test_writing_goes_on_after_a_cut_tail(directory: Path) -> None:
    write(directory, (entry(1),), tail=(entry(2), entry(3)))
    path = log_file(directory)
    os.truncate(path, path.stat().st_size - 3)
    write(directory, (entry(3, 2),))
    assert [e.term for e in reopen(directory).entries] == [1, 1, 2]


RECORDS = st.one_of(
    st.builds(HardState, st.integers(0, 9), st.integers(0, 9)),
    st.builds(StopRecord, st.integers(1, 3), st.integers(0, 9), st.integers(0, 3)),
    st.builds(IntentRecord, st.integers(1, 9), st.binary(min_size=1, max_size=30)),
    st.builds(IncarnationRecord, st.integers(0, 9)),
    st.binary(max_size=30),  # the payload of a next entry
)


def batch(drawn: list[Record | bytes], index: int = 1) -> tuple[Record, ...]:
    """Give the drawn payloads ascending indices from ``index``."""
    records: list[Record] = []
    for record in drawn:
        if isinstance(record, bytes):
            record = EntryRecord(Entry(index, 1, record))
            index += 1
        records.append(record)
    return tuple(records)


@settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.data(), st.lists(RECORDS, max_size=8), st.lists(RECORDS, min_size=1, max_size=8))
def test_any_cut_of_the_unsynced_tail_leaves_a_prefix_with_everything_synced(
    tmp_path: Path, data: st.DataObject, first: list[Record | bytes], second: list[Record | bytes]
) -> None:
    directory = tmp_path / 'cut'
    shutil.rmtree(directory, ignore_errors=True)
    write_provision(directory, PROVISION)
    synced = batch(first)
    tail = batch(second, 1 + sum(isinstance(r, EntryRecord) for r in synced))
    boundary = write(directory, synced, tail=tail)
    path = log_file(directory)
    cut = data.draw(st.integers(boundary, path.stat().st_size))
    os.truncate(path, cut)
    with path.open('ab') as torn:  # a torn write may leave anything behind
        torn.write(data.draw(st.binary(max_size=12)))
    recovered = reopen(directory)
    prefixes = [
        Replay(synced + tail[:length]).recovered(PROVISION, '') for length in range(len(tail) + 1)
    ]
    assert recovered in prefixes
    assert reopen(directory) == recovered


@settings(
    max_examples=120,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.data(), st.lists(RECORDS, min_size=1, max_size=8))
def test_any_flipped_bit_below_the_mark_costs_the_vote_for_good(
    tmp_path: Path, data: st.DataObject, drawn: list[Record | bytes]
) -> None:
    directory = tmp_path / 'flip'
    shutil.rmtree(directory, ignore_errors=True)
    write_provision(directory, PROVISION)
    boundary = write(directory, batch(drawn), tail=(IncarnationRecord(3),))
    flip(log_file(directory), data.draw(st.integers(0, 8 * boundary - 1)))
    recovered = reopen(directory)
    assert not recovered.may_vote and recovered.reason
    again = reopen(directory)  # now from the new file, which is in order
    assert again == recovered._replace(reason=again.reason) and not again.may_vote
    assert list(directory.glob('*.damaged'))


def flip(path: Path, bit: int) -> None:
    data = bytearray(path.read_bytes())
    data[bit // 8] ^= 1 << bit % 8
    path.write_bytes(data)


@pytest.mark.parametrize('lost', [1, 10, 10_000])
def test_a_log_shorter_than_its_mark_does_not_vote(directory: Path, lost: int) -> None:
    size = write(directory, (HardState(1, 7), entry(1)), (entry(2),))
    os.truncate(log_file(directory), max(0, size - lost))
    recovered = reopen(directory)
    assert not recovered.may_vote
    assert 'shorter than its high-water mark' in recovered.reason


def test_a_log_that_is_gone_does_not_vote(directory: Path) -> None:
    write(directory, (entry(1),))
    log_file(directory).unlink()
    assert not reopen(directory).may_vote


def test_a_mark_that_is_gone_costs_the_vote_but_not_the_log(directory: Path) -> None:
    write(directory, (entry(1),))
    (directory / 'mark').unlink()
    recovered = reopen(directory)
    assert not recovered.may_vote and len(recovered.entries) == 1
    assert not reopen(directory).may_vote


@pytest.mark.parametrize('slot', [0, 4096])
def test_one_torn_slot_of_the_mark_is_survived(directory: Path, slot: int) -> None:
    write(directory, (entry(1),), (entry(2),))
    for broken in (slot, 4096 - slot):  # mended at the start, so the other may go later
        flip(directory / 'mark', 8 * (broken + 20))
        recovered = reopen(directory)
        assert recovered.may_vote and len(recovered.entries) == 2


def test_the_log_of_another_robot_is_not_taken_for_the_own(tmp_path: Path) -> None:
    for provision in make_cluster(('robot1', 'robot2'), random.Random(2)):
        write_provision(tmp_path / provision.name, provision)
        write(tmp_path / provision.name, (HardState(3, 7),))
    for name in ('log-1', 'mark'):
        shutil.copy(tmp_path / 'robot1' / name, tmp_path / 'robot2' / name)
    assert not reopen(tmp_path / 'robot2').may_vote


def test_a_superseded_log_is_rewritten_at_start(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = write(directory, tuple(HardState(n, 0) for n in range(500)), (entry(1),))
    monkeypatch.setattr(store, 'REWRITE_MIN_BYTES', 4096)
    before = read_only(directory)
    assert reopen(directory) == before
    assert log_file(directory).stat().st_size < size / 10
    write(directory, (entry(2),))
    assert reopen(directory).entries == (entry(1).entry, entry(2).entry)


def test_a_crash_while_rewriting_leaves_the_old_log(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(directory, tuple(HardState(n, 0) for n in range(500)), (entry(1),))
    before = read_only(directory)
    monkeypatch.setattr(store, 'REWRITE_MIN_BYTES', 4096)

    def power_cut(*_: object) -> None:
        raise OSError('power cut')

    with monkeypatch.context() as patched:
        patched.setattr(generation, 'write_mark', power_cut)
        with pytest.raises(StorageError, match='power cut'):
            Storage.recover(directory)
    assert reopen(directory) == before
    log_file(directory)  # exactly one is left


def test_a_second_process_is_refused(directory: Path) -> None:
    storage, _ = Storage.recover(directory)
    program = (
        'import sys, pathlib; from swarm_coordination.storage.store import Storage; '
        'Storage.recover(pathlib.Path(sys.argv[1]))'
    )
    source = str(Path(store.__file__).parents[2])
    done = subprocess.run(
        [sys.executable, '-c', program, str(directory)],
        env={**os.environ, 'PYTHONPATH': source},
        capture_output=True,
        text=True,
        check=False,
    )
    assert f'in use by another process (pid {os.getpid()})' in done.stderr
    storage.close()
    reopen(directory)


def test_the_mark_is_written_after_the_log_is_synced_and_synced_itself(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage, _ = Storage.recover(directory)
    calls: list[tuple[str, str]] = []

    def traced(name: str) -> None:
        real = getattr(os, name)

        def call(descriptor: int, *rest: object) -> object:
            calls.append((name, Path(os.readlink(f'/proc/self/fd/{descriptor}')).name))
            return real(descriptor, *rest)

        monkeypatch.setattr(os, name, call)

    for name in ('write', 'pwrite', 'fdatasync'):
        traced(name)
    storage.append((entry(1), entry(2)))
    storage.sync()
    storage.sync()  # nothing new: costs nothing
    assert calls == [
        ('write', 'log-1'),
        ('fdatasync', 'log-1'),
        ('pwrite', 'mark'),
        ('fdatasync', 'mark'),
    ]
    storage.close()


@pytest.mark.parametrize('call', ['write', 'fdatasync'])
def test_a_failed_disk_is_final(
    directory: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    storage, _ = Storage.recover(directory)
    storage.append((entry(1),))
    storage.sync()

    def full(*_: object) -> int:
        raise OSError(28, 'No space left on device')

    with monkeypatch.context() as patched:
        patched.setattr(os, call, full)
        with pytest.raises(StorageError, match='No space left'):
            storage.append((entry(2),))
            storage.sync()
    for operation in (storage.sync, lambda: storage.append((entry(3),))):
        with pytest.raises(StorageError, match='No space left'):
            operation()
    storage.close()
    assert reopen(directory).entries[0] == entry(1).entry


def test_a_closed_storage_refuses(directory: Path) -> None:
    storage, _ = Storage.recover(directory)
    storage.close()
    storage.close()
    with pytest.raises(StorageError, match='closed'):
        storage.append((entry(1),))


def test_looking_at_a_dead_robots_disk_changes_nothing(directory: Path) -> None:
    write(directory, (entry(1),), tail=(entry(2),))
    path = log_file(directory)
    os.truncate(path, path.stat().st_size - 1)
    before = {p.name: p.read_bytes() for p in directory.iterdir()}
    read_only(directory)
    assert {p.name: p.read_bytes() for p in directory.iterdir()} == before


def test_a_directory_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r'nowhere: no such directory'):
        Storage.recover(tmp_path / 'nowhere')
