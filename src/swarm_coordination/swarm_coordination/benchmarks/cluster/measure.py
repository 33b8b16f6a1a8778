# SPDX-License-Identifier: Apache-2.0
"""
The figures of real processes: outage, sequential and pipelined commits, ours and others'.

All in one run on one disk, one system after the other. S, the median time in which one record is
durable with five writers at once, is measured first; bounds of latencies are stated in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
import os
from pathlib import Path
import statistics
import tempfile
import time
from typing import NamedTuple

from swarm_coordination.benchmarks.cluster import disk, systems
from swarm_coordination.benchmarks.cluster.driver import Members
from swarm_coordination.benchmarks.figures import Bound, Figure, median_p99
from swarm_coordination.live.domain import claimed_domain

COMMAND_BYTES = 100
WINDOW = 1_000
# A load that lasts so long has seen ten elections, had there been any.
PIPELINED_S = 5.0
_NO_END = 10**9
# From one kill to the next: the one restarted has its vote again.
PAUSE_S = 4.0


class Effort(NamedTuple):
    """How much to measure."""

    trials: int = 20
    commands: int = 400


QUICK = Effort(trials=3, commands=50)
Told = Callable[[Figure], None]


def measure(folder: Path | None, effort: Effort, told: Told) -> list[Figure]:
    """
    Measure everything that can be measured here; ``told`` hears of each figure at once.

    Members keep their disks in a new folder below ``folder``, which is removed at the end. Raises
    SwarmError where a system does not start or stops.
    """
    figures = []
    with tempfile.TemporaryDirectory(prefix='swarm-cluster-', dir=folder) as made:
        for figure in _figures(Path(made), effort):
            figures.append(figure)
            told(figure)
    return figures


def _figures(folder: Path, effort: Effort) -> Iterator[Figure]:
    syncs = disk.median_syncs(folder / 'disk')
    yield Figure(
        'sync', 'S, 5 writers: one sync / a record durable (record and mark, a sync each)',
        (1000.0 * syncs.one, 1000.0 * syncs.durable), None, 'ms',
    )
    with claimed_domain(os.getpid()) as domain:
        with systems.ours(folder / 'ours', domain, 5, 'shipped') as members:
            yield from _shipped(members, effort)
        with systems.ours(folder / 'lab', domain, 5, 'lab') as members:
            yield _latency(members, syncs.one, effort)
            yield _pipelined(members, 'lab')
        for profile in ('radio50', 'radio10'):
            with systems.ours(folder / profile, domain, 5, profile) as members:
                yield _pipelined(members, profile)
    yield from _others(folder, effort)


def _others(folder: Path, effort: Effort) -> Iterator[Figure]:
    """Measure the systems that are installed here; say of each other one how to get it."""
    if systems.pysyncobj_is_there():
        for batch in (True, False):
            name = 'pysyncobj' if batch else 'pysyncobj-unbatched'
            with systems.pysyncobj(folder / name, 5, batch=batch) as members:
                yield from _theirs(members, name, 'no sync', effort)
    else:
        missing = 'skipped: PySyncObj is not installed (make compare)'
        yield Figure('pysyncobj', missing, (), None, '')
    if systems.etcd_is_there():
        with systems.etcd(folder / 'etcd', 5) as members:
            yield from _theirs(members, 'etcd', 'synced', effort)
    else:
        missing = 'skipped: etcd is not installed (apt-get install etcd-server)'
        yield Figure('etcd', missing, (), None, '')


def _shipped(members: Members, effort: Effort) -> Iterator[Figure]:
    values, note = _sequential(members, effort.commands)
    yield Figure(
        'sequential-shipped', 'commit via the leader, shipped budget of 30 kB/s: p50 / p99, ms',
        values, None, note,
    )
    values, note = _outages(members, effort.trials)
    yield Figure(
        'outage', 'leader SIGKILLed until all survivors know the next: median / max', values,
        Bound((0.5, 1.5), (0.25, 0.6), 's'), note,
    )


def _latency(members: Members, sync_s: float, effort: Effort) -> Figure:
    """Measure in the profile of a wired network, which the other systems have as well."""
    sync_ms = 1000.0 * sync_s
    values, note = _sequential(members, effort.commands)
    must, aim = (2 * sync_ms + 5, 4 * sync_ms + 25), (sync_ms + 2, 2 * sync_ms + 8)
    return Figure(
        'sequential', 'commit via the leader, budget profile lab: p50 / p99', values,
        Bound(must, aim, 'ms'), note,
    )


def _theirs(members: Members, name: str, disk_use: str, effort: Effort) -> Iterator[Figure]:
    """Yield the same figures of another system: stated, for comparison."""
    values, note = _sequential(members, effort.commands)
    yield Figure(name, f'commit via the leader, {disk_use}: p50 / p99, ms', values, None, note)
    rate, note = _rate(members)
    yield Figure(name, f'pipelined commits per second, {disk_use}', (rate,), None, note)
    values, note = _outages(members, effort.trials)
    yield Figure(name, 'leader SIGKILLed: median / max, s', values, None, note)


def _pipelined(members: Members, profile: str) -> Figure:
    rate, note = _rate(members)
    bound = Bound((1_000,), (4_000,), '1/s', higher=True) if profile == 'lab' else None
    return Figure(
        f'pipelined-{profile}', f'commits per second, budget profile {profile}', (rate,), bound,
        note,
    )


def _sequential(members: Members, commands: int) -> tuple[tuple[float, float], str]:
    _settle()
    leader = members.all[members.leader()]
    done = leader.load(1, COMMAND_BYTES, commands, 60.0)
    note = f'{done["done"]} commands'
    if done['done'] < commands:
        note = f'{done["done"]} of {commands} commands in {done["seconds"]:.0f} s: {done["state"]}'
    if not done['latencies']:
        return (float('inf'), float('inf')), note
    middle, slow = median_p99(done['latencies'])
    return (1000.0 * middle, 1000.0 * slow), note


def _rate(members: Members) -> tuple[float, str]:
    _settle()
    leader = members.all[members.leader()]
    done = leader.load(WINDOW, COMMAND_BYTES, _NO_END, PIPELINED_S)
    return done['done'] / done['seconds'], f'window {WINDOW}, {COMMAND_BYTES} bytes'


def _outages(members: Members, trials: int) -> tuple[tuple[float, float], str]:
    times: list[float] = []
    for _ in range(trials):
        _settle()
        times.append(members.outage())
    return (statistics.median(times), max(times)), f'{trials} trials'


def _settle() -> None:
    time.sleep(PAUSE_S)


def missed(figures: Sequence[Figure]) -> bool:
    """Whether a bound was missed."""
    return any(figure.verdict == 'MISSED' for figure in figures)
