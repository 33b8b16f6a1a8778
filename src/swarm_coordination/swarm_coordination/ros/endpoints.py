# SPDX-License-Identifier: Apache-2.0
"""
The bus and the loop of one part of a managed node: made and destroyed together.

Subscriptions and deadlines are served while ``active`` holds; services always, and answer for
themselves. An error in any of them is a fault of the node: it is reported, never raised into the
executor.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from swarm_coordination.live.bus import Handler
from swarm_coordination.ros.bus import RosBus
from swarm_coordination.transport.profiles import Profile

_NEVER = 2**62


class Endpoints(RosBus):
    """Publishers, subscriptions, services and deadlines of one part; see ``live.bus``."""

    def __init__(self, node: Any, runner: Any, on_fault: Callable[[Exception], None]) -> None:
        super().__init__(node, runner, node.core_clock)
        self._on_fault = on_fault
        self._hurried: list[Callable[[], None]] = []
        self.active = False

    def subscribe(
        self, kind: Any, topic: str, profile: Profile, take: Callable[[Any], None]
    ) -> None:
        """Have ``take`` called with every message of a topic; while inactive it is dropped."""

        def take_while_active(message: Any) -> None:
            if self.active:
                self._guarded(take, message)

        super().subscribe(kind, topic, profile, take_while_active)

    def serve(self, service: Any, name: str, handler: Handler) -> None:
        """Answer requests of a service; where that fails, with an empty answer."""

        def handle(request: Any, answer: Callable[[Any], None]) -> None:
            if not self._guarded(handler, request, answer):
                answer(service.Response())

        super().serve(service, name, handle)

    def at(
        self, due_ns: Callable[[], int], callback: Callable[[], None]
    ) -> Callable[[], None]:
        """Call ``callback`` when the steady clock has reached ``due_ns()``, while active."""
        end: Callable[[], None] = self._runner.at(
            lambda: due_ns() if self.active else _NEVER, lambda: self._guarded(callback)
        )
        self.owns(end)
        return end

    def post(self, callback: Callable[[], None]) -> None:
        """Run ``callback`` in the executor's thread; may be called from any thread."""
        self._runner.post(lambda: self._guarded(callback))

    def hurry(self) -> None:
        """Let nothing that comes wait for more for a while; the executor never does."""
        for hurried in self._hurried:
            hurried()

    def hurries(self, hurried: Callable[[], None]) -> None:
        """Have ``hurried`` called by ``hurry``: what it belongs to waits for more at times."""
        self._hurried.append(hurried)

    def fail(self, error: Exception) -> None:
        """Report ``error`` as a fault of the node; may be called from any thread."""
        self._runner.post(lambda: self._on_fault(error))

    def close(self) -> None:
        """Destroy everything, the newest first."""
        self.active = False
        super().close()

    def _guarded(self, callback: Callable[..., None], *args: Any) -> bool:
        """Call; return whether that went well."""
        try:
            callback(*args)
        except Exception as error:  # noqa: BLE001 - whatever it is, the node answers for it
            self._on_fault(error)
            return False
        return True
