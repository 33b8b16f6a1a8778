# SPDX-License-Identifier: Apache-2.0
"""
The bus of a Cyclone DDS participant: see ``live.bus``.

Topics have the names that ROS 2 gives them on DDS (``rt/...``). Services are pairs of topics
(``rq/...Request``, ``rr/...Reply``) laid out as rmw_cyclonedds_cpp does: every request begins
with who asks and its number, every answer repeats them.
"""

from __future__ import annotations

from collections.abc import Callable
import logging
import secrets
import time
from typing import Any

from swarm_coordination.bounds import ID_MAX
from swarm_coordination.live.bus import Client, Handler
from swarm_coordination.transport.cyclone import Participant
from swarm_coordination.transport.messages import messages
from swarm_coordination.transport.profiles import Profile, SERVICE
from swarm_coordination.units import NS_PER_S

_LEVELS = {'info': logging.INFO, 'warning': logging.WARNING, 'error': logging.ERROR}
# Questions under way; whoever asks more has given up the oldest.
PENDING_MAX = 256


class SteadyClock:
    """The host's steady clock for the core, its wall clock for headers."""

    def __init__(self, types: Any) -> None:
        self._types = types

    def now(self) -> int:
        """Nanoseconds of the steady clock."""
        return time.monotonic_ns()

    def age_ns(self, stamp: Any) -> int:
        """Age of a header's stamp by the wall clock; below 0 where it lies ahead."""
        return time.time_ns() - stamp.sec * NS_PER_S - int(stamp.nanosec)

    def due_ns(self, deadline_ns: int) -> int:
        """Return ``deadline_ns``: the core's clock is the steady one."""
        return deadline_ns

    def stamp(self) -> Any:
        """Wall clock now, for the header of a message."""
        seconds, nanoseconds = divmod(time.time_ns(), NS_PER_S)
        return self._types.Time(sec=seconds, nanosec=nanoseconds)


class CycloneBus:
    """Topics and services of ``participant``; relative names lie in ``namespace``."""

    active = True

    def __init__(self, participant: Participant, namespace: str = '') -> None:
        self._participant, self._namespace = participant, namespace
        self.types = messages()
        self.clock = SteadyClock(self.types)
        self._log = logging.getLogger(namespace or 'swarm')

    def publisher(self, kind: Any, topic: str, profile: Profile) -> Callable[[Any], None]:
        """Return a function that publishes on a topic."""
        writer = self._participant.writer(kind, 'rt' + self._resolve(topic), profile)
        publish: Callable[[Any], None] = writer.write
        return publish

    def subscribe(
        self, kind: Any, topic: str, profile: Profile, take: Callable[[Any], None]
    ) -> None:
        """Have ``take`` called with every message that others publish on a topic."""
        self._participant.reader(kind, 'rt' + self._resolve(topic), profile, take)

    def serve(self, service: Any, name: str, handler: Handler) -> None:
        """Answer requests of a service."""
        path = self._resolve(name)
        writer = self._participant.writer(service.Response, f'rr{path}Reply', SERVICE)

        def serve(request: Any) -> None:
            def answer(response: Any) -> None:
                response.client_guid = request.client_guid
                response.sequence_number = request.sequence_number
                writer.write(response)

            handler(request, answer)

        self._participant.reader(service.Request, f'rq{path}Request', SERVICE, serve)

    def client(self, service: Any, name: str) -> Client:
        """Return a client of a service."""
        return _CycloneClient(self._participant, service, self._resolve(name))

    def say(self, text: str, level: str = 'info') -> None:
        """Log a line."""
        self._log.log(_LEVELS[level], text)

    def _resolve(self, name: str) -> str:
        return name if name.startswith('/') else f'/{self._namespace}/{name}'


class _CycloneClient:
    """Asks one service by a pair of topics."""

    def __init__(self, participant: Participant, service: Any, path: str) -> None:
        self._guid = secrets.randbelow(ID_MAX) + 1
        self._asked = 0
        self._pending: dict[int, Callable[[Any], None]] = {}
        self._writer = participant.writer(service.Request, f'rq{path}Request', SERVICE)
        self._reader = participant.reader(
            service.Response, f'rr{path}Reply', SERVICE, self._on_reply
        )

    def ready(self) -> bool:
        """Whether somebody is there to answer."""
        return bool(
            self._writer.get_matched_subscriptions() and self._reader.get_matched_publications()
        )

    def ask(self, request: Any, answered: Callable[[Any], None]) -> Callable[[], None]:
        """Send a request; returns what gives it up, after which no answer is taken."""
        self._asked += 1
        number = self._asked
        request.client_guid, request.sequence_number = self._guid, number
        self._pending[number] = answered
        while len(self._pending) > PENDING_MAX:
            del self._pending[next(iter(self._pending))]
        self._writer.write(request)
        return lambda: self._pending.pop(number, None) and None

    def _on_reply(self, response: Any) -> None:
        if response.client_guid != self._guid:
            return  # somebody else's: answers go to all who ask this service
        answered = self._pending.pop(response.sequence_number, None)
        if answered is not None:
            answered(response)
