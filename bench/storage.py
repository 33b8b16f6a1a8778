# SPDX-License-Identifier: Apache-2.0
"""
Measure one synced append: the log of this project, its parts, and SQLite.

The decision for a plain log stands on this (see ``storage/store.py``). The candidates take
turns within each round, because the price of a sync changes from minute to minute::

    .venv/bin/python bench/storage.py [--directory DIR] [--rounds N] [--batch N]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from contextlib import ExitStack
import os
from pathlib import Path
import platform
import random
import sqlite3
import sys
import tempfile
import time

from swarm_coordination.persistence import Entry, EntryRecord
from swarm_coordination.storage.generation import create_empty, open_mark
from swarm_coordination.storage.highwater import Mark, write_mark
from swarm_coordination.storage.provision import make_cluster, write_provision
from swarm_coordination.storage.records import Position
from swarm_coordination.storage.store import Storage

PAYLOAD = bytes(range(100))
Append = Callable[[int], None]


def own_log(directory: Path, batch: int, stack: ExitStack) -> Append:
    """Append as a robot does: chained CRC, log synced, mark synced."""
    write_provision(directory / 'own', make_cluster(('robot1',), random.Random(1))[0])
    storage, _ = Storage.recover(directory / 'own')
    stack.callback(storage.close)

    def append(number: int) -> None:
        first = number * batch + 1
        storage.append(EntryRecord(Entry(first + i, 1, PAYLOAD)) for i in range(batch))
        storage.sync()

    return append


def bare_file(directory: Path, batch: int, stack: ExitStack) -> Append:
    """One file, one sync: the least that any log can cost."""
    descriptor = os.open(directory / 'bare', os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    stack.callback(os.close, descriptor)

    def append(number: int) -> None:
        os.write(descriptor, PAYLOAD * batch)
        os.fdatasync(descriptor)

    return append


def sqlite(directory: Path, batch: int, stack: ExitStack) -> Append:
    """Append to SQLite as it would have to be set: write-ahead log, synchronous=FULL."""
    connection = sqlite3.connect(directory / 'sqlite.db', isolation_level=None)
    stack.callback(connection.close)
    connection.execute('pragma journal_mode=wal')
    connection.execute('pragma synchronous=full')
    connection.execute('create table log (number integer primary key, term integer, payload blob)')

    def append(number: int) -> None:
        rows = [(number * batch + i, 1, PAYLOAD) for i in range(batch)]
        connection.execute('begin')
        connection.executemany('insert into log values (?, ?, ?)', rows)
        connection.execute('commit')

    return append


def sqlite_with_mark(directory: Path, batch: int, stack: ExitStack) -> Append:
    """Append to SQLite with the high-water mark that would tell a lost tail from a torn one."""
    commit = sqlite(directory, batch, stack)
    create_empty(directory, 1)
    descriptor = open_mark(directory)
    stack.callback(os.close, descriptor)

    def append(number: int) -> None:
        commit(number)
        write_mark(descriptor, Mark(number, 1, Position(number, number), False))

    return append


CANDIDATES = {
    'own log': own_log,
    'bare file': bare_file,
    'sqlite + mark': sqlite_with_mark,
}


def main() -> None:
    """Print median, 99th percentile and mean in milliseconds for every candidate."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument('--directory', type=Path, default=None, help='where to write')
    parser.add_argument('--rounds', type=int, default=500, help='synced appends of each')
    parser.add_argument('--batch', type=int, default=1, help='records in one append')
    options = parser.parse_args()
    times: dict[str, list[float]] = {name: [] for name in CANDIDATES}
    with tempfile.TemporaryDirectory(dir=options.directory) as name, ExitStack() as stack:
        appends = {
            candidate: make(Path(name), options.batch, stack)
            for candidate, make in CANDIDATES.items()
        }
        for number in range(options.rounds):
            for candidate, append in appends.items():
                start = time.perf_counter()
                append(number)
                times[candidate].append((time.perf_counter() - start) * 1e3)
    sys.stdout.write(_report(options.rounds, options.batch, times))


def _report(rounds: int, batch: int, times: dict[str, list[float]]) -> str:
    lines = [
        f'{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} cores',
        f'{rounds} synced appends of {batch} records of {len(PAYLOAD)} bytes',
    ]
    for candidate, taken in times.items():
        taken.sort()
        p50, p99 = taken[len(taken) // 2], taken[len(taken) * 99 // 100]
        mean = sum(taken) / len(taken)
        lines.append(f'{candidate:14} p50 {p50:5.2f}  p99 {p99:5.2f}  mean {mean:5.2f} ms')
    return '\n'.join(lines) + '\n'


if __name__ == '__main__':
    main()
