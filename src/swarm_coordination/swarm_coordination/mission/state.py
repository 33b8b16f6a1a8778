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

from swarm_coordination.bounds import ID_MAX, LIFTED_MAX
from swarm_coordination.epochs import entry_number, epoch_of
from swarm_coordination.errors import CommandError, UsageError
from swarm_coordination.mission.blackboard import Blackboard, Change
from swarm_coordination.mission.client_commands import ClientClose, ClientOpen
from swarm_coordination.mission.commands import (
    Abort,
    AssignSlots,
    ClientCommand,
    Command,
    decode_command,
    Delete,
    Envelope,
    Hold,
    LiftStop,
    Put,
    Resume,
    RosterRemove,
    StartMission,
    TransferLeadership,
)
from swarm_coordination.mission.formations import Layout
from swarm_coordination.mission.places import Places
from swarm_coordination.mission.sessions import Clients, Sessions
from swarm_coordination.mission.snapshot import (
    decode_state,
    encode_state,
    Mission,
    REMOVED_MAX,
    StateValues,
)
from swarm_coordination.mission.tasks import Tasks


class MissionEvent(NamedTuple):
    """A change of the mission state; ``kind`` is one of robot.outputs.RobotEvent's."""

    kind: str
    text: str
    value: int


class Outcome(NamedTuple):
    """What came of a command that took effect; ``command``: a client's own, not its wrapping."""

    command: Command
    result: str
    events: tuple[MissionEvent, ...] = ()
    changes: tuple[Change, ...] = ()


class Applied(NamedTuple):
    """What one entry did: the fields of robot.outputs.CommittedEntry, and what came of it."""

    index: int  # type: ignore[assignment]  # hides tuple.index
    term: int
    session: int
    serial: int
    stamp_ms: int
    command: str
    applied: bool
    result: str
    outcome: Outcome | None = None


