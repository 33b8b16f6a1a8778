# SPDX-License-Identifier: Apache-2.0
"""
Exactly once, for clients from outside: whichever robots they ask, and however often.

A client's command takes effect once and in the order of its serials (``mission/sessions.py``),
one that is refused never does, and whoever is told of it, by the first answer or by one to a
duplicate, is told what it did. A session is over where it was not used for as long as it was
opened for, by log time, and not before. What every entry has to answer is known from those
before it; what all of them wrote stands on the blackboard of every robot, no write more or less.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

from swarm_coordination.arena.node import Node
from swarm_coordination.arena.observer import Observer
from swarm_coordination.campaign.broken import InvariantBroken
from swarm_coordination.campaign.raft_rules import RaftRules
from swarm_coordination.campaign.tally import tally
from swarm_coordination.epochs import entry_number
from swarm_coordination.mission.blackboard import BoardValue
from swarm_coordination.mission.client_commands import ClientOpen
from swarm_coordination.mission.commands import ClientCommand, decode_command, Put
from swarm_coordination.robot.coordinator import Coordinator
from swarm_coordination.robot.outputs import CommittedEntry, RobotOutput

RULE = 'Exactly once'
_REFUSED, _DUPLICATE = 'refused: ', 'duplicate: '


class _Did(NamedTuple):
    """What a command of a client did: the text, and whether it took effect."""

    applied: bool
    text: str


class _Session(NamedTuple):
    """A session: how long it lasts unused, last use (log time), what was done by serial from 1."""

    ttl_ms: int
    used_ms: int
    done: tuple[_Did, ...] = ()


class SessionRules(Observer):
    """
    Follows the sessions of clients through the common log; told of events after ``rules`` were.

    ``answers``: how many entries of clients were carried out, refused for what they ask, or as
    duplicates, gaps, and commands of sessions that are over. Only clients write their keys.
    """

    def __init__(self, rules: RaftRules) -> None:
        self.checks = tally(RULE)
        self.answers: Counter[str] = Counter()
        self._rules = rules
        self._sessions: dict[int, _Session] = {}
        # By key, ascending: index of a write that took effect, and what stood there from then on.
        self._written: dict[str, list[tuple[int, BoardValue]]] = {}
        self._judged = 0  # entries of the common log

    def after(self, node: Node, core: Coordinator, output: RobotOutput, now: int) -> None:
        """Judge the entries that nobody has applied before, and what stands here now."""
        for entry in output.committed:
            self.judge(entry)
        if output.committed or any(e.kind == 'snapshot_installed' for e in output.events):
            self.check_board(node.name, self._rules.applied(node.number), core.watches.held)

    def told(self, session: int, serial: int, result: str) -> str:
        """
        Check what a client is told of its command; return what it did, '' where that says nothing.

        Raises InvariantBroken where it is told what did not happen.
        """
        said = result.removeprefix(_DUPLICATE)  # the robot's own command is one
        if is_over(said) or said.startswith((f'{_REFUSED}gap', 'gap')):
            return ''
        kept = said.removeprefix(f'{_REFUSED}{_DUPLICATE}')
        if kept == said == 'refused':
            return ''  # as a robot's own: for whatever reason
        self.checks[RULE] += 1
        done = self._sessions[session].done
        did = done[serial - 1] if serial <= len(done) else None
        if did is None or kept not in (did.text, 'applied' if did.applied else 'refused'):
            raise InvariantBroken(
                RULE, f'command {serial} of session {session} did '
                f'{did.text if did else "nothing"!r}; its client is told {result!r}',
            )
        return did.text

    def judge(self, entry: CommittedEntry) -> None:
        """Compare what an entry did with what the entries before it leave for it to do."""
        if entry.index <= self._judged:
            return
        self._judged = entry.index
        command = decode_command(entry.command.encode()) if entry.command else None
        if isinstance(command, ClientOpen) and entry.applied:
            number = entry_number(entry.term, entry.index)
            self._sessions[number] = _Session(command.ttl_ms, entry.stamp_ms)
        elif isinstance(command, ClientCommand) and _was_tried(entry):
            self.checks[RULE] += 1
            did = _Did(entry.applied, entry.result)
            what, due = self._due(command, entry.stamp_ms)
            as_due = did.text == due.text if due.applied else did.text.startswith(due.text)
            if did.applied != due.applied or not as_due:
                raise InvariantBroken(
                    RULE, f'entry {entry.index}: command {command.serial} of session '
                    f'{command.session} was answered {did.text!r}, {due.text!r} was due: {what}',
                )
            self.answers[what.partition(',')[0]] += 1
            if what in (_CARRIED_OUT, _REFUSED_ITSELF):
                self._use(entry, command, did)

    def check_board(
        self, name: str, applied: int, held: Callable[[str], BoardValue | None]
    ) -> None:
        """Check what a robot that applied so much holds under the clients' keys."""
        for key, writes in self._written.items():
            self.checks[RULE] += 1
            due = next((value for index, value in reversed(writes) if index <= applied), None)
            if held(key) != due:
                raise InvariantBroken(
                    RULE, f'{name} holds {held(key)} under {key} at entry {applied}; what clients '
                    f'were told makes {due}',
                )

    def _due(self, command: ClientCommand, stamp_ms: int) -> tuple[str, _Did]:
        """Return what a command is at this log time, and how its answer has to begin."""
        session = self._sessions.get(command.session)
        if session is None:
            return 'over, it was never opened', _Did(False, f'{_REFUSED}session ')
        unused_ms = stamp_ms - session.used_ms
        if unused_ms >= session.ttl_ms:
            return f'over, after {unused_ms} ms without use', _Did(False, f'{_REFUSED}session ')
        behind = len(session.done) - command.serial
        if behind < -1:
            return f'a gap, {len(session.done) + 1} is next', _Did(False, f'{_REFUSED}gap: ')
        if behind >= 0:
            did = session.done[command.serial - 1]
            text = did.text if not behind else 'applied' if did.applied else 'refused'
            return f'a duplicate, {len(session.done) + 1} is next', _Did(
                False, f'{_REFUSED}{_DUPLICATE}{text}'
            )
        put = command.command
        assert isinstance(put, Put)  # clients ask for nothing else
        version = self._version(put.key)
        if put.expected not in (None, version):
            return _REFUSED_ITSELF, _Did(False, f'{_REFUSED}{put.key} has version {version}, ')
        return _CARRIED_OUT, _Did(True, f'version {version + 1}')

    def _use(self, entry: CommittedEntry, command: ClientCommand, did: _Did) -> None:
        session = self._sessions[command.session]
        self._sessions[command.session] = session._replace(
            used_ms=entry.stamp_ms, done=(*session.done, did)
        )
        put = command.command
        if did.applied and isinstance(put, Put):
            value = BoardValue(put.value, self._version(put.key) + 1)
            self._written.setdefault(put.key, []).append((entry.index, value))

    def _version(self, key: str) -> int:
        return self._written[key][-1][1].version if key in self._written else 0


_CARRIED_OUT, _REFUSED_ITSELF = 'carried out', 'refused for what it asks'


def is_over(result: str) -> bool:
    """Whether a result says that the session has ended: nothing is to be sent again."""
    return result.startswith(f'{_REFUSED}session ')


def _was_tried(entry: CommittedEntry) -> bool:
    """Whether it got past the robot's own session, and so to the client's."""
    return entry.applied or (
        entry.result.startswith(_REFUSED) and not entry.result.startswith(f'{_REFUSED}the robot')
    )
