# SPDX-License-Identifier: Apache-2.0
"""What people, their folders and their environment get wrong is told in one line."""

import errno
import os
from types import SimpleNamespace

from cli.test_main import scenario
import pytest
from swarm_coordination.cli import needs
from swarm_coordination.cli.main import main
from swarm_coordination.live.ending import status_of
from swarm_coordination.live.provisioning import provision_swarm
from swarm_coordination.scenario import run as scenario_run


def told(capsys, *words):
    """Run the command, which has to refuse in one line with status 2; return the line."""
    assert main([str(word) for word in words]) == 2
    captured = capsys.readouterr()
    assert captured.out == ''
    assert captured.err.count('\n') == 1
    return captured.err


@pytest.fixture
def file(tmp_path):
    """Give a file where a folder is wanted."""
    path = tmp_path / 'file'
    path.write_text('')
    return path


@pytest.mark.parametrize('verb', [
    ('simulate', 'smoke'), ('demo', 'smoke', '--backend', 'dds'), ('fallacies', '--only', '1')])
def test_a_folder_that_cannot_be_made_is_told_before_anything_is_played(file, capsys, verb):
    for out in (file / 'below', '/proc/nobody'):
        assert 'command line: --out: ' in told(capsys, *verb, '--out', out)


def test_a_folder_that_is_somebody_elses_is_told_too(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(os, 'access', lambda path, how: False)  # root may write anywhere
    assert 'Permission denied' in told(capsys, 'simulate', 'smoke', '--out', tmp_path / 'run')


def test_a_disk_that_is_full_at_the_end_of_a_run_is_one_line(tmp_path, capsys, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(scenario_run, 'write_logs', full)
    assert main(['simulate', scenario(tmp_path), '--json', '--out', str(tmp_path / 'run')]) == 1
    assert capsys.readouterr().err == 'swarm: [Errno 28] No space left on device\n'


def test_a_process_of_a_demo_ends_in_one_line_as_well(capsys):
    def missing():
        raise FileNotFoundError(errno.ENOENT, 'No such file or directory', 'radio.yaml')

    assert status_of('world', missing) == 1
    assert capsys.readouterr().err == (
        "world: [Errno 2] No such file or directory: 'radio.yaml'\n")


def test_a_domain_that_is_none_is_told_by_every_verb(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv('ROS_DOMAIN_ID', 'abc')
    provision_swarm(tmp_path / 'disks', ('robot1',))
    for verb in (
        ('status', '--over', 'dds'),
        ('record', '--over', 'dds', tmp_path / 'bag'),
        ('robot', 'robot1', '--storage', tmp_path / 'disks' / 'robot1'),
        ('demo', 'smoke', '--backend', 'dds', '--join', '--out', tmp_path / 'run'),
    ):
        assert "environment: ROS_DOMAIN_ID: 'abc'" in told(capsys, *verb)
    assert sorted(path.name for path in tmp_path.iterdir()) == ['disks']  # nothing was begun


@pytest.mark.parametrize('number', ['nan', 'inf', '-1', '1e300'])
def test_times_that_are_none_are_told_by_their_option(tmp_path, capsys, number):
    robot = ('robot', 'robot1', '--storage', tmp_path)
    for verb, option in (
        (('status', '--over', 'dds'), '--wait'),
        (('status', '--over', 'dds'), '--timeout'),
        (('propose', 'robot1', '{}', '--over', 'dds'), '--timeout'),
        (('record', '--over', 'dds', tmp_path / 'bag'), '--duration'),
        (robot, '--radio-latency'),
        (robot, '--radio-jitter'),
        (robot, '--status-period'),
    ):
        assert f'command line: {option}: ' in told(capsys, *verb, f'{option}={number}')


def test_a_package_that_is_missing_is_named_with_the_way_to_get_it(tmp_path, capsys, monkeypatch):
    there = needs.util.find_spec
    monkeypatch.setattr(needs, 'util', SimpleNamespace(
        find_spec=lambda name: None if name == 'mcap' else there(name)))
    for verb in (('replay', 'x.mcap'), ('record', '--over', 'dds', tmp_path / 'bag')):
        assert 'environment: mcap: None is not valid: importable' in told(capsys, *verb)
