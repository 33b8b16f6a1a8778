# SPDX-License-Identifier: Apache-2.0
"""The rows of ``swarm bench consensus`` measure what they say, alike for equal seeds."""

from __future__ import annotations

import json

import pytest
from swarm_coordination.arena.air import Condition
from swarm_coordination.benchmarks import detection, elections, snapshots, traffic
from swarm_coordination.benchmarks.consensus import ROWS
from swarm_coordination.benchmarks.measuring import Measuring
from swarm_coordination.benchmarks.rows import Effort
from swarm_coordination.benchmarks.samples import Samples
from swarm_coordination.benchmarks.stage import Stage
from swarm_coordination.cli.main import main


def test_equal_seeds_give_equal_times():
    assert elections.leader_killed(7) == elections.leader_killed(7)


def test_survivors_of_a_leader_are_timed_until_the_last_of_them_knows():
    stage = Stage(5, 'timed')
    leader = stage.settle()
    term = stage.arena.status(leader).term

    assert {known[0] for known in stage.leader_known.values()} == {term}
    assert 0.1 < elections.leader_killed(1)[0] < 5.0


def test_a_line_is_led_from_its_end_before_its_leader_is_killed():
    stage = elections.end_led_line('line', 4, loss=0.1)

    assert stage.leader() == 0
    assert stage.arena.air.hears(0) == (1,)


def test_nobody_is_declared_dead_without_a_cause_and_the_dead_are_by_all():
    assert detection.wrongly_dead(1, hours=20.0 / 3600.0, robots=4) == [0.0]
    first, second = detection.deaths_known(1, robots=4, deaths=2)
    assert 0.5 < first < 5.0 and 0.5 < second < 5.0 and first != second


def test_everybody_holds_everybody_alive_before_the_next_robot_dies(monkeypatch):
    death_known, alive = detection._death_known, []

    def watched(stage, robots):
        seconds = death_known(stage, robots)
        alive.append({len(stage.arena.status(robot).alive) for robot in range(robots)})
        return seconds

    monkeypatch.setattr(detection, '_death_known', watched)
    detection.deaths_known(2, robots=4, deaths=2)
    assert alive == [{4}, {4}]


def test_a_cut_off_leader_counts_as_a_false_election():
    stage = Stage(5, 'cut')
    leader = stage.settle()
    before = len(stage.terms)
    links = [(leader, other) for other in range(5)] + [(other, leader) for other in range(5)]
    stage.arena.air.lay(Condition(frozenset(links), cut=True))
    stage.arena.run(3.0)

    assert len(stage.terms) > before


def test_the_cost_of_a_death_is_that_of_its_survivors():
    cost = traffic.around_a_death(1, 3, seconds=2)

    # A robot alone speaks every 50 ms, in frames of a hundred bytes and a few.
    assert 1_000 < cost.before < cost.busiest < 10_000
    assert cost.after > 1_000


def test_a_row_tells_its_runs_and_its_verdict():
    (figure,) = Measuring(Samples(), Effort(runs=2)).figures({'leader': ROWS['leader']})

    assert figure.row == 'leader' and len(figure.values) == 2
    assert figure.note.startswith('2 runs')
    assert figure.verdict in ('aim', 'must', 'MISSED')


def test_the_command_prints_one_object(capsys):
    main(['bench', 'consensus', '--rows', 'leader', '--runs', '1', '--json'])

    printed = json.loads(capsys.readouterr().out)
    assert printed['figures'][0]['row'] == 'leader'
    assert 'cores' in printed['machine'] and '1 runs' in printed['seeds']


@pytest.mark.parametrize('wrong', [
    ['--rows', 'nothing'], ['--runs', '0'], ['--hours', '0'], ['--jobs', '0'], ['--seed', '-1'],
    ['--minutes', '0'], ['--resume'], ['--out', '/nowhere/samples.json'],
])
def test_a_wrong_option_is_one_clear_line(capsys, wrong):
    assert main(['bench', 'consensus', *wrong]) == 2

    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_snapshot_crosses_three_hops_while_commits_go_on():
    small, large = snapshots.three_hops(1, size=40_000), snapshots.three_hops(1, size=50_000)

    assert small.seconds < large.seconds < 30.0
    assert large.latency_s < 2 * large.latency_before_s
