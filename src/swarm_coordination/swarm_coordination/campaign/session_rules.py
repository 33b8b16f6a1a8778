# SPDX-License-Identifier: Apache-2.0
"""
Exactly once, for clients from outside: whichever robots they ask, and however often.

A client's command takes effect once and in the order of its serials (``mission/sessions.py``),
and whoever is told of it, by the first answer or by one to a duplicate, is told what it did. A
session is over only where it was not used for as long as it was opened for, by log time.
"""

from __future__ import annotations

from typing import NamedTuple

from swarm_coordination.arena.node import Node
from swarm_coordination.arena.observer import Observer
from swarm_coordination.campaign.broken import InvariantBroken
from swarm_coordination.mission.client_commands import ClientOpen
from swarm_coordination.mission.commands import ClientCommand, decode_command
from swarm_coordination.robot.coordinator import Coordinator
from swarm_coordination.robot.outputs import CommittedEntry, RobotOutput

RULE = 'Exactly once'
_REFUSED, _DUPLICATE = 'refused: ', 'duplicate: '


class _Session(NamedTuple):
    """A session: how long it lasts unused, last use (log time), results by serial from 1."""

    ttl_ms: int
    used_ms: int
    results: tuple[str, ...] = ()


class SessionRules(Observer):
    """Follows the sessions of clients through the common log."""

    def __init__(self) -> None:
        self.checks = 0
        self._sessions: dict[int, _Session] = {}
        self._judged = 0  # entries of the common log

    def after(self, node: Node, core: Coordinator, output: RobotOutput, now: int) -> None:
        """Judge the entries that nobody has applied before."""
        for entry in output.committed:
            if entry.index > self._judged:
                self._judged = entry.index
                self._judge(entry)

    def told(self, session: int, serial: int, result: str) -> bool:
        """
        Check what a client is told of its command; return whether that is its outcome.

        Raises InvariantBroken where it is told what did not happen.
        """
        self.checks += 1
        if result.startswith(f'{_REFUSED}gap'):
            return False
        results = self._sessions[session].results
        effect = results[serial - 1] if serial <= len(results) else ''
        said = result.removeprefix(_REFUSED).removeprefix(_DUPLICATE)
        if not effect or said not in (effect, 'applied'):
            raise InvariantBroken(
                RULE, f'command {serial} of session {session} did {effect or "nothing"!r}; its '
                f'client is told {result!r}',
            )
        return True

    def _judge(self, entry: CommittedEntry) -> None:
        command = decode_command(entry.command.encode()) if entry.command else None
        if isinstance(command, ClientOpen) and entry.applied:
            self._sessions[entry.index] = _Session(command.ttl_ms, entry.stamp_ms)
        elif isinstance(command, ClientCommand):
            self.checks += 1
            if entry.applied:
                self._effect(entry, command)
            elif is_over(entry.result):
                self._check_over(entry, command)

    def _effect(self, entry: CommittedEntry, command: ClientCommand) -> None:
        session = self._sessions.get(command.session)
        if session is None or entry.stamp_ms - session.used_ms >= session.ttl_ms:
            raise InvariantBroken(
                RULE, f'entry {entry.index}: command {command.serial} took effect in session '
                f'{command.session}, which is over or was never opened',
            )
        due = len(session.results) + 1
        if command.serial != due:
            raise InvariantBroken(
                RULE, f'entry {entry.index}: command {command.serial} of session '
                f'{command.session} took effect, {due} was next',
            )
        self._sessions[command.session] = session._replace(
            used_ms=entry.stamp_ms, results=(*session.results, entry.result)
        )

    def _check_over(self, entry: CommittedEntry, command: ClientCommand) -> None:
        session = self._sessions.get(command.session)
        unused_ms = entry.stamp_ms - session.used_ms if session is not None else 0
        if session is None or unused_ms < session.ttl_ms:
            raise InvariantBroken(
                RULE, f'entry {entry.index}: session {command.session} is over after '
                f'{unused_ms} ms without use',
            )


def is_over(result: str) -> bool:
    """Whether a result says that the session has ended: nothing is to be sent again."""
    return result.startswith(f'{_REFUSED}session ')
