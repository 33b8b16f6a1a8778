# SPDX-License-Identifier: Apache-2.0
"""Runs: repeatable, checked, and ended by the first rule that breaks, which shrinks."""

from __future__ import annotations

import os
from pathlib import Path
import subprocess
import sys

import pytest
from swarm_coordination.arena.arena import START_NS
from swarm_coordination.arena.observer import Observer
from swarm_coordination.campaign.campaign import outcomes, replay_command, Summary
from swarm_coordination.campaign.faults import Fault
from swarm_coordination.campaign.profiles import PROFILES
from swarm_coordination.campaign.run import play, Run
from swarm_coordination.campaign.schedule import make_schedule, Schedule
from swarm_coordination.campaign.shrink import Shrinking
from swarm_coordination.consensus.leadership import Leadership
from swarm_coordination.units import NS_PER_S

ROOT = Path(__file__).resolve().parent.parent.parent
CALM = Schedule('quiet', 1, 3, 'full', (1, 5), (0, 0), 4_000, 6_000, ())


def short(*faults: Fault, robots: int = 3) -> Schedule:
    """Return a schedule of a few seconds with these faults."""
    return CALM._replace(profile='general', robots=robots, calm_ms=8_000, end_ms=20_000,
                         faults=faults)


def test_a_calm_run_breaks_nothing_and_checks_much():
    outcome = play(CALM)
    assert outcome.rule == ''
    assert outcome.at_ms == 6_000
    assert outcome.checks > outcome.events > 500


@pytest.mark.parametrize('fault', [
    Fault(2_000, 'loss', (), 3_000, (30,)),
    Fault(2_000, 'duplicate', (), 3_000, (50,)),
    Fault(2_000, 'delay', (), 3_000, (1, 500)),
    Fault(2_000, 'clog', (0,), 2_000),
    Fault(2_000, 'swizzle', (1,), 2_000),
    Fault(2_000, 'one_way', (0, 1), 3_000),
    Fault(2_000, 'island', (0,), 4_000),
    Fault(2_000, 'jam', (), 3_000, (0, 0, 12_000)),
    Fault(2_000, 'move', (2,), 3_000, (50_000, 0)),
    Fault(2_000, 'crash', (-1,), 2_000, (1,)),
    Fault(2_000, 'wipe', (-1,), 2_000),
    Fault(2_000, 'pause', (-1,), 3_000, (0,)),
    Fault(2_000, 'slow_disk', (-1,), 3_000, (100, 500)),
    Fault(2_000, 'drift', (1,), 3_000, (200,)),
    Fault(2_000, 'leap', (-1,), 0, (10_000,)),
    Fault(2_000, 'leap_back', (-1,)),
], ids=lambda fault: fault.kind)
def test_the_swarm_heals_from_every_kind_of_fault(fault):
    outcome = play(short(fault))
    assert outcome.rule == '', outcome.text
    assert outcome.faults == {fault.kind: 1}


class Wipes(Observer):
    """When disks were lost."""

    def __init__(self):
        self.at_s = []

    def wiped(self, node, now):
        self.at_s.append((now - START_NS) / NS_PER_S)


def test_a_disk_is_lost_at_the_next_start_whatever_starts_it_and_not_once_more_later():
    # Lost later, with another voter evicted meanwhile, it could be the one that held a majority.
    run = Run(short(
        Fault(2_000, 'wipe', (2,), 5_000),
        Fault(3_000, 'leap_back', (2,)),
        Fault(5_000, 'crash', (2,), 1_000, (0,)),
    ))
    wipes = Wipes()
    run.arena.watch(wipes)
    assert run.play().rule == ''
    assert wipes.at_s == [3.0]


def test_a_run_repeats_itself_in_every_process():
    code = ('from campaign.test_run import make_schedule, play, PROFILES\n'
            'schedule = make_schedule(PROFILES["storm"], 3)\n'
            'print(play(schedule._replace(calm_ms=7_000, end_ms=8_000)))\n')
    seen = set()
    for hash_seed in ('0', '4711'):
        env = {**os.environ, 'PYTHONHASHSEED': hash_seed, 'PYTHONPATH': os.pathsep.join(
            [str(ROOT / 'src' / 'swarm_coordination'), str(ROOT / 'tests')])}
        done = subprocess.run([sys.executable, '-c', code], env=env, capture_output=True,
                              text=True, check=True)
        seen.add(done.stdout)
    assert len(seen) == 1
    assert "rule=''" in seen.pop()


def test_other_seeds_take_another_course():
    first, second = (play(CALM._replace(seed=seed)) for seed in (1, 2))
    assert first.trace_hash != second.trace_hash


def test_a_campaign_sums_up_its_seeds_in_order_whatever_the_jobs(monkeypatch):
    def small(profile, seed):
        return make_schedule(profile, seed)._replace(calm_ms=3_000, end_ms=4_000, faults=())

    monkeypatch.setattr('swarm_coordination.campaign.campaign.make_schedule', small)
    sums = []
    for jobs in (1, 2):
        summary = Summary()
        for outcome in outcomes('general', range(4), jobs):
            summary.add(outcome)
        sums.append(summary)
    assert sums[0] == sums[1]
    assert sums[0].seeds == 4
    assert sums[0].to_json()['virtual_hours'] == pytest.approx(4 * 4 / 3600, abs=1e-4)


@pytest.fixture
def commits_alone(monkeypatch):
    """Let the leader's own disk be enough for a commit."""
    monkeypatch.setattr(Leadership, 'committable', lambda self: max(self._match.values()))


@pytest.mark.usefixtures('commits_alone')
def test_a_broken_rule_ends_the_run_and_shrinks_to_nothing_but_what_it_takes():
    schedule = short(
        Fault(3_000, 'loss', (), 500, (5,)),
        Fault(3_500, 'island', (0,), 4_000),
        Fault(4_000, 'slow_disk', (1,), 500, (1, 20)),
    )
    failed = play(schedule)
    assert failed.rule
    told = []
    small = Shrinking(failed, told.append, runs_max=30).shrink()

    assert small.rule == failed.rule
    assert len(small.schedule.faults) <= 1
    assert small.schedule.end_ms <= failed.at_ms + 1
    assert told
    assert play(small.schedule).text == small.text


@pytest.mark.usefixtures('commits_alone')
def test_a_failure_comes_with_the_command_that_replays_it():
    failed = play(short()._replace(seed=4711))
    assert failed.rule
    assert replay_command(failed) == 'swarm check --seed 4711 -v'
    summary = Summary()
    summary.add(failed)
    assert summary.to_json()['failures'][0]['rule'] == failed.rule


def test_profiles_differ_in_what_they_draw():
    assert make_schedule(PROFILES['quiet'], 1).faults == ()
    kinds = {fault.kind for seed in range(30)
             for fault in make_schedule(PROFILES['network'], seed).faults}
    assert 'crash' not in kinds and 'loss' in kinds
