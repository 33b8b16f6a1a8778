# SPDX-License-Identifier: Apache-2.0
"""A cut really cuts, a heal heals, and nothing is left behind, however a run ends."""

import fcntl
import importlib.util
import os
from pathlib import Path
import shutil
import signal
import subprocess
import sys
import time

from live.processes import children, gone, Processes, wait_for
from netns.needs import MARKS
import pytest
from swarm_coordination.cli.main import main
from swarm_coordination.errors import ConfigurationError
from swarm_coordination.live.loop import ENDS
from swarm_coordination.netns import namespaces
from swarm_coordination.netns.namespaces import HUB, left_behind, Namespaces, remove_stale
from swarm_coordination.netns.network import NamespacedNetwork
from swarm_coordination.netns.signals import ended_by_signals, undisturbed

TALK = Path(__file__).with_name('talk.py')
TALKS_EVERY_S = 0.05
NAMES = ('robot1', 'robot2')


def rooted(test):
    """Mark a test that needs root and nftables."""
    for mark in MARKS:
        test = mark(test)
    return test


@pytest.fixture
def processes(tmp_path):
    """Give ``Processes`` that end with the test."""
    with Processes(Path(tmp_path)) as made:
        yield made


@pytest.mark.parametrize(('user', 'program', 'said'), [
    (1000, '', 'root'), (0, 'nft', 'apt-get install nftables'), (0, 'ip', 'iproute2'),
])
def test_without_root_or_tools_it_says_so(monkeypatch, user, program, said):
    monkeypatch.setattr(os, 'geteuid', lambda: user)
    monkeypatch.setattr(shutil, 'which', lambda name: None if name == program else f'/{name}')
    with pytest.raises(ConfigurationError, match=said):
        namespaces.check_means()


def environment(kind, tmp_path):
    """Return the environment of processes in namespaces; the test itself stays outside."""
    network = NamespacedNetwork.__new__(NamespacedNetwork)
    made = network.environment(7, tmp_path, os.environ)
    assert made['FASTDDS_BUILTIN_TRANSPORTS'] == 'UDPv4'
    return made


@rooted
@pytest.mark.timeout(300)
@pytest.mark.parametrize('kind', ['dds', 'ros'])
def test_a_cut_really_cuts_in_one_direction_or_both_and_heals(processes, tmp_path, kind):
    if kind == 'ros' and importlib.util.find_spec('rclpy') is None:
        pytest.skip('rclpy is missing')
    processes.environment = environment(kind, tmp_path)

    def count(name):
        return len(processes.log(name).read_text().splitlines())

    def hears(name, more=10):
        before = count(name)
        return wait_for(lambda: count(name) > before + more, 60.0)

    def silent(name, seconds):
        before = count(name)
        time.sleep(seconds)
        return count(name) == before

    def deaf(name, seconds=1.0):
        # What is on its way comes, on a busy host later.
        if not wait_for(lambda: silent(name, seconds), 30.0):
            return False
        last = numbers(name)[-1]
        time.sleep(2.0)
        # However late it comes: it was sent before the window in which there was nothing.
        return numbers(name)[-1] <= last + seconds / TALKS_EVERY_S

    def numbers(name):
        return [int(line.split()[1]) for line in processes.log(name).read_text().splitlines()]

    with Namespaces(NAMES) as made:
        for name in NAMES:
            inside = made.inside(name, [str(TALK), kind, name])
            # `ip netns exec NAME python talk.py ...`
            processes.start(name, '-c', 'import os, sys; os.execvp(sys.argv[1], sys.argv[1:])',
                            *inside[:-3], sys.executable, *inside[-3:])
        assert wait_for(lambda: all(count(name) > 5 for name in NAMES), 120.0)
        made.lose({(0, 1): 1000, (1, 0): 1000})
        assert deaf('robot1', 2.0)
        assert deaf('robot2', 2.0)
        made.lose({(0, 1): 1000})
        assert hears('robot1')
        assert deaf('robot2')
        made.lose({(0, 1): 500})
        assert hears('robot2')
        before = count('robot2')
        assert hears('robot2', 30)
        some = numbers('robot2')[before:]
        assert 0.2 < len(some) / (some[-1] - some[0] + 1) < 0.8
        made.lose({})
        assert hears('robot2')


