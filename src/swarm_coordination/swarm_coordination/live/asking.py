# SPDX-License-Identifier: Apache-2.0
"""
An operator at a running swarm, whatever carries its messages: look, ask, wait for the answer.

A request is sent until it is answered: one sent before DDS has matched both ways is lost. A
command has an id under which a robot accepts it once; a stop asked for twice only counts twice.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
import secrets
import time
from typing import Any

from swarm_coordination.configuration import SwarmFile
from swarm_coordination.errors import SwarmError
from swarm_coordination.live.bus import Bus
from swarm_coordination.live.watching import WatchFeed
from swarm_coordination.robot.outputs import RobotStatus
from swarm_coordination.station.watch import Picture, SwarmWatch
from swarm_coordination.transport import profiles

# A local answer takes milliseconds and one sync; by then the request or the answer was lost.
ASK_AGAIN_S = 1.0
TURN_S = 0.05


class Unanswered(SwarmError):
    """Nobody answered in time."""


class Operator:
    """Looks at ``swarm`` over ``bus``; ``spin(deadline_s)`` serves the bus for a while."""

    def __init__(self, bus: Bus, swarm: SwarmFile, spin: Callable[[float], None]) -> None:
        self._bus, self._spin = bus, spin
        control = swarm.robots[0].settings.control
        self.watch = SwarmWatch(swarm.names, control.kept_range_m, swarm.area)
        # A pose that is refused is counted and told by the robot itself.
        feed = WatchFeed(self.watch, lambda name, error: None)
        types = bus.types
        for name in swarm.names:
            for kind, topic, profile, take in (
                (types.swarm.RobotStatus, 'status', profiles.STATUS, feed.status),
                (types.PoseStamped, 'pose', profiles.STATE, feed.pose),
                (types.swarm.FormationTarget, 'target', profiles.TABLE, feed.target),
            ):
                bus.subscribe(kind, f'/{name}/{topic}', profile, partial(take, name))

    def look(self, seconds: float, timeout_s: float) -> Picture:
        """Listen until somebody is heard or the time is out, then for ``seconds`` more."""
        self.until(lambda picture: bool(picture.robots), timeout_s)
        self._spin(time.monotonic() + seconds)
        return self._picture()

    def until(self, condition: Callable[[Picture], bool], timeout_s: float) -> bool:
        """Listen until the condition holds or the time is out; return whether it holds."""
        deadline = time.monotonic() + timeout_s
        while not condition(self._picture()) and time.monotonic() < deadline:
            self._spin(time.monotonic() + TURN_S)
        return condition(self._picture())

    def status_of(self, name: str, timeout_s: float) -> RobotStatus | None:
        """Return the status of a robot as soon as it is heard; None where it is not in time."""
        self.until(lambda picture: any(r.name == name for r in picture.robots), timeout_s)
        found = [robot.status for robot in self._picture().robots if robot.name == name]
        return found[0] if found else None

    def _picture(self) -> Picture:
        return self.watch.picture(time.monotonic_ns())

    def propose(self, robot: str, command: str, timeout_s: float) -> Any:
        """Hand a command (JSON) to a robot; return its answer; raises Unanswered."""
        services = self._bus.types.services
        request = services.ProposeCommand.Request(
            command=command, request_id=secrets.token_hex(8)
        )
        return self._ask(services.ProposeCommand, f'/{robot}/propose', request, timeout_s)

    def stop(self, robot: str, level: int, reason: str, timeout_s: float) -> Any:
        """Raise a safety stop at a robot; return its answer; raises Unanswered."""
        services = self._bus.types.services
        request = services.SetStop.Request(
            level=level, requested_by='swarm hold', reason=reason
        )
        return self._ask(services.SetStop, f'/{robot}/stop', request, timeout_s)

    def entries(self, robot: str, first: int, timeout_s: float) -> list[Any]:
        """Return the committed entries of a robot from index ``first`` on; raises SwarmError."""
        services = self._bus.types.services
        found: list[Any] = []
        while True:
            request = services.QueryLog.Request(from_index=first + len(found), max_entries=0)
            answer = self._ask(services.QueryLog, f'/{robot}/query_log', request, timeout_s)
            if answer.error and not found:
                raise SwarmError(f'{robot}: {answer.message}')
            found += answer.entries
            if answer.error or not answer.entries or found[-1].index >= answer.commit_index:
                return found

    def _ask(self, service: Any, name: str, request: Any, timeout_s: float) -> Any:
        client = self._bus.client(service, name)
        answers: list[Any] = []
        deadline = time.monotonic() + timeout_s
        give_up: Callable[[], None] | None = None
        again_s = 0.0
        while not answers and time.monotonic() < deadline:
            if client.ready() and time.monotonic() >= again_s:
                if give_up is not None:
                    give_up()
                give_up = client.ask(request, answers.append)
                again_s = time.monotonic() + ASK_AGAIN_S
            self._spin(time.monotonic() + TURN_S)
        if not answers:
            raise Unanswered(f'no answer on {name} within {timeout_s:g} s')
        return answers[0]
