# SPDX-License-Identifier: Apache-2.0
"""
Reading a log back: what is valid, and whether anything that was synced is missing.

Up to the high-water mark the log must be exactly what was synced: the chain of CRCs has to
arrive at the mark's position with the mark's CRC. Beyond it, records may or may not have made
it; the first invalid one ends the log, silently. Below it, an invalid record means that
promises given on the strength of the log may be lost, and the robot must not vote.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from swarm_coordination.errors import StorageError
from swarm_coordination.persistence import Provision, Recovered
from swarm_coordination.storage.files import header, log_name
from swarm_coordination.storage.highwater import Mark, read_mark
from swarm_coordination.storage.provision import read_provision
from swarm_coordination.storage.records import Position, scan, Scanned
from swarm_coordination.storage.replay import Replay


class Inspection(NamedTuple):
    """What a directory holds, without anything changed in it."""

    provision: Provision
    mark: Mark | None
    end: Position  # of the valid part of the log
    size: int  # of the log file in bytes
    replay: Replay
    reason: str  # why the robot may not vote; empty where it may
    intact: bool  # whether the log can be appended to as it stands


def inspect(directory: Path) -> Inspection:
    """Read a robot's disk. Raises StorageError where it is unprovisioned or unreadable."""
    provision = read_provision(directory)
    try:
        mark = read_mark(directory)
        generation = mark.generation if mark is not None else _newest_generation(directory)
        path = directory / log_name(generation)
        data = path.read_bytes() if path.exists() else b''
    except OSError as error:
        raise StorageError(f'{directory}: cannot be read: {error}') from error
    head, start = header(generation, provision.storage_id)
    expected = start if mark is None else mark.position
    if data[: len(head)] == head:
        scanned = scan(data, start, expected)
    else:
        scanned = Scanned((), Position(0, 0), False)
    replay = Replay(scanned.records)
    loss = _loss(path, data, mark, scanned, replay)
    reason = loss
    if not loss and mark is not None and mark.damaged:
        reason = f'{directory}: synced records were lost in the past'
    return Inspection(provision, mark, scanned.end, len(data), replay, reason, not loss)


def read_only(directory: Path) -> Recovered:
    """
    Return what a robot would start with; changes nothing and takes no lock.

    For tools that look at a dead robot's disk. Raises StorageError.
    """
    found = inspect(directory)
    return found.replay.recovered(found.provision, found.reason)


def _loss(path: Path, data: bytes, mark: Mark | None, scanned: Scanned, replay: Replay) -> str:
    """Say what of the synced log is missing; empty where nothing is."""
    if mark is None:
        return f'{path.parent}: the high-water mark is missing or damaged'
    synced = mark.position.offset
    if len(data) < synced:
        return f'{path}: {len(data)} bytes, shorter than its high-water mark of {synced}'
    if not scanned.passed:
        return f'{path}: damaged at byte {scanned.end.offset}, high-water mark at {synced}'
    return f'{path}: an entry is missing' if replay.gap else ''


def _newest_generation(directory: Path) -> int:
    suffixes = [path.name.removeprefix('log-') for path in directory.glob('log-*')]
    return max((int(s) for s in suffixes if s.isdecimal()), default=1)