@rooted
@pytest.mark.slow
@pytest.mark.ros
@pytest.mark.timeout(120)
def test_shared_memory_passes_by_every_rule_in_one_namespace_and_never_between_two(
    processes, tmp_path
):
    # Fast DDS tells hosts apart by their network interfaces: two namespaces are two hosts to it,
    # though they have one /dev/shm. The variable is set all the same: a run must not lean on that.
    pytest.importorskip('rclpy')
    processes.environment = {
        **environment('ros', tmp_path), 'FASTDDS_BUILTIN_TRANSPORTS': 'SHM',
    }

    def heard(name):
        return len(processes.log(name).read_text().splitlines())

    def talk(made, name, where):
        inside = made.inside(where, [str(TALK), 'ros', name])
        processes.start(name, '-c', 'import os, sys; os.execvp(sys.argv[1], sys.argv[1:])',
                        *inside[:-3], sys.executable, *inside[-3:])

    with Namespaces(NAMES) as made:
        made.lose({(0, 1): 1000, (1, 0): 1000})
        talk(made, 'first', 'robot1')
        talk(made, 'second', 'robot1')
        assert wait_for(lambda: min(heard('first'), heard('second')) > 20, 40.0)
        talk(made, 'third', 'robot2')
        talk(made, 'fourth', 'robot2')
        assert wait_for(lambda: min(heard('third'), heard('fourth')) > 20, 40.0)
        made.lose({})
        time.sleep(3.0)
        for name, others in {'first': 'second', 'third': 'fourth'}.items():
            lines = processes.log(name).read_text().splitlines()
            assert {line.split()[0] for line in lines} == {others}


@rooted
def test_a_run_leaves_nothing_behind_and_two_at_once_do_not_meet():
    before = left_behind()
    with Namespaces(NAMES) as first, Namespaces(NAMES) as second:
        assert {first.name(HUB), second.name(HUB)} <= set(left_behind())
        assert first.name(HUB) != second.name(HUB)
        remove_stale()
        assert first.name('robot1') in left_behind()
    assert left_behind() == before


@pytest.mark.parametrize('again', [False, True])
def test_a_lock_whose_file_is_gone_is_none(monkeypatch, tmp_path, again):
    # Its run ended between the opening of the file and the lock; another may have begun since.
    path = tmp_path / '0.lock'
    monkeypatch.setattr(namespaces, 'LOCKS', tmp_path)

    def flock(*_):
        path.unlink()
        if again:
            path.touch()

    with monkeypatch.context() as patched:
        patched.setattr(fcntl, 'flock', flock)
        assert namespaces._try_lock(0) == -1
    held = namespaces._try_lock(0)
    assert held >= 0
    assert namespaces._try_lock(0) == -1
    os.close(held)


@rooted
@pytest.mark.timeout(180)
def test_what_a_killed_run_left_is_removed_at_the_next_start(processes):
    holder = processes.start('holder', '-c', (
        'import time\n'
        'from swarm_coordination.netns.namespaces import Namespaces\n'
        f'with Namespaces({NAMES!r}) as made:\n'
        '    print(made.name("hub"), flush=True)\n'
        '    time.sleep(60)\n'
    ))
    assert wait_for(lambda: processes.log('holder').read_text().strip(), 40.0)
    name = processes.log('holder').read_text().strip()
    remove_stale()
    assert name in left_behind()  # its run lives
    holder.kill()
    holder.wait()
    assert name in left_behind()
    with Namespaces(NAMES):
        assert processes.log('holder').read_text().strip() == name
    assert name not in left_behind()


@rooted
@pytest.mark.timeout(180)
@pytest.mark.parametrize('number', ENDS)
def test_a_run_that_is_interrupted_removes_everything(processes, number):
    before = left_behind()
    out = processes.folder / 'out'
    process = processes.start('netns', '-m', 'swarm_coordination.cli.main', 'netns', 'smoke',
                              '--backend', 'dds', '--out', out)
    assert wait_for(lambda: len(children(process.pid)) == 6, 90.0)
    below = processes.left = children(process.pid)
    process.send_signal(number)
    assert wait_for(lambda: process.poll() is not None and gone(below), 30.0), below
    assert set(left_behind()) <= set(before)  # those of earlier runs may go too


