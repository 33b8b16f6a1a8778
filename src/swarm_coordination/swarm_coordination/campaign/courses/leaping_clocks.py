# SPDX-License-Identifier: Apache-2.0
"""
The holder of a task sleeps past its lease, and leaders' clocks leap, while others want the task.

By its own clock a holder stops first (``robot/tasks.py``): what a clock shows after a gap says
nothing about a lease. And log time, by which a lease ends for all others, never runs ahead of
real time, whatever the leader's clock does (``mission/log_time.py``).
"""

from __future__ import annotations

from swarm_coordination.campaign.courses.course import Course
from swarm_coordination.campaign.task_load import TASKS
from swarm_coordination.mission.task_commands import TaskAdd, TaskClaim, TaskRemove

_TASK = 'scan'
# Leaps that do not make a leader step down (0.8 s without echoes), longer than a lease together.
_LEAP_MS = 650
_LEAPS = 5


def lead(course: Course) -> None:
    """Have a task change hands while its holder sleeps, and not where only a clock leaps."""
    if course.leader() is None:
        return
    for robot in course.others():
        course.clients.submit(robot, TaskAdd(_TASK, TASKS[_TASK]))
    course.arena.run(0.3)
    for _ in range(3):
        _sleep(course)
        _leap(course)
    course.clients.submit(course.others()[0], TaskRemove(_TASK))
    course.arena.run(0.5)


def _holder(course: Course) -> int | None:
    """Return who may act on the task now; have somebody claim it first where nobody may."""
    found: list[int] = []

    def holds() -> bool:
        found[:] = [robot for robot in course.others() if course.clients.may_act(robot, _TASK)]
        return bool(found)

    if not holds():
        for robot in course.others()[:2]:
            course.clients.submit(robot, TaskClaim(_TASK))
        course.wait(holds, 4.0)
    return found[0] if found else None


def _sleep(course: Course) -> None:
    """Let the holder sleep until another has taken over, then wake it."""
    holder = _holder(course)
    if holder is None:
        return
    course.arena.pause(holder)
    heir = course.others(holder)[0]

    def taken() -> bool:
        course.clients.submit(heir, TaskClaim(_TASK))
        course.arena.run(0.3)
        return course.clients.may_act(heir, _TASK) != 0

    for _ in range(15):
        if taken():
            break
    course.arena.resume(holder, tick_first=course.rng.random() < 0.7)
    course.arena.run(0.5)


def _leap(course: Course) -> None:
    """Let the leader's clock leap on and on while somebody else holds the task, wanted by all."""
    leader, holder = course.leader(), _holder(course)
    if holder is None or leader in (None, holder):
        return
    for _ in range(_LEAPS):
        course.arena.leap(leader, _LEAP_MS)
        course.clients.submit(course.others(holder)[0], TaskClaim(_TASK))
        course.arena.run(0.1)
