# SPDX-License-Identifier: Apache-2.0
"""
Measure a robot's start after so many commands: without snapshots and with them.

The disk is real, the robot alone in its cluster; times are of this process's processor::

    .venv/bin/python bench/start.py [--commands N]
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
import random
import sys
import tempfile
import time

from swarm_coordination.consensus.settings import RaftSettings
from swarm_coordination.mission.commands import encode_command, Envelope, Put
from swarm_coordination.persistence import Entry, EntryRecord, HardState, Provision
from swarm_coordination.robot.coordinator import Coordinator
from swarm_coordination.robot.settings import RobotSettings
from swarm_coordination.storage.provision import make_cluster, write_provision
from swarm_coordination.storage.store import Storage
from swarm_coordination.units import NS_PER_MS
from swarm_coordination.wire.codec import WireCodec


def coordinator(storage_directory: Path, settings: RobotSettings) -> tuple[Storage, Coordinator]:
    """Return the open disk and the robot that starts from it."""
    storage, recovered = Storage.recover(storage_directory)
    provision = recovered.provision
    codec = WireCodec(provision.key, provision.cluster_id, 0)
    return storage, Coordinator(recovered, settings, codec, random.Random(1), 0)


def fill(directory: Path, provision: Provision, commands: int) -> None:
    """Write a log of ``commands`` puts, as a robot of an older version would have left it."""
    storage, _ = Storage.recover(directory)
    entries = []
    for number in range(1, commands + 1):
        command = encode_command(Put(f'k{number % 50}', f'value {number}'))
        payload = Envelope(provision.storage_id, number, number, command).encode()
        entries.append(EntryRecord(Entry(number, 1, payload)))
    storage.append((HardState(1, provision.storage_id), *entries))
    storage.sync()
    storage.close()


def live(directory: Path, settings: RobotSettings, seconds: float) -> tuple[float, float]:
    """Run a robot alone; return its longest call and the sum of all in processor seconds."""
    started = time.process_time()
    storage, robot = coordinator(directory, settings)
    longest = total = time.process_time() - started
    now = 0
    while now < seconds * 1e9:
        now = max(now + NS_PER_MS, robot.next_deadline(now))
        before = time.process_time()
        robot.tick(now)
        output = robot.poll()
        took = time.process_time() - before
        for request in output.persist:
            storage.append(request.records)
            storage.sync()
            before = time.process_time()
            robot.persisted(request.token, now)
            took += time.process_time() - before
        longest, total = max(longest, took), total + took
    applied = robot.status(now).applied
    storage.close()
    sys.stdout.write(f'    {applied} entries applied\n')
    return longest, total


def main() -> None:
    """Print start and longest call of three starts: old log, after compaction, again."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument('--commands', type=int, default=20_000)
    options = parser.parse_args()
    settings = RobotSettings()
    never = replace(settings, consensus=replace(RaftSettings(), snapshot_entries=1_000_000,
                                                snapshot_bytes=2**30))
    for title, chosen in (('without snapshots', never), ('with snapshots', settings)):
        with tempfile.TemporaryDirectory() as name:
            directory = Path(name)
            provision = make_cluster(('robot1',), random.Random(1))[0]
            write_provision(directory, provision)
            fill(directory, provision, options.commands)
            for start in ('first start', 'second start'):
                longest, total = live(directory, chosen, 4.0)
                size = sum(path.stat().st_size for path in directory.glob('log-*'))
                sys.stdout.write(
                    f'{title}, {start}: longest call {longest * 1e3:.0f} ms, '
                    f'4 s of life {total * 1e3:.0f} ms, log {size / 1e3:.0f} kB\n'
                )


if __name__ == '__main__':
    main()
