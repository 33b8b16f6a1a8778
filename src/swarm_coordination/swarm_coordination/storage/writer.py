# SPDX-License-Identifier: Apache-2.0
"""
The one thread that touches the disk: group commit for everything that waits.

While a sync runs, requests gather; the next sync covers them all. So the rate of commits does
not fall with the time a sync takes, and no callback of a robot ever waits for the disk.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
import threading

from swarm_coordination.errors import StorageError, UsageError
from swarm_coordination.persistence import PersistRequest
from swarm_coordination.storage.store import Storage

# At 20 polls a second this is a disk that has not answered for 50 seconds.
QUEUE_MAX = 1024


class StorageWriter:
    """
    Writes requests in the order they come and reports their tokens once they are synced.

    ``on_durable(tokens)`` and ``on_failed(error)`` are called from the writer's thread.
    ``on_failed`` is called at most once; nothing submitted and not yet reported is durable
    then, and the robot has to stop.
    """

    def __init__(
        self,
        storage: Storage,
        on_durable: Callable[[tuple[int, ...]], None],
        on_failed: Callable[[StorageError], None],
        queue_max: int = QUEUE_MAX,
    ) -> None:
        self._storage = storage
        self._on_durable = on_durable
        self._on_failed = on_failed
        self._queue_max = queue_max
        self._queue: deque[PersistRequest] = deque()
        self._changed = threading.Condition()
        self._closing = False
        self._failure: StorageError | None = None
        self._thread = threading.Thread(target=self._run, name='storage-writer', daemon=True)
        self._thread.start()

    def submit(self, request: PersistRequest) -> None:
        """
        Queue ``request``; returns at once.

        Raises StorageError when the disk has failed or is too far behind (nothing is dropped
        to go on), and UsageError after ``close``.
        """
        with self._changed:
            if self._closing:
                raise UsageError('the storage writer is closed')
            if self._failure is not None:
                raise self._failure
            if len(self._queue) >= self._queue_max:
                raise StorageError(f'the disk is {self._queue_max} requests behind')
            self._queue.append(request)
            self._changed.notify()

    def close(self, timeout_s: float = 2.0) -> None:
        """
        Sync what is queued, report it, end the thread and close the storage.

        Raises StorageError when something queued could not be made durable, or not within
        ``timeout_s``; the storage is then left to the end of the process.
        """
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join(timeout_s)
        if self._thread.is_alive():
            raise StorageError(f'the disk did not finish within {timeout_s:g} s')
        self._storage.close()
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        failure: StorageError | None = StorageError('the storage writer ended: a callback raised')
        try:
            while batch := self._take():
                for request in batch:
                    self._storage.append(request.records)
                self._storage.sync()
                self._on_durable(tuple(request.token for request in batch))
            failure = None
        except StorageError as error:
            failure = error
        finally:
            if failure is not None:
                with self._changed:
                    self._failure = failure
                self._on_failed(failure)

    def _take(self) -> tuple[PersistRequest, ...]:
        """Wait for requests and take them all; nothing once closing and drained."""
        with self._changed:
            while not self._queue and not self._closing:
                self._changed.wait()
            batch = tuple(self._queue)
            self._queue.clear()
            return batch
