# SPDX-License-Identifier: Apache-2.0
"""A folder for what is needed as long as this process runs, and then by nobody."""

from __future__ import annotations

import atexit
import os
from pathlib import Path
import shutil
import tempfile


def run_folder(prefix: str) -> Path:
    """Return a new folder for temporary files; it is removed when this process ends."""
    folder, owner = Path(tempfile.mkdtemp(prefix=prefix)), os.getpid()

    def remove() -> None:
        if os.getpid() == owner:  # a forked child's end is not the end of the run
            shutil.rmtree(folder, ignore_errors=True)

    atexit.register(remove)
    return folder
