# SPDX-License-Identifier: Apache-2.0
"""
Clients from outside: ground stations with sessions of their own.

Each opens a session at one robot and puts values under a key that nobody else writes, up to three
commands at a time, some of them only where the key has the version that it believes. Where an
answer does not come in time it sends all that is unanswered again, in order: to another robot, or
to the same one under the same request names. Now and then it hears nothing for about as long as
its session lasts unused. A session that has ended leaves the outcome of what was unanswered
unknown: the client opens another.
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
# At so many of its looks a client begins to hear nothing, for that long: once or twice in a
# run, whether it waits for answers or not, and in half of them for longer than its session lasts.
_DEAF, _DEAF_MS = 0.015, (CLIENT_TTL_MIN_MS - 3_000, CLIENT_TTL_MIN_MS + 4_000)
# Of all puts, those that expect a version; of these, those that expect one too low.
_EXPECTS, _WRONGLY = 0.4, 0.2


class Outsider:
    """One client; ``unanswered`` by serial, in order."""

    def __init__(self, number: int, arena: Arena, clients: Clients, rng: random.Random) -> None:
        self.number = number
        self.session = 0
        self.unanswered: dict[int, ClientCommand] = {}
        self._arena, self._clients, self._rng = arena, clients, rng
        self._robot = rng.randrange(len(arena.nodes))
        self._serial = self._opened = self._version = self._round = 0
        self._sent_ns: int | None = None  # when something was sent that has no answer yet
        self._deaf_until_ns = 0
        # What was asked, by session and serial of the robot that took it.
        self.asked: dict[tuple[int, int], ClientCommand | ClientOpen] = {}

    def step(self, now: int, *, calm: bool) -> None:
        """Send what is due: something new, or all that has no answer for too long."""
        if calm:
            self._deaf_until_ns = 0
        elif now >= self._deaf_until_ns and self._rng.random() < _DEAF:
            self._deaf_until_ns = now + self._rng.randint(*_DEAF_MS) * NS_PER_MS
            self._round += 1  # what it was told meanwhile nobody says again under the old names
        if now < self._deaf_until_ns:
            return
        if self._sent_ns is not None:
            if now - self._sent_ns < _PATIENCE_MS * NS_PER_MS:
                return
            if self._rng.random() >= _SAME_ROBOT:
                self._robot = self._rng.randrange(len(self._arena.nodes))
                self._round += 1
        elif calm:
            return
        self._sent_ns = now
        if not self.session:
            self._send(ClientOpen(CLIENT_TTL_MIN_MS), f'{self.number}.open{self._opened}')
            return
        if not self.unanswered:
            for _ in range(self._rng.randint(1, _BURST_MAX)):
                self._serial += 1
                self.unanswered[self._serial] = ClientCommand(
                    self.session, self._serial, self._put()
                )
        for serial, command in self.unanswered.items():
            if not self._send(command, f'{self.number}.{self.session}.{serial}'):
                return  # those after it would leave a gap

    @property
    def waits(self) -> bool:
        """Whether it has asked for something, a session too, and has no answer."""
        return self._sent_ns is not None

    def opened(self, session: int, now: int) -> None:
        """Take a session, unless there is one."""
        if not self.session and now >= self._deaf_until_ns:
            self.session, self._serial, self._sent_ns = session, 0, None

    def over(self, session: int, now: int) -> None:
        """Give a session up, and what was under way in it."""
        if session == self.session and now >= self._deaf_until_ns:
            self.session, self._sent_ns = 0, None
            self.unanswered.clear()
            self._opened += 1

    def answered(self, session: int, serial: int, result: str, now: int) -> None:
        """Take an answer; one that came before, or to another session, changes nothing."""
        if session == self.session and now >= self._deaf_until_ns:
            self._version = int(result.rpartition('version ')[2].partition(',')[0])
            if self.unanswered.pop(serial, None) is not None:
                self._sent_ns = self._sent_ns if self.unanswered else None

    def _put(self) -> Put:
        """Return a put of a value that no other has."""
        key, value = f'x{self.number}', f'{self.session}.{self._serial}'
        if self._rng.random() >= _EXPECTS:
            return Put(key, value)
        wrongly = self._rng.random() < _WRONGLY
        return Put(key, value, max(0, self._version + len(self.unanswered) - wrongly))

    def _send(self, command: ClientCommand | ClientOpen, request: str) -> bool:
        serial = self._clients.submit(self._robot, command, f'{request}.{self._round}')
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
                        self._answer(client, command, entry, now)

    def check_answered(self) -> None:
        """Raise InvariantBroken where a client still waits."""
        for client in self._clients:
            self._rules.checks[RULE] += 1
            if client.waits:
                asked = f'commands {list(client.unanswered)} of session {client.session}' \
                    if client.session else 'what asked for a session'
                raise InvariantBroken(RULE, f'client {client.number} has no answer to {asked}')

    def _answer(
        self,
        client: Outsider,
        command: ClientCommand | ClientOpen,
        entry: CommittedEntry,
        now: int,
    ) -> None:
        if isinstance(command, ClientOpen):
            if entry.applied:
                client.opened(entry.index, now)
            return
        did = self._rules.told(command.session, command.serial, entry.result)
        if did:
            client.answered(command.session, command.serial, did, now)
        elif is_over(entry.result):
            client.over(command.session, now)

    def _arrange(self, client: Outsider, at_ns: int) -> None:
        def step(now: int) -> None:
            client.step(now, calm=now >= self._calm_ns)
            self._arrange(client, now + self._rng.randint(*_THINK_MS) * NS_PER_MS)

        self._arena.queue.push(at_ns, step)
