# SPDX-License-Identifier: Apache-2.0
"""Commands about tasks; what they do stands in mission/tasks.py."""

from __future__ import annotations

from typing import NamedTuple

from swarm_coordination.bounds import COUNTER_MAX
from swarm_coordination.mission.records import number, Plain, text

TASK_NAME = r'[A-Za-z0-9_.-]+'
TASK_NAME_CHARS_MAX, DETAIL_CHARS_MAX, TASK_RESULT_CHARS_MAX = 32, 200, 100
# A renewal must get through within a third of the lease, over a few hops with loss: under a
# second none could be kept. Ten minutes is what a crew waits for a robot that does not return.
TASK_LEASE_MIN_MS, TASK_LEASE_MAX_MS = 1_000, 600_000


class TaskAdd(NamedTuple):
    """Put up a task; ``detail`` says to its holder what is to be done."""

    task: str
    lease_ms: int
    detail: str = ''


class TaskClaim(NamedTuple):
    """Claim a task for the robot whose command this is."""

    task: str


class TaskRenew(NamedTuple):
    """Extend the own lease by its full length from now."""

    task: str
    fence: int


class TaskRelease(NamedTuple):
    """Give a task back undone."""

    task: str
    fence: int


class TaskDone(NamedTuple):
    """Finish a task; it stays, with its result, until it is removed."""

    task: str
    fence: int
    result: str = ''


class TaskRemove(NamedTuple):
    """Take a task down, whoever holds it: its fence is refused from here on."""

    task: str


TaskCommand = TaskAdd | TaskClaim | TaskRenew | TaskRelease | TaskDone | TaskRemove

_NAME = text(TASK_NAME_CHARS_MAX, TASK_NAME)
_FENCE = number(1, COUNTER_MAX)

TASK_COMMANDS = (
    Plain('task_add', TaskAdd, {
        'task': _NAME,
        'lease_ms': number(TASK_LEASE_MIN_MS, TASK_LEASE_MAX_MS),
        'detail': text(DETAIL_CHARS_MAX),
    }),
    Plain('task_claim', TaskClaim, {'task': _NAME}),
    Plain('task_renew', TaskRenew, {'task': _NAME, 'fence': _FENCE}),
    Plain('task_release', TaskRelease, {'task': _NAME, 'fence': _FENCE}),
    Plain('task_done', TaskDone, {
        'task': _NAME, 'fence': _FENCE, 'result': text(TASK_RESULT_CHARS_MAX),
    }),
    Plain('task_remove', TaskRemove, {'task': _NAME}),
)
