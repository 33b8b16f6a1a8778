# SPDX-License-Identifier: Apache-2.0
"""
The state machine that the mission log drives: the same entries, the same state, everywhere.

``apply`` takes one committed entry after the other. It never raises on an entry's contents: a
command that is malformed or not allowed now is refused with a reason as its result, changes
nothing, and still uses up its serial, so that the session goes on. Nothing here depends on
settings, clocks or randomness: only on the log.
"""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from swarm_coordination.bounds import ID_MAX
from swarm_coordination.errors import CommandError, UsageError
from swarm_coordination.mission.commands import (
    Abort,
    AssignSlots,
    Command,
    decode_command,
    Envelope,
    Hold,
    LiftStop,
    Put,
    Resume,
    RosterRemove,
    StartMission,
)
from swarm_coordination.mission.formations import slot_offsets
from swarm_coordination.mission.sessions import Result, Sessions
from swarm_coordination.mission.snapshot import (
    BLACKBOARD_MAX,
    BoardValue,
    decode_state,
    encode_state,
    LIFTED_MAX,
    Mission,
    REMOVED_MAX,
    RESULT_CHARS_MAX,
    StateValues,
)


class MissionEvent(NamedTuple):
    """A change of the mission state; ``kind`` is one of robot.outputs.RobotEvent's."""

    kind: str
    text: str
    value: int


class Applied(NamedTuple):
    """What one entry did: the fields of robot.outputs.CommittedEntry, and events."""

    index: int  # type: ignore[assignment]  # hides tuple.index
    term: int
    session: int
    serial: int
    stamp_ms: int
    command: str
    applied: bool
    result: str
    events: tuple[MissionEvent, ...] = ()


