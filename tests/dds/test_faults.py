# SPDX-License-Identifier: Apache-2.0
"""Processes that die, stall or lose their disk: each has the outcome that the design gives it."""

import json
import os
import shutil
import signal

from dds.real_swarm import burn, RealSwarm
from live.processes import children, gone
import pytest
from swarm_coordination.storage.provision import read_provision, write_provision
from swarm_coordination.transport import profiles

pytestmark = [pytest.mark.dds, pytest.mark.timeout(240)]


@pytest.fixture
def swarm(processes, domain):
    """Give three robots that have a leader."""
    made = RealSwarm(processes, domain, 3)
    made.start_all()
    yield made
    assert made.one_log()
    made.close()


def others(swarm, name):
    """Return all robots but one."""
    return tuple(other for other in swarm.names if other != name)


def test_after_sigkill_of_the_leader_the_others_go_on_and_it_comes_back_with_its_log(swarm):
    assert swarm.put('robot1', 'before')
    leader = swarm.leader()
    swarm.running[leader].kill()
    swarm.running[leader].wait()
    swarm.forget(leader)
    rest = others(swarm, leader)
    assert swarm.until(lambda: swarm.leader(rest) is not None, 15.0)
    assert swarm.put(rest[0], 'meanwhile', among=rest)
    swarm.applied[leader].clear()
    swarm.start(leader)
    assert swarm.until(lambda: any('meanwhile' in c for c in swarm.applied[leader].values()), 30.0)
    assert swarm.put(leader, 'after')


def test_a_robot_stopped_for_ten_seconds_believes_nothing_that_waited(swarm):
    leader = swarm.leader()
    refused = swarm.status(leader).frames_rejected
    swarm.running[leader].send_signal(signal.SIGSTOP)
    rest = others(swarm, leader)
    assert swarm.until(lambda: swarm.leader(rest) is not None, 15.0)
    assert swarm.put(rest[0], 'while_stopped', among=rest)
    term = max(swarm.status(name).term for name in rest)
    swarm.until(lambda: False, 8.0)
    swarm.running[leader].send_signal(signal.SIGCONT)
    # It led when it was stopped: it must not lead the others back into its old term.
    assert swarm.until(lambda: swarm.leader() is not None, 20.0)
    assert swarm.until(lambda: swarm.heard(leader, 'gap'))
    # A queue full of what the others said meanwhile.
    assert swarm.until(lambda: swarm.status(leader).frames_rejected > refused + 10)
    assert min(swarm.status(name).term for name in swarm.names) >= term
    assert swarm.put(leader, 'awake')
    assert any('while_stopped' in command for command in swarm.applied[leader].values())


def test_a_robot_whose_disk_is_full_stops_and_says_so_and_the_others_go_on(processes, domain):
    swarm = RealSwarm(processes, domain, 3)
    # No file of this process may grow beyond 8 kB: what write(2) says is what a full disk says.
    limited = ('-c', 'import os, resource, signal, sys\n'
               'signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n'
               'resource.setrlimit(resource.RLIMIT_FSIZE, (8_000, 8_000))\n'
               'os.execv(sys.executable, [sys.executable, *sys.argv[1:]])')
    swarm.start('robot1')
    swarm.start('robot2')
    full = swarm.start('robot3', wrap=limited)
    assert swarm.until(lambda: swarm.leader() is not None, 90.0)
    for number in range(80):
        command = json.dumps({'kind': 'put', 'key': f'k{number}', 'value': 'v' * 150})
        swarm.observer.propose('robot1', command, -number - 1)
    assert swarm.until(lambda: full.poll() is not None, 30.0)
    said = processes.log('robot3').read_text()
    assert full.returncode == 1, said
    assert 'swarm: ' in said
    assert 'Traceback' not in said
    swarm.forget('robot3')
    rest = ('robot1', 'robot2')
    assert swarm.until(lambda: swarm.leader(rest) is not None, 15.0)
    assert swarm.put('robot2', 'after_full', among=rest)
    swarm.close()


