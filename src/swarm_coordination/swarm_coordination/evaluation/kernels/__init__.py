# SPDX-License-Identifier: Apache-2.0
"""
Compiled kernels: one robot or all robots at once, on arrays. Importing them loads numba.

numba keeps what it compiled beside the source, by the date of that one file: a change in a kernel
that others call would go unnoticed, and so would one in the modules of ``control`` whose numbers
they hold. So all of it is kept under a digest of all these sources, in this folder's
``__pycache__`` where that may be written, else in the user's cache.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import numba

_HERE = Path(__file__).resolve().parent
# Modules whose constants are compiled in.
_CONTROL = _HERE.parent.parent / 'control'
_COMPILED_IN = ('closing', 'detour', 'projection', 'queueing')
_CONSTANTS = tuple(_CONTROL / f'{name}.py' for name in _COMPILED_IN)


def _cache_directory() -> Path:
    """Return where compiled kernels of exactly these sources are kept."""
    digest = hashlib.sha256()
    for path in (*sorted(_HERE.glob('*.py')), *_CONSTANTS):
        digest.update(path.read_bytes())
    if os.access(_HERE, os.W_OK):
        home = _HERE / '__pycache__'
    else:
        home = Path(os.environ.get('XDG_CACHE_HOME') or Path.home() / '.cache') / 'swarm'
    return home / f'kernels-{digest.hexdigest()[:16]}'


if not numba.config.CACHE_DIR:  # somebody's own choice, NUMBA_CACHE_DIR, goes first
    numba.config.CACHE_DIR = str(_cache_directory())
