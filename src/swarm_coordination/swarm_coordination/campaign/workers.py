# SPDX-License-Identifier: Apache-2.0
"""One call for many seeds in several processes: results in order, few seeds under way at once."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
import itertools
import multiprocessing
import signal
from typing import TypeVar

from swarm_coordination.errors import SwarmError, UsageError

# More than the processors of most hosts; a process takes 50 MB and more.
JOBS_MAX = 256
# Seeds under way for each process: as many as keep all busy while results wait for their turn.
_AHEAD = 4

_Argument = TypeVar('_Argument')
_Result = TypeVar('_Result')


class WorkerLost(SwarmError):
    """A worker process died: the host's doing, which has killed it or is out of memory."""


def check_jobs(jobs: int) -> None:
    """Raise UsageError where so many processes are not to be had."""
    if not 1 <= jobs <= JOBS_MAX:
        raise UsageError(f'--jobs {jobs}: at least 1, at most {JOBS_MAX}')


def in_order(
    call: Callable[[_Argument], _Result],
    arguments: Iterable[_Argument],
    jobs: int,
    start_method: str | None = None,
) -> Generator[_Result, None, None]:
    """
    Yield what ``call`` returns for each argument, in their order, from at most ``jobs`` processes.

    Arguments are asked for as they are needed. Who closes the iterator early, and an interrupt,
    end the processes at once. Raises WorkerLost where one died.
    """
    if jobs == 1:
        yield from map(call, arguments)
        return
    left = iter(arguments)
    first = list(itertools.islice(left, _AHEAD * jobs))
    if len(first) < 2:
        yield from map(call, first)
        return
    others = set(multiprocessing.active_children())
    context = multiprocessing.get_context(start_method)
    pool = ProcessPoolExecutor(
        min(jobs, len(first)), context, initializer=_leave_interrupts_to_the_parent
    )
    ended = False
    try:
        under_way = deque(pool.submit(call, argument) for argument in first)
        while under_way:
            yield under_way.popleft().result()
            under_way.extend(pool.submit(call, one) for one in itertools.islice(left, 1))
        ended = True
    except BrokenProcessPool as error:
        raise WorkerLost('a worker process died: was it killed, or memory full?') from error
    finally:
        if not ended:
            for child in set(multiprocessing.active_children()) - others:
                child.terminate()
        pool.shutdown(cancel_futures=True)


def _leave_interrupts_to_the_parent() -> None:
    """Ctrl-C reaches all processes of a terminal; a worker would tell of it and go on."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
