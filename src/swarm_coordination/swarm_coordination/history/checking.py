# SPDX-License-Identifier: Apache-2.0
"""
The checker: events in, verdict out, while they happen or afterwards.

Linearizability is local (Herlihy and Wing 1990, theorem 1): a history is linearizable if its
part about each register is, so every key has a search of its own. A search takes an operation
in once its outcome is known; until then what came after it waits.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
import enum
from typing import NamedTuple

from swarm_coordination.errors import ConfigurationError
from swarm_coordination.history.operations import Answer, answer_problem, Event, Outcome, Request
from swarm_coordination.history.register import Cell, Register
from swarm_coordination.history.search import GaveUpError, Search

# States named when a history is refuted: enough to see what was possible.
STATES_SHOWN = 8


class Verdict(enum.Enum):
    """What a check came to."""

    LINEARIZABLE = 'linearizable'
    NOT_LINEARIZABLE = 'not linearizable'
    UNKNOWN = 'unknown'


class Violation(NamedTuple):
    """The first return that no order explains, and what the register could have held before."""

    event: Event
    states: tuple[Cell, ...]

    def __str__(self) -> str:
        request, answer = self.event.request, self.event.answer
        assert answer is not None
        where = f'line {self.event.line}: ' if self.event.line else ''
        held = ', '.join(_state(cell) for cell in self.states[:STATES_SHOWN])
        more = ', ...' if len(self.states) > STATES_SHOWN else ''
        return (
            f'{where}key {request.key!r}: no order explains that process {self.event.process} '
            f'got {_words(request, answer)}; before what was under way it held {held}{more}'
        )


class Report(NamedTuple):
    """Verdict over all keys; ``steps``: configurations expanded."""

    verdict: Verdict
    operations: int
    keys: int
    steps: int
    violations: tuple[Violation, ...] = ()  # one a key at most
    reasons: tuple[str, ...] = ()  # why keys are undecided


class _Operation:
    """One operation of a key; ``answer`` None while it runs."""

    __slots__ = ('answer', 'bit', 'request')

    def __init__(self, request: Request) -> None:
        self.request = request
        self.answer: Answer | None = None
        self.bit = 0


class _Key:
    """One register's search and the events that it cannot take in yet."""

    def __init__(self, search: Search) -> None:
        self.search = search
        self.waiting: deque[tuple[_Operation, Event | None]] = deque()
        self.violation: Violation | None = None
        self.reason = ''

    def drain(self) -> None:
        """Take in what is decided; raises GaveUpError."""
        while self.waiting and self.waiting[0][0].answer is not None:
            operation, returned = self.waiting.popleft()
            answer = operation.answer
            assert answer is not None
            if answer.outcome is Outcome.FAIL:
                continue
            if returned is None:
                known = None if answer.outcome is Outcome.INFO else answer
                operation.bit = self.search.invoke(operation.request, known)
            elif answer.outcome is not Outcome.INFO and self._refuted(operation, returned):
                return

    def _refuted(self, operation: _Operation, returned: Event) -> bool:
        before = tuple(self.search.cells)
        if self.search.returned(operation.bit):
            return False
        self.violation = Violation(returned, before)
        return True


class Checker:
    """
    Checks a history as it grows; every process has at most one operation under way.

    Parameters
    ----------
    versioned : whether the history speaks of versions; see ``Register``.
    expired : asked now and then, with the number of configurations expanded for a key, whether
        to give that key up; its verdict is then unknown.
    source : what errors name: the file's name.

    """

    def __init__(
        self,
        *,
        versioned: bool,
        expired: Callable[[int], bool] = lambda steps: False,
        source: str = 'history',
    ) -> None:
        self._register = Register(versioned=versioned)
        self._expired = expired
        self._source = source
        self._keys: dict[str, _Key] = {}
        self._running: dict[str, _Operation] = {}
        self._operations = 0

    def add(self, event: Event) -> Violation | None:
        """
        Take the next event; return the violation that it completes, if any.

        Raises ConfigurationError for one that cannot come now: a process that invokes while its
        last operation runs, or is answered what it did not ask.
        """
        if event.answer is None:
            return self._invoke(event)
        operation = self._running.pop(event.process, None)
        if operation is None or operation.request != event.request:
            asked = 'nothing' if operation is None else str(operation.request)
            raise self._wrong(event, f'an answer to what the process asked: {asked}')
        problem = answer_problem(event.request, event.answer)
        if problem:
            raise self._wrong(event, problem)
        return self._answer(operation, event)

    def finish(self) -> Report:
        """Take what still runs as unknown; return the report."""
        for operation in self._running.values():
            operation.answer = Answer(Outcome.INFO)
        self._running.clear()
        for key in self._keys.values():
            self._drain(key)
        found = list(self._keys.values())
        violations = tuple(key.violation for key in found if key.violation is not None)
        reasons = tuple(key.reason for key in found if key.reason)
        verdict = Verdict.UNKNOWN if reasons else Verdict.LINEARIZABLE
        if violations:
            verdict = Verdict.NOT_LINEARIZABLE
        steps = sum(key.search.steps for key in found)
        return Report(verdict, self._operations, len(found), steps, violations, reasons)

    def _invoke(self, event: Event) -> Violation | None:
        if event.process in self._running:
            raise self._wrong(event, 'one operation of a process at a time')
        operation = self._running[event.process] = _Operation(event.request)
        self._operations += 1
        key = self._keys.get(event.request.key)
        if key is None:
            search = Search(self._register, self._expired)
            key = self._keys[event.request.key] = _Key(search)
        if key.violation is None and not key.reason:
            key.waiting.append((operation, None))
        return None

    def _answer(self, operation: _Operation, event: Event) -> Violation | None:
        operation.answer = event.answer
        key = self._keys[event.request.key]
        if key.violation is not None or key.reason:
            return None
        key.waiting.append((operation, event))
        self._drain(key)
        return key.violation

    def _drain(self, key: _Key) -> None:
        if key.violation is not None or key.reason:
            return
        try:
            key.drain()
        except GaveUpError as error:
            key.reason = str(error)
        if key.violation is not None or key.reason:
            key.waiting.clear()

    def _wrong(self, event: Event, bound: str) -> ConfigurationError:
        where = f'line {event.line}' if event.line else f'process {event.process}'
        return ConfigurationError(self._source, where, event.request.kind.value, bound)


def check(
    events: Iterable[Event],
    *,
    versioned: bool,
    expired: Callable[[int], bool] = lambda steps: False,
    source: str = 'history',
) -> Report:
    """Check a whole history; see ``Checker``."""
    checker = Checker(versioned=versioned, expired=expired, source=source)
    for event in events:
        checker.add(event)
    return checker.finish()


def _state(cell: Cell) -> str:
    held = 'nothing' if cell.value is None else repr(cell.value)
    if not cell.version:
        return held
    return f'{held} (version {cell.version}{" or higher" if cell.untold else ""})'


def _words(request: Request, answer: Answer) -> str:
    asked = request.kind.value
    if request.kind.value in ('write', 'cas'):
        asked += f' of {request.value!r}'
    if request.kind.value == 'cas':
        asked += f' for {request.old!r}'
    if request.expected is not None:
        asked += f' expecting version {request.expected}'
    got = answer.outcome.value
    if request.kind.value == 'read':
        got += f' {answer.value!r}'
    return f'{asked}: {got}' + ('' if answer.version is None else f', version {answer.version}')
