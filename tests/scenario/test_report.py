# SPDX-License-Identifier: Apache-2.0
"""The report holds every figure, in JSON that any reader takes, beside pictures and logs."""

from __future__ import annotations

import io
import json

from scenario.records import good_record, ROBOTS
from swarm_coordination.scenario.loading import read_scenario
from swarm_coordination.scenario.pictures import draw_timeline, draw_trajectories
from swarm_coordination.scenario.report import make_report
from swarm_coordination.scenario.run import write_logs
from swarm_coordination.station.summary import print_report

SCENARIO = read_scenario(
    {'name': 'n', 'description': 'd', 'phases': [{'name': 'all'}]}, 'scenario.yaml'
)


def test_the_report_is_strict_json_with_every_expectation_and_figure():
    record = good_record()
    record.min_distance_m = float('inf')  # one robot alone
    report = make_report(record, SCENARIO, 'virtual', 7, {'rmw': 'none'})

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    document = json.loads(report.to_json(), parse_constant=refuse)
    assert document['ok'] is True
    assert document['seed'] == 7
    assert document['versions']['rmw'] == 'none'
    assert set(document['expectations'][0]) >= {'name', 'measured', 'bound', 'unit', 'ok'}
    assert document['min_distance_m'] is None
    assert document['election_s']['after_kills'] == [0.5]
    assert document['commits_per_phase'] == {'all': 2, 'heal': 1}
    assert document['formation_error_m']['heal']['at_end']['rmse_m'] == 0.05


def test_one_failed_expectation_makes_the_report_not_ok():
    record = good_record()
    record.violations.append('Election Safety')

    assert not make_report(record, SCENARIO, 'virtual', 7).ok


def test_the_terminal_report_shows_every_expectation_and_why_one_failed():
    record = good_record()
    record.violations.append('Election Safety: r1 and r2 lead term 3')
    text = io.StringIO()
    print_report(make_report(record, SCENARIO, 'virtual', 7), text)

    assert 'FAILED' in text.getvalue()
    assert 'r1 and r2 lead term 3' in text.getvalue()
    assert 'least distance of any two robots' in text.getvalue()
    assert '1 expectations failed' in text.getvalue()


def test_pictures_and_logs_are_written(tmp_path):
    record = good_record()
    draw_timeline(record, SCENARIO, 'title', tmp_path / 'timeline.png')
    draw_trajectories(record, 'title', tmp_path / 'trajectories.png')
    write_logs(record, tmp_path / 'logs')

    for name in ('timeline.png', 'trajectories.png'):
        assert (tmp_path / name).read_bytes().startswith(b'\x89PNG')
    assert sorted(path.stem for path in (tmp_path / 'logs').iterdir()) == sorted(ROBOTS)
    assert 'applied 6 term 2' in (tmp_path / 'logs' / 'r1.log').read_text()


def test_an_empty_record_still_gives_pictures(tmp_path):
    record = good_record()
    record.samples, record.statuses, record.commits, record.phases = [], [], [], []
    draw_timeline(record, SCENARIO, 'title', tmp_path / 'timeline.png')
    draw_trajectories(record, 'title', tmp_path / 'trajectories.png')

    assert (tmp_path / 'timeline.png').exists()