class MissionState:
    """
    Mission, slots, blackboard, lifted stops, roster and sessions at one log index.

    ``epoch`` is the log index of the last entry that changed who has which slot: an assignment,
    a mission's start (nobody has one) or the removal of a robot that had one. It only rises.
    """

    def __init__(self, values: StateValues | None = None) -> None:
        values = values or StateValues()
        self.index = values.index
        self.term = values.term
        self.log_time_ms = values.log_time_ms
        self.mission: Mission | None = values.mission
        self.epoch = values.epoch
        self.slots: tuple[int, ...] = values.slots
        self.sessions = Sessions(values.sessions)
        self._board = dict(values.board)
        self._lifted = dict(values.lifted)
        self._removed = values.removed
        self._digest: tuple[int, int] | None = None

    # -- what others read ------------------------------------------------------------------

    @property
    def assigned(self) -> bool:
        """Whether the mission has a slot assignment; False from its start until the first."""
        return bool(self.slots)

    @property
    def removed(self) -> tuple[int, ...]:
        """Storage ids taken off the roster, ascending."""
        return self._removed

    def slot_of(self, robot: int) -> int:
        """Slot of a storage id; -1 where it has none."""
        return self.slots.index(robot) if robot and robot in self.slots else -1

    def lifted(self, issuer: int) -> int:
        """Highest safety-stop counter of ``issuer`` that was lifted; 0 for none."""
        return self._lifted.get(issuer, 0)

    def get(self, key: str) -> BoardValue | None:
        """Blackboard value with its version, if the key exists."""
        return self._board.get(key)

    def snapshot(self) -> bytes:
        """Canonical bytes of the whole state: equal states, equal bytes."""
        return encode_state(self._values())

    @classmethod
    def restore(cls, data: bytes) -> MissionState:
        """Return the state in a snapshot; raises CommandError where it is not one."""
        return cls(decode_state(data))

    def digest(self) -> int:
        """62-bit BLAKE2b of the snapshot: equal on all robots that applied as far."""
        if self._digest is None or self._digest[0] != self.index:
            raw = hashlib.blake2b(self.snapshot(), digest_size=8).digest()
            self._digest = (self.index, int.from_bytes(raw, 'big') & ID_MAX)
        return self._digest[1]

    # -- apply -----------------------------------------------------------------------------

    def apply(self, index: int, term: int, payload: bytes) -> Applied:
        """
        Apply the entry at ``index``, which must follow the last one applied.

        An empty payload is a leader's no-op. Raises UsageError for an index out of order.
        """
        if index != self.index + 1:
            raise UsageError(f'entry {index} applied after {self.index}')
        self.index, self.term = index, term
        if not payload:
            return Applied(index, term, 0, 0, self.log_time_ms, '', True, '')
        try:
            envelope = Envelope.decode(payload)
        except CommandError as error:
            return Applied(index, term, 0, 0, self.log_time_ms, '', False, _refused(error))
        self.log_time_ms = max(self.log_time_ms, envelope.stamp_ms)
        done, result, events = self._submit(envelope)
        return Applied(
            index,
            term,
            envelope.session,
            envelope.serial,
            self.log_time_ms,
            envelope.command.decode('utf-8', 'backslashreplace'),
            done,
            result,
            events,
        )

    def _submit(self, envelope: Envelope) -> tuple[bool, str, tuple[MissionEvent, ...]]:
        """Check the session, perform the command and record its result."""
        robot, serial = envelope.session, envelope.serial
        if robot:
            if robot in self._removed:
                return False, 'refused: the robot was taken off the roster', ()
            refusal = self.sessions.refusal(robot, serial)
            if refusal:
                return False, refusal, ()
        try:
            command = decode_command(envelope.command)
            if not robot and not isinstance(command, AssignSlots):
                raise CommandError('only slot assignments come without a session')
            result, events = self._perform(command)
            done = True
        except CommandError as error:
            done, result, events = False, _refused(error), ()
        if robot and robot not in self._removed:
            kept = result[:RESULT_CHARS_MAX]
            self.sessions.record(robot, Result(serial, self.index, done, kept))
        return done, result, events

    def _perform(self, command: Command) -> tuple[str, tuple[MissionEvent, ...]]:
        """Carry out a decoded command; raises CommandError, having changed nothing."""
        if isinstance(command, StartMission):
            return self._start(command)
        if isinstance(command, AssignSlots):
            return self._assign(command)
        if isinstance(command, Hold | Resume):
            return self._hold(isinstance(command, Hold))
        if isinstance(command, Abort):
            return self._abort()
        if isinstance(command, LiftStop):
            return self._lift(command)
        if isinstance(command, Put):
            return self._put(command)
        return self._remove(command)

    def _start(self, command: StartMission) -> tuple[str, tuple[MissionEvent, ...]]:
        self.mission = Mission(self.index, command)
        self.epoch, self.slots = self.index, ()
        event = MissionEvent('mission', f'mission {command.name} started', self.index)
        return f'mission {command.name} is {self.index}', (event,)

    def _assign(self, command: AssignSlots) -> tuple[str, tuple[MissionEvent, ...]]:
        mission = self._flying()
        if command.mission != mission.index:
            raise CommandError(f'mission {command.mission} is over: {mission.index} is flown')
        if command.after != self.epoch:
            raise CommandError(f'epoch {command.after} is over: {self.epoch} is in force')
        gone = [robot for robot in command.robots if robot in self._removed]
        if gone:
            raise CommandError(f'robots {gone} were taken off the roster')
        slot_offsets(mission.command.formation, len(command.robots))  # refuses a bad count
        self.epoch, self.slots = self.index, command.robots
        text = f'{len(command.slots)} robots in {len(command.robots)} slots'
        return f'epoch {self.index}', (MissionEvent('slots', text, self.index),)

    def _hold(self, held: bool) -> tuple[str, tuple[MissionEvent, ...]]:
        mission = self._flying()
        verb = 'held' if held else 'resumed'
        if mission.held == held:
            return f'already {verb}', ()
        self.mission = mission._replace(held=held)
        kind = 'hold' if held else 'mission'
        event = MissionEvent(kind, f'mission {mission.command.name} {verb}', mission.index)
        return verb, (event,)

    def _abort(self) -> tuple[str, tuple[MissionEvent, ...]]:
        mission = self._flying()
        self.mission = mission._replace(aborted=True)
        event = MissionEvent('abort', f'mission {mission.command.name} aborted', mission.index)
        return 'aborted', (event,)

    def _flying(self) -> Mission:
        if self.mission is None or self.mission.aborted:
            raise CommandError('no mission is being flown')
        return self.mission

    def _lift(self, command: LiftStop) -> tuple[str, tuple[MissionEvent, ...]]:
        raised = {i: c for i, c in command.counters if c > self.lifted(i)}
        if len(self._lifted.keys() | raised.keys()) > LIFTED_MAX:
            raise CommandError(f'stops of more than {LIFTED_MAX} issuers were lifted')
        self._lifted.update(raised)
        events = tuple(
            MissionEvent('stop_lifted', f'safety stop {counter} lifted', issuer)
            for issuer, counter in sorted(raised.items())
        )
        return f'{len(raised)} stops lifted', events

    def _put(self, command: Put) -> tuple[str, tuple[MissionEvent, ...]]:
        old = self._board.get(command.key)
        version = old.version if old else 0
        if command.expected is not None and command.expected != version:
            raise CommandError(f'{command.key} has version {version}, not {command.expected}')
        if old is None and len(self._board) >= BLACKBOARD_MAX:
            raise CommandError(f'the blackboard is full: at most {BLACKBOARD_MAX} keys')
        self._board[command.key] = BoardValue(command.value, version + 1)
        return f'version {version + 1}', ()

    def _remove(self, command: RosterRemove) -> tuple[str, tuple[MissionEvent, ...]]:
        robot = command.robot
        if robot in self._removed:
            return 'already removed', ()
        if len(self._removed) >= REMOVED_MAX:
            raise CommandError(f'more than {REMOVED_MAX} robots were removed')
        self._removed = tuple(sorted((*self._removed, robot)))
        self.sessions.remove(robot)
        if robot not in self.slots:
            return 'removed', ()
        self.slots = tuple(0 if other == robot else other for other in self.slots)
        self.epoch = self.index
        text = f'slot {self.slots.index(0)} is free'
        return 'removed', (MissionEvent('slots', text, self.index),)

    def _values(self) -> StateValues:
        return StateValues(
            self.index,
            self.term,
            self.log_time_ms,
            self.mission,
            self.epoch,
            self.slots,
            self.sessions.items(),
            tuple(sorted(self._board.items())),
            tuple(sorted(self._lifted.items())),
            self._removed,
        )


def _refused(error: CommandError) -> str:
    """Return the text of a refusal: plain characters only, whatever the refused bytes held."""
    return f'refused: {error}'.encode('ascii', 'backslashreplace').decode('ascii')
