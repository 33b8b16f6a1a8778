# SPDX-License-Identifier: Apache-2.0
"""
Tasks: work that one robot at a time does, under a lease by log time (*Lease*, Joshi 2023).

Who claims a task holds it until log time passes its expiry; then anybody may take it over. Each
grant carries a fencing number, that of the grant's entry (``epochs.entry_number``): it rises with
every grant, whoever gets it, and renewals keep it. What a task acts on refuses numbers lower than
it has seen, so a holder that woke up too late does no harm (*Generation Clock*). The holder stops
by its own clock before that (robot/tasks.py).
"""

from __future__ import annotations

from typing import NamedTuple

from swarm_coordination.errors import CommandError
from swarm_coordination.mission.task_commands import (
    TaskAdd,
    TaskClaim,
    TaskCommand,
    TaskRelease,
    TaskRemove,
    TaskRenew,
)

# As many as the blackboard has keys; 64 of at most 640 bytes and their holders are 50 kB.
TASKS_MAX = 64


class Task(NamedTuple):
    """
    One task; ``holder`` 0: nobody has it.

    ``fence``: number of the last grant, 0 for none. ``expires_ms``: log time up to which the
    holder has it.
    """

    lease_ms: int
    detail: str
    holder: int = 0
    fence: int = 0
    expires_ms: int = 0
    done: bool = False
    result: str = ''


class Tasks:
    """All tasks by name; changed by committed commands only."""

    def __init__(self, tasks: tuple[tuple[str, Task], ...]) -> None:
        self._tasks = dict(tasks)

    def get(self, name: str) -> Task | None:
        """Return a task, if there is one of that name."""
        return self._tasks.get(name)

    def items(self) -> tuple[tuple[str, Task], ...]:
        """Return all tasks, ascending names."""
        return tuple(sorted(self._tasks.items()))

    def perform(self, command: TaskCommand, robot: int, number: int, log_time_ms: int) -> str:
        """
        Carry out ``robot``'s command in the entry of this number; return what came of it.

        Raises CommandError, having changed nothing.
        """
        name = command.task
        if isinstance(command, TaskAdd):
            return self._add(command)
        task = self._tasks.get(name)
        if task is None:
            raise CommandError(f'there is no task {name}')
        if isinstance(command, TaskRemove):
            del self._tasks[name]
            return 'removed'
        if task.done:
            raise CommandError(f'task {name} is done')
        if isinstance(command, TaskClaim):
            return self._claim(name, task, robot, number, log_time_ms)
        self._held(name, task, robot, command.fence, log_time_ms)
        if isinstance(command, TaskRenew):
            self._tasks[name] = task._replace(expires_ms=log_time_ms + task.lease_ms)
            return f'renewed until {log_time_ms + task.lease_ms} ms'
        if isinstance(command, TaskRelease):
            self._tasks[name] = task._replace(holder=0, expires_ms=0)
            return 'released'
        self._tasks[name] = task._replace(done=True, expires_ms=0, result=command.result)
        return 'done'

    def _add(self, command: TaskAdd) -> str:
        if command.task in self._tasks:
            raise CommandError(f'there is a task {command.task} already')
        if len(self._tasks) >= TASKS_MAX:
            raise CommandError(f'at most {TASKS_MAX} tasks: remove some that are done')
        self._tasks[command.task] = Task(command.lease_ms, command.detail)
        return 'added'

    def _claim(self, name: str, task: Task, robot: int, number: int, log_time_ms: int) -> str:
        # The holder itself may claim anew: after a restart it no longer knows that it has it.
        if task.holder not in (0, robot) and log_time_ms < task.expires_ms:
            left = task.expires_ms - log_time_ms
            raise CommandError(f'robot {task.holder} holds task {name} for {left} ms more')
        expires = log_time_ms + task.lease_ms
        self._tasks[name] = task._replace(holder=robot, fence=number, expires_ms=expires)
        return f'granted under fence {number} until {expires} ms'

    @staticmethod
    def _held(name: str, task: Task, robot: int, fence: int, log_time_ms: int) -> None:
        """Refuse what only the holder may do, and only while its lease runs."""
        if task.holder != robot:
            raise CommandError(f'task {name} is held by {task.holder or "nobody"}')
        if task.fence != fence:
            raise CommandError(f'fence {fence} is over: {task.fence} is in force')
        if log_time_ms >= task.expires_ms:
            raise CommandError(f'the lease of task {name} is over: claim it again')
