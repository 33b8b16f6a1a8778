# SPDX-License-Identifier: Apache-2.0
"""Robots that want tasks: put up early, claimed by anybody at any time, sometimes given back."""

from __future__ import annotations

from collections.abc import Callable
import random

from swarm_coordination.arena.arena import Arena, START_NS
from swarm_coordination.campaign.clients import Clients
from swarm_coordination.campaign.profiles import Profile
from swarm_coordination.campaign.schedule import FIRST_MS, Schedule
from swarm_coordination.mission.commands import Command
from swarm_coordination.mission.task_commands import (
    TASK_LEASE_MIN_MS,
    TaskAdd,
    TaskClaim,
    TaskRelease,
    TaskRemove,
)
from swarm_coordination.units import NS_PER_MS

# Two, so that one robot may hold both; short leases, the shortest there may be among them, so that
# many end within a run and a leap of a clock is much of one.
TASKS = {'scan': TASK_LEASE_MIN_MS, 'carry': 5_000}
# One in so many claims is a giving back, where there is something to give back.
_RELEASE = 8


class TaskLoad:
    """Pushes what robots ask about tasks into an arena's queue; drawn from the seed alone."""

    def __init__(
        self, arena: Arena, schedule: Schedule, profile: Profile, clients: Clients
    ) -> None:
        self._arena, self._clients = arena, clients
        rng = random.Random(f'{schedule.profile}/{schedule.seed}/tasks')
        if not profile.claims_per_s:
            return
        for task in TASKS:  # nobody goes on renewing: the swarm has to come to rest
            for robot in range(len(arena.nodes)):
                self._push(schedule.calm_ms, robot, TaskRemove(task))
        at = FIRST_MS / 2
        for number, (task, lease_ms) in enumerate(TASKS.items()):
            for robot in range(len(arena.nodes)):  # whoever is there first puts it up
                self._push(round(at) + 20 * number + robot, robot, TaskAdd(task, lease_ms))
        while (at := at + rng.expovariate(profile.claims_per_s / 1000.0)) < profile.calm_ms:
            robot, task = rng.randrange(len(arena.nodes)), rng.choice(tuple(TASKS))
            if round(at) >= schedule.calm_ms:
                break
            if rng.randrange(_RELEASE):
                self._push(round(at), robot, TaskClaim(task))
            else:
                arena.queue.push(START_NS + round(at) * NS_PER_MS, self._release(robot, task))

    def _push(self, at_ms: int, robot: int, command: Command) -> None:
        def submit(now: int) -> None:
            self._clients.submit(robot, command)

        self._arena.queue.push(START_NS + at_ms * NS_PER_MS, submit)

    def _release(self, robot: int, task: str) -> Callable[[int], None]:
        def release(now: int) -> None:
            fence = self._clients.may_act(robot, task)
            if fence:
                self._clients.submit(robot, TaskRelease(task, fence))

        return release