def test_a_robot_with_a_damaged_log_takes_part_without_a_vote_and_gets_the_log_back(swarm):
    for number in range(5):
        assert swarm.put('robot1', f'before{number}')
    robot = others(swarm, swarm.leader())[0]
    swarm.running[robot].kill()
    swarm.running[robot].wait()
    swarm.forget(robot)
    (log,) = (swarm.disks / robot).glob('log-*')
    data = bytearray(log.read_bytes())
    data[len(data) // 2] ^= 0xFF
    log.write_bytes(bytes(data))
    swarm.applied[robot].clear()
    swarm.start(robot)
    assert swarm.until(lambda: swarm.status(robot) is not None, 30.0)
    assert swarm.status(robot).may_vote is False
    assert swarm.until(lambda: swarm.heard(robot, 'held_back'), 10.0)
    rest = others(swarm, robot)
    assert swarm.put(rest[0], 'after_damage', among=swarm.names, seconds=20.0)


def test_a_full_processor_stops_nobody_from_agreeing(swarm, processes):
    fire = processes.start('fire', '-c', burn(120.0))
    assert swarm.until(lambda: len(children(fire.pid)) >= (os.cpu_count() or 1), 30.0)
    burning = processes.left = children(fire.pid)
    try:
        for number in range(3):
            assert swarm.put(swarm.names[number], f'under_load{number}', seconds=25.0)
        assert fire.poll() is None, processes.log('fire').read_text()
        assert not any(gone([process]) for process in burning)
    finally:
        fire.kill()
        for process in burning:
            if process.is_running():
                process.kill()
    assert swarm.until(lambda: swarm.leader() is not None, 15.0)
    assert swarm.put('robot1', 'cool')


def test_a_second_process_on_the_same_disk_is_refused_and_the_first_goes_on(swarm, processes):
    second = swarm.start('robot1', process='second')
    assert swarm.until(lambda: second.poll() is not None, 30.0)
    assert second.returncode == 1
    said = processes.log('second').read_text()
    assert 'Traceback' not in said
    assert str(swarm.disks / 'robot1') in said
    assert swarm.put('robot1', 'still_here')


def test_two_processes_of_one_name_the_one_in_the_roster_wins(swarm, processes):
    stranger = processes.folder / 'stranger'
    # Of the same swarm by its key, but provisioned under an id that no roster knows.
    shutil.copytree(swarm.disks / 'robot1', stranger)
    provision = read_provision(stranger)
    for path in stranger.iterdir():
        path.unlink()
    write_provision(stranger, provision._replace(storage_id=provision.storage_id ^ 1))
    swarm.start('robot1', disk=stranger, process='stranger')
    assert swarm.until(
        lambda: any(swarm.heard(name, 'duplicate_name') for name in swarm.names), 30.0
    )
    assert swarm.put('robot2', 'with_a_stranger', among=('robot2', 'robot3'))
    # Of three voters one is gone: nothing is agreed on but with the vote of the real robot1.
    swarm.running['robot2'].kill()
    swarm.running['robot2'].wait()
    swarm.forget('robot2')
    assert swarm.until(lambda: swarm.status('robot3').quorum, 30.0)
    assert swarm.put('robot3', 'by_its_vote', among=('robot3',), seconds=30.0)
    assert swarm.running['stranger'].poll() is None


def test_a_copied_disk_costs_both_processes_their_vote(swarm, processes):
    robot = others(swarm, swarm.leader())[0]
    copy = processes.folder / 'copy'
    shutil.copytree(swarm.disks / robot, copy)
    swarm.start(robot, disk=copy, process='copy')
    assert swarm.until(lambda: swarm.heard(robot, 'duplicate_storage'), 30.0)
    # Both speak on one topic: they are told apart by the nonce of the process.
    votes, bus = {}, swarm.bus
    bus.subscribe(bus.types.swarm.RobotStatus, f'/{robot}/status', profiles.STATUS,
                  lambda said: votes.setdefault(said.process_nonce, []).append(said.may_vote))
    assert swarm.until(
        lambda: len(votes) == 2 and not any(said[-1] for said in votes.values()), 15.0
    )
    votes.clear()
    assert swarm.until(  # three seconds of statuses, and as long as it takes to have them
        lambda: len(votes) == 2 and min(len(said) for said in votes.values()) >= 30, 30.0
    )
    assert not any(vote for said in votes.values() for vote in said)
    rest = others(swarm, robot)
    assert swarm.put(rest[0], 'beside_a_copy', among=rest)


def test_environment_of_these_tests_is_this_host_only():
    assert 'loopback.xml' in os.environ['CYCLONEDDS_URI']