@rooted
@pytest.mark.timeout(180)
@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGHUP])
def test_a_run_that_is_ended_while_it_makes_namespaces_removes_them(processes, number):
    before = left_behind()
    process = processes.start('netns', '-m', 'swarm_coordination.cli.main', 'netns', 'smoke',
                              '--backend', 'dds', '--out', processes.folder / 'out')
    assert wait_for(lambda: set(left_behind()) - set(before), 90.0)
    process.send_signal(number)
    assert process.wait(60.0) == 130, processes.log('netns').read_text()
    assert set(left_behind()) <= set(before)  # those of earlier runs may go too


@rooted
@pytest.mark.timeout(180)
@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGHUP])
def test_a_run_that_is_ended_when_its_processes_have_ended_removes_everything(processes, number):
    # As while pictures are drawn, or the report is written.
    before = left_behind()
    process = processes.start('netns', '-c', (
        'import sys, time\n'
        'from swarm_coordination.cli import main, netns\n'
        'def write(*_):\n'
        '    print("writing", flush=True)\n'
        '    time.sleep(60)\n'
        'netns.run_demo = write\n'
        f'sys.exit(main.main(["netns", "smoke", "--backend", "dds", '
        f'"--out", {str(processes.folder / "out")!r}]))\n'
    ))
    assert wait_for(lambda: 'writing' in processes.log('netns').read_text(), 90.0)
    assert set(left_behind()) - set(before)
    process.send_signal(number)
    assert process.wait(60.0) == 130, processes.log('netns').read_text()
    assert set(left_behind()) <= set(before)  # those of earlier runs may go too


@pytest.mark.parametrize('number', ENDS)
def test_a_signal_ends_a_run_once_and_disturbs_no_removal(number):
    before = [signal.getsignal(end) for end in ENDS]
    steps = []
    with pytest.raises(KeyboardInterrupt), ended_by_signals():
        with undisturbed():
            signal.raise_signal(number)
            steps.append('removed')
        steps.append('gone on')
    with pytest.raises(KeyboardInterrupt), ended_by_signals():
        try:
            signal.raise_signal(number)
        finally:
            for again in ENDS:
                signal.raise_signal(again)
            steps.append('ended in order')
    assert steps == ['removed', 'ended in order']
    assert [signal.getsignal(end) for end in ENDS] == before


def test_what_nohup_ignores_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with ended_by_signals(), undisturbed():
            signal.raise_signal(signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


@rooted
@pytest.mark.timeout(180)
def test_what_a_killed_run_left_is_removed_on_demand_and_named(processes, capsys):
    holder = processes.start('holder', '-c', (
        'import os, signal\n'
        'from swarm_coordination.netns.namespaces import Namespaces\n'
        f'made = Namespaces({NAMES!r}).__enter__()\n'
        'print(made.name("hub"), flush=True)\n'
        'os.kill(os.getpid(), signal.SIGKILL)\n'
    ))
    holder.wait(40.0)
    name = processes.log('holder').read_text().strip()
    assert name in left_behind()
    assert main(['netns', '--clean']) == 0
    assert f'removed {name}' in capsys.readouterr().out.splitlines()
    assert name not in left_behind()


def test_cleaning_without_root_says_so(monkeypatch, capsys):
    monkeypatch.setattr(os, 'geteuid', lambda: 1000)
    assert main(['netns', '--clean']) == 2
    assert 'root' in capsys.readouterr().err


@rooted
def test_the_hosts_own_network_is_not_touched():
    def state():
        words = [['ip', 'link'], ['ip', 'route'], ['nft', 'list', 'ruleset']]
        return [subprocess.run(w, capture_output=True, text=True, check=True).stdout
                for w in words]

    before = state()
    with Namespaces(NAMES) as made:
        made.lose({(0, 1): 1000})
        assert state() == before
