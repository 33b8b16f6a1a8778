# SPDX-License-Identifier: Apache-2.0
"""None of the eight fallacies of distributed computing is one of ours."""

from dataclasses import replace
import json
from pathlib import Path
import re
import subprocess
import sys
from types import SimpleNamespace

from netns.needs import MARKS
import pytest
from swarm_coordination.cli.main import main
from swarm_coordination.configuration import load_swarm
from swarm_coordination.errors import ConfigurationError, SwarmError
from swarm_coordination.fallacies import run as suite
from swarm_coordination.fallacies.catalogue import FALLACIES
from swarm_coordination.scenario.expectations import Expectation
from swarm_coordination.simulation.run import simulate

NUMBERS = range(1, len(FALLACIES) + 1)
# Played on processes in every run: the kernel's losses and late frames, which no other test in
# namespaces has. Splits are flown there by tests/netns, and the others need no packet filter.
ALWAYS = (1, 2)


def test_there_are_eight_each_with_a_scenario_and_a_figure_of_its_own():
    assert len(FALLACIES) == 8
    assert len({fallacy.name for fallacy in FALLACIES}) == 8
    assert len({(f.scenario, f.robots, str(f.overrides)) for f in FALLACIES}) == 8


@pytest.mark.timeout(240)
@pytest.mark.parametrize('number', NUMBERS)
def test_in_virtual_time_everything_holds_and_a_figure_is_measured(number, tmp_path):
    fallacy = FALLACIES[number - 1]
    row = suite.play_fallacy(
        fallacy, number, tmp_path, lambda options, backend: simulate(options), 1
    )
    assert row.ok, row.broken
    assert row.held == row.expectations >= 20
    assert any(letter.isdigit() for letter in row.figure)
    if fallacy.name == 'bandwidth is infinite':
        # A budget that binds is spent: one that does not would do nothing to the network.
        assert 95 < int(re.search(r'(\d+)% of what it may', row.figure)[1]) <= 102


def test_without_a_budget_the_row_of_bandwidth_is_broken(tmp_path):
    row = suite.play_fallacy(
        replace(FALLACIES[2], overrides={}), 3, tmp_path,
        lambda options, backend: simulate(options), 1,
    )
    assert [text.partition(':')[0] for text in row.broken] == ['bytes sent, of what a robot may']


@pytest.mark.parametrize(('bytes_per_s', 'cpu_percent', 'broken'), [
    (10_000, {}, []),
    (16_000, {}, ['bytes per robot']),
    (10_000, {'robot1': 9.0, 'robot2': 8.0, 'world': 40.0}, []),
    (10_000, {'robot1': 9.0, 'robot2': 26.0}, ['CPU per robot']),
])
def test_transport_has_a_price_that_a_robot_must_not_exceed(bytes_per_s, cpu_percent, broken):
    figures = {
        'bytes_per_robot_per_s': {'robot1': 5_000, 'robot2': bytes_per_s},
        'processes': {name: {'cpu_percent': value} for name, value in cpu_percent.items()},
    }
    judged = FALLACIES[6].limits(SimpleNamespace(figures=figures))
    assert [limit.name for limit in judged if not limit.ok] == broken
    assert len(judged) == 1 + bool(cpu_percent)


def test_a_broken_expectation_is_named_in_its_row_and_fails_the_suite(
    tmp_path, monkeypatch, capsys
):
    def play(options):
        report = simulate(options)
        broken = Expectation('logs that differ', 3, 0, 'logs', False, 'robot1')
        return replace(report, expectations=(*report.expectations, broken))

    monkeypatch.setattr('swarm_coordination.simulation.run.simulate', play)
    status = main(['fallacies', '--only', '6', '--json', '--out', str(tmp_path)])
    (row,) = json.loads(capsys.readouterr().out)
    assert status == 1
    assert not row['ok']
    assert row['broken'] == ['logs that differ: 3 (robot1)']
    assert (Path(row['folder']) / 'report.json').is_file()


def test_a_swarm_that_does_not_start_is_a_broken_row_and_the_others_are_played(
    tmp_path, monkeypatch, capsys
):
    def play(options):
        if options.scenario.name == 'operators':
            raise SwarmError('robot3 did not start')
        return simulate(options)

    monkeypatch.setattr('swarm_coordination.simulation.run.simulate', play)
    assert main(['fallacies', '--only', '6', '5', '--json', '--out', str(tmp_path)]) == 1
    broken, other = json.loads(capsys.readouterr().out)
    assert (broken['ok'], broken['broken']) == (False, ['broke off: robot3 did not start'])
    assert other['ok']
    assert main(['fallacies', '--only', '6', '--out', str(tmp_path)]) == 1
    printed = capsys.readouterr().out
    assert 'broken: broke off: robot3 did not start' in printed
    assert f'report, pictures and logs: {tmp_path / "6-operators"}\n' in printed


def test_wrong_use_is_no_row(tmp_path, monkeypatch, capsys):
    def play(options):
        raise ConfigurationError('command line', '--out', 'x', 'a new folder')

    monkeypatch.setattr('swarm_coordination.simulation.run.simulate', play)
    assert main(['fallacies', '--out', str(tmp_path)]) == 2
    assert 'a new folder' in capsys.readouterr().err


def test_overrides_reach_the_robots_they_name_and_keep_the_order(tmp_path):
    mixed = FALLACIES[7]
    seen = []

    def play(options, backend):
        seen.append((options.swarm, backend))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        suite.play_fallacy(mixed, 8, tmp_path, play, 1)
    (swarm, backend), = seen
    assert backend == 'mixed'
    assert swarm.names == tuple(f'robot{n}' for n in range(1, 6))
    periods = [robot.settings.control.period_s for robot in swarm.robots]
    assert periods == [0.05, 0.025, 0.05, 0.025, 0.05]
    assert load_swarm(tmp_path / '8-mixed/swarm.yaml').config_hash == swarm.config_hash


def test_a_number_beyond_eight_is_refused(capsys):
    assert main(['fallacies', '--only', '9']) == 2
    assert '1 to 8' in capsys.readouterr().err


def rooted(test):
    """Mark a test that needs root and nftables."""
    for mark in MARKS:
        test = mark(test)
    return test


@rooted
@pytest.mark.timeout(300)
@pytest.mark.parametrize('number', [
    number if number in ALWAYS else pytest.param(number, marks=pytest.mark.slow)
    for number in NUMBERS
])
def test_on_processes_in_namespaces_everything_holds_too(number, tmp_path):
    done = subprocess.run(
        [sys.executable, '-m', 'swarm_coordination.cli.main', 'fallacies', '--real', '--json',
         '--only', str(number), '--out', str(tmp_path)],
        capture_output=True, text=True, check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (row,) = json.loads(done.stdout)
    assert row['ok']
    assert row['backend'] == FALLACIES[number - 1].backend
    assert row['held'] == row['expectations'] >= 20
