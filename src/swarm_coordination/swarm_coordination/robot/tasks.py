# SPDX-License-Identifier: Apache-2.0
"""
The holder's side of a task's lease: whether this robot may act now, by its own clock.

The log says who holds a task by log time; the holder must stop before the log can give it to
somebody else. Its grant counts from when it *sent* the claim or renewal, so before the leader
stamped it, and ends after 0.9 of the lease less 0.1 s: the tenth is for clocks that run at
different rates, the rest for a leap of a leader's clock that passes for time. After a gap between
ticks (a pause, a leap of the clock) it stops first of all, and goes on only once a renewal sent
after the gap has been applied. Leases are renewed from a third of their length on, for as long
as the holder neither finishes nor gives back; from when it sends that, nothing that was under way
grants it the task. While a forced cluster has made the own log void,
nothing that it grants counts.

Every action carries the fencing number that ``may_act`` returns: between that answer and the
action the process may sleep, and only who is acted upon can tell.
"""

from __future__ import annotations

from typing import NamedTuple

from swarm_coordination.mission.commands import Command
from swarm_coordination.mission.log_time import STEP_MAX_NS
from swarm_coordination.mission.state import MissionState
from swarm_coordination.mission.task_commands import (
    TaskClaim,
    TaskDone,
    TaskRelease,
    TaskRenew,
)
from swarm_coordination.mission.tasks import Task
from swarm_coordination.units import NS_PER_MS


class Grant(NamedTuple):
    """What the log has granted this robot; it may act before ``until_ns`` of its own clock."""

    fence: int
    sent_ns: int
    until_ns: int


class _Sent(NamedTuple):
    """A claim or renewal on its way."""

    task: str
    at_ns: int
    era: int  # of the clock, which a gap ends; _NO_ERA: the task was given back since


_NO_ERA = -1


class TaskHolder:
    """
    The tasks that this robot holds or wants to.

    Parameters
    ----------
    robot : own storage id.
    state : the mission state; read, never changed.
    gap_max_ns : a longer gap between ticks is a pause.
    now : ns of the own clock.

    """

    def __init__(self, robot: int, state: MissionState, gap_max_ns: int, now: int) -> None:
        self._robot = robot
        self._state = state
        self._gap_max_ns = gap_max_ns
        self._ticked_ns = now
        self._era = 0
        self._grants: dict[str, Grant] = {}
        self._wanted: dict[str, None] = {}  # claimed and not given back; in order of claim
        # At most as many as the queue of intents holds.
        self._sent: dict[int, _Sent] = {}
        self._told: list[str] = []

    def may_act(self, task: str, now: int) -> int:
        """Return the fencing number under which this robot may act on ``task`` now, else 0."""
        grant = self._grants.get(task)
        awake = 0 <= now - self._ticked_ns <= self._gap_max_ns
        return grant.fence if grant is not None and awake and now < grant.until_ns else 0

    def held(self, now: int) -> tuple[tuple[str, int], ...]:
        """Return the tasks that this robot may act on now, with their fencing numbers."""
        return tuple((task, fence) for task in sorted(self._grants)
                     if (fence := self.may_act(task, now)))

    def sent(self, serial: int, command: Command, now: int) -> None:
        """Note that a command of this robot goes out under ``serial``."""
        if isinstance(command, TaskClaim):
            self._wanted[command.task] = None
        if isinstance(command, TaskClaim | TaskRenew):
            self._sent[serial] = _Sent(command.task, now, self._era)
        elif isinstance(command, TaskRelease | TaskDone):
            self._give_back(command)

    def refused(self, last: int) -> None:
        """Note that nothing sent under a serial up to ``last`` will be granted."""
        for serial in [serial for serial in self._sent if serial <= last]:
            self._drop(self._sent.pop(serial).task, 'not granted')

    def settled(self) -> None:
        """Take in what the mission state says by now; call it after every change of the state."""
        session = self._state.sessions.of(self._robot)
        for serial in [serial for serial in self._sent if serial <= session.last_serial]:
            sent = self._sent.pop(serial)
            task = self._mine(sent.task)
            if task is None or not session.took_effect(serial):
                self._drop(sent.task, 'not granted')
            elif sent.era != _NO_ERA:
                self._wanted[sent.task] = None  # also where an earlier claim was refused
                if sent.era == self._era:
                    self._grant(sent, task)
        for name, grant in list(self._grants.items()):
            task = self._mine(name)
            if task is None or task.fence != grant.fence:
                self._drop(name, 'lost')

    def tick(self, now: int) -> tuple[TaskRenew, ...]:
        """Let time pass; return the renewals to send now."""
        gap = now - self._ticked_ns
        self._ticked_ns = now
        if not 0 <= gap <= self._gap_max_ns:
            self.suspend('after a pause')
        if not (self._grants or self._wanted):
            return ()
        for name, grant in list(self._grants.items()):
            if now >= grant.until_ns:
                self._drop(name, 'suspended: the lease is over by the own clock', wanted=True)
        under_way = {sent.task for sent in self._sent.values()}
        return tuple(
            TaskRenew(name, task.fence)
            for name in self._wanted
            if name not in under_way and (task := self._due(name, now)) is not None
        )

    def suspend(self, why: str) -> None:
        """Stop acting on all tasks, until renewals sent from now on have been applied."""
        self._era += 1
        for name in list(self._grants):
            self._drop(name, f'suspended {why}', wanted=True)

    def take_told(self) -> tuple[str, ...]:
        """Return what has become of tasks since the last call, for people."""
        if not self._told:
            return ()
        told, self._told = tuple(self._told), []
        return told

    def _due(self, name: str, now: int) -> Task | None:
        """Return the task where its lease wants to be renewed now."""
        task, grant = self._mine(name), self._grants.get(name)
        if task is None or grant is None:
            return task
        return task if now - grant.sent_ns >= task.lease_ms * NS_PER_MS // 3 else None

    def _mine(self, name: str) -> Task | None:
        """Return the task where this robot is its holder by log time's last word."""
        task = self._state.tasks.get(name)
        mine = task is not None and task.holder == self._robot and not task.done
        return task if mine else None

    def _grant(self, sent: _Sent, task: Task) -> None:
        until_ns = sent.at_ns + task.lease_ms * NS_PER_MS * 9 // 10 - STEP_MAX_NS
        before = self._grants.get(sent.task)
        self._grants[sent.task] = Grant(task.fence, sent.at_ns, until_ns)
        if before is None or before.fence != task.fence:
            self._told.append(f'task {sent.task}: granted under fence {task.fence}')

    def _give_back(self, command: TaskRelease | TaskDone) -> None:
        # The log may apply what is under way here, and the giving back only where others hear it.
        for serial, sent in self._sent.items():
            if sent.task == command.task:
                self._sent[serial] = sent._replace(era=_NO_ERA)
        self._drop(command.task, 'given back' if isinstance(command, TaskRelease) else 'done')

    def _drop(self, name: str, why: str, *, wanted: bool = False) -> None:
        grant = self._grants.pop(name, None)
        if not wanted:
            self._wanted.pop(name, None)
        if grant is not None or why == 'not granted':
            self._told.append(f'task {name}: {why}')
