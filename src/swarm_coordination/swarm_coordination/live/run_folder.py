# SPDX-License-Identifier: Apache-2.0
"""
A folder for what is needed as long as this process runs, and then by nobody.

It is removed at the end of the process. One that is killed cannot do that: its folders hold a file
that it has locked, which the kernel unlocks at its death, and whoever makes or sweeps next removes
those that nobody has locked.
"""

from __future__ import annotations

import atexit
import fcntl
import os
from pathlib import Path
import shutil
import tempfile

# Of all run folders; what else begins so has no such file.
_PREFIX, _LOCK = 'swarm_', '.in_use'


def run_folder(prefix: str) -> Path:
    """
    Return a new folder for temporary files; it is removed when this process ends.

    ``prefix`` begins with ``swarm_``.
    """
    sweep()
    assert prefix.startswith(_PREFIX)
    folder, owner = Path(tempfile.mkdtemp(prefix=prefix)), os.getpid()
    # Under another name until it is locked: nobody finds it without.
    lock = os.open(folder / 'new', os.O_CREAT | os.O_RDWR, 0o600)  # closed with the process
    fcntl.flock(lock, fcntl.LOCK_EX)
    (folder / 'new').rename(folder / _LOCK)

    def remove() -> None:
        if os.getpid() == owner:  # a forked child's end is not the end of the run
            shutil.rmtree(folder, ignore_errors=True)

    atexit.register(remove)
    return folder


def sweep() -> None:
    """Remove the folders of processes that have ended and could not."""
    for path in sorted(Path(tempfile.gettempdir()).glob(f'{_PREFIX}*/{_LOCK}')):
        try:
            if path.parent.lstat().st_uid != os.getuid():
                continue
            lock = os.open(path, os.O_RDWR)
        except OSError:
            continue  # gone
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            continue  # in use
        else:
            shutil.rmtree(path.parent, ignore_errors=True)
        finally:
            os.close(lock)
