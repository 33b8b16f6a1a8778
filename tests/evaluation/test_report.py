# SPDX-License-Identifier: Apache-2.0
"""The whole table: made in parts, every row with the command that flies it again."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
import subprocess

import pytest
from swarm_coordination.cli import evaluate
from swarm_coordination.errors import UsageError
from swarm_coordination.evaluation import suites
from swarm_coordination.evaluation.baselines import orca
from swarm_coordination.evaluation.cases import Case, controller_settings
from swarm_coordination.evaluation.command import command, commit
from swarm_coordination.evaluation.report import JSON, MARKDOWN, markdown, read, totals
from swarm_coordination.evaluation.result import columns

DOCS = Path(__file__).resolve().parents[2] / 'docs'


@pytest.mark.parametrize('suite', suites.SUITES)
def test_the_command_of_a_row_flies_that_very_case(suite):
    parser = argparse.ArgumentParser()
    evaluate.add_arguments(parser)
    for _, entry in suites.entries(suite):
        words = command(entry.case, entry.runs, entry.seed).split()
        options = parser.parse_args(words[1:])
        assert evaluate._case(options) == entry.case, entry.name
        assert (options.runs, options.seed) == (entry.runs, entry.seed)


def tiny(**changes):
    return Case(robots=3, shape='line', limit_s=40.0, settings=controller_settings(), **changes)


@pytest.fixture
def two_suites(monkeypatch):
    """Two suites of three robots in the place of ours."""
    made = {
        'one': lambda: [suites.Entry('a line', tiny(), 2), suites.Entry('late', tiny(), 1, 5)],
        'two': lambda: [suites.Entry('lossy', tiny(loss=0.4), 1)],
    }
    monkeypatch.setattr(suites, 'SUITES', made)


def test_a_suite_flown_replaces_its_rows_in_the_folder_and_leaves_the_others(two_suites, tmp_path):
    assert suites.fly('two', 1.0, tmp_path, lambda _: None) == 0
    assert suites.fly('one', 1.0, tmp_path, lambda _: None) == 0
    assert [row['case'] for row in read(tmp_path)] == ['a line', 'late', 'lossy']
    before = read(tmp_path)
    assert suites.fly('one', 0.5, tmp_path, lambda _: None, 'line') == 0
    after = read(tmp_path)
    assert [row['runs'] for row in after] == [1, 1, 1]
    assert after[1:] == before[1:]
    written = (tmp_path / MARKDOWN).read_text()
    assert written == markdown(after)
    for said in ('min lambda2', 'RMSE', 'kept', 'braking', 'path', 'B/s', 'p99', 'apart s',
                 '--loss 0.4', 'Runs within the assumptions: 3 of 3 (100.00 %)',
                 'velocity-controlled: 2 of 2', 'Connected throughout'):
        assert said in written
    with pytest.raises(UsageError, match='--only'):
        suites.fly('one', 1.0, tmp_path, lambda _: None, 'nothing so named')


def test_a_table_that_cannot_be_read_is_refused_by_its_path_and_stays(two_suites, tmp_path):
    for text in ('', '{}', '[1, 2]'):
        (tmp_path / JSON).write_text(text)
        with pytest.raises(UsageError, match=JSON):
            suites.fly('one', 1.0, tmp_path, lambda _: None)
        assert (tmp_path / JSON).read_text() == text


def test_totals_count_runs_and_leave_out_what_is_not_proved_or_not_ours():
    row = {'runs': 10, 'within_assumptions_pct': 90.0, 'connected_within_pct': 100.0, 'ours': True,
           'usual': True, 'proved': True, 'failed_seeds': [], 'min_distance_over_d': 1.5}
    killed = {**row, 'proved': False, 'connected_within_pct': 0.0, 'min_distance_over_d': 1.2}
    peer = {**row, 'ours': False, 'min_distance_over_d': 0.9}
    broken = {**row, 'usual': False, 'connected_within_pct': 88.89, 'failed_seeds': [3]}
    said = '\n'.join(totals([row, killed, peer, broken]))
    assert 'Runs: 40, of them our controller 30; seeds in which a proved claim failed: 1.' in said
    assert '27 of 30 (90.00 %) of our controller' in said
    assert 'velocity-controlled: 18 of 20' in said
    assert '17 of 18' in said
    assert '1.2 D' in said


def test_of_no_run_within_the_assumptions_nothing_is_said():
    results = [suites.fly_one(tiny(), 1)]
    results[0].within_assumptions = False
    row = {**columns(results), 'ours': True, 'usual': True, 'proved': True, 'failed_seeds': []}
    assert row['connected_pct'] == 100.0
    assert row['connected_within_pct'] is None
    assert '0 of 0' in '\n'.join(totals([row]))


def test_rows_of_what_is_not_installed_stay_where_others_are_flown(tmp_path, monkeypatch):
    made = [suites.Entry('ours', tiny(), 1), suites.Entry('orca', tiny(method='orca'), 1)]
    monkeypatch.setattr(suites, 'SUITES', {'one': lambda: made})
    flown = suites.fly_one(tiny(), 1000)
    monkeypatch.setattr(suites, 'fly_one', lambda case, seed: flown)
    monkeypatch.setattr(orca, 'available', lambda: True)
    suites.fly('one', 1.0, tmp_path, lambda _: None)
    before = read(tmp_path)
    assert [row['case'] for row in before] == ['ours', 'orca']

    monkeypatch.setattr(orca, 'available', lambda: False)
    suites.fly('all', 1.0, tmp_path, lambda _: None)
    assert read(tmp_path)[1] == before[1]
    with pytest.raises(UsageError, match='pyrvo, which is not installed'):
        suites.fly('all', 1.0, tmp_path, lambda _: None, 'orca')


def test_the_table_in_the_docs_is_what_its_json_says_and_its_commands_are_those_of_today():
    rows = read(DOCS)
    assert (DOCS / JSON).stat().st_size < 200_000
    assert (DOCS / MARKDOWN).read_text() == markdown(rows)
    known = {(suite, entry.name): entry for suite, entry in suites.entries('all')}
    for row in rows:
        entry = known[row['suite'], row['case']]
        assert row['command'] == command(entry.case, row['runs'], row['seed'])
        assert row['commit']
        assert row['failed_seeds'] == [] or not row['ours']


def test_sources_name_their_commit_and_those_outside_a_repository_none(tmp_path, monkeypatch):
    inside = subprocess.run(('git', 'rev-parse'), cwd=DOCS, capture_output=True, check=False)
    assert bool(commit()) is (inside.returncode == 0)
    monkeypatch.setenv('GIT_DIR', str(tmp_path))
    assert commit() == ''
    assert json.dumps(commit()) == '""'
