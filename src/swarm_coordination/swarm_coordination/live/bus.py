# SPDX-License-Identifier: Apache-2.0
"""
What a process needs of its middleware: topics, services, message classes, a clock and a log.

``ros.bus`` gives it by a node, ``ros.endpoints`` by a part of a managed one, ``dds.bus`` by a
Cyclone DDS participant. Names are ROS names:
those without a leading slash belong to the bus's namespace.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from swarm_coordination.transport.profiles import Profile

# Takes a request and a function that sends the answer, at once or later.
Handler = Callable[[Any, Callable[[Any], None]], None]


class Clock(Protocol):
    """The clock of the core, and the one of message headers."""

    def now(self) -> int:
        """Nanoseconds now, of the core's clock."""
        ...

    def age_ns(self, stamp: Any) -> int:
        """Age of a header's stamp; below 0 where it lies ahead."""
        ...

    def stamp(self) -> Any:
        """Time now, for the header of a message."""
        ...

    def due_ns(self, deadline_ns: int) -> int:
        """Steady time at which to see to ``deadline_ns`` of the core's clock."""
        ...


class Client(Protocol):
    """Asks one service."""

    def ready(self) -> bool:
        """Whether somebody is there to answer."""
        ...

    def ask(self, request: Any, answered: Callable[[Any], None]) -> Callable[[], None]:
        """Send a request; returns what gives it up, after which no answer is taken."""
        ...


class Turns(Protocol):
    """What calls one's callbacks, one at a time, in one thread; see ``live.loop``."""

    def at(
        self, due_ns: Callable[[], int], callback: Callable[[], None]
    ) -> Callable[[], None]:
        """Call ``callback`` when the steady clock has reached ``due_ns()``; returns the end."""
        ...

    def post(self, callback: Callable[[], None]) -> None:
        """Run ``callback`` in that thread; may be called from any thread."""
        ...

    def hurry(self) -> None:
        """Let nothing that comes wait for more for a while: others wait for what it is about."""
        ...

    def fail(self, error: Exception) -> None:
        """End what runs with ``error``; may be called from any thread."""
        ...


class Bus(Protocol):
    """One process's way to others."""

    @property
    def types(self) -> Any:
        """Message classes, see ``transport.messages``."""
        ...

    @property
    def clock(self) -> Clock:
        """Return the clock of this process."""
        ...

    @property
    def active(self) -> bool:
        """Whether to take part: a managed node may be paused."""
        ...

    def publisher(self, kind: Any, topic: str, profile: Profile) -> Callable[[Any], None]:
        """Return a function that publishes on a topic."""
        ...

    def subscribe(
        self, kind: Any, topic: str, profile: Profile, take: Callable[[Any], None]
    ) -> None:
        """Have ``take`` called with every message of a topic."""
        ...

    def serve(self, service: Any, name: str, handler: Handler) -> None:
        """Answer requests of a service."""
        ...

    def client(self, service: Any, name: str) -> Client:
        """Return a client of a service."""
        ...

    def say(self, text: str, level: str = 'info') -> None:
        """Log a line: ``info``, ``warning``, ``error``."""
        ...
