# SPDX-License-Identifier: Apache-2.0
"""
What waits for the disk: tokens given out with records, and what each of them releases.

The shell writes in order, so a token that comes back covers every earlier one.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from swarm_coordination.errors import UsageError
from swarm_coordination.persistence import IntentSettled, PersistRequest, Record


class Release(NamedTuple):
    """What may be used once the records are durable; 0 where a request held none of a kind."""

    mark: int = 0  # of the Raft member
    incarnation: int = 0
    serial: int = 0  # of an accepted intent


class Outbox:
    """Records gathered since the last request, and the releases of requests under way."""

    def __init__(self) -> None:
        self._records: list[Record] = []
        self._settled: IntentSettled | None = None
        self._gathered = Release()
        self._token = 0
        # Bounded by the shell: it stops the robot when a sync does not return.
        self._waiting: deque[tuple[int, Release]] = deque()

    def add(self, *records: Record, mark: int = 0, incarnation: int = 0, serial: int = 0) -> None:
        """Gather records and what they release; of each kind the newest counts."""
        self._records.extend(records)
        held = self._gathered
        self._gathered = Release(
            max(mark, held.mark), max(incarnation, held.incarnation), max(serial, held.serial)
        )

    def settle(self, record: IntentSettled) -> None:
        """
        Gather what nobody waits for: it goes with the next record that somebody waits for.

        A sync of its own would hold up the next command. Where it is lost, the robot settles
        those intents anew from its sessions as it applies its log again. (What no session will
        tell of, commands refused unapplied, is added as a record like others.)
        """
        self._settled = record

    @property
    def waits(self) -> bool:
        """Whether there is something to write."""
        return bool(self._records)

    def take(self) -> tuple[PersistRequest, ...]:
        """Return the request for everything gathered: none or one."""
        if not self._records:
            return ()
        self._token += 1
        settled = () if self._settled is None else (self._settled,)
        request = PersistRequest(self._token, (*self._records, *settled))
        self._waiting.append((self._token, self._gathered))
        self._records, self._gathered, self._settled = [], Release(), None
        return (request,)

    def persisted(self, token: int) -> Release:
        """
        Return what ``token`` and all before it release; nothing for one that came before.

        Raises UsageError for a token that was never given out.
        """
        if token > self._token:
            raise UsageError(f'token {token} was never given out (newest: {self._token})')
        released = Release()
        while self._waiting and self._waiting[0][0] <= token:
            _, release = self._waiting.popleft()
            released = Release(*map(max, released, release))
        return released
