# SPDX-License-Identifier: Apache-2.0
"""
One generation of the log: a file that is only appended to, reached through the mark.

A new generation replaces an old one when a snapshot has taken the place of entries, when most
of the old one is superseded, or damaged. It is written and synced under its own name; the
switch is the mark that names it. A crash at any point leaves the one or the other, whole: there
is no moment at which neither the snapshot nor the entries that it replaces are durable.
"""

from __future__ import annotations

from collections.abc import Iterable
import os
from pathlib import Path

from swarm_coordination.persistence import Record
from swarm_coordination.storage import highwater
from swarm_coordination.storage.files import header, log_name, sync_directory, write_all
from swarm_coordination.storage.highwater import Mark, write_mark
from swarm_coordination.storage.records import encode, Position


def create(
    directory: Path, generation: int, storage_id: int, records: Iterable[Record]
) -> Position:
    """Write and sync a log file with ``records``; return its end. Raises OSError."""
    data, position = header(generation, storage_id)
    parts, chain = [data], position.chain
    for record in records:
        encoded, chain = encode(record, chain)
        parts.append(encoded)
    whole = b''.join(parts)
    path = directory / log_name(generation)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        write_all(descriptor, whole)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    sync_directory(directory)
    return Position(len(whole), chain)


def create_empty(directory: Path, storage_id: int) -> None:
    """Lay down an empty log and its mark. Raises OSError."""
    position = create(directory, 1, storage_id, ())
    descriptor = open_mark(directory)
    try:
        # Both slots, so that a single damaged one never leaves the log without a mark.
        write_mark(descriptor, Mark(0, 1, position, False))
        write_mark(descriptor, Mark(1, 1, position, False))
    finally:
        os.close(descriptor)
    sync_directory(directory)


def replace(
    directory: Path, storage_id: int, records: Iterable[Record], old: Mark, mark_file: int
) -> Mark:
    """
    Write ``records`` as a new generation, switch to it and return its mark; all of it synced.

    ``old`` is the mark up to now; whether it says ``damaged`` is taken over. Raises OSError.
    """
    number = max([old.generation, *(_number(path) for path in directory.glob('log-*'))]) + 1
    end = create(directory, number, storage_id, records)
    mark = Mark(old.sequence + 1, number, end, old.damaged)
    write_mark(mark_file, mark)
    # The other slot as well: it may be what was damaged, or name a file about to go.
    mark = mark._replace(sequence=mark.sequence + 1)
    write_mark(mark_file, mark)
    return mark


def set_aside(directory: Path, generation: int) -> None:
    """Keep all logs but ``generation`` as damaged ones, for people to look at. Raises OSError."""
    for path in sorted(directory.glob('log-*')):
        if _number(path) not in (0, generation):
            path.rename(path.with_suffix('.damaged'))
    sync_directory(directory)


def _number(path: Path) -> int:
    suffix = path.name.removeprefix('log-')
    return int(suffix) if suffix.isdecimal() else 0


def open_mark(directory: Path) -> int:
    """Open the mark file for ``write_mark``. Raises OSError."""
    path = directory / highwater.FILE_NAME
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def has_log(directory: Path) -> bool:
    """Whether anything of a log is there."""
    return (directory / highwater.FILE_NAME).exists() or any(directory.glob('log-*'))


def remove_others(directory: Path, generation: int) -> None:
    """Remove logs that a switch has left behind, except damaged ones. Raises OSError."""
    for path in sorted(directory.glob('log-*')):
        if path.name != log_name(generation) and path.suffix != '.damaged':
            path.unlink()
