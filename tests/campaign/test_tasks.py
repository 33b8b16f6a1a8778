# SPDX-License-Identifier: Apache-2.0
"""Tasks under faults: one holder at a time, and a holder that does not stop is found."""

from __future__ import annotations

from swarm_coordination.campaign.faults import Fault
from swarm_coordination.campaign.run import Run
from swarm_coordination.campaign.schedule import Schedule
from swarm_coordination.robot.tasks import Grant, TaskHolder

# Robot by robot is cut off and comes back; somebody holds a task nearly always.
CUTS = Schedule('tasks', 5, 4, 'full', (1, 5), (0, 0), 19_000, 21_000, tuple(
    Fault(3_000 + 4_000 * robot, 'island', (robot,), 3_500) for robot in range(4)))


def test_no_two_robots_act_on_one_task_while_each_in_turn_is_cut_off():
    run = Run(CUTS)
    outcome = run.play()
    assert outcome.rule == '', outcome.text
    assert run._tasks is not None and run._tasks.checks['One task, one holder'] > 500
    assert sum(map(len, run._tasks.holders.values())) > 3  # they did change hands


def test_a_holder_that_does_not_stop_in_time_is_found(monkeypatch):
    grant = TaskHolder._grant

    def generous(self, sent, task):
        grant(self, sent, task)
        given: Grant = self._grants[sent.task]
        self._grants[sent.task] = given._replace(until_ns=given.until_ns + task.lease_ms * 10**6)

    monkeypatch.setattr(TaskHolder, '_grant', generous)
    assert Run(CUTS).play().rule == 'One task, one holder'