class MissionState:
    """
    Mission, slots, blackboard, tasks, lifted stops, roster and sessions at one log index.

    ``epoch`` is the log index of the last entry that changed who has which slot: an assignment,
    a mission's start (nobody has one) or the removal of a robot that had one. It only rises.
    """

    def __init__(self, values: StateValues | None = None) -> None:
        self.become(values or StateValues())

    def become(self, values: StateValues) -> None:
        """Go on from a snapshot: whoever holds this state sees the other one from now on."""
        self.index = values.index
        self.term = values.term
        self.log_time_ms = values.log_time_ms
        self.mission: Mission | None = values.mission
        self.epoch = values.epoch
        self.slots: tuple[int, ...] = values.slots
        self.layout = values.layout
        self._places: tuple[tuple[int, int], Places] | None = None
        self.sessions = Sessions(values.sessions)
        self.clients = Clients(values.clients)
        self.board = Blackboard(values.board)
        self.tasks = Tasks(values.tasks)
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

    def places(self) -> Places | None:
        """Return where the slots of the assignment in force lie; None where there is none."""
        if self.mission is None or not self.slots:
            return None
        key = (self.mission.index, self.epoch)
        if self._places is None or self._places[0] != key:
            self._places = (
                key, Places(self.mission.command, len(self.slots), self.layout)
            )
        return self._places[1]

    def lifted(self, issuer: int) -> int:
        """Highest safety-stop counter of ``issuer`` that was lifted; 0 for none."""
        return self._lifted.get(issuer, 0)

    @property
    def liftings(self) -> tuple[tuple[int, int], ...]:
        """Every issuer whose stops were lifted, with the highest such counter, ascending."""
        return tuple(sorted(self._lifted.items()))

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
        done = self._submit(envelope)
        return Applied(
            index,
            term,
            envelope.session,
            envelope.serial,
            self.log_time_ms,
            envelope.command.decode('utf-8', 'backslashreplace'),
            isinstance(done, Outcome),
            done.result if isinstance(done, Outcome) else done,
            done if isinstance(done, Outcome) else None,
        )

    def _submit(self, envelope: Envelope) -> Outcome | str:
        """Check the session, perform the command, record its result; a text is a refusal."""
        robot, serial = envelope.session, envelope.serial
        if robot:
            if robot in self._removed:
                return 'refused: the robot was taken off the roster'
            forced = epoch_of(self.term) > 0
            refusal = self.sessions.refusal(robot, serial, forced=forced)
            if refusal:
                return refusal
        done: Outcome | str
        try:
            command = decode_command(envelope.command, canonical=True)
            if not robot and not isinstance(command, AssignSlots):
                raise CommandError('only slot assignments come without a session')
            done = self._perform(command, robot)
        except CommandError as error:
            done = _refused(error)
        if robot and robot not in self._removed:
            result = done if isinstance(done, str) else done.result
            self.sessions.record(robot, serial, not isinstance(done, str), result)
        return done

    def _perform(self, command: Command, robot: int) -> Outcome:
        """Carry out ``robot``'s command; raises CommandError, having changed nothing."""
        match command:
            case StartMission():
                return self._start(command)
            case AssignSlots():
                return self._assign(command)
            case Hold() | Resume():
                return self._hold(command)
            case Abort():
                return self._abort(command)
            case LiftStop():
                return self._lift(command)
            case Put() | Delete():
                return self._write(command)
            case RosterRemove():
                return self._remove(command)
            case TransferLeadership():
                if command.robot in self._removed:
                    raise CommandError(f'robot {command.robot} was taken off the roster')
                return Outcome(command, 'asked')
            case ClientOpen():
                number = entry_number(self.term, self.index)
                self.clients.begin(number, command.ttl_ms, self.log_time_ms)
                return Outcome(command, f'session {number}')
            case ClientClose():
                self.clients.close(command.session)
                return Outcome(command, 'closed')
            case ClientCommand():
                return self._of_client(command)
        number = entry_number(self.term, self.index)
        result = self.tasks.perform(command, robot, number, self.log_time_ms)
        event = MissionEvent('task', f'task {command.task} {result}', self.index)
        return Outcome(command, result, (event,))

    def _of_client(self, command: ClientCommand) -> Outcome:
        """Carry out a client's command once; raises CommandError with what came of it."""
        self.clients.check(command.session, command.serial, self.log_time_ms)
        try:
            done = self._perform(command.command, 0)
        except CommandError as error:
            self.clients.record(command.session, False, _refused(error), self.log_time_ms)
            raise
        self.clients.record(command.session, True, done.result, self.log_time_ms)
        return done

    def _start(self, command: StartMission) -> Outcome:
        self.mission = Mission(self.index, command)
        self.epoch, self.slots, self.layout = self.index, (), Layout()
        event = MissionEvent('mission', f'mission {command.name} started', self.index)
        return Outcome(command, f'mission {command.name} is {self.index}', (event,))

    def _assign(self, command: AssignSlots) -> Outcome:
        mission = self._flying()
        if command.mission != mission.index:
            raise CommandError(f'mission {command.mission} is over: {mission.index} is flown')
        if command.after != self.epoch:
            raise CommandError(f'epoch {command.after} is over: {self.epoch} is in force')
        gone = [robot for robot in command.robots if robot in self._removed]
        if gone:
            raise CommandError(f'robots {gone} were taken off the roster')
        Places(mission.command, len(command.robots))  # refuses a bad count
        self.epoch, self.slots, self.layout = self.index, command.robots, command.layout
        text = f'{len(command.slots)} robots in {len(command.robots)} slots'
        return Outcome(command, f'epoch {self.index}', (MissionEvent('slots', text, self.index),))

    def _hold(self, command: Hold | Resume) -> Outcome:
        mission = self._flying()
        held = isinstance(command, Hold)
        verb = 'held' if held else 'resumed'
        if mission.held == held:
            return Outcome(command, f'already {verb}')
        self.mission = mission._replace(held=held)
        kind = 'hold' if held else 'mission'
        event = MissionEvent(kind, f'mission {mission.command.name} {verb}', mission.index)
        return Outcome(command, verb, (event,))

    def _abort(self, command: Abort) -> Outcome:
        mission = self._flying()
        self.mission = mission._replace(aborted=True)
        event = MissionEvent('abort', f'mission {mission.command.name} aborted', mission.index)
        return Outcome(command, 'aborted', (event,))

    def _flying(self) -> Mission:
        if self.mission is None or self.mission.aborted:
            raise CommandError('no mission is being flown')
        return self.mission

    def _lift(self, command: LiftStop) -> Outcome:
        raised: dict[int, int] = {}
        for issuer, counter in command.counters:  # the same issuer may be named twice
            if counter > max(self.lifted(issuer), raised.get(issuer, 0)):
                raised[issuer] = counter
        if len(self._lifted.keys() | raised.keys()) > LIFTED_MAX:
            raise CommandError(f'stops of more than {LIFTED_MAX} issuers were lifted')
        self._lifted.update(raised)
        events = tuple(
            MissionEvent('stop_lifted', f'safety stop {counter} lifted', issuer)
            for issuer, counter in sorted(raised.items())
        )
        return Outcome(command, f'{len(raised)} stops lifted', events)

    def _write(self, command: Put | Delete) -> Outcome:
        if isinstance(command, Put):
            change = self.board.put(command)
        else:
            change = self.board.delete(command, self.index)
        return Outcome(command, f'version {change.version}', changes=(change,))

    def _remove(self, command: RosterRemove) -> Outcome:
        robot = command.robot
        if robot in self._removed:
            return Outcome(command, 'already removed')
        if len(self._removed) >= REMOVED_MAX:
            raise CommandError(f'more than {REMOVED_MAX} robots were removed')
        self._removed = tuple(sorted((*self._removed, robot)))
        self.sessions.remove(robot)
        if robot not in self.slots:
            return Outcome(command, 'removed')
        self.slots = tuple(0 if other == robot else other for other in self.slots)
        self.epoch = self.index
        text = f'slot {self.slots.index(0)} is free'
        return Outcome(command, 'removed', (MissionEvent('slots', text, self.index),))

    def _values(self) -> StateValues:
        return StateValues(
            self.index,
            self.term,
            self.log_time_ms,
            self.mission,
            self.epoch,
            self.slots,
            self.sessions.items(),
            self.clients.items(),
            self.board.values(),
            self.tasks.items(),
            self.liftings,
            self._removed,
            self.layout,
        )


def _refused(error: CommandError) -> str:
    """Return the text of a refusal: plain characters only, whatever the refused bytes held."""
    return f'refused: {error}'.encode('ascii', 'backslashreplace').decode('ascii')
