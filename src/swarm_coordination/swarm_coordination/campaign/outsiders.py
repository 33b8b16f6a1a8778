# SPDX-License-Identifier: Apache-2.0
"""
Clients from outside: ground stations with sessions of their own.

Each opens a session at one robot and puts values under a key that nobody else writes, up to three
commands at a time. Where an answer does not come in time it sends all that is unanswered
again, in order: to another robot, or to the same one under the same request names. A session
that has ended leaves the outcome of what was unanswered unknown: the client opens another.
"""

from __future__ import annotations

import random

from swarm_coordination.arena.arena import Arena, START_NS
from swarm_coordination.arena.node import Node
from swarm_coordination.arena.observer import Observer
from swarm_coordination.campaign.broken import InvariantBroken
from swarm_coordination.campaign.clients import Clients
from swarm_coordination.campaign.schedule import FIRST_MS, Schedule
from swarm_coordination.campaign.session_rules import is_over, RULE, SessionRules
from swarm_coordination.mission.client_commands import CLIENT_TTL_MIN_MS, ClientOpen
from swarm_coordination.mission.commands import ClientCommand, Put
from swarm_coordination.robot.coordinator import Coordinator
from swarm_coordination.robot.outputs import CommittedEntry, RobotOutput
from swarm_coordination.units import NS_PER_MS

# How often a client looks: between two of its bursts, and before it asks again.
_THINK_MS = (100, 400)
# Longer than a commit on a lossy path, shorter than most faults last.
_PATIENCE_MS = 1_500
_BURST_MAX = 3
# Of all that is sent again, what goes to the robot that was asked before.
_SAME_ROBOT = 0.3


class Outsider:
    """One client; ``unanswered`` by serial, in order."""

    def __init__(self, number: int, arena: Arena, clients: Clients, rng: random.Random) -> None:
        self.number = number
        self.session = 0
        self.unanswered: dict[int, ClientCommand] = {}
        self._arena, self._clients, self._rng = arena, clients, rng
        self._robot = rng.randrange(len(arena.nodes))
        self._serial = self._opened = 0
        self._sent_ns: int | None = None  # when something was sent that has no answer yet
        # What was asked, by session and serial of the robot that took it.
        self.asked: dict[tuple[int, int], ClientCommand | ClientOpen] = {}

    def step(self, now: int, *, calm: bool) -> None:
        """Send what is due: something new, or all that has no answer for too long."""
        if self._sent_ns is not None:
            if now - self._sent_ns < _PATIENCE_MS * NS_PER_MS:
                return
            if self._rng.random() >= _SAME_ROBOT:
                self._robot = self._rng.randrange(len(self._arena.nodes))
        elif calm:
            return
        self._sent_ns = now
        if not self.session:
            self._send(ClientOpen(CLIENT_TTL_MIN_MS), f'{self.number}.open{self._opened}')
            return
        if not self.unanswered:
            for _ in range(self._rng.randint(1, _BURST_MAX)):
                self._serial += 1
                put = Put(f'x{self.number}', f'v{self._serial}')
                self.unanswered[self._serial] = ClientCommand(self.session, self._serial, put)
        for serial, command in self.unanswered.items():
            if not self._send(command, f'{self.number}.{self.session}.{serial}'):
                return  # those after it would leave a gap

    def opened(self, session: int) -> None:
        """Take a session, unless there is one."""
        if not self.session:
            self.session, self._serial, self._sent_ns = session, 0, None

    def over(self, session: int) -> None:
        """Give a session up, and what was under way in it."""
        if session == self.session:
            self.session, self._sent_ns = 0, None
            self.unanswered.clear()
            self._opened += 1

    def answered(self, session: int, serial: int) -> None:
        """Take an answer; one that came before, or to another session, changes nothing."""
        if session == self.session and self.unanswered.pop(serial, None) is not None:
            self._sent_ns = self._sent_ns if self.unanswered else None

    def _send(self, command: ClientCommand | ClientOpen, request: str) -> bool:
        serial = self._clients.submit(self._robot, command, request)
        if serial is None:
            return False
        self.asked[self._arena.nodes[self._robot].storage_id, serial] = command
        return True


class Outsiders(Observer):
    """All clients from outside of one run; told of events after ``rules`` were."""

    def __init__(
        self,
        schedule: Schedule,
        count: int,
        arena: Arena,
        clients: Clients,
        rules: SessionRules,
    ) -> None:
        rng = random.Random(f'{schedule.profile}/{schedule.seed}/outsiders')
        self._rules, self._arena, self._rng = rules, arena, rng
        self._calm_ns = START_NS + schedule.calm_ms * NS_PER_MS
        self._clients = [Outsider(number, arena, clients, rng) for number in range(count)]
        for client in self._clients:
            self._arrange(client, START_NS + FIRST_MS // 2 * NS_PER_MS)

    def after(self, node: Node, core: Coordinator, output: RobotOutput, now: int) -> None:
        """Hand what a robot has applied to the client that had asked it."""
        for entry in output.committed:
            if entry.session == node.storage_id:
                for client in self._clients:
                    command = client.asked.pop((entry.session, entry.serial), None)
                    if command is not None:
                        self._answer(client, command, entry)

    def check_answered(self) -> None:
        """Raise InvariantBroken where a client still waits, long after the last fault."""
        for client in self._clients:
            if client.unanswered:
                raise InvariantBroken(
                    RULE, f'client {client.number} has no answer to commands '
                    f'{list(client.unanswered)} of session {client.session}',
                )

    def _answer(
        self, client: Outsider, command: ClientCommand | ClientOpen, entry: CommittedEntry
    ) -> None:
        if isinstance(command, ClientOpen):
            if entry.applied:
                client.opened(entry.index)
        elif is_over(entry.result):
            client.over(command.session)
        elif self._rules.told(command.session, command.serial, entry.result):
            client.answered(command.session, command.serial)

    def _arrange(self, client: Outsider, at_ns: int) -> None:
        def step(now: int) -> None:
            client.step(now, calm=now >= self._calm_ns)
            self._arrange(client, now + self._rng.randint(*_THINK_MS) * NS_PER_MS)

        self._arena.queue.push(at_ns, step)
