# SPDX-License-Identifier: Apache-2.0
"""A backend whose swarm a test moves by hand."""

from __future__ import annotations

from itertools import pairwise
import random

from scenario.records import IDS, ROBOTS, status
from swarm_coordination.robot.outputs import RobotStatus
from swarm_coordination.scenario.backend import Groups, Proposal, ProposalStage, TrueState
from swarm_coordination.scenario.director import Director
from swarm_coordination.scenario.loading import read_scenario
from swarm_coordination.scenario.recorder import Recorder


class PuppetSwarm:
    """Statuses and positions are what the test puts here; calls are noted in ``done``."""

    name = 'puppet'
    robots = ROBOTS

    def __init__(self) -> None:
        self.said: dict[str, RobotStatus] = {name: status(name) for name in ROBOTS}
        self.places = {
            name: TrueState(3.0 * n, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0) for n, name in enumerate(ROBOTS)
        }
        self.dead: set[str] = set()
        self.done: list[tuple[object, ...]] = []
        self.answers: list[Proposal] = []
        self.answered: list[tuple[str, int]] = []  # stops
        self.under_attack = False
        self.answer = Proposal(ProposalStage.ACCEPTED, IDS['r5'], 1)

    def running(self) -> tuple[str, ...]:
        return tuple(name for name in ROBOTS if name not in self.dead)

    def statuses(self) -> dict[str, RobotStatus]:
        return {name: self.said[name] for name in self.running() if name in self.said}

    def truth(self) -> dict[str, TrueState]:
        return self.places

    def links(self) -> tuple[tuple[str, str], ...]:
        return tuple(pairwise(ROBOTS))

    reach = links

    def propose(self, robot: str, command: str) -> int:
        self.done.append(('propose', robot, command))
        self.answers.append(self.answer)
        return len(self.answers) - 1

    def proposal(self, ticket: int) -> Proposal:
        return self.answers[ticket]

    def kill(self, robot: str) -> None:
        self.done.append(('kill', robot))
        self.dead.add(robot)

    def restart(self, robot: str, *, keep_disk: bool) -> None:
        self.done.append(('restart', robot, keep_disk))
        self.dead.discard(robot)

    def set_partition(self, groups: Groups | None) -> None:
        self.done.append(('partition', groups))

    def mute(self, robot: str, receivers: tuple[str, ...]) -> None:
        self.done.append(('mute', robot, receivers))

    def attack(self, rate_hz: float, for_s: float) -> None:
        self.done.append(('attack', rate_hz, for_s))

    def attacking(self) -> bool:
        return self.under_attack

    def stop(self, robot: str, level: int) -> None:
        self.done.append(('stop', robot, level))

    def stops(self):
        return tuple(self.answered)


class Play:
    """A scenario, given as YAML-like phases, being played on a puppet swarm."""

    def __init__(self, phases: list[dict[str, object]], **fields: object) -> None:
        document = {'name': 'test', 'description': 'for a test', 'phases': phases, **fields}
        self.swarm = PuppetSwarm()
        self.recorder = Recorder(ROBOTS, 0.6)
        self.director = Director(
            read_scenario(document, 'test.yaml'), self.swarm, self.recorder, random.Random(1)
        )
        self.now_s = 0.0

    def run(self, seconds: float) -> None:
        """Let time pass in steps of 0.1 s."""
        for _ in range(round(seconds * 10)):
            self.now_s = round(self.now_s + 0.1, 3)
            self.director.update(self.now_s)

    @property
    def unmet(self) -> list[str]:
        """Everything that did not come true so far."""
        return [text for phase in self.recorder.record.phases for text in phase.unmet]
