# SPDX-License-Identifier: Apache-2.0
"""
Intents: commands that this robot accepted and that the log does not hold yet.

A serial is given out and its record synced before anybody sees the intent (a robot that forgot
it would give the same serial to another command). Then it rides in the robot's row until it is
applied, over leader changes and splits, and the session makes it count once.
"""

from __future__ import annotations

from swarm_coordination.errors import ProposalRefused, UsageError
from swarm_coordination.mission.commands import COMMAND_BYTES_MAX
from swarm_coordination.mission.sessions import WINDOW
from swarm_coordination.persistence import IntentRecord, IntentSettled

# What an operator can ask of a cut-off island before it has to say no. No more than a session
# remembers, so that of all a snapshot settles it says what came of it; 640 bytes each, 640 kB.
INTENTS_MAX = WINDOW
# mesh.rows.IntentSection holds 16; beside it a frame of 1200 bytes carries beacon and consensus.
HEAD_MAX = 16
HEAD_BYTES_MAX = 700


class IntentQueue:
    """
    Accepted, unapplied commands of one robot, ascending serial.

    Parameters
    ----------
    unsettled : records read back at start: all of them durable.
    last_serial : highest serial ever given out.

    """

    def __init__(self, unsettled: tuple[IntentRecord, ...] = (), last_serial: int = 0) -> None:
        serials = [record.serial for record in unsettled]
        consecutive = list(range(serials[0], serials[0] + len(serials))) if serials else []
        if serials != consecutive or (serials and serials[-1] > last_serial):
            raise UsageError(f'intents {serials} with last serial {last_serial}')
        self._queue = list(unsettled)
        self._last_serial = last_serial
        self._durable = last_serial
        self._version = 1 if unsettled else 0

    def __len__(self) -> int:
        """Intents accepted and not yet settled."""
        return len(self._queue)

    @property
    def first_serial(self) -> int:
        """Lowest serial that is not settled; one above all where there is none."""
        return self._queue[0].serial if self._queue else self._last_serial + 1

    @property
    def last_serial(self) -> int:
        """Highest serial given out."""
        return self._last_serial

    @property
    def durable_serial(self) -> int:
        """Highest serial that is on disk."""
        return self._durable

    @property
    def version(self) -> int:
        """Rises whenever ``head`` may have changed: the version of the row's section."""
        return self._version

    def accept(self, payload: bytes, request: str = '') -> IntentRecord:
        """
        Give ``payload`` (an encoded command) the next serial; the caller persists the record.

        ``request``: what whoever asks named it.

        Raises ProposalRefused when the queue is full or the payload too long.
        """
        if not 1 <= len(payload) <= COMMAND_BYTES_MAX:
            raise ProposalRefused(
                f'command of {len(payload)} bytes: 1 to {COMMAND_BYTES_MAX} bytes'
            )
        if len(self._queue) >= INTENTS_MAX:
            raise ProposalRefused(f'{INTENTS_MAX} commands wait already: the queue is full')
        self._last_serial += 1
        record = IntentRecord(self._last_serial, payload, request)
        self._queue.append(record)
        return record

    def persisted(self, serial: int) -> None:
        """Note that every record up to ``serial`` is on disk: it may be shown now."""
        if serial > self._last_serial:
            raise UsageError(f'serial {serial} persisted, {self._last_serial} is the last')
        if serial > self._durable:
            self._durable = serial
            self._version += 1

    def head(self, bytes_max: int = HEAD_BYTES_MAX) -> tuple[IntentRecord, ...]:
        """
        Return the oldest durable intents that fit ``bytes_max`` bytes of payload together.

        The oldest is always among them: without it the session could not go on.
        """
        chosen: list[IntentRecord] = []
        size = 0
        for record in self._queue[:HEAD_MAX]:
            size += len(record.payload)
            if record.serial > self._durable or (chosen and size > bytes_max):
                break
            chosen.append(record)
        return tuple(chosen)

    def durable_after(self, serial: int) -> list[IntentRecord]:
        """Return the durable intents above ``serial``, however many: for a leader's own log."""
        first = self.first_serial
        return self._queue[max(0, serial + 1 - first):max(0, self._durable + 1 - first)]

    def settle(self, serial: int) -> IntentSettled | None:
        """Drop everything up to ``serial``, which was applied; returns the record to persist."""
        settled = max(0, serial + 1 - self.first_serial)
        if not settled or not self._queue:
            return None
        del self._queue[:settled]
        self._version += 1
        return IntentSettled(serial)
