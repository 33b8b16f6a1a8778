# SPDX-License-Identifier: Apache-2.0
"""
The file of calls: one MCAP file for one life of one core, first what it started from.

Channel ``/swarm/calls`` holds JSON: a first message of kind ``start``, then one for each call with
its arguments, ``now`` among them, and a digest of what came out. A thread of its own writes: no
callback of a robot waits for a file. Where the disk cannot keep up or fails, the recording ends,
not the flight: that is said at once, and the file says it of itself. The start holds the robot's
disk, and so the swarm's key: a recording is as secret as the disk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
import hashlib
import json
from pathlib import Path
import queue
import threading
from typing import Any

from mcap.exceptions import McapError
from mcap.reader import make_reader
from mcap.writer import CompressionType, Writer
from swarm_coordination.errors import ConfigurationError, StorageError

FORMAT = 1
TOPIC, SCHEMA = '/swarm/calls', 'swarm_coordination/Call'
# Stands last in a recording that ended before its robot: how many calls are missing, and why.
CUT = 'cut'
# 20 s of a robot's calls; a disk that stalls longer ends the recording, not the flight.
QUEUE_MAX = 20_000


def digest(value: object) -> str:
    """Return what tells two outputs apart: equal only where every bit of every number is."""
    return hashlib.blake2b(repr(value).encode(), digest_size=12).hexdigest()


class CallWriter:
    """Writes one recording; ``close`` waits until all is written."""

    def __init__(self, path: Path, start: dict[str, Any], say: Callable[[str], None]) -> None:
        """Open the file; ``say`` is told if the recording ends early. Raises StorageError."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open('xb')
        except OSError as error:
            raise StorageError(f'{path}: {error.strerror}') from error
        self._path, self._say = path, say
        self._writer: Any = Writer(self._file, compression=CompressionType.NONE)
        self._writer.start(profile='', library='swarm_coordination')
        schema = self._writer.register_schema(
            SCHEMA, 'jsonschema', json.dumps({'type': 'object'}).encode()
        )
        self._channel = self._writer.register_channel(TOPIC, 'json', schema)
        self._queue: queue.Queue[tuple[int, dict[str, Any]] | None] = queue.Queue(QUEUE_MAX)
        self.lost = 0
        self._why = self._failure = ''
        self._thread = threading.Thread(target=self._run, name='recording', daemon=True)
        self._thread.start()
        self.put(0, {'call': 'start', 'format': FORMAT, **start})

    def put(self, now: int, call: dict[str, Any]) -> None:
        """Note a call at ``now`` (ns of the core's clock); after a loss nothing more is taken."""
        if self.lost:
            self.lost += 1
            return
        if self._failure:
            self._lose(self._failure)
            return
        try:
            self._queue.put_nowait((now, call))
        except queue.Full:
            self._lose(f'the disk is too slow, {QUEUE_MAX} calls wait for it')

    def close(self) -> None:
        """Write what is queued, and the end."""
        self._queue.put(None)
        self._thread.join()
        if self._failure and not self.lost:
            self._lose(self._failure)

    def _lose(self, why: str) -> None:
        self.lost, self._why = 1, why
        self._say(f'{self._path}: the recording ends here, before the robot does: {why}')

    def _run(self) -> None:
        try:
            self._write()
        except OSError as error:
            self._failure = error.strerror or str(error)
            with suppress(OSError):  # what is still buffered cannot be written either
                self._file.close()
            while self._queue.get() is not None:
                pass  # nobody may wait for a place in the queue

    def _write(self) -> None:
        sequence = newest = 0
        while (item := self._queue.get()) is not None:
            newest, call = item
            self._add(newest, sequence, call)
            sequence += 1
        if self.lost:
            self._add(newest, sequence, {'call': CUT, 'lost': self.lost, 'why': self._why})
        self._writer.finish()
        self._file.close()

    def _add(self, now: int, sequence: int, call: dict[str, Any]) -> None:
        self._writer.add_message(
            self._channel, log_time=now, publish_time=now, sequence=sequence,
            data=json.dumps(call).encode(),
        )


def read_calls(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the calls of a recording in their order; raises ConfigurationError."""
    try:
        with path.open('rb') as file:
            for _, channel, message in make_reader(file).iter_messages(log_time_order=False):
                if channel.topic == TOPIC:
                    yield json.loads(message.data)
    except (OSError, McapError, ValueError, RecursionError) as error:
        raise ConfigurationError(
            'command line', 'recording', str(path), f'a whole recording of calls: {error}'
        ) from error
