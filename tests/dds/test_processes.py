# SPDX-License-Identifier: Apache-2.0
"""Robots as plain DDS processes: the whole demo without ROS, and nothing left behind."""

import json
import re
import signal
import time

from live.processes import children, quickest, trap, wait_for
import psutil
import pytest
from swarm_coordination.configuration import find_swarm_file
from swarm_coordination.live.provisioning import provision_swarm
import yaml

pytestmark = pytest.mark.dds
HOSTILE_KINDS = {'random', 'mutated', 'truncated', 'replayed', 'oversized', 'wrong_version',
                 'wrong_cluster', 'wrong_key'}
FRAMES = 60 * 5_000


@pytest.mark.timeout(150)
def test_the_demo_flies_where_nothing_of_ros_nor_of_what_is_optional_can_be_imported(
    without_ros, tmp_path
):
    without_ros.cwd = tmp_path / 'elsewhere'
    without_ros.cwd.mkdir()
    ran = trap(without_ros.cwd)
    process, out = without_ros.play('smoke', 'smoke', '--backend', 'dds')
    report = without_ros.judged(process, out, 120, 'dds')
    assert len(report['robots']) == 5
    assert 'cyclonedds' in report['versions']
    assert 'rmw' not in report['versions']
    assert not ran.exists()  # nobody has run what lies where the user stands


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGKILL])
def test_a_demo_that_is_ended_leaves_no_process_after_three_seconds(processes, number):
    def ended(attempt):
        return processes.seconds_to_end(
            number, 6, f'ended{attempt}', 'smoke', '--backend', 'dds'
        )

    assert quickest(ended, 3.0) <= 3.0


@pytest.fixture
def disk(processes):
    """Give the disk of robot1."""
    provision_swarm(processes.folder / 'robots', ('robot1', 'robot2'))
    return processes.folder / 'robots' / 'robot1'


def robot(processes, name, disk):
    """Start one robot on a disk."""
    return processes.start(
        'robot', '-m', 'swarm_coordination.cli.main', 'robot', name, '--storage', disk,
    )


def test_sigterm_ends_a_robot_within_a_second_with_status_0(processes, disk):
    def ended(_):
        process = robot(processes, 'robot1', disk)
        assert wait_for(lambda: 'running in domain' in processes.log('robot').read_text(), 30.0)
        sent_s = time.monotonic()
        process.terminate()
        assert process.wait(30.0) == 0, processes.log('robot').read_text()
        return time.monotonic() - sent_s

    assert quickest(ended, 1.0) <= 1.0


def test_the_disk_of_another_robot_is_refused_with_status_2_and_says_why(processes, disk):
    process = robot(processes, 'robot2', disk)
    assert process.wait(30.0) == 2
    said = processes.log('robot').read_text()
    assert 'the storage of robot2: it is that of robot1' in said
    assert 'Traceback' not in said


@pytest.mark.beside
@pytest.mark.timeout(900)
def test_a_minute_of_5000_hostile_frames_a_second_is_refused_and_counted_and_changes_nothing(
    processes
):
    process, out = processes.play(
        'hostile', 'hostile60', '--backend', 'dds', '--swarm-file', patient(processes.folder)
    )
    memory = watched(process, lambda: 'attacker' in names_below(process))
    report = processes.judged(process, out, 500, 'dds')
    attacked_with(out, report, FRAMES)
    assert len(memory) == 5
    assert max(last - first for first, last in memory.values()) < 5e6
    for robot in report['robots']:
        *_, said = re.findall('frames refused so far.*', (out / f'{robot}.log').read_text())
        for words in ('another protocol version', 'another swarm', "not under this swarm's key"):
            assert words in said


def patient(folder):
    """
    Write the default swarm file with election time-outs beyond any stall of a busy host.

    A forged frame that was believed would bring a new term at once, whatever they are.
    """
    swarm = yaml.safe_load(find_swarm_file().read_text(encoding='utf-8'))
    swarm['all']['consensus'].update(election_timeout_min_s=3.0, election_timeout_max_s=5.0)
    swarm['all']['mission']['lease_s'] = 12.0  # more than twice as long
    path = folder / 'swarm.yaml'
    path.write_text(yaml.safe_dump(swarm, sort_keys=False), encoding='utf-8')
    return path


def attacked_with(out, report, frames):
    """Check that nearly so many hostile frames went out, of every kind; return what was told."""
    told = json.loads((out / 'attacker.log').read_text().splitlines()[-1])
    assert told['frames'] >= 0.95 * frames
    assert set(told['kinds']) == HOSTILE_KINDS
    assert min(told['kinds'].values()) > 0.05 * frames
    assert sum(told['kinds'].values()) == told['frames']
    assert report['attacks'] == [told]
    bounds = {e['name']: e['bound'] for e in report['expectations'] if 'hostile' in e['name']}
    assert bounds == {'hostile frames sent, at least': 0.95 * frames,
                      'hostile frames refused by each robot, at least': 0.2 * frames}
    return told


def names_below(process):
    """Return what runs below a demo: module or robot names."""
    words = [word for child in children(process.pid) for word in command_of(child)]
    return {word.rsplit('.', 1)[-1] for word in words}


def command_of(child):
    """Return the command line of a process that may have ended meanwhile."""
    try:
        return child.cmdline()
    except psutil.Error:
        return []


def watched(process, attacked, settle_s=2.0):
    """Return (first, last) memory in bytes of each robot during an attack."""
    assert wait_for(lambda: attacked() or process.poll() is not None, 240.0)
    time.sleep(settle_s)  # caches and queues fill once
    robots = [child for child in children(process.pid) if 'robot' in command_of(child)]
    found = {}
    while attacked():
        for robot in robots:
            try:
                used = robot.memory_info().rss
            except psutil.Error:
                continue
            found[robot.pid] = (found.get(robot.pid, (used,))[0], used)
        time.sleep(0.2)
    return found
