# SPDX-License-Identifier: Apache-2.0
"""
Play a scenario's phases against a backend: polled by the backend's loop, never blocking.

``update`` looks at the swarm, performs the action whose turn has come, and ends the phase when
its conditions hold. Whatever does not come true in time is written into the record and the play
goes on: the expectations judge it.
"""

from __future__ import annotations

import random

from swarm_coordination.configuration import SwarmFile
from swarm_coordination.scenario.actions import Stage
from swarm_coordination.scenario.backend import Backend
from swarm_coordination.scenario.conditions import holds
from swarm_coordination.scenario.record import PhaseSpan
from swarm_coordination.scenario.recorder import Recorder
from swarm_coordination.scenario.schema import Action, Condition, Phase, Scenario


class Director:
    """
    Plays one scenario once.

    Parameters
    ----------
    scenario : what to play.
    backend : the swarm to play it on.
    recorder : where everything that happens is written.
    rng : picks robots where the scenario leaves it open.
    swarm : the robots that fly: missions are checked for them and take their default lease.

    """

    def __init__(
        self,
        scenario: Scenario,
        backend: Backend,
        recorder: Recorder,
        rng: random.Random,
        swarm: SwarmFile | None = None,
    ) -> None:
        """Start before the first phase; nothing happens until ``update``."""
        self._scenario = scenario
        self._recorder = recorder
        self._stage = Stage(backend, recorder, rng, scenario.source, swarm)
        self._phase_at = -1
        self._action_at = 0
        self._phase_start_s = 0.0
        self._waiting_since_s = 0.0
        self._true_since: dict[Condition, float] = {}
        self._unmet: list[str] = []
        self.done = False

    @property
    def phase(self) -> Phase | None:
        """Phase being played; None before the first and after the last."""
        if 0 <= self._phase_at < len(self._scenario.phases):
            return self._scenario.phases[self._phase_at]
        return None

    def update(self, now_s: float) -> None:
        """Look at the swarm and do what is due; call 10 to 50 times a second."""
        if self.done:
            return
        self._stage.look(now_s)
        if self._phase_at < 0:
            self._begin(0, now_s)
        phase = self.phase
        if phase is None:
            return
        self._act(phase, now_s)
        self._end_if_due(phase, now_s)
        if now_s >= self._scenario.duration_s and not self.done:
            self.finish(now_s)

    def finish(self, now_s: float) -> None:
        """End the run now; what the present phase still waited for counts as unmet."""
        phase = self.phase
        if not self.done and phase is not None:
            self._unmet.append(f'run ended after {now_s:.1f} s')
            self._close(phase, now_s)
            begun = self._phase_at + 1
            for left in self._scenario.phases[begun:]:
                span = PhaseSpan(left.name, left.title, now_s, now_s, ('never begun',), ())
                self._recorder.phase(span)
            self._stop(now_s)

    def _begin(self, number: int, now_s: float) -> None:
        self._phase_at, self._action_at = number, 0
        self._phase_start_s = self._waiting_since_s = now_s
        self._true_since.clear()
        self._unmet = []
        if self.phase is None:
            self._stop(now_s)
        else:
            self._stage.phase = self.phase.name

    def _stop(self, now_s: float) -> None:
        self.done = True
        self._stage.finish(now_s)

    def _act(self, phase: Phase, now_s: float) -> None:
        """Perform actions in order, as far as they are due."""
        while self._action_at < len(phase.actions):
            action = phase.actions[self._action_at]
            due_s = self._waiting_since_s + action.after_s
            if now_s < due_s:
                return
            if not (self._true_for(action.when, now_s) and self._stage.perform(action, now_s)):
                if now_s < due_s + action.timeout_s + action.times * action.every_s:
                    return
                self._unmet.append(self._given_up(action))
            self._action_at += 1
            self._waiting_since_s = now_s
            self._stage.begin_next()

    def _given_up(self, action: Action) -> str:
        waited = f' when {action.when.text()}' if action.when else ''
        return f'{action.do.value} {action.target}{waited} within {action.timeout_s:g} s'

    def _true_for(self, condition: Condition | None, now_s: float) -> bool:
        """Whether ``condition`` has held long enough; None always does."""
        if condition is None:
            return True
        group = self._stage.group(condition.group)
        if not holds(condition, group, self._stage.seen):
            self._true_since.pop(condition, None)
            return False
        return now_s - self._true_since.setdefault(condition, now_s) >= condition.for_s

    def _end_if_due(self, phase: Phase, now_s: float) -> None:
        # Every condition is looked at each time: each has its own "for so long".
        results = [(c, self._true_for(c, now_s)) for c in phase.until]
        lasted_s = now_s - self._phase_start_s
        complete = self._action_at >= len(phase.actions) and not self._stage.busy
        if complete and lasted_s >= phase.duration_s and all(true for _, true in results):
            self._close(phase, now_s)
        elif lasted_s >= phase.timeout_s and self._action_at >= len(phase.actions):
            self._unmet += [condition.text() for condition, true in results if not true]
            if self._stage.busy:
                self._unmet.append(self._stage.busy)
            self._close(phase, now_s)
        else:
            return
        if not self.done:
            self._begin(self._phase_at + 1, now_s)

    def _close(self, phase: Phase, now_s: float) -> None:
        self._stage.sample(now_s)
        self._recorder.phase(
            PhaseSpan(
                phase.name,
                phase.title,
                self._phase_start_s,
                now_s,
                tuple(self._unmet),
                phase.checks,
            )
        )
