# SPDX-License-Identifier: Apache-2.0
"""``swarm check``: what it prints, what it refuses, and its exit status."""

from __future__ import annotations

import json

import pytest
from swarm_coordination.campaign.campaign import Summary
from swarm_coordination.campaign.schedule import Schedule
from swarm_coordination.cli.main import main
from swarm_coordination.consensus.leadership import Leadership

SMALL = Schedule('general', 4711, 3, 'full', (1, 5), (0, 0), 3_000, 4_000, ())


@pytest.fixture
def small(monkeypatch, tmp_path):
    """Let every seed be a few calm seconds."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr('swarm_coordination.cli.check.make_schedule',
                        lambda profile, seed: SMALL._replace(seed=seed, profile=profile.name))
    monkeypatch.setattr('swarm_coordination.campaign.campaign.make_schedule',
                        lambda profile, seed: SMALL._replace(seed=seed, profile=profile.name))


@pytest.fixture
def broken(monkeypatch):
    """Let the leader's own disk be enough for a commit."""
    monkeypatch.setattr(Leadership, 'committable', lambda self: max(self._match.values()))


@pytest.mark.usefixtures('small')
def test_seeds_that_hold_give_a_summary_and_status_0(capsys):
    assert main(['check', '--seeds', '3..5']) == 0
    out = capsys.readouterr().out
    assert '3 seeds, 0 failures' in out
    assert 'invariant checks' in out
    assert '\nchecks: ' in out and '; not exercised: ' in out
    assert 'states reached' in out


