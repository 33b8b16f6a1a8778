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

from collections.abc import Callable
import signal
import time
from typing import Any

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.signals import SignalHandlerOptions
from rclpy.task import Future
from swarm_coordination.units import ns_to_seconds

try:
    from rclpy.experimental.events_executor import EventsExecutor
except ImportError:  # Humble
    EventsExecutor = None

# A signal is noticed after at most this long where nothing else happens.
WAKE_S = 0.2
# A pending service answer is polled by the executor at every turn; this bounds the rate.
PENDING_PAUSE_S = 0.0005


class Runner:
    """One executor, its context, and a clean end by signal, error or request."""

    def __init__(self, args: list[str] | None = None, *, domain_id: int | None = None) -> None:
        """Initialise a context of its own; ``args`` are those after the program's name."""
        self.context = rclpy.Context()
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
        self._deadlines: list[tuple[Callable[[], int], Callable[[], None]]] = []
        self._handlers: dict[int, Any] = {}
        self._stopping = False
        self._error: BaseException | None = None
        self.pending = 0  # service answers that wait for something

    @property
    def stopping(self) -> bool:
        """Whether the end was asked for."""
        return self._stopping

    def add(self, node: Any) -> None:
        """Spin ``node``; it is destroyed by ``close``."""
        self._nodes.append(node)
        self._executor.add_node(node)

    def at(
        self, due_ns: Callable[[], int], callback: Callable[[], None]
    ) -> Callable[[], None]:
        """
        Call ``callback`` whenever ``time.monotonic_ns()`` has reached ``due_ns()``.

        Returns what ends that.
        """
        deadline = (due_ns, callback)
        self._deadlines.append(deadline)

        def end() -> None:
            if deadline in self._deadlines:
                self._deadlines.remove(deadline)

        return end

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

    def stop(self) -> None:
        """End ``run`` after the callback in hand."""
        self._stopping = True

    def fail(self, error: BaseException) -> None:
        """End ``run`` with ``error``; the first one counts."""
        if self._error is None:
            self._error = error
        self._stopping = True

    def stop_on_signals(self) -> None:
        """Let SIGINT and SIGTERM end ``run``."""
        for number in (signal.SIGINT, signal.SIGTERM):
            self._handlers[number] = signal.signal(number, lambda *_: self.stop())

    def restore_signals(self) -> None:
        """Give signals back to whom they belonged before ``stop_on_signals``."""
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self._handlers.clear()

    def run(self) -> None:
        """Spin until stopped; raises what ``fail`` was given."""
        while not self._stopping:
            self.spin_once(WAKE_S)
        if self._error is not None:
            raise self._error

    def spin_once(self, timeout_s: float) -> None:
        """Wait for one event or deadline for at most ``timeout_s``, and see to it."""
        wait_s = timeout_s
        if self._deadlines:
            due_ns = min(due() for due, _ in self._deadlines)
            wait_s = min(wait_s, max(0.0, ns_to_seconds(due_ns - time.monotonic_ns())))
        # An event is taken even where a deadline has passed: neither starves the other.
        self._executor.spin_once(timeout_sec=wait_s)
        for due, callback in tuple(self._deadlines):
            if time.monotonic_ns() >= due():
                callback()
        if self.pending:
            time.sleep(PENDING_PAUSE_S)

    def spin_until(self, deadline_s: float) -> None:
        """Spin until ``time.monotonic()`` reaches ``deadline_s`` or the end is asked for."""
        while not self._stopping and (left := deadline_s - time.monotonic()) > 0:
            self.spin_once(left)

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
