# SPDX-License-Identifier: Apache-2.0
"""
What the demo sees of the swarm and asks of it, over DDS like anybody else.

It keeps the newest status and truth, hands what happens to callbacks, and keeps asking until it
is answered: a request sent before DDS has matched both ways is lost, and a command has an id
under which a robot accepts it once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
import secrets
import time
from typing import Any

from swarm_coordination.live import topics
from swarm_coordination.live.bus import Bus, Client
from swarm_coordination.live.conversions import (
    entry_from,
    event_from,
    MessageRefused,
    status_from,
    truth_from,
)
from swarm_coordination.robot.outputs import CommittedEntry, RobotEvent, RobotStatus
from swarm_coordination.scenario.backend import Groups, Proposal, ProposalStage, TrueState
from swarm_coordination.transport import profiles

# A local answer takes milliseconds and one sync; by then the request or the answer was lost.
ASK_AGAIN_S = 1.0
# After that many times nobody will answer.
ASK_MAX = 8


@dataclass
class Handlers:
    """What happens in the swarm, as callbacks; the first argument is the robot's name."""

    status: Callable[[str, RobotStatus], None]
    committed: Callable[[str, CommittedEntry], None]
    event: Callable[[str, RobotEvent], None]
    closest: Callable[[float, str, str], None]


@dataclass
class _Request:
    """A request that is sent until it is answered."""

    client: Client
    message: Any
    answered: Callable[[Any], None]
    given_up: Callable[[], None]
    robot: str = ''
    sent: int = 0
    again_s: float = 0.0
    give_up: Callable[[], None] | None = None


