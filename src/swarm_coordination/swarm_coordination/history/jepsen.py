# SPDX-License-Identifier: Apache-2.0
"""
Reads the logs that Jepsen wrote of etcd: one register, read, write and compare-and-set.

The lines look like ``INFO  jepsen.util - 3  :invoke :cas [1 2]``, of newer versions like
``2020-01-01 12:00:00,123{GMT}  INFO  [jepsen worker 3] jepsen.util: 3  :invoke :cas [1 2]``.
All others are other components' and are passed over; but lines of JSON, our own form, are
refused. ``:fail :cas [1 2]`` is etcd's answer that the comparison failed, so the register did not
hold 1; any other ``:fail`` took no effect; ``:info`` is unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
import re

from swarm_coordination.errors import ConfigurationError
from swarm_coordination.history.operations import Answer, Event, Kind, Outcome, Request, Value

_HEAD = r'(?:INFO\s+jepsen\.util - |\S+ \S+\s+INFO\s+\[[^]]*\] jepsen\.util: )'
_LINE = re.compile(
    rf'{_HEAD}(\d+)\s+:(invoke|ok|fail|info)\s+:(read|write|cas)\s+(.*?)\s*'
)
_OURS = re.compile(rf'{_HEAD}\d+\s+:')
_NUMBER = re.compile(r'nil|-?\d{1,18}')
_PAIR = re.compile(r'\[(-?\d{1,18}) (-?\d{1,18})\]')


def is_jepsen(line: str) -> bool:
    """Whether a line is one of an operation in such a log."""
    return _OURS.match(line) is not None


def read_jepsen(lines: Iterable[str], source: str) -> Iterator[Event]:
    """Yield the events of a log; raises ConfigurationError naming the line."""
    running: dict[str, Request] = {}
    for number, line in enumerate(lines, 1):
        if not is_jepsen(line):
            if line.lstrip().startswith('{"'):
                raise _wrong(source, number, line, 'one form in a file: this is no line of Jepsen')
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            raise _wrong(source, number, line, ':invoke, :ok, :fail or :info of an operation')
        process, what, kind, shown = match.groups()
        if what == 'invoke':
            if process in running:
                raise _wrong(source, number, line, f'process {process} waits for an answer')
            request = running[process] = _request(Kind(kind), shown, source, number)
            yield Event(process, request, line=number)
            continue
        asked = running.pop(process, None)
        if asked is None or asked.kind.value != kind:
            raise _wrong(source, number, line, f'an answer to what process {process} asked')
        yield Event(process, asked, _answer(asked, what, shown, source, number), number)


def _request(kind: Kind, shown: str, source: str, number: int) -> Request:
    if kind is Kind.READ:
        return Request(kind)
    if kind is Kind.WRITE:
        return Request(kind, value=_value(shown, source, number))
    pair = _PAIR.fullmatch(shown)
    if pair is None:
        raise _wrong(source, number, shown, 'two numbers: [old new]')
    return Request(kind, value=int(pair[2]), old=int(pair[1]))


def _answer(request: Request, what: str, shown: str, source: str, number: int) -> Answer:
    if what == 'info':
        return Answer(Outcome.INFO)
    if what == 'fail':
        compared = request.kind is Kind.CAS and _PAIR.fullmatch(shown) is not None
        return Answer(Outcome.MISMATCH if compared else Outcome.FAIL)
    if request.kind is Kind.READ:
        return Answer(Outcome.OK, _value(shown, source, number))
    if _request(request.kind, shown, source, number) != request:
        raise _wrong(source, number, shown, 'what the process asked')
    return Answer(Outcome.OK)


def _value(shown: str, source: str, number: int) -> Value:
    if _NUMBER.fullmatch(shown) is None:
        raise _wrong(source, number, shown, 'a number or nil')
    return None if shown == 'nil' else int(shown)


def _wrong(source: str, number: int, value: str, bound: str) -> ConfigurationError:
    return ConfigurationError(source, f'line {number}', value[:80], bound)
