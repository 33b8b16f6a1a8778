# SPDX-License-Identifier: Apache-2.0
"""Both forms of a history file are read as strictly as they can be wrong."""

from __future__ import annotations

import random

import history.histories as made
from hypothesis import given, settings
from hypothesis import strategies as st
import pytest
from swarm_coordination.errors import ConfigurationError
from swarm_coordination.history.checking import check, Verdict
from swarm_coordination.history.jepsen import read_jepsen
from swarm_coordination.history.json_lines import read_json_lines, write_json_lines
from swarm_coordination.history.operations import Answer, Kind, Outcome, Request


def jepsen(*lines: str) -> list[str]:
    """Return lines as Jepsen's log has them, tabs and all."""
    return ['INFO  jepsen.util - ' + '\t:'.join(line.split(' :')) for line in lines]


def test_a_jepsen_log_is_read_among_the_lines_of_other_components():
    log = [
        'INFO  jepsen.core - Running test',
        *jepsen('0 :invoke :write 3', '1 :invoke :read nil', '0 :ok :write 3',
                '1 :ok :read 3', '2 :invoke :cas [3 0]', '2 :ok :cas [3 0]',
                '0 :invoke :cas [3 1]', '0 :fail :cas [3 1]'),
        'INFO  jepsen.util - 4    :invoke :write  -2',
        'INFO  jepsen.util - 4    :info   :write  :timed-out',
        'WARN  jepsen.core - Process 4 indeterminate',
    ]
    events = list(read_jepsen(log, 'etcd.log'))

    assert [event.line for event in events] == list(range(2, 12))
    assert events[0].request == Request(Kind.WRITE, value=3)
    assert events[4].request == Request(Kind.CAS, value=0, old=3)
    assert events[7].answer == Answer(Outcome.MISMATCH)
    assert events[9].answer == Answer(Outcome.INFO)
    assert check(events, versioned=False).verdict is Verdict.LINEARIZABLE


def test_a_jepsen_read_that_timed_out_tells_nothing():
    log = jepsen('0 :invoke :read nil', '0 :fail :read :timed-out', '0 :invoke :read nil',
                 '0 :ok :read nil')
    events = list(read_jepsen(log, 'etcd.log'))
    assert events[1].answer == Answer(Outcome.FAIL)
    assert check(events, versioned=False).verdict is Verdict.LINEARIZABLE


@pytest.mark.parametrize(('lines', 'said'), [
    (('0 :invoke :append 3',), 'line 1'),
    (('0 :invoke :write x',), 'a number or nil'),
    (('0 :invoke :cas [1]',), 'two numbers'),
    (('0 :ok :read 1',), 'an answer to what process 0 asked'),
    (('0 :invoke :read nil', '0 :invoke :read nil'), 'line 2.*waits for an answer'),
    (('0 :invoke :read nil', '0 :ok :write 1'), 'line 2'),
    (('0 :invoke :write 1', '0 :ok :write 2'), 'line 2.*what the process asked'),
    (('0 :invoke :read nil', '0 :ok :read maybe'), 'line 2.*a number or nil'),
])
def test_a_broken_jepsen_log_is_refused_with_its_line(lines, said):
    with pytest.raises(ConfigurationError, match=said):
        list(read_jepsen(jepsen(*lines), 'etcd.log'))


def test_json_lines_are_read():
    lines = [
        '# a comment, then a blank line', '',
        '{"process": 3, "type": "invoke", "op": "write", "key": "a", "value": "x", "expected": 0}',
        '{"process": 3, "type": "ok", "version": 1}',
        '{"process": "b", "type": "invoke", "op": "read", "key": "a"}',
        '{"process": "b", "type": "ok", "value": null}',
    ]
    events = list(read_json_lines(lines, 'h.jsonl'))
    assert events[0].request == Request(Kind.WRITE, 'a', 'x', expected=0)
    assert events[1].answer == Answer(Outcome.OK, version=1) and events[1].line == 4
    assert check(events, versioned=True).verdict is Verdict.NOT_LINEARIZABLE


@settings(max_examples=50)
@given(st.integers(0, 2**32), st.booleans())
def test_what_is_written_is_read_back(seed, versioned):
    events = made.atomic_history(random.Random(seed), 30, versioned=versioned)
    back = list(read_json_lines(write_json_lines(events), 'h.jsonl'))
    assert [event._replace(line=0) for event in back] == events


INVOKE = '{"process": "a", "type": "invoke", "op": "read"}'


@pytest.mark.parametrize(('lines', 'said'), [
    (('{',), 'line 1.*JSON'),
    (('[]',), 'an object'),
    (('{"type": "invoke", "op": "read"}',), 'process'),
    (('{"process": true, "type": "invoke", "op": "read"}',), 'process'),
    (('{"process": "a", "type": "begin"}',), 'has invoked something'),
    ((INVOKE, '{"process": "a", "type": "done"}'), 'line 2: type'),
    (('{"process": "a", "type": "invoke", "op": "append"}',), 'one of read'),
    (('{"process": "a", "type": "invoke", "op": "write"}',), 'value.*required'),
    (('{"process": "a", "type": "invoke", "op": "read", "value": 1}',), 'no such field'),
    (('{"process": "a", "type": "invoke", "op": "write", "value": 1.5}',), 'whole number'),
    (('{"process": "a", "type": "invoke", "op": "write", "value": 1, "expected": -1}',),
     'expected'),
    (('{"process": "a", "type": "invoke", "op": "read", "key": 3}',), 'key'),
    ((INVOKE, INVOKE), 'line 2.*one operation of a process at a time'),
    ((INVOKE, '{"process": "a", "type": "ok"}'), 'line 2: value.*required'),
    ((INVOKE, '{"process": "a", "type": "info", "version": 2}'), 'no such field'),
    (('"' + 5_000 * 'x' + '"',), 'at most 4096'),
    (('[' * 4_000,), 'JSON'),
])
def test_broken_json_lines_are_refused_with_line_and_field(lines, said):
    with pytest.raises(ConfigurationError, match=said):
        list(read_json_lines(lines, 'h.jsonl'))
