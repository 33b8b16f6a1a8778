# SPDX-License-Identifier: Apache-2.0
"""How a process ends that people start: a status, and one line where something went wrong."""

from __future__ import annotations

from collections.abc import Callable
import sys

from swarm_coordination.errors import ConfigurationError, SwarmError, UsageError

# 2 as of a wrong command line, 1 where something broke or a running robot had to stop.
STOPPED_BY_ERROR, WRONG_CONFIGURATION = 1, 2


def told(program: str, error: SwarmError | OSError) -> int:
    """
    Say in one line what ended ``program``; return its status.

    An OSError is the host's: a disk that is full, a folder that is somebody else's, a file that
    went away. Nobody is helped by where in our code it was met.
    """
    print(f'{program}: {error}', file=sys.stderr)  # noqa: T201
    wrong = isinstance(error, ConfigurationError | UsageError)
    return WRONG_CONFIGURATION if wrong else STOPPED_BY_ERROR


def status_of(program: str, run: Callable[[], int]) -> int:
    """Return the status of ``run``, or that of the error which ended it."""
    try:
        return run()
    except (SwarmError, OSError) as error:
        return told(program, error)
