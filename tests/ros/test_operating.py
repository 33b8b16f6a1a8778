# SPDX-License-Identifier: Apache-2.0
"""The operator's verbs work on a running robot, whatever carries its messages."""

import json
import os
import subprocess
import sys

from live.processes import wait_for
import pytest

pytestmark = [pytest.mark.ros, pytest.mark.timeout(180)]


def swarm(run, *words):
    """Run ``swarm ...``; return (status, what it printed)."""
    done = subprocess.run(
        [sys.executable, '-m', 'swarm_coordination.cli.main', *map(str, words)],
        capture_output=True, text=True, env=os.environ, timeout=60, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(params=['ros', 'dds'])
def flying(request, run):
    """Give what calls a verb at a running swarm of one."""
    source, storage = run.swarm_file(), run.storage() / 'robot1'
    over = request.param
    if over == 'dds':
        pytest.importorskip('cyclonedds')
        run.start('world', '-m', 'swarm_coordination.dds.world_main', '--swarm-file', source,
                  '--domain', run.domain)
        run.start('robot', '-m', 'swarm_coordination.cli.main', 'robot', 'robot1', '--config',
                  source, '--storage', storage, '--domain', run.domain)
    else:
        run.start_nodes('world_main', '-p', f'swarm_file:={source}')
        run.start_nodes('robot_main', '-r', '__ns:=/robot1', '-p', f'swarm_file:={source}',
                        '-p', f'storage_dir:={storage}')
    common = ('--over', over, '--domain', run.domain, '--swarm-file', source, '--timeout', 30)
    return lambda verb, *words: swarm(run, verb, *common, *words)


def test_status_propose_log_transfer_snapshot_and_hold_work_on_a_running_swarm(flying, run):
    told = []

    def leads():
        told.append(flying('status', '--wait', '1'))
        return 'leader robot1' in told[-1][1]

    assert wait_for(leads, 60.0), told[-1]
    assert told[-1][0] == 0
    assert 'voters robot1 (as provisioned)' in told[-1][1]
    command = json.dumps({'kind': 'put', 'key': 'a', 'value': 'b'})
    code, text = flying('propose', 'robot1', command)
    assert (code, 'command 1' in text) == (0, True), text
    assert wait_for(lambda: '"key":"a"' in flying('log', '--robot', 'robot1')[1], 20.0)
    code, text = flying('propose', 'robot1', '--mission', 'line_sweep')
    assert code == 0, text
    storage = run.folder / 'robots' / 'robot1'
    code, text = flying('preflight', '--robot', 'robot1', '--storage', storage)
    assert (code, text.count('ok  '), len(text.splitlines())) == (0, 11, 11), text
    assert flying('transfer', 'robot1') == (0, 'robot1 leads\n')
    picture = run.folder / 'swarm.png'
    code, text = flying('snapshot', '--wait', '1', picture)
    assert code == 0, text
    assert picture.stat().st_size > 5000
    code, text = flying('hold', 'robot1', '--reason', 'a test')
    assert code == 0, text
    assert wait_for(lambda: 'stopped' in flying('status', '--wait', '1')[1], 20.0)
    lift = text.splitlines()[-1].split("'")[1]
    assert flying('propose', 'robot1', lift)[0] == 0
    assert wait_for(lambda: 'stopped' not in flying('status', '--wait', '1')[1], 20.0)
    code, text = flying('propose', 'robot1', '{"kind":"nonsense"}')
    assert code == 1
    assert 'refuses' in text


@pytest.mark.parametrize(('words', 'said'), [
    (('propose', 'robot99', '{}'), 'one of robot1'),
    (('propose', 'robot1'), 'either a command or --mission'),
    (('propose', 'robot1', '--mission', 'nowhere'), 'an existing file, or one of'),
    (('hold', 'nobody'), 'one of robot1'),
    (('preflight', '--robot', 'robot1'), '--robot and --storage go together'),
    (('transfer', 'nobody'), 'one of robot1'),
    (('log',), 'either a folder or --robot'),
    (('log', '--robot', 'nobody'), 'one of robot1'),
    (('snapshot', '/nowhere/at/all.png'), 'a .png in an existing folder'),
    (('status', '--domain', '999'), 'a whole number from 0 to 232'),
    (('status', '--swarm-file', '/nowhere.yaml'), 'an existing file'),
])
def test_a_wrong_command_line_is_one_clear_line(run, words, said):
    code, text = swarm(run, *words)
    assert code == 2
    assert said in text
    assert len(text.splitlines()) == 1


def test_nobody_there_is_said_and_not_waited_for_forever(run):
    code, text = swarm(run, 'propose', 'robot1', '{"kind":"put","key":"a","value":"b"}',
                       '--domain', run.domain, '--timeout', '1')
    assert (code, 'no answer' in text) == (1, True)
