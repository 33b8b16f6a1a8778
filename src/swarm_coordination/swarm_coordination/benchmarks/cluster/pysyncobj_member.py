# SPDX-License-Identifier: Apache-2.0
"""
A member of PySyncObj with a journal file, as its documentation sets one up.

    python -m swarm_coordination.benchmarks.cluster.pysyncobj_member NAME FOLDER BATCH PORT...

Ports are those of all members on the loopback interface, the own one first; ``BATCH`` is 1 for
its defaults and 0 without batching. It writes its journal and never syncs it.
"""

from __future__ import annotations

import json
from pathlib import Path
import sys
import threading
import time
from typing import Any

from swarm_coordination.benchmarks.cluster.load import Load, tell
from swarm_coordination.live.lifetime import die_with_parent

# How often a member looks whom it follows; its own tick is 50 ms.
_LOOK_S = 0.005


def main() -> None:
    """Run one member until it is killed or its parent ends."""
    die_with_parent()
    from pysyncobj import replicated, SyncObj, SyncObjConf

    name, folder, batch, own, *others = sys.argv[1:]

    class Register(SyncObj):
        """One replicated value."""

        def __init__(self) -> None:
            conf = SyncObjConf(
                journalFile=str(Path(folder) / f'{name}.journal'),
                appendEntriesUseBatch=batch == '1',
            )
            super().__init__(f'127.0.0.1:{own}', [f'127.0.0.1:{port}' for port in others], conf)
            self.value = ''

        @replicated
        def put(self, value: str) -> None:
            self.value = value

    register = Register()
    lock = threading.RLock()

    def propose(size: int) -> bool:
        register.put('x' * size, callback=applied)
        return True

    def applied(_result: Any, error: Any) -> None:
        if not error:
            with lock:
                load.applied()
                load.fill()

    load = Load(propose, time.monotonic)

    def read_orders() -> None:
        for line in sys.stdin:
            with lock:
                load.start(**json.loads(line))

    threading.Thread(target=read_orders, daemon=True).start()
    known: tuple[str, int] = ('', 0)
    while True:
        told = register.getStatus()
        status = (str(told['leader'] or ''), int(told['raft_term']))
        if status != known:
            known = status
            if status[0]:
                tell(leader=status[0].rpartition(':')[2], term=status[1], at=time.monotonic())
        time.sleep(_LOOK_S)


if __name__ == '__main__':
    main()
