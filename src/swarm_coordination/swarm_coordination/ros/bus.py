# SPDX-License-Identifier: Apache-2.0
"""
The bus of a node: see ``live.bus``.

A service's handler may answer later. The callback is then a coroutine that waits, in a callback
group of its own: in a mutually exclusive one it would close the node's other callbacks
(SingleThreadedExecutor).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rclpy.callback_groups import ReentrantCallbackGroup
from swarm_coordination.live.bus import Client, Handler
from swarm_coordination.ros import qos
from swarm_coordination.ros.messages import messages
from swarm_coordination.transport.profiles import Profile


class RosBus:
    """Topics and services of ``node``, spun by ``runner``; ``clock`` is the node's CoreClock."""

    active = True

    def __init__(self, node: Any, runner: Any, clock: Any) -> None:
        self._node, self._runner = node, runner
        self.types, self.clock = messages(), clock
        self._ends: list[Callable[[], Any]] = []

    def publisher(self, kind: Any, topic: str, profile: Profile) -> Callable[[Any], None]:
        """Return a function that publishes on a topic."""
        made = self._node.create_publisher(
            kind, topic, qos.of(profile), event_callbacks=qos.publisher_events(self._node, topic)
        )
        self.owns(lambda: self._node.destroy_publisher(made))
        publish: Callable[[Any], None] = made.publish
        return publish

    def subscribe(
        self, kind: Any, topic: str, profile: Profile, take: Callable[[Any], None]
    ) -> None:
        """Have ``take`` called with every message of a topic."""
        made = self._node.create_subscription(
            kind, topic, take, qos.of(profile),
            event_callbacks=qos.subscription_events(self._node, topic),
        )
        self.owns(lambda: self._node.destroy_subscription(made))

    def serve(self, service: Any, name: str, handler: Handler) -> None:
        """Answer requests of a service."""

        async def serve(request: Any, _: Any) -> Any:
            answers: list[Any] = []
            waiting: list[Any] = []

            def answer(response: Any) -> None:
                answers.append(response)
                if waiting:
                    self._runner.pending -= 1
                    waiting.pop().set_result(None)

            handler(request, answer)
            if not answers:
                future = self._runner.future()
                waiting.append(future)
                self._runner.pending += 1
                await future
            return answers[0]

        made = self._node.create_service(
            service, name, serve, callback_group=ReentrantCallbackGroup()
        )
        self.owns(lambda: self._node.destroy_service(made))

    def client(self, service: Any, name: str) -> Client:
        """Return a client of a service."""
        made = self._node.create_client(service, name)
        self.owns(lambda: self._node.destroy_client(made))
        return _RosClient(made)

    def say(self, text: str, level: str = 'info') -> None:
        """Log a line."""
        log = self._node.get_logger()
        # rclpy keeps the level of each line that calls it: one line for each level.
        if level == 'error':
            log.error(text)
        elif level == 'warning':
            log.warning(text)
        else:
            log.info(text)

    def owns(self, end: Callable[[], Any]) -> None:
        """Have ``end`` called by ``close``."""
        self._ends.append(end)

    def close(self) -> None:
        """Destroy everything, the newest first."""
        while self._ends:
            self._ends.pop()()


class _RosClient:
    """Asks one service through a node."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def ready(self) -> bool:
        """Whether somebody is there to answer."""
        return bool(self._client.service_is_ready())

    def ask(self, request: Any, answered: Callable[[Any], None]) -> Callable[[], None]:
        """Send a request; returns what gives it up, after which no answer is taken."""
        future = self._client.call_async(request)

        def take(done: Any) -> None:
            if not done.cancelled():
                answered(done.result())

        future.add_done_callback(take)
        return lambda: self._client.remove_pending_request(future)
