# SPDX-License-Identifier: Apache-2.0
"""
Ends the programs of others that an ended launch leaves: a process of its own beside it.

Ours end with their parent (``lifetime``). Gazebo, its bridge and rviz do not ask the kernel for
that, and Gazebo starts processes of its own, which a launch does not know of when it ends its own
children. All of them carry a mark in their environment, which children inherit: when the parent
process is gone, however it went, whoever carries it is asked to end, then made to; and folders
that a killed parent could not remove are.
"""

from __future__ import annotations

from collections.abc import Mapping
import os
import signal
import subprocess
import sys
import time

import psutil
from swarm_coordination.live.run_folder import sweep
from swarm_coordination.live.starting import python

MARK = 'SWARM_LAUNCH'
# Between two looks at the parent.
PERIOD_S = 0.2
# Gazebo takes two seconds to end a world.
PATIENCE_S = 5.0
# One that is killed may just have started another.
ROUNDS = 3


def begin(mark: str, patience_s: float = PATIENCE_S) -> subprocess.Popen[bytes]:
    """
    Start an attendant of this process, which ends with it and its programs.

    It has a session of its own, so that no key of a terminal reaches it, and holds no pipe open
    that this process writes to. Whether it has ended, ``poll()`` says.
    """
    nothing = subprocess.DEVNULL
    return subprocess.Popen(
        python(__name__, mark, str(os.getpid()), str(patience_s)),
        stdin=nothing, stdout=nothing, stderr=nothing, start_new_session=True,
        # It outlives whoever stands in the working folder, and must not hold it, nor run what a
        # stray colon of PYTHONPATH finds there.
        cwd='/', env=_environment(os.environ),
    )


def _environment(given: Mapping[str, str]) -> dict[str, str]:
    """Return an environment without mark, whose folders of modules hold in any other folder."""
    kept = {name: value for name, value in given.items() if name != MARK}
    if 'PYTHONPATH' in kept:
        # An empty entry, as a stray colon makes one, is the working folder again.
        entries = filter(None, kept['PYTHONPATH'].split(os.pathsep))
        kept['PYTHONPATH'] = os.pathsep.join(os.path.abspath(entry) for entry in entries)
    return kept


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


def end(mark: str, patience_s: float) -> None:
    """End whoever carries a mark: by a request, and those who stay ``patience_s`` by force."""
    left = marked(mark)
    for process in left:
        _send(process, signal.SIGTERM)
    psutil.wait_procs(left, timeout=patience_s)
    for _ in range(ROUNDS):
        left = marked(mark)
        for process in left:
            _send(process, signal.SIGKILL)
        psutil.wait_procs(left, timeout=PATIENCE_S)  # the kernel's own time, on a busy host


def _send(process: psutil.Process, number: signal.Signals) -> None:
    try:
        process.send_signal(number)
    except psutil.Error:
        pass  # gone


def main() -> int:
    """Wait for the end of the parent, then end what it left; return the status."""
    # Whoever ends a whole group or unit means the parent, too, and what that leaves is ours.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    # The parent is named, not looked up: it may have gone before this line.
    mark, parent, patience_s = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    while os.getppid() == parent:
        time.sleep(PERIOD_S)
    end(mark, patience_s)
    sweep()
    return 0


if __name__ == '__main__':
    sys.exit(main())
