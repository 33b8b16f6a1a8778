# SPDX-License-Identifier: Apache-2.0
"""
S: the median sync of one record, with five processes writing at once.

    python -m swarm_coordination.benchmarks.cluster.disk FOLDER ROUNDS

A member's commit waits for ``Storage``, which is two of them: the record's and its high-water
mark's. Both are measured in turns: the bounds of commits stand on the one.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
import random
import statistics
import subprocess
import sys
import time
from typing import NamedTuple

from swarm_coordination.live.starting import python
from swarm_coordination.persistence import Entry, EntryRecord
from swarm_coordination.storage.provision import make_cluster, write_provision
from swarm_coordination.storage.store import Storage

ROUNDS = 200
_RECORD_BYTES = 100


class Syncs(NamedTuple):
    """Medians in seconds: S, one sync of a bare file, and a record durable in ``Storage``."""

    one: float
    durable: float


def median_syncs(folder: Path, writers: int = 5, rounds: int = ROUNDS) -> Syncs:
    """Measure with ``writers`` processes that write to a folder each below ``folder``."""
    processes = [
        subprocess.Popen(
            python(
                'swarm_coordination.benchmarks.cluster.disk',
                str(folder / f'writer{number}'), str(rounds),
            ),
            stdout=subprocess.PIPE, text=True,
        )
        for number in range(writers)
    ]
    samples: list[tuple[float, float]] = []
    for process in processes:
        printed, _ = process.communicate(timeout=600)
        samples += json.loads(printed)
    return Syncs(*map(statistics.median, zip(*samples)))


def main() -> None:
    """Write and sync records one by one; print the seconds of each, as JSON [bare, durable]."""
    folder, rounds = Path(sys.argv[1]), int(sys.argv[2])
    (provision,) = make_cluster(['writer'], random.SystemRandom())
    write_provision(folder, provision)
    storage, _ = Storage.recover(folder)
    samples = []
    payload = b'x' * _RECORD_BYTES
    with (folder / 'bare').open('wb', buffering=0) as bare:
        for index in range(1, rounds + 1):
            started = time.perf_counter()
            bare.write(payload)
            os.fdatasync(bare.fileno())
            between = time.perf_counter()
            storage.append([EntryRecord(Entry(index, 1, payload))])
            storage.sync()
            samples.append((between - started, time.perf_counter() - between))
    storage.close()
    sys.stdout.write(json.dumps(samples))


if __name__ == '__main__':
    main()
