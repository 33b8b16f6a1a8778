# SPDX-License-Identifier: Apache-2.0
"""
A child process that ends with its parent, however the parent ends.

The parent names itself in the child's environment; the child asks the kernel (Linux, prctl(2)
PR_SET_PDEATHSIG) for a signal at the parent's death and then looks whether that has happened
already. Where the kernel knows no such thing it looks itself. Nothing is left behind even
where the parent itself is killed, or dies of a terminal that is closed.
"""

from __future__ import annotations

from collections.abc import Mapping
import ctypes
import os
import signal
import sys
import threading
import time

PARENT = 'SWARM_PARENT_PID'
_PR_SET_PDEATHSIG = 1
_ID_DIGITS = 10  # of a process, on any kernel
# Between two looks at the parent.
_PERIOD_S = 0.2


def bound_to_this_process(environment: Mapping[str, str]) -> dict[str, str]:
    """Return ``environment`` for a child that shall not outlive this process."""
    return {**environment, PARENT: str(os.getpid())}


def die_with_parent(patience_s: float = 0.0) -> None:
    """
    End with the process named in the environment; without one, nothing changes.

    ``patience_s``: for one that has something to do first. It gets SIGTERM at the parent's death,
    and is ended where it has not after that time.
    """
    parent = os.environ.pop(PARENT, '')
    if not parent:
        return
    if not parent.isdecimal() or len(parent) > _ID_DIGITS:
        sys.exit(f'{PARENT}: {parent!r} is not the number of a process')
    number = signal.SIGTERM if patience_s else signal.SIGKILL
    by_kernel = sys.platform.startswith('linux')
    if by_kernel:
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0)
    if os.getppid() != int(parent):
        sys.exit(f'{PARENT}: process {parent} has ended already')
    if patience_s or not by_kernel:
        threading.Thread(
            target=_outlive, args=(int(parent), patience_s, by_kernel), daemon=True
        ).start()


def _outlive(parent: int, patience_s: float, asked: bool) -> None:
    """End this process after its parent; ``asked``: the kernel sends the request to end."""
    while os.getppid() == parent:
        time.sleep(_PERIOD_S)
    if patience_s and not asked:
        os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(patience_s)
    os.kill(os.getpid(), signal.SIGKILL)
