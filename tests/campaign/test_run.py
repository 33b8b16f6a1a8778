# SPDX-License-Identifier: Apache-2.0
"""Runs: repeatable, checked, and ended by the first rule that breaks, which shrinks."""

from __future__ import annotations

import itertools
import os
from pathlib import Path
import struct
import subprocess
import sys
import zlib

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
from swarm_coordination.robot.coordinator import Coordinator
from swarm_coordination.simulation.disk import VirtualDisk
from swarm_coordination.units import NS_PER_MS, NS_PER_S

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
    assert outcome.events > 500
    assert sum(outcome.checks.values()) > 500


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
    Fault(2_000, 'crash', (-1,), 2_000, (1, 2_000)),
    Fault(2_000, 'wipe', (-1,), 2_000),
    Fault(2_000, 'pause', (-1,), 3_000, (0,)),
    Fault(2_000, 'slow_disk', (-1,), 3_000, (100, 500)),
    Fault(2_000, 'drift', (1,), 3_000, (200,)),
    Fault(2_000, 'leap', (-1,), 0, (10_000,)),
    Fault(2_000, 'leap_back', (-1,), 0, (500_000,)),
], ids=lambda fault: fault.kind)
def test_the_swarm_heals_from_every_kind_of_fault(fault):
    outcome = play(short(fault))
    assert outcome.rule == '', outcome.text
    assert outcome.faults == {fault.kind: 1}


class Lives(Observer):
    """When processes died and started again, in ms."""

    def __init__(self):
        self.died, self.started_again = [], []

    def started(self, node, recovered, now):
        if node.life > 1:
            self.started_again.append((now - START_NS) // NS_PER_MS)

    def crashed(self, node, now):
        self.died.append((now - START_NS) // NS_PER_MS)


def lives(fault: Fault) -> Lives:
    """Return how processes lived in a run with this fault, which breaks nothing."""
    run, seen = Run(short(fault)), Lives()
    run.arena.watch(seen)
    assert run.play().rule == ''
    return seen


@pytest.mark.parametrize('survive', [0, 1, 3])
def test_a_crash_that_waits_hits_while_more_is_unsynced_than_survives(survive, monkeypatch):
    unsynced, crash = [], VirtualDisk.crash

    def noted(self, survives=0):
        unsynced.append(self.unsynced)
        crash(self, survives)

    monkeypatch.setattr(VirtualDisk, 'crash', noted)
    seen = lives(Fault(2_000, 'crash', (-1,), 1_000, (survive, 5_000)))
    assert min(unsynced) > survive
    assert len(unsynced) == len(seen.died) == 1 and 2_000 <= seen.died[0] < 7_000
    assert seen.started_again == [seen.died[0] + 1_000]


def test_a_crash_that_waits_comes_in_its_time_or_with_the_calm_whatever_is_written():
    seen = lives(Fault(2_000, 'crash', (0,), 500, (1_000, 300)))
    assert (seen.died, seen.started_again) == ([2_300], [2_800])
    seen = lives(Fault(7_900, 'crash', (0,), 500, (1_000, 300)))
    assert (seen.died, seen.started_again) == ([8_000], [8_000])


class Shown(Observer):
    """What the clock of a process shows as it dies and starts again."""

    def __init__(self):
        self.ns = []

    def started(self, node, recovered, now):
        if node.life > 1:
            self.ns.append(node.clock.local(now))

    def crashed(self, node, now):
        self.ns.append(node.clock.local(now))


@pytest.mark.parametrize('back_ms', [0, 100, 500_000, 86_400_000])
def test_a_clock_that_goes_back_shows_an_earlier_time_to_the_process_that_starts(back_ms):
    run, shown = Run(short(Fault(2_000, 'leap_back', (1,), 0, (back_ms,)))), Shown()
    run.arena.watch(shown)
    outcome = run.play()
    assert outcome.rule == '', outcome.text
    before, after = shown.ns
    assert after == max(0, before - back_ms * NS_PER_MS)


def test_a_jam_deafens_whoever_is_in_its_zone_at_the_time():
    run = Run(short(
        Fault(2_000, 'jam', (), 5_000, (12_000, 0, 3_000)),
        Fault(3_000, 'move', (2,), 1_000, (12_000, 0)),
        Fault(5_000, 'move', (2,), 1_000, (8_000, 0)),
    ))
    heard = []
    for at_ms in (2_900, 4_500, 6_500, 7_500):
        run.advance_to(at_ms)
        heard.append((2 in run.arena.air.hears(0), 0 in run.arena.air.hears(2)))
    assert heard == [(True, True), (False, True), (True, True), (True, True)]
    assert run.play().rule == ''


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


def raising(monkeypatch, owner, name, error):
    """Let a method raise ``error`` from its hundredth call on."""
    original, calls = getattr(owner, name), itertools.count(1)

    def called(*arguments, **named):
        if next(calls) >= 100:
            raise error
        return original(*arguments, **named)

    monkeypatch.setattr(owner, name, called)


@pytest.mark.parametrize('error', [
    RuntimeError('dictionary changed size during iteration'),
    RecursionError('too deep'), zlib.error('Error -5'), struct.error('4 bytes'), OSError('disk'),
    MemoryError('full'), StopIteration(),
], ids=lambda error: type(error).__name__)
def test_whatever_the_core_raises_is_a_failure_of_its_seed_and_the_others_are_played(
    error, monkeypatch,
):
    monkeypatch.setattr('swarm_coordination.campaign.campaign.make_schedule',
                        lambda profile, seed: CALM._replace(seed=seed))
    raising(monkeypatch, Coordinator, 'tick', error)
    played = list(outcomes('general', range(2), 1))
    assert [outcome.rule for outcome in played] == ['No error inside'] * 2
    assert played[0].at_ms > 0
    for outcome in played:
        assert type(error).__name__ in outcome.text or outcome.text.startswith('zlib.error')
        assert outcome.text.endswith(', raised in called (test_run.py)')


def test_a_trace_ends_with_the_calls_that_led_to_an_error(monkeypatch):
    raising(monkeypatch, Coordinator, 'tick', RuntimeError('odd'))
    lines = []
    assert play(CALM, lines.append).rule == 'No error inside'
    assert 'core.tick(local)' in lines[-2] and 'raise error' in lines[-1]


def test_an_error_before_the_first_event_is_a_failure_too(monkeypatch):
    monkeypatch.setattr('swarm_coordination.campaign.run.Injector', None)
    outcome = play(CALM)
    assert (outcome.rule, outcome.at_ms) == ('No error inside', 0)
    assert outcome.text.startswith("TypeError: 'NoneType' object is not callable, raised in __ini")


@pytest.mark.parametrize('stop', [KeyboardInterrupt, SystemExit])
def test_who_stops_a_campaign_is_no_failure_of_the_core(stop, monkeypatch):
    raising(monkeypatch, Coordinator, 'tick', stop())
    with pytest.raises(stop):
        play(CALM)


def test_a_reader_of_the_trace_who_has_gone_is_no_failure_of_the_core():
    def say(text):
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        play(CALM, say)


def test_profiles_differ_in_what_they_draw():
    assert make_schedule(PROFILES['quiet'], 1).faults == ()
    kinds = {fault.kind for seed in range(30)
             for fault in make_schedule(PROFILES['network'], seed).faults}
    assert 'crash' not in kinds and 'loss' in kinds
