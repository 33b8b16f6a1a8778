# SPDX-License-Identifier: Apache-2.0
"""`swarm evaluate` prints its columns and refuses what it cannot fly."""

from __future__ import annotations

import json

import pytest
from swarm_coordination.cli.main import main
from swarm_coordination.evaluation import pictures


def test_one_case_prints_one_object_with_a_key_per_column(capsys):
    status = main(
        ['evaluate', '--shape', 'circle', '--robots', '5', '--slots', 'random', '--loss', '0.2',
         '--runs', '2', '--seed', '1000', '--json']
    )
    assert status == 0
    row = json.loads(capsys.readouterr().out)
    assert row['runs'] == 2
    assert row['connected_pct'] == 100.0
    assert row['min_distance_over_d'] >= 1.0
    for name in ('reached_pct', 'makespan_s', 'within_assumptions_pct', 'min_lambda2', 'rmse_m',
                 'kept_fraction', 'path_ratio', 'bytes_per_robot_s', 'cpu_us_p50', 'cpu_us_p99',
                 'disconnected_s', 'min_obstacle_gap_m', 'relaxed_link_per_10k'):
        assert name in row


@pytest.mark.parametrize(
    ('arguments', 'named'),
    [
        (['--robots', '1'], 'robots'),
        (['--shape', 'star'], 'shape'),
        (['--loss', '1'], 'loss'),
        (['--runs', '0'], '--runs'),
        (['--seed', '-1'], '--seed'),
        (['--beacons', '7'], '--beacons'),
        (['--suite', 'nothing'], 'suite'),
        (['--suite', 'headline', '--share', '0'], '--share'),
        (['--suite', 'headline', '--robots', '4'], '--robots'),
        (['--suite', 'headline', '--json'], '--json'),
        (['--suite', 'headline', '--kill-formed'], '--kill-formed'),
        (['--resilience', '3'], 'resilience'),
        (['--delay', 'inf'], 'delay'),
        (['--delay', 'nan'], 'delay'),
        (['--limit', 'inf'], 'limit'),
        (['--limit', 'nan'], 'limit'),
        (['--method', 'orca', '--limit', '0.01'], 'limit'),
        (['--seed', str(2**64)], '--seed'),
        (['--seed', str(2**64 - 19)], '--seed'),  # the last of its 20 runs is beyond
        (['--picture', '/dev/null/three.png'], '/dev/null/three.png'),
        (['--picture', '/nonexistent/three.png'], '/nonexistent/three.png'),
        (['--suite', 'headline', '--out', '/dev/null/tables'], '/dev/null/tables'),
        (['--suite', 'headline', '--out', '/proc/tables'], '/proc/tables'),
    ],
)
def test_what_cannot_be_flown_ends_with_one_line_and_status_2(capsys, arguments, named):
    assert main(['evaluate', *arguments]) == 2
    error = capsys.readouterr().err
    assert named in error
    assert error.count('\n') == 1


def test_a_picture_that_could_be_written_is_not_there_before_it_is_drawn(tmp_path, monkeypatch):
    kept, path = tmp_path / 'old.png', tmp_path / 'three.png'
    kept.write_bytes(b'old')
    found = []
    monkeypatch.setattr(pictures, 'draw', lambda case, seed, path: found.append(path.exists()))
    for name in (path, kept):
        assert main(['evaluate', '--picture', str(name)]) == 0
    assert found == [False, True]
    assert kept.read_bytes() == b'old'


def test_the_greatest_seed_is_flown():
    few = ['--robots', '3', '--limit', '1', '--runs', '1']
    assert main(['evaluate', *few, '--seed', str(2**64 - 1)]) == 0


def test_a_picture_shows_three_methods_on_the_same_seed(tmp_path):
    path = tmp_path / 'three.png'
    arguments = ['--robots', '5', '--limit', '5', '--picture', str(path)]
    assert main(['evaluate', *arguments]) == 0
    assert path.read_bytes().startswith(b'\x89PNG')
    assert path.stat().st_size < 150_000
