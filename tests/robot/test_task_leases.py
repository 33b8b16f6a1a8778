# SPDX-License-Identifier: Apache-2.0
"""
Whatever clocks, leaders and delays do, two robots never act on one task at the same time.

A model of the swarm as small as the rule allows: one log, stamped by whoever leads; replicas
that apply it late; robots that sleep, whose clocks drift and leap.
"""

from __future__ import annotations

import random

from swarm_coordination.mission.commands import Command, encode_command, Envelope
from swarm_coordination.mission.log_time import LogClock
from swarm_coordination.mission.state import MissionState
from swarm_coordination.mission.task_commands import TaskAdd, TaskClaim
from swarm_coordination.robot.tasks import TaskHolder
from swarm_coordination.units import NS_PER_MS

STEP_MS = 50
LEASE_MS = 2_000
STEPS = 1_200  # a minute


class Clock:
    """A robot's own clock: another rate, leaps ahead."""

    def __init__(self, rng: random.Random) -> None:
        self._rate, self.now = rng.uniform(0.96, 1.04), rng.randrange(10**12)

    def advance(self) -> None:
        """Let a step of real time pass."""
        self.now += round(STEP_MS * NS_PER_MS * self._rate)


class Robot:
    """A replica, a holder, and perhaps a leader's clock."""

    def __init__(self, identity: int, rng: random.Random) -> None:
        self.identity = identity
        self.clock = Clock(rng)
        self.state = MissionState()
        self.holder = TaskHolder(identity, self.state, 300 * NS_PER_MS, self.clock.now)
        self.leads: LogClock | None = None
        self.asleep_until = self.cut_until = 0
        self.serial = 0
        self.sent: list[tuple[int, Command]] = []

    def send(self, command: Command) -> None:
        """Send a command of this robot."""
        self.serial += 1
        self.holder.sent(self.serial, command, self.clock.now)
        self.sent.append((self.serial, command))


class Swarm:
    """Robots, the log, and what goes wrong."""

    def __init__(self, seed: int) -> None:
        self.seed, self.rng = seed, random.Random(seed)
        self.robots = [Robot(1 + k, self.rng) for k in range(3)]
        self.log: list[bytes] = [Envelope(9, 1, 0, encode_command(
            TaskAdd('scan', LEASE_MS))).encode()]
        self.step = 0
        self.changes = 0  # of hands
        self._last = 0
        self.fences: list[int] = []

    def run(self) -> None:
        """Play a minute."""
        for self.step in range(STEPS):
            for robot in self.robots:
                robot.clock.advance()
            self._faults()
            awake = [r for r in self.robots if r.asleep_until <= self.step]
            self.rng.shuffle(awake)
            for robot in awake:
                self._live(robot)
                self._check()

    def _faults(self) -> None:
        rng, robot = self.rng, self.rng.choice(self.robots)
        chance = rng.random()
        if chance < 0.01:
            robot.asleep_until = self.step + rng.randrange(120)
        elif chance < 0.03:
            robot.clock.now += rng.randrange(5_000) * NS_PER_MS
        elif chance < 0.045:
            robot.cut_until = self.step + rng.randrange(120)
        elif chance < 0.05:
            for other in self.robots:
                other.leads = None  # nobody leads for a while
        elif chance < 0.15 and not any(r.leads for r in self.robots):
            stamps = [Envelope.decode(payload).stamp_ms for payload in self.log]
            robot.leads = LogClock(max(stamps), robot.clock.now)

    def _live(self, robot: Robot) -> None:
        now = robot.clock.now
        for command in robot.holder.tick(now):
            robot.send(command)
        if self.rng.random() < 0.1 and not robot.holder.held(now):
            robot.send(TaskClaim('scan'))
        if robot.leads is not None:
            robot.leads.tick(now)
            self._append(robot.leads, now)
        if robot.cut_until > self.step:
            return
        while robot.state.index < len(self.log) and self.rng.random() < 0.8:
            index = robot.state.index + 1
            robot.state.apply(index, 1, self.log[index - 1])
            robot.holder.settled()

    def _append(self, leads: LogClock, now: int) -> None:
        for robot in self.robots:
            if robot.sent and robot.cut_until <= self.step and self.rng.random() < 0.8:
                serial, command = robot.sent.pop(0)
                envelope = Envelope(robot.identity, serial, leads.stamp_ms(now),
                                    encode_command(command))
                self.log.append(envelope.encode())

    def _check(self) -> None:
        acting = [(robot.identity, fence) for robot in self.robots
                  if robot.asleep_until <= self.step
                  and (fence := robot.holder.may_act('scan', robot.clock.now))]
        assert len(acting) <= 1, f'seed {self.seed}, step {self.step}: {acting}'
        for identity, fence in acting:
            self.changes += identity != self._last
            self._last = identity
            assert not self.fences or fence >= self.fences[-1]
            self.fences.append(fence)


def test_two_robots_never_act_on_one_task_and_fences_never_fall() -> None:
    changes = 0
    for seed in range(25):
        swarm = Swarm(seed)
        swarm.run()
        changes += swarm.changes
    assert changes > 25  # the task did change hands
