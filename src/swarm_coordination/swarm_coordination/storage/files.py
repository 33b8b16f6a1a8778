# SPDX-License-Identifier: Apache-2.0
"""Files of the log: names, header, whole writes, synced directories and the lock."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
import struct
import zlib

from swarm_coordination.errors import StorageError
from swarm_coordination.storage.records import Position

LOCK_NAME = 'lock'
_HEADER = struct.Struct('<8sIQQ')
_CRC = struct.Struct('<I')
_MAGIC = b'SWRMLOG\0'
_FORMAT = 1
HEADER_BYTES = _HEADER.size + _CRC.size


def log_name(generation: int) -> str:
    """File name of a generation of the log."""
    return f'log-{generation}'


def header(generation: int, storage_id: int) -> tuple[bytes, Position]:
    """
    Return the header of a log file and the position behind it.

    The chain of CRCs starts with the header's, so a log cannot pass for another robot's.
    """
    fields = _HEADER.pack(_MAGIC, _FORMAT, generation, storage_id)
    crc = zlib.crc32(fields)
    return fields + _CRC.pack(crc), Position(HEADER_BYTES, crc)


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of ``data``; a short write is continued, so a full disk shows as OSError."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view):]


def sync_directory(directory: Path) -> None:
    """Make names created or removed in ``directory`` durable."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def lock(directory: Path) -> int:
    """
    Lock ``directory`` against other processes of this host; return what holds the lock.

    The lock ends with the descriptor, so a killed process leaves none behind. Raises
    StorageError when another process holds it, or nothing can be written there.
    """
    try:
        descriptor = os.open(directory / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StorageError(f'{directory}: cannot be opened for writing: {error}') from error
    try:
        _take(descriptor, directory)
    except OSError as error:
        os.close(descriptor)
        raise StorageError(f'{directory}: cannot be locked: {error}') from error
    except StorageError:
        os.close(descriptor)
        raise
    return descriptor


def _take(descriptor: int, directory: Path) -> None:
    """Lock the file of the lock and write into it who holds it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = os.pread(descriptor, 32, 0).decode('ascii', 'replace').strip() or 'unknown'
        raise StorageError(f'{directory}: in use by another process (pid {holder})') from error
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, b'%d\n' % os.getpid(), 0)
