# SPDX-License-Identifier: Apache-2.0
"""
A child process that ends with its parent, however the parent ends.

The parent names itself in the child's environment; the child asks the kernel (Linux, prctl(2)
PR_SET_PDEATHSIG) for SIGKILL at the parent's death and then looks whether that has happened
already. Nothing is left behind even where the parent itself is killed.
"""

from __future__ import annotations

from collections.abc import Mapping
import ctypes
import os
import signal
import sys

PARENT = 'SWARM_PARENT_PID'
_PR_SET_PDEATHSIG = 1


def bound_to_this_process(environment: Mapping[str, str]) -> dict[str, str]:
    """Return ``environment`` for a child that shall not outlive this process."""
    return {**environment, PARENT: str(os.getpid())}


def die_with_parent() -> None:
    """End with the process named in the environment; without one, nothing changes."""
    parent = os.environ.pop(PARENT, '')
    if not parent:
        return
    if sys.platform.startswith('linux'):
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != int(parent):
        sys.exit(f'{PARENT}: process {parent} has ended already')
