# SPDX-License-Identifier: Apache-2.0
"""
Our own form of a history: one JSON object a line, in real-time order.

An invocation says ``process``, ``type: invoke``, ``op`` (read, write, cas, delete) and what the
operation needs of ``key``, ``value``, ``old``, ``expected``. Its answer says ``process``,
``type`` (ok, mismatch, fail, info) and, where known, ``value`` of a read and ``version``::

    {"process": "robot1", "type": "invoke", "op": "write", "key": "a", "value": "x"}
    {"process": "robot1", "type": "ok", "version": 1}

Blank lines and lines that begin with # are passed over.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
import json
from typing import Any

from swarm_coordination.bounds import COUNTER_MAX
from swarm_coordination.errors import ConfigurationError
from swarm_coordination.history.operations import Answer, Event, Kind, Outcome, Request, Value

# No value of ours is longer; a longer line is no history.
LINE_CHARS_MAX = 4096

_INVOKE: dict[Kind, tuple[tuple[str, ...], tuple[str, ...]]] = {
    Kind.READ: ((), ('key',)),
    Kind.WRITE: (('value',), ('key', 'expected')),
    Kind.CAS: (('old', 'value'), ('key',)),
    Kind.DELETE: ((), ('key', 'expected')),
}


def read_json_lines(lines: Iterable[str], source: str) -> Iterator[Event]:
    """Yield the events of a file; raises ConfigurationError naming line and field."""
    running: dict[str, Request] = {}
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text or text.startswith('#'):
            continue
        yield _Line(text, source, number).event(running)


def write_json_lines(events: Iterable[Event]) -> Iterator[str]:
    """Yield the lines (without their ends) that ``read_json_lines`` reads back."""
    for event in events:
        body: dict[str, Any] = {'process': event.process}
        request, answer = event.request, event.answer
        if answer is None:
            body |= {'type': 'invoke', 'op': request.kind.value}
            required, optional = _INVOKE[request.kind]
            body |= {name: getattr(request, name) for name in required}
            body |= {
                name: value for name in optional if (value := getattr(request, name)) is not None
            }
        else:
            body['type'] = answer.outcome.value
            if request.kind is Kind.READ and answer.outcome is Outcome.OK:
                body['value'] = answer.value
            if answer.version is not None:
                body['version'] = answer.version
        yield json.dumps(body, ensure_ascii=True, allow_nan=False)


class _Line:
    """One line being read."""

    def __init__(self, text: str, source: str, number: int) -> None:
        self._source, self._number = source, number
        if len(text) > LINE_CHARS_MAX:
            raise self._wrong('', text, f'at most {LINE_CHARS_MAX} characters')
        try:
            body = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise self._wrong('', text, 'JSON') from error
        if not isinstance(body, dict):
            raise self._wrong('', text, 'an object')
        self._body: dict[str, Any] = body

    def event(self, running: dict[str, Request]) -> Event:
        """Return the event; ``running`` holds what each process asked last."""
        process, kind = self._process(), self._body.get('type')
        if kind == 'invoke':
            if process in running:
                raise self._wrong('process', process, 'one operation of a process at a time')
            request = running[process] = self._request()
            return Event(process, request, line=self._number)
        asked = running.pop(process, None)
        if asked is None:
            raise self._wrong('process', process, 'a process that has invoked something')
        return Event(process, asked, self._answer(asked, kind), self._number)

    def _process(self) -> str:
        process = self._body.get('process')
        if isinstance(process, bool) or not isinstance(process, str | int):
            raise self._wrong('process', process, 'text or a number')
        return str(process)

    def _request(self) -> Request:
        name = self._body.get('op')
        kinds = {kind.value: kind for kind in Kind}
        if not isinstance(name, str) or name not in kinds:
            raise self._wrong('op', name, 'one of ' + ', '.join(kinds))
        required, optional = _INVOKE[kinds[name]]
        self._fields(('process', 'type', 'op', *required), optional)
        key = self._body.get('key', '')
        if not isinstance(key, str):
            raise self._wrong('key', key, 'text')
        return Request(
            kinds[name], key, self._value('value'), self._value('old'), self._counter('expected')
        )

    def _answer(self, request: Request, name: object) -> Answer:
        outcomes = {outcome.value: outcome for outcome in Outcome}
        if not isinstance(name, str) or name not in outcomes:
            raise self._wrong('type', name, 'one of invoke, ' + ', '.join(outcomes))
        outcome = outcomes[name]
        reads = request.kind is Kind.READ and outcome is Outcome.OK
        versioned = ('version',) if outcome is Outcome.OK else ()
        self._fields(('process', 'type', *(('value',) if reads else ())), versioned)
        return Answer(outcome, self._value('value'), self._counter('version'))

    def _fields(self, required: tuple[str, ...], optional: tuple[str, ...]) -> None:
        for name in required:
            if name not in self._body:
                raise self._wrong(name, None, 'required')
        for name in self._body:
            if name not in (*required, *optional):
                raise self._wrong(name, self._body[name], 'no such field here')

    def _value(self, name: str) -> Value:
        value = self._body.get(name)
        if isinstance(value, bool) or not isinstance(value, str | int | None):
            raise self._wrong(name, value, 'text, a whole number or null')
        return value

    def _counter(self, name: str) -> int | None:
        value = self._body.get(name)
        if name not in self._body:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= COUNTER_MAX:
            raise self._wrong(name, value, f'a whole number from 0 to {COUNTER_MAX}')
        return value

    def _wrong(self, field: str, value: object, bound: str) -> ConfigurationError:
        shown = value[:80] if isinstance(value, str) else value
        where = f'line {self._number}' + (f': {field}' if field else '')
        return ConfigurationError(self._source, where, shown, bound)
