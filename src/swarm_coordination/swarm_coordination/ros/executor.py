# SPDX-License-Identifier: Apache-2.0
"""
Spin nodes in one thread until told to stop, with the fastest executor that this rclpy has.

EventsExecutor (Kilted, later Jazzy) takes about half the CPU of SingleThreadedExecutor. Three of
its habits shape this file. Its ``shutdown`` from another thread hangs while it spins: the loop is
``spin_once`` with a time-out. It knows no guard conditions: ``post`` hands a callback over as a
task, which both executors accept from any thread. A timer that is reset while it is due is
dispatched once more for every reset, so that a re-armed timer on a busy host multiplies until
nothing else is served: deadlines are kept by this loop, and no ROS timer is used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
import time
from typing import Any

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.signals import SignalHandlerOptions
from rclpy.task import Future
from swarm_coordination.errors import ConfigurationError
from swarm_coordination.live.domain import domain_of
from swarm_coordination.live.loop import Loop

try:
    from rclpy.experimental.events_executor import EventsExecutor
except ImportError:  # Humble
    EventsExecutor = None

# A pending service answer is polled by the executor at every turn; this bounds the rate.
PENDING_PAUSE_S = 0.0005


@contextmanager
def taken_by_ros(args: Sequence[str]) -> Iterator[None]:
    """Raise ConfigurationError where ROS does not take ``args``, or the environment beside."""
    try:
        yield
    except RuntimeError as error:  # RCLError and those of its kind
        raise ConfigurationError(
            'command line', 'ROS arguments', ' '.join(args),
            f'as ROS takes them: {" ".join(str(error).split())}',
        ) from error


class Runner(Loop):
    """One executor, its context, and a clean end by signal, error or request."""

    def __init__(self, args: list[str] | None = None, *, domain_id: int | None = None) -> None:
        """
        Initialise a context of its own; ``args`` are those after the program's name.

        Raises ConfigurationError where ROS does not take them, or its environment.
        """
        super().__init__()
        self.context = rclpy.Context()
        domain_id = domain_of(domain_id)
        with taken_by_ros(args or []):
            rclpy.init(
                args=args,
                context=self.context,
                domain_id=domain_id,
                signal_handler_options=SignalHandlerOptions.NO,
            )
        self._executor = (
            EventsExecutor(context=self.context)
            if EventsExecutor is not None
            else SingleThreadedExecutor(context=self.context)
        )
        self._nodes: list[Any] = []
        self.pending = 0  # service answers that wait for something

    def add(self, node: Any) -> None:
        """Spin ``node``; it is destroyed by ``close``."""
        self._nodes.append(node)
        self._executor.add_node(node)

    def post(self, callback: Callable[[], None]) -> None:
        """Run ``callback`` in the executor's thread; may be called from any thread."""

        def guarded() -> None:
            try:
                callback()
            except Exception as error:  # noqa: BLE001 - a task would swallow it
                self.fail(error)

        self._executor.create_task(guarded)

    def future(self) -> Any:
        """Return a future that a service callback of these nodes can await."""
        if hasattr(self._executor, 'create_future'):
            return self._executor.create_future()
        return Future(executor=self._executor)

    def _wait(self, timeout_s: float) -> None:
        self._executor.spin_once(timeout_sec=timeout_s)
        if self.pending:
            time.sleep(PENDING_PAUSE_S)

    def close(self) -> None:
        """Destroy the nodes and leave the domain."""
        for node in reversed(self._nodes):
            self._executor.remove_node(node)
            node.destroy_node()
        self._nodes.clear()
        self._deadlines.clear()
        self._executor.shutdown()
        if self.context.ok():
            rclpy.shutdown(context=self.context)
