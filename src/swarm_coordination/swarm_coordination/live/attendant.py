# SPDX-License-Identifier: Apache-2.0
"""
Ends the programs of others that a killed launch leaves: a process of its own beside it.

Ours end with their parent (``lifetime``). Gazebo, its bridge and rviz do not ask the kernel for
that, and Gazebo starts processes of its own. All of them carry a mark in their environment, which
children inherit: when the parent is gone, whoever carries it is asked to end, then made to.
"""

from __future__ import annotations

import os
import signal
import sys
import time

import psutil

MARK = 'SWARM_LAUNCH'
# Between two looks at the parent.
PERIOD_S = 0.5
# Gazebo takes two seconds to end a world.
PATIENCE_S = 5.0
# One that is killed may just have started another.
ROUNDS = 3


def marked(mark: str) -> list[psutil.Process]:
    """Return the processes that carry a mark, this one not among them."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and process.environ().get(MARK) == mark:
                found.append(process)
        except psutil.Error:
            continue  # another user's, or gone
    return found


def end(mark: str) -> None:
    """End whoever carries a mark."""
    left = marked(mark)
    for process in left:
        _send(process, signal.SIGTERM)
    psutil.wait_procs(left, timeout=PATIENCE_S)
    for _ in range(ROUNDS):
        left = marked(mark)
        for process in left:
            _send(process, signal.SIGKILL)
        psutil.wait_procs(left, timeout=PATIENCE_S)


def _send(process: psutil.Process, number: signal.Signals) -> None:
    try:
        process.send_signal(number)
    except psutil.Error:
        pass  # gone


def main() -> int:
    """Wait for the end of the parent, or to be told to end; return the status."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(0))  # the launch ends, and all it started
    # Of a terminal that is closed: the launch dies of it, and Gazebo has left its group.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    # Named, not looked up: the parent may have gone before this line.
    parent = int(sys.argv[1])
    while os.getppid() == parent:
        time.sleep(PERIOD_S)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # another attendant of this launch may send one
    end(os.environ[MARK])
    return 0


if __name__ == '__main__':
    sys.exit(main())
