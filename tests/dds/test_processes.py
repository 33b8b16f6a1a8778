# SPDX-License-Identifier: Apache-2.0
"""Robots as plain DDS processes: the whole demo without ROS, and nothing left behind."""

import json
import re
import signal
import time

from live.processes import children, gone, wait_for
import psutil
import pytest
from swarm_coordination.configuration.locations import config_folder
from swarm_coordination.live.provisioning import provision_swarm

pytestmark = pytest.mark.dds
HOSTILE_KINDS = {'random', 'mutated', 'truncated', 'replayed', 'oversized', 'wrong_version',
                 'wrong_cluster', 'wrong_key'}
RATE_HZ = 5_000


@pytest.mark.timeout(150)
def test_the_demo_flies_where_nothing_of_ros_nor_of_what_is_optional_can_be_imported(without_ros):
    process, out = without_ros.play('smoke', 'smoke', '--backend', 'dds')
    report = without_ros.judged(process, out, 120, 'dds')
    assert len(report['robots']) == 5
    assert 'cyclonedds' in report['versions']
    assert 'rmw' not in report['versions']


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGKILL])
def test_a_demo_that_is_ended_leaves_no_process_after_three_seconds(processes, number):
    process, _ = processes.play('ended', 'smoke', '--backend', 'dds')
    assert wait_for(lambda: len(children(process.pid)) == 6, 30.0)
    below = processes.left = children(process.pid)
    process.send_signal(number)
    assert wait_for(lambda: process.poll() is not None and gone(below), 3.0), below


def robot(processes, name='robot1', *options):
    """Start one robot on a provisioned disk."""
    disks = processes.folder / 'robots'
    provision_swarm(disks, ('robot1', 'robot2'))
    return processes.start(
        'robot', '-m', 'swarm_coordination.cli.main', 'robot', name,
        '--storage', disks / 'robot1', *options,
    )


def test_sigterm_ends_a_robot_within_a_second_with_status_0(processes):
    process = robot(processes)
    assert wait_for(lambda: 'running in domain' in processes.log('robot').read_text(), 30.0)
    process.terminate()
    assert wait_for(lambda: process.poll() is not None, 1.5)
    assert process.returncode == 0, processes.log('robot').read_text()


def test_the_disk_of_another_robot_is_refused_with_status_2_and_says_why(processes):
    process = robot(processes, 'robot2')
    assert process.wait(30.0) == 2
    said = processes.log('robot').read_text()
    assert 'the storage of robot2: it is that of robot1' in said
    assert 'Traceback' not in said


@pytest.mark.timeout(200)
@pytest.mark.parametrize('seconds', [
    13, pytest.param(60, marks=[pytest.mark.slow, pytest.mark.timeout(300)], id='minute'),
])
def test_5000_hostile_frames_a_second_are_refused_and_counted_and_change_nothing(
    processes, seconds
):
    # Thirteen: robots say every ten what they have refused.
    scenario = processes.folder / 'attacked.yaml'
    minute = (config_folder() / 'scenarios' / 'hostile60.yaml').read_text()
    assert minute.count(' 60.') == 2  # how long the attack is, and its phase
    scenario.write_text(minute.replace(' 60.', f' {seconds}.'))
    process, out = processes.play('hostile', scenario, '--backend', 'dds')
    memory = watched(process, out, lambda: 'attacker' in names_below(process))
    report = processes.judged(process, out, 120 + 2 * seconds, 'dds')
    attacked_with(out, report, seconds * RATE_HZ)
    assert len(memory) == 5
    assert max(last - first for first, last in memory.values()) < 5e6
    for robot in report['robots']:
        *_, said = re.findall('frames refused so far.*', (out / f'{robot}.log').read_text())
        for words in ('another protocol version', 'another swarm', "not under this swarm's key"):
            assert words in said


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


def watched(process, out, attacked, settle_s=2.0):
    """Return (first, last) memory in bytes of each robot during an attack."""
    assert wait_for(attacked, 90.0)
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
