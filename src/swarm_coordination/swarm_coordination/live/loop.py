# SPDX-License-Identifier: Apache-2.0
"""
One thread that waits for messages and deadlines until it is told to stop.

What waits for messages is the middleware's (``_wait``); deadlines, signals, errors and the end
are the same for all.
"""

from __future__ import annotations

import abc
from collections.abc import Callable
import gc
import signal
import sys
import time
from typing import Any

from swarm_coordination.units import ns_to_seconds

# A signal is noticed after at most this long where nothing else happens.
WAKE_S = 0.2
# The writer thread needs the interpreter four times for one sync of the disk. A busy loop gives
# it away after this long; at the default of 5 ms a sync took 25 to 40 ms beside one.
SWITCH_S = 0.000_5
# What asks a run to end; the last comes when a terminal or its ssh session is closed.
ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def ending_signals() -> tuple[signal.Signals, ...]:
    """Return ``ENDS``, without SIGHUP where it is ignored (``nohup``): it stays so."""
    ignored = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    return tuple(number for number in ENDS if number != signal.SIGHUP or not ignored)


class Loop(abc.ABC):
    """Deadlines, signals, and a clean end by signal, error or request."""

    def __init__(self) -> None:
        self._deadlines: list[tuple[Callable[[], int], Callable[[], None]]] = []
        self._handlers: dict[int, Any] = {}
        self._stopping = False
        self._error: Exception | None = None

    @abc.abstractmethod
    def _wait(self, timeout_s: float) -> None:
        """See to messages; wait for the first one for at most ``timeout_s``."""

    @abc.abstractmethod
    def post(self, callback: Callable[[], None]) -> None:
        """Run ``callback`` in the loop's thread; may be called from any thread."""

    @abc.abstractmethod
    def close(self) -> None:
        """Leave the domain."""

    @property
    def stopping(self) -> bool:
        """Whether the end was asked for."""
        return self._stopping

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

    def stop(self) -> None:
        """End ``run`` after the callback in hand."""
        self._stopping = True

    def fail(self, error: Exception) -> None:
        """End ``run`` with ``error``; the first one counts."""
        if self._error is None:
            self._error = error
        self._stopping = True

    def stop_on_signals(self) -> None:
        """
        Let SIGINT, SIGTERM and SIGHUP end ``run``; those that follow change nothing.

        A terminal that closes sends SIGHUP; where that is ignored (``nohup``), it stays so.
        A terminal and ``ros2 launch`` each send one. The second may come when the interpreter
        has given its handlers up: ignored signals stay ignored then, others would kill.
        """
        for number in ending_signals():
            self._handlers[number] = signal.signal(number, self._on_signal)

    def _on_signal(self, _number: int, _frame: Any) -> None:
        for number in self._handlers:
            signal.signal(number, signal.SIG_IGN)
        self.stop()

    def restore_signals(self) -> None:
        """Give signals back to whom they belonged before ``stop_on_signals``."""
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self._handlers.clear()

    def run(self) -> None:
        """Go round until stopped; raises what ``fail`` was given."""
        before = sys.getswitchinterval()
        sys.setswitchinterval(SWITCH_S)
        # What is here by now stays: modules need not be looked through for garbage again.
        gc.collect()
        gc.freeze()
        try:
            while not self._stopping:
                self.spin_once(WAKE_S)
        finally:
            gc.unfreeze()
            sys.setswitchinterval(before)
        if self._error is not None:
            raise self._error

    def spin_once(self, timeout_s: float) -> None:
        """Wait for one event or deadline for at most ``timeout_s``, and see to it."""
        wait_s = timeout_s
        if self._deadlines:
            due_ns = min(due() for due, _ in self._deadlines)
            wait_s = min(wait_s, max(0.0, ns_to_seconds(due_ns - time.monotonic_ns())))
        # An event is taken even where a deadline has passed: neither starves the other.
        self._wait(wait_s)
        for due, callback in tuple(self._deadlines):
            if time.monotonic_ns() >= due():
                callback()

    def spin_until(self, deadline_s: float) -> None:
        """Go round until ``time.monotonic()`` reaches ``deadline_s`` or the end is asked for."""
        while not self._stopping and (left := deadline_s - time.monotonic()) > 0:
            self.spin_once(left)
