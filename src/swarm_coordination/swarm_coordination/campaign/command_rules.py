# SPDX-License-Identifier: Apache-2.0
"""
No acknowledged command is lost, none is applied twice, none is altered; answers hold.

A command is acknowledged when its robot says ``accepted``: it is on that robot's disk then. It
takes effect where its session's serial is used up, once in the whole log. What was accepted by a
robot whose disk was lost before anybody applied it may be lost with it; so may what a robot has
accepted, and the log does not hold, when it is taken off the roster: its session ends there.

What a robot tells of its own commands is what the log did: ``applied`` took effect, ``refused``
never does. Only who was taken off the roster may leave the outcome unknown.
"""

from __future__ import annotations

from swarm_coordination.arena.node import Node
from swarm_coordination.arena.observer import Observer
from swarm_coordination.campaign.broken import InvariantBroken
from swarm_coordination.campaign.tally import tally
from swarm_coordination.mission.commands import decode_command, RosterRemove
from swarm_coordination.persistence import IntentRecord, PersistRequest
from swarm_coordination.robot.coordinator import Coordinator
from swarm_coordination.robot.outputs import CommittedEntry, RobotEvent, RobotOutput
from swarm_coordination.robot.submission import UNKNOWN

DURABLE, ALTERED, TWICE = 'Promises are durable', 'No command altered', 'No command twice'
ANSWERS = 'Answers hold'
# How the texts of refusals begin that are of no robot's command.
_OF_NO_COMMAND = ('no slots: ', 'no snapshot: ', 'leadership stays')

_Key = tuple[int, int]  # session, serial


class CommandRules(Observer):
    """Follows every command from acceptance to effect."""

    def __init__(self) -> None:
        self.checks = tally(DURABLE, ALTERED, TWICE, ANSWERS)
        self.removed: set[int] = set()  # robots taken off the roster: their sessions have ended
        self._durable: dict[_Key, str] = {}
        self._accepted: dict[_Key, int] = {}
        self._effects: dict[_Key, int] = {}
        self._applied: set[_Key] = set()  # of those, what was not refused
        self._refused: set[_Key] = set()  # told so: these never may take effect
        self._judged = 0  # entries of the common log

    def durable(self, node: Node, request: PersistRequest, now: int) -> None:
        """Note the commands that a disk holds."""
        for record in request.records:
            if isinstance(record, IntentRecord):
                key = (node.storage_id, record.serial)
                text = record.payload.decode()
                if self._durable.setdefault(key, text) != text:
                    raise InvariantBroken(
                        ALTERED, f'{node.name} gave serial {record.serial} twice'
                    )

    def wiped(self, node: Node, now: int) -> None:
        """Forget what only this disk knew."""
        for key in [key for key in self._accepted if key[0] == node.storage_id]:
            if key not in self._effects:
                del self._accepted[key]

    def after(self, node: Node, core: Coordinator, output: RobotOutput, now: int) -> None:
        """Check acceptances and effects."""
        for event in output.events:
            if event.kind == 'accepted':
                self.checks[DURABLE] += 1
                key = (node.storage_id, event.value)
                if key not in self._durable:
                    raise InvariantBroken(
                        DURABLE,
                        f'{node.name} accepted command {event.value} before it was on disk',
                    )
                self._accepted[key] = now
        for entry in output.committed:
            if entry.index > self._judged:
                self._judged = entry.index
                self._effect(entry)
        for event in output.events:
            if event.kind in ('applied', 'refused'):
                self._check_answer(node, event)

    def _check_answer(self, node: Node, event: RobotEvent) -> None:
        if event.kind == 'refused':
            unknown = event.text.endswith(UNKNOWN) and node.storage_id in self.removed
            if unknown or event.text.startswith(_OF_NO_COMMAND):
                return
        self.checks[ANSWERS] += 1
        key = (node.storage_id, event.value)
        if event.kind == 'refused':
            self._refused.add(key)
        if (event.kind == 'applied') is not (key in self._applied):
            raise InvariantBroken(
                ANSWERS,
                f'{node.name} says {event.kind} of serial {event.value}; in the log it has '
                f'{"an" if key in self._applied else "no"} effect',
            )

    def _check_duplicate(self, entry: CommittedEntry) -> None:
        effect = (entry.session, entry.serial) in self._applied
        kept = entry.result.removeprefix('duplicate: ')
        if kept not in ('applied', 'refused'):
            return
        self.checks[ANSWERS] += 1
        if (kept == 'applied') is not effect:
            raise InvariantBroken(
                ANSWERS,
                f'entry {entry.index} says {kept} of serial {entry.serial}, which has '
                f'{"an" if effect else "no"} effect',
            )

    def _effect(self, entry: CommittedEntry) -> None:
        if entry.session and entry.result.startswith('duplicate'):
            self._check_duplicate(entry)
        if not entry.session or entry.result.startswith(('duplicate', 'gap')):
            return
        if entry.session in self.removed:
            self.checks[TWICE] += 1
            if entry.applied:
                raise InvariantBroken(
                    TWICE, f'entry {entry.index} is of a session that has ended'
                )
            return
        self.checks[TWICE] += 1
        key = (entry.session, entry.serial)
        if key in self._effects:
            raise InvariantBroken(
                TWICE,
                f'serial {entry.serial} took effect at {self._effects[key]} and {entry.index}',
            )
        self._effects[key] = entry.index
        if entry.applied:
            self._applied.add(key)
            if key in self._refused:
                raise InvariantBroken(
                    ANSWERS, f'serial {key[1]} took effect after it was refused for good'
                )
        self.checks[ALTERED] += 1
        if self._durable.get(key) != entry.command:
            raise InvariantBroken(
                ALTERED,
                f'entry {entry.index} is not what was accepted as serial {entry.serial}',
            )

        if entry.applied and '"roster_remove"' in entry.command:
            command = decode_command(entry.command.encode())
            if isinstance(command, RosterRemove):
                self.removed.add(command.robot)

    def lost(self) -> tuple[_Key, ...]:
        """Return what was accepted and has not taken effect."""
        return tuple(
            key for key in self._accepted
            if key not in self._effects and key[0] not in self.removed
        )
