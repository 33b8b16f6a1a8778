# SPDX-License-Identifier: Apache-2.0
"""
Signals that end a run in namespaces, from its first namespace to its last.

``live.loop`` sees to them while robots fly; before and after that they end the run as Ctrl-C does,
so that whatever was made is removed. What removes it is not disturbed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import signal
from typing import Any

from swarm_coordination.live.loop import ending_signals, ENDS


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """
    Let the first of ``ENDS`` raise KeyboardInterrupt in the block; those that follow do nothing.

    A SIGHUP that is ignored (``nohup``) stays ignored. For the main thread.
    """
    def end(_number: int, _frame: Any) -> None:
        for number in before:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {number: signal.getsignal(number) for number in ending_signals()}
    try:
        for number in before:
            signal.signal(number, end)
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Put off what ``ENDS`` do until the end of the block. For the main thread."""
    held: list[int] = []
    before = {number: signal.getsignal(number) for number in ENDS}
    before = {n: handler for n, handler in before.items() if handler is not signal.SIG_IGN}
    try:
        for number in before:
            signal.signal(number, lambda number, _frame: held.append(number))
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    for first in held[:1]:
        signal.raise_signal(first)
