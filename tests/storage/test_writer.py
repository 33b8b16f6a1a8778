# SPDX-License-Identifier: Apache-2.0
"""The writer thread: in order, in groups, and never a token for what is not on disk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
import random
import threading

import pytest
from swarm_coordination.errors import StorageError, UsageError
from swarm_coordination.persistence import IncarnationRecord, PersistRequest
from swarm_coordination.storage.provision import make_cluster, write_provision
from swarm_coordination.storage.recovery import read_only
from swarm_coordination.storage.store import Storage
from swarm_coordination.storage.writer import StorageWriter


class Gate:
    """Holds syncs back until told, and counts them."""

    def __init__(self, storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
        self.syncs = 0
        self.entered = threading.Event()
        self.open = threading.Event()
        self.error: StorageError | None = None
        real = storage.sync

        def sync() -> None:
            self.syncs += 1
            self.entered.set()
            assert self.open.wait(10)
            if self.error is not None:
                raise self.error
            real()

        monkeypatch.setattr(storage, 'sync', sync)


class Shell:
    """Collects what the writer reports."""

    def __init__(self) -> None:
        self.groups: list[tuple[int, ...]] = []
        self.failures: list[StorageError] = []
        self.failed = threading.Event()

    def durable(self, tokens: tuple[int, ...]) -> None:
        self.groups.append(tokens)

    def fail(self, error: StorageError) -> None:
        self.failures.append(error)
        self.failed.set()

    @property
    def tokens(self) -> list[int]:
        return [token for group in self.groups for token in group]


def request(token: int) -> PersistRequest:
    return PersistRequest(token, (IncarnationRecord(token),))


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[Storage]:
    write_provision(tmp_path, make_cluster(('robot1',), random.Random(1))[0])
    opened, _ = Storage.recover(tmp_path)
    yield opened
    opened.close()


def test_what_gathers_during_a_sync_shares_the_next(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, shell = Gate(storage, monkeypatch), Shell()
    writer = StorageWriter(storage, shell.durable, shell.fail)
    writer.submit(request(1))
    assert gate.entered.wait(10)
    for token in range(2, 50):
        writer.submit(request(token))
    assert shell.tokens == []
    gate.open.set()
    writer.close(10)
    assert shell.tokens == list(range(1, 50))
    assert gate.syncs == 2
    assert read_only(storage.directory).incarnation == 49


def test_closing_drains_the_queue_and_releases_the_directory(storage: Storage) -> None:
    shell = Shell()
    writer = StorageWriter(storage, shell.durable, shell.fail)
    for token in range(20):
        writer.submit(request(token))
    writer.close(10)
    assert shell.tokens == list(range(20)) and shell.failures == []
    reopened, recovered = Storage.recover(storage.directory)
    reopened.close()
    assert recovered.incarnation == 19
    with pytest.raises(UsageError):
        writer.submit(request(21))


def test_a_failed_sync_reports_no_token_and_ends_the_writer(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, shell = Gate(storage, monkeypatch), Shell()
    gate.error = StorageError('sync failed')
    writer = StorageWriter(storage, shell.durable, shell.fail)
    writer.submit(request(1))
    assert gate.entered.wait(10)
    writer.submit(request(2))
    gate.open.set()
    assert shell.failed.wait(10)
    assert shell.tokens == [] and shell.failures == [gate.error]
    with pytest.raises(StorageError, match='sync failed'):
        writer.submit(request(3))
    with pytest.raises(StorageError, match='sync failed'):
        writer.close(10)


def test_a_disk_too_far_behind_is_an_error_and_not_a_drop(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, shell = Gate(storage, monkeypatch), Shell()
    writer = StorageWriter(storage, shell.durable, shell.fail, queue_max=3)
    writer.submit(request(1))
    assert gate.entered.wait(10)
    for token in (2, 3, 4):
        writer.submit(request(token))
    with pytest.raises(StorageError, match='3 requests behind'):
        writer.submit(request(5))
    gate.open.set()
    writer.close(10)
    assert shell.tokens == [1, 2, 3, 4]


def test_closing_does_not_wait_for_a_hung_disk_for_ever(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, shell = Gate(storage, monkeypatch), Shell()
    writer = StorageWriter(storage, shell.durable, shell.fail)
    writer.submit(request(1))
    assert gate.entered.wait(10)
    with pytest.raises(StorageError, match='did not finish'):
        writer.close(0.01)
    gate.open.set()
    writer.close(10)
    assert shell.tokens == [1]


@pytest.mark.filterwarnings('ignore::pytest.PytestUnhandledThreadExceptionWarning')
def test_a_callback_that_raises_does_not_go_unnoticed(storage: Storage) -> None:
    shell = Shell()

    def broken(tokens: tuple[int, ...]) -> None:
        raise RuntimeError('broken shell')

    writer = StorageWriter(storage, broken, shell.fail)
    writer.submit(request(1))
    assert shell.failed.wait(10)
    with pytest.raises(StorageError, match='callback raised'):
        writer.close(10)
