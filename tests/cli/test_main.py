# SPDX-License-Identifier: Apache-2.0
"""The swarm command: exit statuses, one clear line for an error, quick to start."""

from __future__ import annotations

import json
import os
from pathlib import Path
import signal
import subprocess
import sys
import time

import pytest
from swarm_coordination.cli.main import main
from swarm_coordination.epochs import forced_term
from swarm_coordination.persistence import Entry, EntryRecord, HardState, IntentRecord
from swarm_coordination.storage.provision import read_provision
from swarm_coordination.storage.store import Storage

ROOT = Path(__file__).resolve().parent.parent.parent
SHORT = {
    'name': 'short', 'description': 'for a test', 'robots': {'min': 3, 'default': 3},
    'phases': [{'name': 'elect', 'until': ['leader', 'caught_up'], 'timeout_s': 10.0,
                'checks': ['leader']}],
}


def scenario(folder: Path, **changes: object) -> str:
    """Write a short scenario; returns its path."""
    path = folder / 'short.yaml'
    path.write_text(json.dumps({**SHORT, **changes}))
    return str(path)


def command(*arguments: str) -> list[str]:
    """Return the command line that runs ``swarm`` in a process."""
    return [sys.executable, '-m', 'swarm_coordination.cli.main', *arguments]


def environment() -> dict[str, str]:
    """Return an environment in which the package is found."""
    return {**os.environ, 'PYTHONPATH': str(ROOT / 'src' / 'swarm_coordination')}


def test_simulate_writes_its_report_and_prints_it_for_people(tmp_path, capsys):
    assert main(['simulate', scenario(tmp_path), '--out', str(tmp_path / 'run')]) == 0

    printed = capsys.readouterr().out
    assert 'expectations held' in printed
    assert json.loads((tmp_path / 'run' / 'report.json').read_text())['ok'] is True
    for name in ('timeline.png', 'trajectories.png', 'logs/robot1.log'):
        assert (tmp_path / 'run' / name).is_file()


def test_json_is_the_report_and_nothing_else_on_standard_output(tmp_path, capsys):
    out = tmp_path / 'run'
    assert main(['simulate', '--scenario', scenario(tmp_path), '--json', '--seed', '9',
                 '--robots', '4', '--out', str(out)]) == 0

    printed = capsys.readouterr().out
    assert printed == (out / 'report.json').read_text()
    document = json.loads(printed)
    assert (document['seed'], len(document['robots'])) == (9, 4)


def test_a_failed_expectation_is_status_1(tmp_path):
    never = [{'name': 'never', 'until': ['holding'], 'timeout_s': 1.0}]

    assert main(['simulate', scenario(tmp_path, phases=never), '--out', str(tmp_path / 'r')]) == 1


@pytest.mark.parametrize(('arguments', 'named'), [
    (['simulate', 'no_such'], ['scenario', 'no_such', 'default']),
    (['simulate', '--robots', '99'], ['robots', '99', '5 to 12']),
    (['simulate', '--seed', '-1'], ['seed', '-1']),
    (['simulate', '--swarm-file', '/nowhere.yaml'], ['/nowhere.yaml']),
    (['simulate', 'smoke', '--scenario', 'split'], ['--scenario', 'split']),
    (['provision', '/tmp/never', '--voters', 'nobody'], ['voters']),
    (['robot', 'robot1', '--storage', '/tmp/x', '--battery-leave', '2'], ['battery_leave', '1']),
])
def test_wrong_use_is_one_clear_line_and_status_2(arguments, named, capsys):
    assert main(arguments) == 2

    captured = capsys.readouterr()
    assert captured.out == ''
    assert captured.err.count('\n') == 1
    for word in named:
        assert word in captured.err


@pytest.mark.parametrize('arguments', [[], ['fly'], ['simulate', '--robots', 'many']])
def test_what_cannot_be_parsed_is_status_2(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        main(arguments)

    assert caught.value.code == 2
    assert 'usage' in capsys.readouterr().err


def test_a_wrong_scenario_leaves_nothing_behind(tmp_path):
    path = scenario(tmp_path, radio={'loss': 7})

    assert main(['simulate', path, '--out', str(tmp_path / 'run')]) == 2
    assert not (tmp_path / 'run').exists()


def test_scenarios_are_listed(capsys):
    assert main(['simulate', '--list-scenarios']) == 0

    listed = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert {'default', 'smoke', 'split', 'loss30'} <= set(listed)


def test_a_new_cluster_is_forced_only_under_the_robots_name(tmp_path, capsys):
    folder = tmp_path / 'storage'
    assert main(['provision', str(folder), '--robots', '3']) == 0
    robot = str(folder / 'robot2')
    before = {path.name: path.read_bytes() for path in (folder / 'robot2').iterdir()}
    capsys.readouterr()
    for arguments in ([robot], [robot, '--confirm', 'robot1']):
        assert main(['force-new-cluster', *arguments]) == 2
        assert 'add --confirm robot2' in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in (folder / 'robot2').iterdir()} == before

    assert main(['force-new-cluster', robot, '--confirm', 'robot2']) == 0
    term = forced_term(0, read_provision(folder / 'robot2').storage_id)
    said = capsys.readouterr().out
    assert f'robot2 is the only voter from log index 1, term {term}, on' in said
    assert main(['log', robot]) == 0
    printed = capsys.readouterr().out
    assert 'voters robot2; learners robot' in printed and 'forced by an operator' in printed
    assert main(['force-new-cluster', str(tmp_path / 'nowhere'), '--confirm', 'x']) == 1