@pytest.mark.usefixtures('small')
def test_the_history_of_a_seed_is_written_and_found_linearizable(capsys, tmp_path):
    path = tmp_path / 'history.jsonl'
    assert main(['check', '--seed', '4', '--history', str(path)]) == 0
    capsys.readouterr()
    assert main(['check-history', '--json', str(path)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found['verdict'] == 'linearizable' and found['operations'] > 2
    assert main(['check', '--seeds', '3..5', '--history', str(path)]) == 2
    assert main(['check', '--seed', '4', '--history', str(tmp_path)]) == 2
    assert 'cannot be written' in capsys.readouterr().err


@pytest.mark.usefixtures('small', 'broken')
def test_a_failure_gives_one_line_with_its_replay_and_status_1(capsys):
    assert main(['check', '--seeds', '4711', '--profile', 'storm']) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith('seed 4711 at ')
    assert lines[0].endswith('replay: swarm check --profile storm --seed 4711 -v')


@pytest.mark.usefixtures('small')
def test_json_is_one_object_with_the_promised_fields(capsys):
    assert main(['check', '--seeds', '1..2', '--json']) == 0
    data = json.loads(capsys.readouterr().out)
    assert data['seeds'] == 2
    assert data['failures'] == []
    assert {'virtual_hours', 'events', 'faults', 'checks', 'checks_by_rule'} <= set(data)
    assert data['checks'] == sum(data['checks_by_rule'].values()) > 0


@pytest.mark.usefixtures('small')
def test_one_seed_with_v_prints_schedule_and_trace(capsys):
    assert main(['check', '--seed', '7', '-v']) == 0
    out = capsys.readouterr().out
    assert 'profile general, seed 7' in out
    assert 'leader: leader in term 1' in out
    assert 'calm: all faults end' in out


@pytest.mark.usefixtures('small', 'broken')
def test_a_shrunk_schedule_is_written_and_replays(capsys, tmp_path):
    assert main(['check', '--seed', '7', '--shrink']) == 1
    assert 'replay it: swarm check --schedule check-general-7.json' in capsys.readouterr().out
    path = str(tmp_path / 'check-general-7.json')
    assert main(['check', '--schedule', path]) == 1
    # The seed would draw another one.
    assert f'replay: swarm check --schedule {path} -v' in capsys.readouterr().out
    assert main(['check', '--schedule', path, '--json']) == 1
    (failure,) = json.loads(capsys.readouterr().out)['failures']
    assert failure['replay'] == f'swarm check --schedule {path} -v'


@pytest.mark.parametrize(('arguments', 'text'), [
    (['--seeds', 'x'], 'A..B'),
    (['--seeds', '9..3'], 'lower'),
    (['--seeds', '0..99999999999'], 'at most'),
    (['--seed', '1..2'], 'a whole number'),
    (['--seed', '-1'], ''),
    (['--profile', 'tempest'], 'no profile'),
    (['--jobs', '0'], 'at least 1'),
    (['--seeds', '1..2', '-v'], 'one seed'),
    (['--schedule', 'nowhere.json'], 'cannot be read'),
    (['--seeds', ''], 'A..B'),
    (['--seed', '9' * 5_000], 'at most 18446744073709551615'),
    (['--seed', str(2**64)], 'at most 18446744073709551615'),
    (['--seeds', f'1..{"9" * 5_000}'], 'at most 18446744073709551615'),
    (['--schedule', 'x.json', '--profile', 'general'], '--profile: not with --schedule'),
    (['--seed', '1', '-v', '--json'], '--json does not print'),
])
def test_wrong_arguments_are_refused_with_one_line_and_status_2(arguments, text, capsys, tmp_path,
                                                                monkeypatch):
    monkeypatch.chdir(tmp_path)
    try:
        status = main(['check', *arguments])
    except SystemExit as stopped:
        status = stopped.code
    assert status == 2
    said = capsys.readouterr().err
    assert text in said and len(said) < 1_500


@pytest.mark.usefixtures('small')
def test_a_seed_that_holds_leaves_nothing_to_shrink(capsys, tmp_path):
    assert main(['check', '--seed', '4', '--shrink']) == 0
    assert capsys.readouterr().out.startswith('nothing to shrink')
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures('small', 'broken')
def test_a_shrunk_schedule_that_cannot_be_written_is_one_clear_line(capsys, tmp_path):
    (tmp_path / 'check-general-4.json').mkdir()
    assert main(['check', '--seed', '4', '--shrink']) == 2
    assert 'cannot be written' in capsys.readouterr().err


def test_a_schedule_that_is_no_json_is_refused(capsys, tmp_path):
    path = tmp_path / 'x.json'
    path.write_text('{', encoding='utf-8')
    assert main(['check', '--schedule', str(path)]) == 2
    assert 'not JSON' in capsys.readouterr().err
    path.write_text('[]', encoding='utf-8')
    assert main(['check', '--schedule', str(path)]) == 2
    assert 'fields' in capsys.readouterr().err


@pytest.mark.usefixtures('small')
@pytest.mark.parametrize('broken_file', ['history', 'shrunk'])
def test_a_file_that_cannot_be_written_is_told_before_anything_is_played(
    broken_file, capsys, tmp_path, monkeypatch,
):
    monkeypatch.setattr('swarm_coordination.cli.check.play', None)
    if broken_file == 'history':
        options = ['--history', str(tmp_path / 'nowhere' / 'x')]
    else:
        (tmp_path / 'check-general-4.json').mkdir()
        options = ['--shrink']
    assert main(['check', '--seed', '4', *options]) == 2
    assert 'cannot be written' in capsys.readouterr().err


@pytest.mark.usefixtures('small')
def test_a_file_that_is_there_is_kept_until_there_is_something_to_write(tmp_path, monkeypatch):
    def stopped(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr('swarm_coordination.cli.check.play', stopped)
    path = tmp_path / 'history'
    assert main(['check', '--seed', '4', '--history', str(path)]) == 130
    assert not path.exists()
    path.write_text('of before')
    assert main(['check', '--seed', '4', '--history', str(path)]) == 130
    assert path.read_text() == 'of before'


@pytest.mark.usefixtures('small')
def test_a_summary_counts_one_seed_as_one_and_shows_short_times(capsys):
    assert main(['check', '--seed', '4']) == 0
    out = capsys.readouterr().out
    assert out.startswith('1 seed, 0 failures, 4.00 virtual seconds, ')
    assert '; not reached: ' in out
    summary = Summary(seeds=2, virtual_ms=90_000)
    assert '1.50 virtual minutes' in summary.lines()[0]
    summary.virtual_ms = 3_600_000
    assert '1.00 virtual hours' in summary.lines()[0]


@pytest.mark.parametrize(('changes', 'text'), [
    ({'profile': 'figure_3_7'}, 'the course figure_3_7 is for 5'),
    ({'profile': ['a']}, 'are names'),
    ({'shape': ['a']}, 'are names'),
    ({'end_ms': 10**12}, 'end_ms'),
    ({'delay_ms': [0, 10**12]}, 'delay_ms'),
    ({'faults': [[0, 'loss', [], 10, [1000]]]}, '1000 is not from 0 to 100'),
    ({'faults': [[0, 'delay', [], 10, [50, 5]]]}, 'above the greatest'),
    ({'faults': [[0, 'drift', [0], 10, [-2_000_000]]]}, 'is not from -100000'),
    ({'faults': [[0, 'leap', [0], 10, [-5]]]}, '-5 is not from 0'),
    ({'faults': [[10**12, 'clog', [0], 10, []]]}, 'times from 0'),
    ({'faults': [[0, 'loss', [], 10, [1, 2]]]}, 'has 1 values'),
])
def test_a_schedule_of_what_cannot_be_done_is_one_clear_line(capsys, tmp_path, changes, text):
    path = tmp_path / 'x.json'
    good = Schedule('small', 1, 3, 'full', (1, 2), (0, 500), 3_000, 4_000, ()).to_json()
    path.write_text(json.dumps(good | changes), encoding='utf-8')
    assert main(['check', '--schedule', str(path)]) == 2
    said = capsys.readouterr().err
    assert text in said
    assert said.count('\n') == 1


def test_json_that_is_too_deep_is_no_schedule(capsys, tmp_path):
    path = tmp_path / 'x.json'
    path.write_text('[' * 100_000, encoding='utf-8')
    assert main(['check', '--schedule', str(path)]) == 2
    assert 'not JSON' in capsys.readouterr().err
