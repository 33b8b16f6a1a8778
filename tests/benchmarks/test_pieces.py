# SPDX-License-Identifier: Apache-2.0
"""A measurement made in pieces is the one made at once, and never of two versions of the code."""

from __future__ import annotations

import json

import pytest
from swarm_coordination.benchmarks.consensus import ROWS
from swarm_coordination.benchmarks.rows import Effort, QUICK
from swarm_coordination.cli.main import main

STOPS = ('bench', 'consensus', '--rows', 'stop', '--runs', '3', '--json')


def figure_of(capsys):
    return json.loads(capsys.readouterr().out)['figures'][0]


def without_cpu(figure):
    return {**figure, 'note': figure['note'].rpartition('; ')[0]}


def test_a_row_completed_in_pieces_is_the_row_measured_at_once(capsys, tmp_path):
    file = tmp_path / 'samples.json'
    assert main([*STOPS, '--out', str(file), '--minutes', '1e-9']) == 0
    begun = figure_of(capsys)
    assert 'runs: 1 of 3 seeds' in begun['note']

    assert main([*STOPS, '--out', str(file), '--resume']) == 0
    in_pieces = figure_of(capsys)
    assert main([*STOPS]) == 0

    assert without_cpu(in_pieces) == without_cpu(figure_of(capsys))
    (call,) = json.loads(file.read_text())['calls'].values()
    assert list(call['seeds']) == ['0', '1', '2'] and call['cpu_s'] > 0.0


def test_nothing_is_measured_twice(capsys, tmp_path, monkeypatch):
    file = tmp_path / 'samples.json'
    main([*STOPS, '--out', str(file)])
    first = figure_of(capsys)

    def again(seed):
        raise AssertionError(f'seed {seed} was measured before')

    (part,) = ROWS['stop'].parts
    monkeypatch.setattr(part.measure.func.__module__ + '.Stage', again)
    assert main([*STOPS, '--out', str(file), '--resume']) == 0
    assert figure_of(capsys) == first


def test_samples_of_other_code_are_refused_and_nothing_is_overwritten(capsys, tmp_path):
    file = tmp_path / 'samples.json'
    main([*STOPS, '--out', str(file)])
    held = json.loads(file.read_text())
    file.write_text(json.dumps({**held, 'code': '0' * 32}))
    before = file.read_bytes()
    capsys.readouterr()

    for options in (['--resume'], []):
        assert main([*STOPS, '--out', str(file), *options]) == 2
        assert len(capsys.readouterr().err.splitlines()) == 1
    assert file.read_bytes() == before


@pytest.mark.parametrize('text', ['', '[]', '{}', '{"format": 2}', '[' * 100_000,
                                  '{"format": 1, "code": "", "calls": {"a": {"cpu_s": 1, '
                                  f'"seeds": {{"0": [1{"0" * 400}]}}}}}}}}',
                                  '{"format": 1, "code": "", "calls": {"a": 1}}'])
def test_a_file_that_holds_no_samples_is_one_clear_line(capsys, tmp_path, text):
    file = tmp_path / 'samples.json'
    file.write_text(text)

    assert main([*STOPS, '--out', str(file), '--resume']) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.mark.parametrize('options', [
    ('--hours', 'inf'), ('--hours', 'nan'), ('--hours', '1e300'), ('--hours', '-1'),
    ('--runs', '99999999999999999999'), ('--runs', '0'), ('--runs', '9' * 400),
])
def test_what_no_host_can_measure_is_refused_with_the_bounds(capsys, options):
    assert main(['bench', 'consensus', '--rows', 'false', '--minutes', '0.01', *options]) == 2
    error = capsys.readouterr().err
    assert '1 to 1000000 runs, above 0 and at most 20000 hours' in error
    assert len(error.splitlines()) == 1


def test_a_folder_for_disks_that_is_none_is_told_before_anything_starts(capsys, tmp_path):
    pytest.importorskip('cyclonedds', reason='cyclonedds is missing: run `make setup`')
    (tmp_path / 'file').touch()
    for name in ('nowhere', 'file'):
        assert main(['bench', 'cluster', '--folder', str(tmp_path / name)]) == 2
        assert f'--folder {tmp_path / name}: a folder' in capsys.readouterr().err


def test_the_full_measurement_is_a_thousand_runs_and_twenty_hours():
    full = {name: [part.seeds(Effort()) for part in row.parts] for name, row in ROWS.items()}

    assert full['leader'] == full['line'] == full['stop'] == full['snapshot'] == [1_000]
    assert full['dead'] == [100, 100]  # ten deaths each
    assert full['commit'] == [20]  # fifty commands each
    assert full['false'] == [200] and full['wrong'] == [200]  # 0.1 and 0.02 hours each
    quick = {name: sum(part.seeds(QUICK) for part in row.parts) for name, row in ROWS.items()}
    assert all(1 <= count <= 40 for count in quick.values())


def test_calls_that_measure_something_else_have_other_names():
    calls = [part.call for row in ROWS.values() for part in row.parts]

    assert len(set(calls)) == len(calls)
