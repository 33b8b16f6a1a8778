# SPDX-License-Identifier: Apache-2.0
"""Courses led by hand: the unbroken core passes each, and they reach what they are for."""

from __future__ import annotations

from campaign.test_run import short
from mutants.broken_rules import MUTANTS
import pytest
from swarm_coordination.campaign.blackboard import Blackboard
from swarm_coordination.campaign.courses.courses import COURSES
from swarm_coordination.campaign.profiles import PROFILES
from swarm_coordination.campaign.read_rules import ReadRules
from swarm_coordination.campaign.run import play, Run
from swarm_coordination.campaign.schedule import make_schedule
from swarm_coordination.history.operations import Kind
from swarm_coordination.mesh.stops import StopRegister
from swarm_coordination.robot.watches import Watches


def course(name, seed):
    """Return a schedule that ends a moment after its course."""
    schedule = make_schedule(PROFILES[name], seed)
    return schedule._replace(end_ms=schedule.calm_ms + 500)


@pytest.mark.parametrize('name', COURSES)
def test_the_unbroken_core_passes_every_course(name):
    outcome = play(course(name, 1))
    assert outcome.rule == '', outcome.text
    assert outcome.faults == {}


def test_every_course_is_a_profile_and_provokes_a_rule_that_a_mutant_breaks():
    assert set(COURSES) <= set(PROFILES)
    assert set(COURSES) <= {mutant.profile for mutant in MUTANTS.values()}


def test_the_history_of_a_run_holds_reads_and_conditional_writes_with_their_answers():
    run = Run(short()._replace(calm_ms=20_000, end_ms=21_000))
    assert run.play().rule == ''
    answered = [event for event in run.history if event.answer is not None]
    assert sum(event.request.kind is Kind.READ for event in answered) > 3
    assert any(event.request.expected is not None for event in answered)


def test_a_stale_read_is_found_by_the_history_alone(monkeypatch):
    MUTANTS['reads_without_asking_a_quorum'].apply(monkeypatch.setattr)
    monkeypatch.setattr(ReadRules, 'asked', lambda self, node, serial: None)
    rules = {play(course('deposed_reader', seed)).rule for seed in range(2)}
    assert 'Linearizable blackboard' in rules


def test_a_local_read_of_anything_but_the_applied_log_is_found(monkeypatch):
    held = Watches.held
    monkeypatch.setattr(Watches, 'held', lambda self, key: held(self, key) and None)
    monkeypatch.setattr(Blackboard, 'asked_to_read', lambda self, node, serial, key: None)
    assert play(course('deposed_reader', 0)).rule == 'Local reads'


def test_a_stop_that_is_heard_and_not_obeyed_is_found_as_soon_as_another_is_lifted(monkeypatch):
    lift = StopRegister.lift

    def lift_all(self, counters):
        lift(self, counters)
        lift(self, [(flag.issuer, flag.counter) for flag in self.active()])

    monkeypatch.setattr(StopRegister, 'lift', lift_all)
    outcome = play(course('lifting', 0))
    assert outcome.rule == 'Safety stop delivered'
    assert outcome.at_ms < PROFILES['lifting'].calm_ms
