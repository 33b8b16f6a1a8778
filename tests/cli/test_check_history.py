# SPDX-License-Identifier: Apache-2.0
"""``swarm check-history``: verdict and exit status."""

from __future__ import annotations

import json

import pytest
from swarm_coordination.cli.main import main

GOOD = (
    '{"process": 1, "type": "invoke", "op": "write", "key": "a", "value": 1}\n'
    '{"process": 1, "type": "ok", "version": 1}\n'
    '{"process": 2, "type": "invoke", "op": "read", "key": "a"}\n'
)
STALE = '{"process": 2, "type": "ok", "value": null}\n'
JEPSEN = (
    'INFO  jepsen.util - 0\t:invoke\t:write\t2\n'
    'INFO  jepsen.util - 0\t:ok\t:write\t2\n'
    'INFO  jepsen.util - 1\t:invoke\t:read\tnil\n'
    'INFO  jepsen.util - 1\t:ok\t:read\t{}\n'
)

NEWER = JEPSEN.replace(
    'INFO  jepsen.util - ',
    '2020-01-01 12:00:00,123{{GMT}}\tINFO\t[jepsen worker 0] jepsen.util: ',
)


@pytest.fixture
def history(tmp_path):
    """Return what writes a history file and gives its path."""
    def write(text: str, name: str = 'history') -> str:
        path = tmp_path / name
        path.write_text(text, encoding='utf-8')
        return str(path)
    return write


@pytest.mark.parametrize(('text', 'status', 'said'), [
    (GOOD, 0, 'linearizable (2 operations, 1 keys'),
    (GOOD + STALE, 1, "line 4: key 'a': no order explains"),
    (JEPSEN.format(2), 0, 'linearizable (2 operations'),
    (JEPSEN.format('nil'), 1, 'line 4: '),
    (NEWER.format(2), 0, 'linearizable (2 operations'),
    (NEWER.format('nil'), 1, 'line 4: '),
])
def test_the_verdict_is_the_exit_status(history, capsys, text, status, said):
    assert main(['check-history', history(text)]) == status
    assert said in capsys.readouterr().out


def test_a_hard_history_is_given_up_in_time(history, capsys):
    def line(process: int, **body: object) -> str:
        return json.dumps({'process': process, **body}) + '\n'
    text = ''.join(line(k, type='invoke', op='write', value=k) for k in range(20))
    text += line(99, type='invoke', op='read') + line(99, type='ok', value=99)
    text += ''.join(line(k, type='ok') for k in range(20))

    assert main(['check-history', '--time-limit', '0.05', history(text)]) == 3
    assert 'undecided: out of time' in capsys.readouterr().out


def test_the_worst_of_several_histories_is_the_exit_status(history, capsys):
    good, bad = history(GOOD, 'good'), history(GOOD + STALE, 'bad')
    assert main(['check-history', '--json', good, bad, good]) == 1
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [each['verdict'] for each in found] == [
        'linearizable', 'not linearizable', 'linearizable']


@pytest.mark.parametrize(('text', 'said'), [
    ('not a history\n', 'line 1'),
    ('\nINFO  jepsen.core - Running test\n', "line 2: 'INFO  jepsen.core - Running test' is not"),
    ('INFO  jepsen.util - :nemesis\t:info\n', "nor is this a log of Jepsen's with operations"),
    (JEPSEN.format(2) + GOOD, 'line 5: '),
    (GOOD + JEPSEN.format(2), 'line 1: '),
    ('\n', 'it has no operations'),
    ('{"process": 1, "type": "ok"}\n', 'line 1: process'),
])
def test_what_is_no_history_is_one_line_and_status_2(history, capsys, text, said):
    assert main(['check-history', history(text)]) == 2
    error = capsys.readouterr().err
    assert said in error and error.count('\n') == 1


def test_a_file_that_cannot_be_read_is_status_2(tmp_path, capsys):
    assert main(['check-history', str(tmp_path / 'none')]) == 2
    (tmp_path / 'binary').write_bytes(b'\xff\xfe\x00')
    assert main(['check-history', str(tmp_path / 'binary')]) == 2
    assert main(['check-history', '--time-limit', '0', str(tmp_path / 'binary')]) == 2
    assert 'UTF-8' in capsys.readouterr().err
