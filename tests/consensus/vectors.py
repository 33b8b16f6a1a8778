# SPDX-License-Identifier: Apache-2.0
"""
The test vectors of etcd's raft, read from beside the repository where they lie there.

Format 'datadriven': a command line, lines of input, ``----``, the expected output, an empty line.
The folder is ``../shared/conformance`` from the repository's top, or what the environment
variable SWARM_CONFORMANCE names; tests that need it are skipped by its name where it is absent.
"""

from __future__ import annotations

from collections.abc import Iterator
import os
from pathlib import Path
from typing import NamedTuple

import pytest

_BESIDE = Path(__file__).resolve().parents[2].parent / 'shared' / 'conformance'


class Vector(NamedTuple):
    """One command with its input lines and the output that etcd's raft gives."""

    command: str
    given: tuple[str, ...]
    expected: tuple[str, ...]


def vectors(name: str) -> Iterator[Vector]:
    """Yield the vectors of the file ``etcd-raft/<name>``; skip the test where it is absent."""
    path = Path(os.environ.get('SWARM_CONFORMANCE') or _BESIDE) / 'etcd-raft' / name
    if not path.exists():
        pytest.skip(f"etcd-raft's conformance vectors are absent: {path}")
    for block in path.read_text().split('\n\n'):
        lines = [line for line in block.splitlines() if line and line[0] != '#']
        if '----' in lines:
            at = lines.index('----')
            yield Vector(lines[0], tuple(lines[1:at]), tuple(lines[at + 1:]))
