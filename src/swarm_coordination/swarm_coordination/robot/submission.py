# SPDX-License-Identifier: Apache-2.0
"""
Commands that this robot accepts: checked, given a serial of its own session, shown until applied.

An operator's command and what the robot itself asks for (a task's renewal) go the same way.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from swarm_coordination.consensus.raft import Raft
from swarm_coordination.epochs import epoch_of
from swarm_coordination.errors import CommandError, ProposalRefused, TakenOffRoster
from swarm_coordination.mesh.mesh import Mesh
from swarm_coordination.mesh.rows import Intent
from swarm_coordination.mesh.settings import MeshSettings
from swarm_coordination.mission.commands import (
    AssignSlots,
    canonical_command,
    ClientCommand,
    Command,
    decode_command,
    LiftStop,
    StartMission,
)
from swarm_coordination.mission.formations import FormationLimits
from swarm_coordination.mission.intents import IntentQueue
from swarm_coordination.mission.sessions import SESSIONS_MAX
from swarm_coordination.mission.state import Applied, MissionState
from swarm_coordination.mission.validation import check_mission
from swarm_coordination.persistence import Recovered, REQUEST_LENGTH_MAX, REQUESTS_MAX
from swarm_coordination.robot.durability import Outbox
from swarm_coordination.robot.tasks import TaskHolder
from swarm_coordination.units import seconds_to_ns

# Ends the text of a refusal that does not say that the command had no effect.
UNKNOWN = 'outcome unknown'


class Told(NamedTuple):
    """What has become of an own command: kind (see ``RobotEvent``), text, serial."""

    kind: str
    text: str
    serial: int


class Submissions:
    """
    The own session, from acceptance to application.

    Whatever was accepted is told ``applied`` or ``refused`` in the end: it took effect, or it
    never does (unless the text says that the outcome is unknown). Taken off the roster, the
    robot has no session any more: what still waits then is refused. So is what waits where the
    robot comes out of a history made void that had settled other commands of it: whoever asked
    for these knew that history, and may have seen them applied there.

    Parameters
    ----------
    recovered : what storage gave back.
    raft : the own member; asked whether its log is void.
    state : the mission state; read, never changed.
    outbox : gets the records that have to be durable.
    settings : of the mesh: which gap between ticks is a pause.
    now : ns of the own clock.

    """

    def __init__(
        self,
        recovered: Recovered,
        raft: Raft,
        state: MissionState,
        outbox: Outbox,
        settings: MeshSettings,
        now: int,
    ) -> None:
        self._name = recovered.provision.name
        self._robot = recovered.provision.storage_id
        # After a loss, old commands under the same serials may still be on their way; a copy of
        # this disk gives the same ones out.
        self._intact = recovered.may_vote
        self._raft, self._state = raft, state
        self._outbox = outbox
        self._queue = IntentQueue(recovered.intents, recovered.last_serial)
        # Cluster whose log has shown what of the own session it holds. Not by looking whether the
        # log is void now and then: it may be so for less than a tick.
        self._epoch = epoch_of(raft.log.last_term)
        # What callers named their commands -> serial; the newest, oldest first.
        self._requests = {name: serial for serial, name in recovered.requests}
        gap_max_ns = seconds_to_ns(settings.tick_gap_max_s)
        self.tasks = TaskHolder(self._robot, state, gap_max_ns, now)

    def __len__(self) -> int:
        """Commands accepted and not yet applied."""
        return len(self._queue)

    @property
    def version(self) -> int:
        """Rises whenever ``shown`` may have changed."""
        return self._queue.version

    @property
    def durable_serial(self) -> int:
        """Highest serial that is on disk."""
        return self._queue.durable_serial

    @property
    def settled_serial(self) -> int:
        """Highest serial that the log has applied, with effect or without."""
        return self._queue.first_serial - 1

    @property
    def on_roster(self) -> bool:
        """Whether nobody has taken this robot off the roster."""
        return self._robot not in self._state.removed

    @property
    def withholds(self) -> bool:
        """Whether nothing is shown to leaders: the log is void, or only just joined."""
        return self._epoch < epoch_of(self._raft.term)

    def serial_of(self, request: str) -> int:
        """
        Return the serial of what was asked under this name before, over restarts too; 0: nothing.

        Raises CommandError for a name that is too long.
        """
        if len(request) > REQUEST_LENGTH_MAX:
            raise CommandError(f'request_id: at most {REQUEST_LENGTH_MAX} characters')
        return self._requests.get(request, 0)

    def propose(
        self, command: str, limits: FormationLimits, mesh: Mesh, members: Collection[int],
        now: int, request: str,
    ) -> int:
        """
        Read, check and accept an operator's command (JSON); return its serial.

        What was asked under the name ``request`` before keeps its serial. ``members``: see
        ``check_command``. Raises CommandError with the reason, and ProposalRefused as ``accept``.
        """
        if request and (serial := self.serial_of(request)):
            return serial
        # What is no Unicode (a lone surrogate) becomes bytes that are no JSON, and is refused.
        decoded = decode_command(command.encode('utf-8', 'surrogatepass'))
        check_command(decoded, limits, mesh, members)
        return self.accept(decoded, now, request)

    def accept(self, command: Command, now: int, request: str = '') -> int:
        """
        Give a checked command the next serial, and its record to the disk.

        ``request``: what its caller named it, empty where that did not.

        Raises ProposalRefused where it could never be applied, while the log is void, or where
        too many wait.
        """
        if not self.on_roster:
            raise TakenOffRoster(f'{self._name} was taken off the roster')
        if not self._intact:
            raise ProposalRefused(
                f'the storage of {self._name} was lost, damaged or copied, and its serials with '
                'it: ask another robot'
            )
        if self.withholds:
            raise ProposalRefused(
                f'the log of {self._name} has not been joined yet to that of a forced new '
                'cluster: ask another robot'
            )
        sessions = self._state.sessions
        if self._robot not in sessions and len(sessions) >= SESSIONS_MAX:
            raise ProposalRefused(
                f'no session left: {SESSIONS_MAX} robots have one until they are taken off the '
                'roster'
            )
        record = self._queue.accept(canonical_command(command), request)
        if request:
            self._requests[request] = record.serial
            if len(self._requests) > REQUESTS_MAX:
                del self._requests[next(iter(self._requests))]
        self._outbox.add(record, serial=record.serial)
        self.tasks.sent(record.serial, command, now)
        return record.serial

    def forfeit(self) -> None:
        """Accept nothing any more: another process gives out the same serials."""
        self._intact = False

    def tick(self, now: int) -> list[Told]:
        """
        Let time pass; return what is to be told.

        Renews the leases that want it, or suspends them while the log is void.
        """
        told = self._join() if self.withholds else []
        for command in self.tasks.tick(now):
            try:
                self.accept(command, now)
            except ProposalRefused:
                break  # it is due again at the next tick, and the holder stops in time
        return told

    def _join(self) -> list[Told]:
        """Once an entry of the forced cluster is applied: refuse what follows a void serial."""
        if self._raft.is_void:
            self.tasks.suspend('while its log is void')
        if epoch_of(self._state.term) < epoch_of(self._raft.term):
            return []
        self._epoch = epoch_of(self._raft.term)
        if self._queue.first_serial <= self._state.sessions.next_serial(self._robot):
            return []
        return self._refuse_all(f'what was applied before it is void: {UNKNOWN}')

    def persisted(self, serial: int) -> list[Told]:
        """Note that every serial up to ``serial`` is on disk; return what is to be told of it."""
        first = self._queue.durable_serial + 1
        self._queue.persisted(serial)
        told = [
            Told('accepted', f'command {new} is on disk', new)
            for new in range(first, serial + 1)
        ]
        return told + self._void('the robot was taken off the roster')

    def shown(self) -> tuple[Intent, ...]:
        """Return the oldest durable commands, for the own row and for the leader here."""
        return tuple(Intent(record.serial, record.payload) for record in self._queue.head())

    def durable_after(self, serial: int) -> tuple[Intent, ...]:
        """Return all durable commands above ``serial``: what a leader here has yet to append."""
        return tuple(
            Intent(record.serial, record.payload) for record in self._queue.durable_after(serial)
        )

    def restored(self) -> list[Told]:
        """Settle what a snapshot holds; return what is to be told of it."""
        session = self._state.sessions.of(self._robot)
        # A disk that was lost has forgotten serials that the session knows: nobody waits for them.
        last = min(session.last_serial, self._queue.last_serial)
        serials = range(self._queue.first_serial, last + 1)
        self._settle(session.last_serial)
        self.tasks.settled()
        told = [_told_by_snapshot(session.took_effect(serial), serial) for serial in serials]
        return told + self._void(f'by a snapshot: taken off the roster, {UNKNOWN}')

    def applied(self, applied: Applied) -> list[Told]:
        """Settle what the mission state has just applied; return what is to be told of it."""
        told = []
        if applied.session == self._robot:
            last = self._state.sessions.of(self._robot).last_serial
            # The command that ends the own session has used up its serial like any other.
            if self._settle(max(last, applied.serial) if applied.applied else last):
                kind = 'applied' if applied.applied else 'refused'
                told.append(Told(kind, applied.result, applied.serial))
        return told + self._void('the robot was taken off the roster')

    def _settle(self, serial: int) -> bool:
        """Drop commands up to ``serial``; return whether there were any."""
        settled = self._queue.settle(serial)
        if settled is not None:
            self._outbox.settle(settled)
        return settled is not None

    def _void(self, text: str) -> list[Told]:
        """Drop every durable command once no session is left for it; return what is to be told."""
        return [] if self.on_roster else self._refuse_all(text)

    def _refuse_all(self, text: str) -> list[Told]:
        """Drop every durable command; return what is to be told."""
        serials = range(self._queue.first_serial, self._queue.durable_serial + 1)
        settled = self._queue.settle(self._queue.durable_serial)
        if settled is not None:
            self._outbox.add(settled)  # on disk soon: no session says after a restart that it was
        self.tasks.refused(self._queue.durable_serial)
        return [Told('refused', text, serial) for serial in serials]


def _told_by_snapshot(effect: bool | None, serial: int) -> Told:
    """Return what is to be told of a serial of which the session in a snapshot says this."""
    text = f'by a snapshot: {UNKNOWN}' if effect is None else 'by a snapshot'
    return Told('applied' if effect else 'refused', text, serial)


def check_command(
    command: Command, limits: FormationLimits, mesh: Mesh, members: Collection[int]
) -> None:
    """
    Check what the log could not: whether these robots may fly a mission, who and what is meant.

    ``members``: storage ids of the cluster. A stop that nobody has raised yet may not be lifted:
    it could never be raised. Raises CommandError with the reason.
    """
    if isinstance(command, ClientCommand):
        command = command.command
    if isinstance(command, StartMission):
        check_mission(command, limits, len(mesh.alive()))
    if isinstance(command, AssignSlots):
        known = (mesh.identity.storage_id, *mesh.rows_held(), *members)
        strange = [robot for robot in command.robots if robot and robot not in known]
        if strange:
            raise CommandError(f'robots: {strange} are not valid: nobody here has heard of them')
    if isinstance(command, LiftStop):
        for issuer, counter in command.counters:
            highest = mesh.highest_stop(issuer)
            if counter > highest:
                raise CommandError(
                    f'counters: stop {counter} of robot {issuer} is not valid: the highest heard '
                    f'of here is {highest}'
                )
