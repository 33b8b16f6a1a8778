# SPDX-License-Identifier: Apache-2.0
"""What operators do in a run: stops that are lifted before the calm, and stops that last."""

from __future__ import annotations

from types import SimpleNamespace

from swarm_coordination.arena.arena import START_NS
from swarm_coordination.campaign.profiles import PROFILES
from swarm_coordination.campaign.run import play
from swarm_coordination.campaign.schedule import make_schedule
from swarm_coordination.campaign.stop_rules import StopRules
from swarm_coordination.campaign.workload import Workload
from swarm_coordination.simulation.event_queue import EventQueue
from swarm_coordination.units import NS_PER_MS

STOPS = PROFILES['stops']


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