def test_robots_are_provisioned_and_their_disks_printed(tmp_path, capsys):
    folder = tmp_path / 'swarm'
    assert main(['provision', str(folder), '--robots', '5', '--voters', 'robot1', 'robot2']) == 0
    assert 'learner' in capsys.readouterr().out
    storage, recovered = Storage.recover(folder / 'robot1')
    session = recovered.provision.storage_id
    put = b'{"key":"k","kind":"put","value":"v"}'
    storage.append([
        HardState(3, session), EntryRecord(Entry(1, 3, b'')), IntentRecord(1, put),
        EntryRecord(Entry(2, 3, b'%d 1 0\n' % session + put)),
    ])
    storage.sync()
    storage.close()

    assert main(['log', str(folder / 'robot1')]) == 0
    printed = capsys.readouterr().out
    assert 'voted for robot1' in printed
    assert 'no-op' in printed
    assert f'robot1 #1: {put.decode()}' in printed


def test_one_more_robot_is_provisioned_for_a_swarm_that_exists(tmp_path, capsys):
    folder = tmp_path / 'swarm'
    assert main(['provision', str(folder), '--robots', '3']) == 0
    known = str(folder / 'robot1')
    assert main(['provision', str(folder), '--join', known, '--name', 'robot4']) == 0
    assert capsys.readouterr().out.endswith('robot4  learner\n')
    first, last = (read_provision(folder / name) for name in ('robot1', 'robot4'))
    assert last == first._replace(name='robot4', storage_id=last.storage_id)
    assert last.storage_id not in [voter.storage_id for voter in first.voters]

    for wrong, said in (
        (('--join', known), 'go together'),
        (('--join', known, '--name', 'robot2'), 'another robot'),
        (('--join', known, '--name', 'robot99'), 'one of robot1'),
    ):
        assert main(['provision', str(tmp_path / 'other'), *wrong]) == 2
        assert said in capsys.readouterr().err
    assert not (tmp_path / 'other').exists()


def test_provisioning_twice_is_refused_in_one_line(tmp_path, capsys):
    assert main(['provision', str(tmp_path / 'swarm')]) == 0
    capsys.readouterr()

    assert main(['provision', str(tmp_path / 'swarm')]) == 1
    assert 'exists already' in capsys.readouterr().err


def test_the_log_of_a_folder_that_is_no_disk_is_refused_in_one_line(tmp_path, capsys):
    assert main(['log', str(tmp_path)]) == 1
    assert capsys.readouterr().err.count('\n') == 1


def test_a_demo_does_not_start_on_the_disks_of_another(tmp_path, capsys):
    pytest.importorskip('rclpy', reason='rclpy is missing: run `make setup`')
    pytest.importorskip('swarm_msgs', reason='swarm_msgs is missing: run `make setup`')
    (tmp_path / 'robots').mkdir()

    assert main(['demo', 'smoke', '--out', str(tmp_path), '--json']) == 2
    assert 'earlier run' in capsys.readouterr().err


def test_help_needs_no_heavy_import():
    code = (
        'import sys\n'
        'from swarm_coordination.cli.main import main\n'
        'try: main(["--help"])\n'
        'except SystemExit: pass\n'
        'print(sorted({"numpy", "scipy", "matplotlib", "rich", "yaml"} & set(sys.modules)))\n'
    )
    done = subprocess.run(
        [sys.executable, '-c', code], env=environment(), capture_output=True, text=True, check=True
    )

    assert done.stdout.splitlines()[-1] == '[]'


def test_ctrl_c_ends_with_status_130(tmp_path):
    process = subprocess.Popen(
        command('simulate', '--out', str(tmp_path / 'run')),
        env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )
    assert process.stdout is not None
    process.stdout.readline()  # it plays
    process.send_signal(signal.SIGINT)
    started = time.monotonic()
    _, error = process.communicate(timeout=30)

    assert process.returncode == 130
    assert error == 'swarm: interrupted\n'
    assert time.monotonic() - started < 3.0


def test_a_reader_that_goes_away_is_no_error_message():
    process = subprocess.Popen(
        command('simulate', '--list-scenarios'),
        env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.close()
    _, error = process.communicate(timeout=30)

    assert error == b''
