# SPDX-License-Identifier: Apache-2.0
"""Campaigns of ``swarm check``: how they end early, what they tell meanwhile, what they take."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time

from cli.test_check import SMALL
from cli.test_main import environment
import pytest
from swarm_coordination.campaign import workers
from swarm_coordination.campaign.run import Outcome
from swarm_coordination.campaign.workers import in_order, JOBS_MAX, WorkerLost
from swarm_coordination.cli import check as verb
from swarm_coordination.cli.main import main

FAILS, LASTS, DIES = 0, 2, 4  # seeds with a fate
# Seed 0 fails at once, so that a line is there; seed 2 and those after it last a minute.
CODE = """
import sys, time
from cli.test_campaigns import outcome_of, FAILS, LASTS
from swarm_coordination.campaign import campaign
from swarm_coordination.cli.main import main

def play(schedule):
    time.sleep(60 if schedule.seed >= LASTS else 0)
    return outcome_of(schedule.seed)

campaign.play = play
sys.exit(main(['check', *sys.argv[1:]]))
"""


def outcome_of(seed: int) -> Outcome:
    """Return what playing a seed came to, without playing it."""
    schedule = SMALL._replace(seed=seed)
    rule = 'Durability' if seed == FAILS else ''
    return Outcome(schedule, rule, '', 4_000, 0, 1, {}, 0, {}, (), '')


def die_or_play(schedule):
    """End the process that plays a certain seed."""
    if schedule.seed == DIES:
        os.kill(os.getpid(), signal.SIGKILL)
    return outcome_of(schedule.seed)


@pytest.fixture
def quick(monkeypatch):
    """Let seeds be played in no time; one kills its process."""
    monkeypatch.setattr('swarm_coordination.campaign.campaign.play', die_or_play)


def interrupted(*arguments: str, group: bool) -> tuple[int, str, str]:
    """Begin a campaign and send it SIGINT once it plays; return status and what it said."""
    env = environment()
    env['PYTHONPATH'] += os.pathsep + os.pathsep.join(path for path in sys.path if path)
    process = subprocess.Popen(
        [sys.executable, '-c', CODE, *arguments], env=env, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )
    first = '' if '--json' in arguments else process.stdout.readline()
    time.sleep(3.0 if '--json' in arguments else 0.5)
    os.killpg(process.pid, signal.SIGINT) if group else process.send_signal(signal.SIGINT)
    began = time.monotonic()
    out, error = process.communicate(timeout=50)
    assert time.monotonic() - began < 5.0
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)  # no worker is left
    return process.returncode, first + out, error


@pytest.mark.parametrize('group', [True, False])
@pytest.mark.parametrize('jobs', ['1', '2'])
def test_ctrl_c_ends_a_campaign_at_once_with_what_was_played(jobs, group):
    status, out, error = interrupted('--seeds', '0..500', '--jobs', jobs, group=group)
    assert (status, error) == (130, 'swarm: interrupted\n')
    assert out.startswith('seed 0 at ')
    assert 'interrupted after 2 of 501 seeds\n2 seeds, 1 failure, ' in out


def test_ctrl_c_is_not_told_by_workers_with_nothing_to_do():
    status, out, error = interrupted('--seeds', '0..2', '--jobs', '3', group=True)
    assert (status, error) == (130, 'swarm: interrupted\n')
    assert 'interrupted after 2 of 3 seeds' in out


def test_ctrl_c_leaves_one_json_object_of_what_was_played():
    status, out, _ = interrupted('--seeds', '0..500', '--jobs', '2', '--json', group=True)
    data = json.loads(out)
    assert (status, data['seeds'], data['interrupted']) == (130, 2, True)
    assert [failure['seed'] for failure in data['failures']] == [FAILS]


@pytest.mark.usefixtures('quick')
def test_a_worker_that_dies_is_one_line_after_what_was_played(capsys):
    assert main(['check', '--seeds', f'0..{DIES + 100}', '--jobs', '2']) == 1
    told = capsys.readouterr()
    played = int(re.search(r'interrupted after (\d+) of 105 seeds\n', told.out)[1])
    assert 0 <= played <= DIES
    assert f'{played} seeds, ' in told.out
    assert told.err == 'swarm: a worker process died: was it killed, or memory full?\n'


@pytest.mark.parametrize('jobs', ['0', str(JOBS_MAX + 1)])
@pytest.mark.parametrize('arguments', [('check',), ('bench', 'consensus', '--rows', 'stop')])
def test_so_many_jobs_are_refused_with_the_bound(jobs, arguments, capsys):
    assert main([*arguments, '--jobs', jobs]) == 2
    assert f'--jobs {jobs}: at least 1, at most {JOBS_MAX}' in capsys.readouterr().err


def test_a_few_seeds_take_a_few_processes_and_many_are_asked_for_as_they_are_played(monkeypatch):
    made = []

    class Pool(workers.ProcessPoolExecutor):

        def __init__(self, count, *rest, **named):
            made.append(count)
            super().__init__(count, *rest, **named)

    monkeypatch.setattr(workers, 'ProcessPoolExecutor', Pool)
    assert list(in_order(abs, range(-3, 0), 200)) == [3, 2, 1]
    assert made == [3]
    assert list(in_order(abs, [-1], 200)) == [1] and len(made) == 1
    asked = []
    found = in_order(abs, (asked.append(n) or n for n in range(10**9)), 2)
    assert [next(found) for _ in range(20)] == list(range(20))
    assert len(asked) < 40
    found.close()


def test_what_a_worker_raises_is_raised_and_ends_the_others():
    began = time.monotonic()
    with pytest.raises(TypeError):
        list(in_order(time.sleep, ['x', 60.0, 60.0], 3))
    with pytest.raises(WorkerLost):
        list(in_order(os._exit, [1, 1], 2))
    assert time.monotonic() - began < 30.0


@pytest.mark.usefixtures('quick')
@pytest.mark.parametrize('terminal', [True, False])
def test_progress_is_told_on_a_terminal_only(terminal, capsys, monkeypatch):
    monkeypatch.setattr(verb, 'PROGRESS_EVERY_S', 0.0)
    monkeypatch.setattr(sys.stderr, 'isatty', lambda: terminal)
    assert main(['check', '--seeds', '0..1']) == 1
    told = capsys.readouterr()
    assert 'seeds/min' not in told.out
    assert bool(re.search(r'\r1 of 2 seeds, failures: 1, \d+\.\d seeds/min', told.err)) is terminal
    assert terminal or told.err == ''
