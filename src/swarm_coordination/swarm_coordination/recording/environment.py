# SPDX-License-Identifier: Apache-2.0
"""What outputs depend on beside the calls: interpreter, numerics, machine, and the code."""

from __future__ import annotations

import hashlib
import importlib
from importlib import metadata
from pathlib import Path
import platform

# Rooms whose code decides the outputs.
_ROOMS = ('area', 'consensus', 'control', 'mesh', 'mission', 'robot', 'storage', 'wire')


def environment() -> dict[str, str]:
    """Return what has to be equal for a replay; floating point depends on each of them."""
    found = {
        'python': platform.python_version(),
        'machine': platform.machine(),
        # The C library's sin and exp, and the instructions that numpy's kernels were chosen for.
        'libc': ' '.join(platform.libc_ver()),
        'kernels': kernels(),
    }
    for package in ('msgspec', 'numpy'):
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = ''
    return found


def kernels() -> str:
    """
    Return what computes the core's arrays: numpy, for these extensions of the processor.

    Compiled kernels (numba) are the evaluation's alone: no recorded core runs them.
    """
    try:
        umath = importlib.import_module('numpy._core._multiarray_umath')
    except ImportError:  # numpy below 2
        umath = importlib.import_module('numpy.core._multiarray_umath')
    found = getattr(umath, '__cpu_features__', {})
    used = [name for name in getattr(umath, '__cpu_dispatch__', ()) if found.get(name)]
    return ' '.join(['numpy', *used])


def code() -> str:
    """Return a digest of the core's sources."""
    package = Path(__file__).resolve().parent.parent
    digest = hashlib.blake2b(digest_size=16)
    paths = [path for room in _ROOMS for path in (package / room).rglob('*.py')]
    for path in sorted([*paths, *package.glob('*.py')]):
        digest.update(str(path.relative_to(package)).encode() + b'\0')
        digest.update(path.read_bytes())
    return digest.hexdigest()
