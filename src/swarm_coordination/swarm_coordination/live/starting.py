# SPDX-License-Identifier: Apache-2.0
"""
How a process of Python starts another one of ours: never with modules of the working folder.

``python -m`` looks there first, in whatever folder the caller happens to stand: a ``numpy.py`` or
a package of our own name that lies there would be run, by root with ``swarm netns``. Python's own
``-P`` came with 3.11.
"""

from __future__ import annotations

import sys

# The empty entry is the working folder; ``sys`` is built in, all else is imported after it.
_RUN = (
    'import sys; sys.path[:] = filter(None, sys.path); del sys.argv[0]; '
    "from runpy import run_module; run_module(sys.argv[0], run_name='__main__', alter_sys=True)"
)


def python(module: str, *words: str) -> list[str]:
    """Return the command that runs ``module`` with these arguments, as ``python -m`` does."""
    return [sys.executable, '-c', _RUN, module, *words]