class Observer:
    """
    Watches robots and world, each on the bus that reaches it.

    Services do not cross between DDS vendors, so a robot is asked on a bus of its own kind.
    """

    def __init__(self, robots: Mapping[str, Bus], world: Bus, handlers: Handlers) -> None:
        self.statuses: dict[str, RobotStatus] = {}
        self.truth: dict[str, TrueState] = {}
        self.proposals: dict[int, Proposal] = {}
        self.problems: list[str] = []
        self.stops: list[tuple[str, int]] = []  # (robot, counter), as answered
        self.seen: set[str] = set()  # robots that have ever reported
        self._handlers = handlers
        self._silenced: dict[str, int] = {}  # robot: nonce of its killed process
        self._nonces: dict[str, int] = {}
        self._requests: list[_Request] = []
        self._buses = dict(robots)
        self._propose_clients: dict[str, Client] = {}
        self._stop_clients: dict[str, Client] = {}
        for name, bus in robots.items():
            swarm, services = bus.types.swarm, bus.types.services

            def subscribe(
                kind: Any, topic: str, handler: Any, profile: Any, to: str = name, on: Bus = bus
            ) -> None:
                on.subscribe(kind, f'/{to}/{topic}', profile, partial(handler, to))

            subscribe(swarm.RobotStatus, 'status', self._on_status, profiles.STATUS)
            subscribe(swarm.LogEntry, 'log', self._on_entry, profiles.LOG)
            subscribe(swarm.MissionEvent, 'events', self._on_event, profiles.EVENTS)
            self._propose_clients[name] = bus.client(services.ProposeCommand, f'/{name}/propose')
            self._stop_clients[name] = bus.client(services.SetStop, f'/{name}/stop')
        self._set_partition = world.types.services.SetPartition
        world.subscribe(
            world.types.swarm.WorldState, topics.WORLD, profiles.WORLD, self._on_world
        )
        self._partition_client = world.client(self._set_partition, topics.PARTITION_SERVICE)

    # ---------------------------------------------------------------- asking

    def propose(self, robot: str, command: str, ticket: int) -> None:
        """Hand a command to a robot; the answer appears in ``proposals`` under ``ticket``."""
        self.proposals[ticket] = Proposal(ProposalStage.PENDING)
        services = self._buses[robot].types.services
        message = services.ProposeCommand.Request(
            command=command, request_id=secrets.token_hex(8)
        )

        def answered(response: Any) -> None:
            stage = ProposalStage.ACCEPTED if response.accepted else ProposalStage.REFUSED
            self.proposals[ticket] = Proposal(
                stage, response.session, response.serial, response.message
            )

        def lost() -> None:
            self.proposals[ticket] = Proposal(ProposalStage.LOST, text=f'no answer from {robot}')

        self._ask(_Request(self._propose_clients[robot], message, answered, lost, robot))

    def stop(self, robot: str, level: int) -> None:
        """Raise a safety stop at a robot."""
        services = self._buses[robot].types.services
        message = services.SetStop.Request(level=level, requested_by='demo', reason='scenario')
        self._ask(
            _Request(
                self._stop_clients[robot],
                message,
                partial(self._on_stop, robot),
                lambda: self.problems.append(f'{robot} did not answer to stop'),
                robot,
            )
        )

    def set_cuts(self, groups: Groups, mutes: Sequence[tuple[str, str]]) -> None:
        """
        Let the world cut its radio, or heal it; a later call replaces one under way.

        ``mutes``: pairs of a robot and who no longer hears it.
        """
        self._requests = [r for r in self._requests if r.client is not self._partition_client]
        placed = [(name, k) for k, group in enumerate(groups, start=1) for name in group]
        message = self._set_partition.Request(
            names=[name for name, _ in placed], groups=[number for _, number in placed],
            muted=[sender for sender, _ in mutes], deaf=[receiver for _, receiver in mutes],
        )
        self._ask(
            _Request(
                self._partition_client,
                message,
                lambda response: self._check('partition', response),
                lambda: self.problems.append('the world did not answer to a partition'),
            )
        )

    def forget(self, robot: str) -> None:
        """Note that the robot's process was killed: what it said no longer holds."""
        self._silenced[robot] = self._nonces.get(robot, 0)
        self.statuses.pop(robot, None)
        for request in [r for r in self._requests if r.robot == robot]:
            self._requests.remove(request)
            request.given_up()

    def ask_again(self) -> None:
        """Send what is due, again where no answer came; call some 10 times a second."""
        now = time.monotonic()
        for request in list(self._requests):
            if now < request.again_s or not request.client.ready():
                continue
            if request.sent >= ASK_MAX:
                self._requests.remove(request)
                request.given_up()
                continue
            if request.give_up is not None:
                request.give_up()
            request.sent += 1
            request.again_s = now + ASK_AGAIN_S
            request.give_up = request.client.ask(
                request.message, partial(self._on_answer, request)
            )

    def _ask(self, request: _Request) -> None:
        self._requests.append(request)
        self.ask_again()

    def _on_answer(self, request: _Request, response: Any) -> None:
        if request in self._requests:
            self._requests.remove(request)
            request.answered(response)

    def _on_stop(self, robot: str, response: Any) -> None:
        self._check(f'stop at {robot}', response)
        if response.accepted:
            self.stops.append((robot, response.counter))

    def _check(self, what: str, response: Any) -> None:
        if not response.accepted:
            self.problems.append(f'{what}: {response.message}')

    # ---------------------------------------------------------------- seeing

    def _on_status(self, robot: str, message: Any) -> None:
        if message.process_nonce == self._silenced.get(robot):
            return
        try:
            status = status_from(message)
        except MessageRefused:
            return  # of another version, or of nobody who speaks for this swarm
        self._nonces[robot] = message.process_nonce
        self.seen.add(robot)
        self.statuses[robot] = status
        self._handlers.status(robot, status)

    def _on_entry(self, robot: str, message: Any) -> None:
        self._handlers.committed(robot, entry_from(message))

    def _on_event(self, robot: str, message: Any) -> None:
        self._handlers.event(robot, event_from(message))

    def _on_world(self, message: Any) -> None:
        try:
            truth = truth_from(message)
        except MessageRefused:
            return  # of no world of ours
        self.truth.update((name, truth[name]) for name in self._buses if name in truth)
        if message.closest_first:
            self._handlers.closest(
                message.closest_m, message.closest_first, message.closest_second
            )
