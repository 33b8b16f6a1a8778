# SPDX-License-Identifier: Apache-2.0
"""
Has the programs of others that our launch files start end with the process that launches.

They carry a mark, and an attendant (``live.attendant``) ends whoever carries it after that
process. What else a launch starts, beside our files or after them, has none and is not touched:
the drivers of the user, ``ros2 bag``, the daemon of ``ros2`` which serves the whole host.
"""

from __future__ import annotations

from functools import cache
import os
import time
from typing import Any

from launch.actions import GroupAction, OpaqueFunction, SetEnvironmentVariable
from launch.logging import get_logger
from swarm_coordination.live import attendant

# Between two looks at the attendant: one that cannot start has ended by the first.
LOOK_S = 5.0


def attended(*actions: Any) -> Any:
    """
    Return actions whose processes, and what these start, end with the process that launches.

    Where one Python process runs several launches they end with it, not with the launch that
    they are of. What an action starts *later* (``on_exit``, a timer) has to carry
    ``attended_environment`` itself.
    """
    return GroupAction([
        SetEnvironmentVariable(attendant.MARK, _mark()),
        OpaqueFunction(function=_attending.begin),
        *actions,
    ])


def attended_environment() -> dict[str, str]:
    """Return what a process carries in its environment to be attended."""
    return {attendant.MARK: _mark()}


@cache
def _mark() -> str:
    # Not to be met again: numbers of processes come back.
    return f'{os.getpid()}_{time.time_ns()}'


class _Attending:
    """
    The attendant of this process, begun anew by the next action where it has ended.

    It is no process of the launch: that would end it with the others, while there may be
    something left to do. So a look now and then says that it has ended before its time.
    """

    def __init__(self) -> None:
        self._process: Any = None
        self._loop: Any = None

    def begin(self, context: Any) -> None:
        if self._process is None or self._process.poll() is not None:
            self._process, self._loop = attendant.begin(_mark()), None
        if self._loop is not context.asyncio_loop:
            self._loop = context.asyncio_loop
            self._loop.call_later(LOOK_S, self._look, self._process, self._loop)

    def _look(self, process: Any, loop: Any) -> None:
        if process.poll() is None:
            loop.call_later(LOOK_S, self._look, process, loop)
            return
        get_logger('swarm_coordination').warning(
            f'what ends the programs of others after the launch has ended itself (status '
            f'{process.returncode}): look for what is left then; python3 -m {attendant.__name__} '
            f'says whether it can start'
        )


_attending = _Attending()
