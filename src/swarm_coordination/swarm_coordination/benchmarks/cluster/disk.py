# SPDX-License-Identifier: Apache-2.0
"""
S: the median time in which one record is durable, with five processes writing at once.

    python -m swarm_coordination.benchmarks.cluster.disk FOLDER ROUNDS

What a member's commit waits for is ``Storage``: the record and its high-water mark, a sync each.
"""

from __future__ import annotations

import json
from pathlib import Path
import random
import statistics
import subprocess
import sys
import time

from swarm_coordination.live.starting import python
from swarm_coordination.persistence import Entry, EntryRecord
from swarm_coordination.storage.provision import make_cluster, write_provision
from swarm_coordination.storage.store import Storage

ROUNDS = 200
_RECORD_BYTES = 100


def median_sync_s(folder: Path, writers: int = 5, rounds: int = ROUNDS) -> float:
    """Return S in seconds for ``writers`` processes with a storage each below ``folder``."""
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
    samples = []
    for process in processes:
        printed, _ = process.communicate(timeout=600)
        samples += json.loads(printed)
    return statistics.median(samples)


def main() -> None:
    """Append and sync records one by one; print the seconds of each as a JSON list."""
    folder, rounds = Path(sys.argv[1]), int(sys.argv[2])
    (provision,) = make_cluster(['writer'], random.SystemRandom())
    write_provision(folder, provision)
    storage, _ = Storage.recover(folder)
    samples = []
    for index in range(1, rounds + 1):
        started = time.perf_counter()
        storage.append([EntryRecord(Entry(index, 1, b'x' * _RECORD_BYTES))])
        storage.sync()
        samples.append(time.perf_counter() - started)
    storage.close()
    sys.stdout.write(json.dumps(samples))


if __name__ == '__main__':
    main()
