# SPDX-License-Identifier: Apache-2.0
"""
What a part of a managed node has on the air, made and destroyed together.

Subscriptions and deadlines are served while ``active`` holds; services always, and answer for
themselves. An error in any of them is a fault of the node: it is reported, never raised into the
executor.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from swarm_coordination.ros import qos


class Endpoints:
    """Publishers, subscriptions, services and deadlines of one part."""

    def __init__(self, node: Any, runner: Any, on_fault: Callable[[Exception], None]) -> None:
        self._node, self._runner, self._on_fault = node, runner, on_fault
        self._ends: list[Callable[[], Any]] = []
        self.active = False

    def publisher(self, kind: Any, topic: str, profile: Any) -> Any:
        """Create a publisher."""
        made = self._node.create_publisher(
            kind, topic, profile, event_callbacks=qos.publisher_events(self._node, topic)
        )
        self._ends.append(lambda: self._node.destroy_publisher(made))
        return made

    def subscription(
        self, kind: Any, topic: str, callback: Callable[[Any], None], profile: Any
    ) -> None:
        """Create a subscription; what comes while inactive is dropped."""

        def take(message: Any) -> None:
            if self.active:
                self._guarded(callback, message)

        made = self._node.create_subscription(
            kind, topic, take, profile,
            event_callbacks=qos.subscription_events(self._node, topic),
        )
        self._ends.append(lambda: self._node.destroy_subscription(made))

    def service(
        self, kind: Any, name: str, callback: Callable[[Any, Any], Any], **options: Any
    ) -> None:
        """Create a service; an answer that could not be made goes out as it stands."""

        def answer(request: Any, response: Any) -> Any:
            answered = self._guarded(callback, request, response)
            return response if answered is None else answered

        made = self._node.create_service(kind, name, answer, **options)
        self._ends.append(lambda: self._node.destroy_service(made))

    def deadline(self, due_ns: Callable[[], int], callback: Callable[[], None]) -> None:
        """Call ``callback`` when the steady clock has reached ``due_ns()``, while active."""
        self._ends.append(
            self._runner.at(
                lambda: due_ns() if self.active else 2**62,
                lambda: self._guarded(callback),
            )
        )

    def owns(self, end: Callable[[], Any]) -> None:
        """Have ``end`` called when the part is destroyed."""
        self._ends.append(end)

    def post(self, callback: Callable[[], None]) -> None:
        """Run ``callback`` in the executor's thread; may be called from any thread."""
        self._runner.post(lambda: self._guarded(callback))

    def close(self) -> None:
        """Destroy everything, the newest first."""
        self.active = False
        while self._ends:
            self._ends.pop()()

    def _guarded(self, callback: Callable[..., Any], *args: Any) -> Any:
        try:
            return callback(*args)
        except Exception as error:  # noqa: BLE001 - whatever it is, the node answers for it
            self._on_fault(error)
            return None
