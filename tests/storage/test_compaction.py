# SPDX-License-Identifier: Apache-2.0
"""A snapshot takes the place of entries in one step, whatever happens meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
import random
import shutil

from hypothesis import given, HealthCheck, settings
from hypothesis import strategies as st
import pytest
from storage.power import laid_down, Power, PowerCutError, REMAINS, run_until_cut
from swarm_coordination.persistence import (
    Entry,
    EntryRecord,
    ForfeitRecord,
    HardState,
    IncarnationRecord,
    IntentRecord,
    Record,
    Recovered,
    SnapshotRecord,
    StopRecord,
)
from swarm_coordination.storage import store
from swarm_coordination.storage.provision import make_cluster, write_provision
from swarm_coordination.storage.recovery import read_only
from swarm_coordination.storage.replay import Replay
from swarm_coordination.storage.store import Storage

PROVISION = make_cluster(('robot1',), random.Random(1))[0]


def entry(index: int, term: int = 1, payload: bytes = b'payload') -> EntryRecord:
    return EntryRecord(Entry(index, term, payload))


def snapshot(index: int, term: int = 1, state: bytes = b'state' * 50) -> SnapshotRecord:
    return SnapshotRecord(index, term, b'configuration', state)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    write_provision(tmp_path / 'robot1', PROVISION)
    return tmp_path / 'robot1'


def held(directory: Path) -> Iterator[Path]:
    return directory.glob('log-*')


def test_a_snapshot_takes_the_place_of_the_entries_up_to_its_index(directory: Path) -> None:
    storage, _ = Storage.recover(directory)
    storage.append(entry(index) for index in range(1, 101))
    storage.sync()
    size = sum(path.stat().st_size for path in held(directory))
    storage.append((snapshot(90), entry(101)))
    storage.sync()
    storage.append((entry(102),))
    storage.sync()
    storage.close()

    recovered = read_only(directory)
    assert recovered.snapshot == snapshot(90)
    assert [e.index for e in recovered.entries] == list(range(91, 103))
    assert recovered.may_vote
    assert sum(path.stat().st_size for path in held(directory)) < size / 2


def test_what_is_not_in_the_log_survives_compaction(directory: Path) -> None:
    storage, _ = Storage.recover(directory)
    others = (
        HardState(4, 7), IncarnationRecord(3), StopRecord(9, 5, 2), IntentRecord(1, b'a'), entry(1)
    )
    storage.append(others)
    storage.append((snapshot(1),))
    storage.sync()
    storage.close()

    assert read_only(directory) == Replay((*others, snapshot(1))).recovered(PROVISION, '')


def test_entries_of_another_log_go_with_the_snapshot_that_contradicts_them():
    replay = Replay([entry(1), entry(2), entry(3), snapshot(2, term=5)])
    assert replay.recovered(PROVISION, '').entries == ()
    replay.apply(entry(3, 6))
    assert [e.term for e in replay.recovered(PROVISION, '').entries] == [6]
    assert not replay.gap


def test_a_snapshot_far_ahead_of_the_log_starts_it_anew():
    replay = Replay([entry(1), snapshot(50), entry(51)])
    assert [e.index for e in replay.recovered(PROVISION, '').entries] == [51]
    assert not replay.gap


def test_an_older_snapshot_changes_nothing():
    records = [snapshot(5), entry(6)]
    before = Replay(records).recovered(PROVISION, '')
    assert Replay([*records, snapshot(3)]).recovered(PROVISION, '') == before


@pytest.mark.parametrize('lost_before', [False, True])
@pytest.mark.parametrize('fetched', [
    (entry(1), entry(2)),  # the log from the first entry on
    (snapshot(30, 3), entry(31, 3)),  # the state after an entry below what was given up
])
def test_what_is_fetched_after_the_log_was_given_up_takes_its_place_on_disk(
    directory: Path, fetched: tuple[Record, ...], lost_before: bool
) -> None:
    storage, _ = Storage.recover(directory)
    storage.append((HardState(4, 7), entry(1), snapshot(50, 2), entry(51, 2)))
    storage.sync()
    storage.close()
    if lost_before:
        (directory / 'mark').unlink()
    storage, _ = Storage.recover(directory)
    files = {path.name for path in held(directory)}
    storage.append((ForfeitRecord('given up'), *fetched))
    storage.sync()
    storage.close()
    expected = Replay(fetched).recovered(PROVISION, '')
    for _ in range(3):
        storage, recovered = Storage.recover(directory)
        storage.close()
        assert (recovered.snapshot, recovered.entries) == (expected.snapshot, expected.entries)
        assert recovered.hard_state == HardState(4, 7) and not recovered.may_vote
        assert recovered.reason == 'given up' or lost_before
        assert len(set(held(directory))) == len(files)


def test_only_the_first_entry_of_a_log_that_was_given_up_may_lie_below_its_snapshot():
    assert Replay([snapshot(50), entry(1)]).gap
    assert Replay([ForfeitRecord('given up'), snapshot(50), entry(2)]).gap


def test_a_log_that_grows_without_snapshots_is_rewritten_while_it_is_open(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, 'REWRITE_MIN_BYTES', 4096)
    storage, _ = Storage.recover(directory)
    for term in range(2_000):  # 29 bytes each
        storage.append((HardState(term, 0),))
        if term % 10 == 0:
            storage.sync()
        assert sum(path.stat().st_size for path in held(directory)) < 3 * 4096
    storage.sync()
    storage.close()
    assert read_only(directory).hard_state == HardState(1_999, 0)


def test_a_new_storage_reads_no_more_than_a_snapshot_and_what_came_after(directory: Path) -> None:
    storage, _ = Storage.recover(directory)
    for start in range(1, 20_001, 1_000):
        storage.append(entry(index) for index in range(start, start + 1_000))
        storage.append((snapshot(start + 499),))
        storage.sync()
    storage.close()
    recovered = read_only(directory)
    assert recovered.entries[-1].index == 20_000
    assert len(recovered.entries) == 500


# ---------------------------------------------------------------- power cuts

FIRST: tuple[Record, ...] = (
    IncarnationRecord(2), HardState(1, 9), *(entry(index) for index in range(1, 7))
)
THEN: tuple[tuple[Record, ...], ...] = (
    (entry(7), snapshot(5), entry(8), HardState(2, 9)),
    (entry(9, 2), IntentRecord(1, b'x')),
    (snapshot(30, 2), entry(31, 2)),  # from elsewhere: the own log ends far below
    (entry(32, 2),),
)


def run(directory: Path) -> Iterator[int]:
    """Write everything; yield the number of records that are durable whenever it rises."""
    storage, _ = Storage.recover(directory)
    done = len(FIRST)
    yield done
    for records in THEN:
        storage.append(records)
        storage.sync()
        done += len(records)
        yield done
    storage.close()


def cut(
    monkeypatch: pytest.MonkeyPatch, directory: Path, at: int
) -> tuple[Power, int]:
    """Run until the power is cut at change ``at``; return the model and what was durable."""
    durable = len(FIRST)

    def note(directory: Path) -> None:
        nonlocal durable
        for done in run(directory):
            durable = done

    power = run_until_cut(monkeypatch, directory, at, note)
    return power, durable


def with_a_flipped_bit(path: Path, byte: int) -> Recovered:
    """Return what the disk would give back; ``path`` is left as it was."""
    data = path.read_bytes()
    path.write_bytes(data[:byte] + bytes((data[byte] ^ 1,)) + data[byte + 1:])
    recovered = read_only(path.parent)
    path.write_bytes(data)
    return recovered


def prepared(path: Path) -> Path:
    return laid_down(path, PROVISION, FIRST)


def test_a_power_cut_at_any_step_leaves_everything_promised_and_the_vote(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = [*FIRST, *(record for batch in THEN for record in batch)]
    whole, _ = cut(monkeypatch, prepared(tmp_path / 'whole'), -1)
    steps = len(whole.changes)
    assert {'open', 'write', 'pwrite', 'fsync', 'fdatasync', 'unlink'} <= set(whole.changes)
    assert steps >= 30
    for at in range(steps):
        power, durable = cut(monkeypatch, prepared(tmp_path / 'robot'), at)
        assert power.is_off
        allowed = [
            Replay(records[:count]).recovered(PROVISION, '')
            for count in range(durable, len(records) + 1)
        ]
        for written, named in REMAINS:
            left = power.remains(tmp_path / 'left', written, named)
            where = f'cut at {power.changes[-1]} {at}, contents {written}, names {named}'
            for _ in range(2):  # what recovery itself writes must hold as well
                storage, recovered = Storage.recover(left)
                storage.close()
                assert recovered in allowed, where
                for slot in (0, 4096):
                    assert with_a_flipped_bit(left / 'mark', slot + 20) in allowed, where
            shutil.rmtree(left)
        shutil.rmtree(tmp_path / 'robot')


def test_a_power_cut_while_recovering_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    power, _ = cut(monkeypatch, prepared(tmp_path / 'robot'), 8)
    left = power.remains(tmp_path / 'left', written=True, named=True)
    before = read_only(left)
    for at in range(100):
        shutil.rmtree(tmp_path / 'again', ignore_errors=True)
        shutil.copytree(left, tmp_path / 'again')
        again = Power(monkeypatch, tmp_path / 'again', at)
        try:
            Storage.recover(tmp_path / 'again')[0].close()
        except PowerCutError:
            pass
        again.restore(monkeypatch)
        for written, named in REMAINS:
            after = again.remains(tmp_path / 'after', written, named)
            assert read_only(after) == before, (at, again.changes)
            shutil.rmtree(after)
        if not again.is_off:
            assert at >= 4, 'recovery wrote nothing: the cut was not torn'
            return
    raise AssertionError('recovery never came to an end')


RECORDS = st.one_of(
    st.builds(HardState, st.integers(0, 9), st.integers(0, 9)),
    st.builds(IntentRecord, st.integers(1, 9), st.binary(min_size=1, max_size=30)),
    st.just('entry'),
    st.just('snapshot'),
    st.just('sync'),
)


@settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(RECORDS, max_size=40), st.randoms(use_true_random=False))
def test_a_disk_gives_back_what_its_records_add_up_to(
    tmp_path: Path, drawn: list[Record | str], rng: random.Random
) -> None:
    directory = tmp_path / 'any'
    shutil.rmtree(directory, ignore_errors=True)
    write_provision(directory, PROVISION)
    storage, _ = Storage.recover(directory)
    written: list[Record] = []
    last, base = 0, 0
    for record in drawn:
        if record == 'sync':
            storage.sync()
            continue
        if record == 'entry':
            last = rng.randint(base + 1, last + 1) if last > base else last + 1
            record = entry(last, payload=rng.randbytes(3))
        elif record == 'snapshot':
            base = rng.randint(base, last + 2)
            last = max(last, base)
            record = snapshot(base) if base else HardState(0, 0)
        assert not isinstance(record, str)
        written.append(record)
        storage.append((record,))
    storage.sync()
    storage.close()
    assert read_only(directory) == Replay(written).recovered(PROVISION, '')
