# SPDX-License-Identifier: Apache-2.0
"""What is asked in a run: stops that are lifted or last, and keys that come and go."""

from __future__ import annotations

from types import SimpleNamespace

from swarm_coordination.arena.arena import START_NS
from swarm_coordination.campaign import workload
from swarm_coordination.campaign.profiles import PROFILES
from swarm_coordination.campaign.run import play
from swarm_coordination.campaign.schedule import make_schedule
from swarm_coordination.campaign.stop_rules import StopRules
from swarm_coordination.campaign.workload import Workload
from swarm_coordination.errors import CommandError
from swarm_coordination.history.operations import Kind, Outcome
from swarm_coordination.mission.blackboard import Blackboard
from swarm_coordination.mission.commands import Command, Delete, Put
from swarm_coordination.simulation.event_queue import EventQueue
from swarm_coordination.units import NS_PER_MS

STOPS, DELETIONS = PROFILES['stops'], PROFILES['deletions']


def asked_of_stops(seed: int) -> list[str]:
    """Return what operators ask for in a run, in order: ``stop`` and ``lift``."""
    asked: list[str] = []
    clients = SimpleNamespace(
        stop=lambda robot: asked.append('stop'), lift=lambda robot: asked.append('lift')
    )
    arena = SimpleNamespace(nodes=range(3), queue=EventQueue(START_NS))
    schedule = make_schedule(STOPS, seed)
    Workload(arena, schedule, STOPS._replace(commands_per_s=0.0), clients)
    arena.queue.run_until(START_NS + schedule.calm_ms * NS_PER_MS)
    return asked


def test_in_a_third_of_the_runs_nobody_lifts_the_last_stop():
    lasting = 0
    for seed in range(300):
        asked = asked_of_stops(seed)
        assert asked[0] == 'stop'
        if asked[-1] == 'stop':
            lasting += 1
        else:
            assert asked.count('stop') == asked.count('lift')
    assert 70 < lasting < 130


def test_a_swarm_heals_under_a_stop_that_lasts_and_everybody_obeys_it(monkeypatch):
    check, seen = StopRules.check, []

    def noted(self, node, core):
        seen.append(self.in_force())
        check(self, node, core)

    monkeypatch.setattr(StopRules, 'check', noted)
    seed = next(seed for seed in range(20) if asked_of_stops(seed)[-1] == 'stop')
    schedule = make_schedule(STOPS, seed)
    outcome = play(schedule._replace(end_ms=schedule.calm_ms + 1_000))
    assert outcome.rule == '', outcome.text
    assert len(seen) == schedule.robots and all(seen)


def asked_of(name: str) -> list[tuple[int, Command]]:
    """Return what clients submit in seed 1 of a profile, and to whom, in order."""
    asked: list[tuple[int, Command]] = []
    clients = SimpleNamespace(
        submit=lambda robot, command: asked.append((robot, command)), read=lambda robot, key: None)
    profile = PROFILES[name]._replace(stops=0.0)
    schedule = make_schedule(profile, 1)
    nodes = [SimpleNamespace(storage_id=robot) for robot in range(schedule.robots)]
    arena = SimpleNamespace(nodes=nodes, queue=EventQueue(START_NS))
    Workload(arena, schedule, profile, clients)
    arena.queue.run_until(START_NS + schedule.calm_ms * NS_PER_MS)
    return asked


def test_deletions_leave_the_other_commands_of_a_seed_as_they_are(monkeypatch):
    def others():
        return [(robot, command._replace(expected=None) if isinstance(command, Put) else command)
                for robot, command in asked_of('general') if not isinstance(command, Delete)]

    deletions = [command for _, command in asked_of('general') if isinstance(command, Delete)]
    assert {command.expected is None for command in deletions} == {True, False}
    with_deletions = others()
    monkeypatch.setattr(workload, '_DELETIONS', 0.0)
    assert others() == with_deletions
    assert not any(isinstance(command, Delete) for _, command in asked_of('general'))


def test_keys_come_and_go_until_the_blackboard_forgets_their_deletions():
    history, versions, jumps = [], {}, 0
    outcome = play(make_schedule(DELETIONS, 0), history=history)
    assert outcome.rule == '', outcome.text
    answered = [event for event in history if event.answer is not None]
    assert {event.answer.outcome for event in answered if event.request.kind is Kind.DELETE} == {
        Outcome.OK, Outcome.MISMATCH}
    for _, request, answer, _ in answered:
        if request.kind is not Kind.READ and answer.version:
            jumps += answer.version > versions.get(request.key, 0) + 2
            versions[request.key] = answer.version
    assert jumps > 10


def test_a_deletion_that_was_refused_for_no_reason_is_found(monkeypatch):
    delete = Blackboard.delete

    def now_and_then(self, command, index):
        if index % 10 == 0:
            raise CommandError(f'there is no {command.key}')
        return delete(self, command, index)

    monkeypatch.setattr(Blackboard, 'delete', now_and_then)
    schedule = make_schedule(DELETIONS, 0)
    assert play(schedule._replace(faults=())).rule == 'Linearizable blackboard'
