# SPDX-License-Identifier: Apache-2.0
"""
Samples on disk, so that a long measurement can be made in pieces.

One JSON object: a hash of the code that was measured, and by call the sample of each seed and
the CPU time that all of them took. Samples of different code are never put together.
"""

from __future__ import annotations

from collections.abc import Iterator
import hashlib
import json
import os
from pathlib import Path
from typing import Any

import swarm_coordination
from swarm_coordination.benchmarks.rows import Sample
from swarm_coordination.configuration import find_swarm_file
from swarm_coordination.errors import UsageError

_FORMAT = 1
# What a sample depends on: the core, what it is played in, and what plays it. Not how samples
# are chosen, summed up and printed.
_ROOMS = (
    'area', 'arena', 'configuration', 'consensus', 'control', 'mesh', 'mission', 'robot',
    'simulation', 'storage', 'wire',
)
_MODULES = (
    'bounds', 'persistence', 'settings', 'units', 'views', 'benchmarks/commits',
    'benchmarks/detection', 'benchmarks/elections', 'benchmarks/figures', 'benchmarks/snapshots',
    'benchmarks/stage', 'benchmarks/stops', 'benchmarks/traffic', 'errors',
)


def code_hash() -> str:
    """Return a hash of all that samples depend on: code, and the shipped swarm file."""
    digest = hashlib.blake2b(digest_size=16)
    for name, path in _sources():
        content = path.read_bytes()
        digest.update(f'{name} {len(content)}\n'.encode() + content)
    return digest.hexdigest()


def _sources() -> Iterator[tuple[str, Path]]:
    root = Path(swarm_coordination.__file__).parent
    for room in _ROOMS:
        for path in sorted((root / room).rglob('*.py')):
            yield str(path.relative_to(root)), path
    for module in _MODULES:
        yield module, root / f'{module}.py'
    yield 'swarm file', find_swarm_file()


class Samples:
    """Samples by call and seed; ``cpu_s`` by call. With a ``path`` they are kept there."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._code = code_hash() if path is not None else ''
        self._found: dict[str, dict[int, Sample]] = {}
        self.cpu_s: dict[str, float] = {}

    def of(self, call: str) -> dict[int, Sample]:
        """Return the samples of a call by their seeds."""
        return self._found.setdefault(call, {})

    def add(self, call: str, seed: int, sample: Sample, cpu_s: float) -> None:
        """Take one sample in."""
        self.of(call)[seed] = sample
        self.cpu_s[call] = self.cpu_s.get(call, 0.0) + cpu_s

    def write(self) -> None:
        """Write the file anew, if there is one; raises UsageError where that does not work."""
        if self._path is None:
            return
        calls = {
            call: {'cpu_s': round(self.cpu_s[call], 3),
                   'seeds': {str(seed): found[seed] for seed in sorted(found)}}
            for call, found in sorted(self._found.items()) if found
        }
        text = json.dumps({'format': _FORMAT, 'code': self._code, 'calls': calls}, indent=0)
        aside = self._path.with_name(f'{self._path.name}.{os.getpid()}.new')
        try:
            aside.write_text(f'{text}\n', encoding='utf-8')
            aside.replace(self._path)
        except OSError as error:
            aside.unlink(missing_ok=True)
            raise UsageError(f'{self._path}: cannot be written: {error.strerror}') from error

    def resume(self) -> None:
        """Take in what the file holds; raises UsageError where it is none, or of other code."""
        assert self._path is not None
        try:
            data = json.loads(self._path.read_text(encoding='utf-8'))
        except OSError as error:
            raise UsageError(f'{self._path}: cannot be read: {error.strerror}') from error
        except (ValueError, RecursionError) as error:
            raise UsageError(f'{self._path}: not JSON: {error}') from error
        try:
            code, calls = _checked(data)
        except (TypeError, ValueError, KeyError, AttributeError, OverflowError) as error:
            raise UsageError(
                f'{self._path}: not what --out writes: {type(error).__name__}: {error}'
            ) from error
        if code != self._code:
            raise UsageError(
                f'{self._path}: samples of other code ({code}, here {self._code}): '
                'begin anew in another file'
            )
        for call, (found, cpu_s) in calls.items():
            self._found[call], self.cpu_s[call] = found, cpu_s


def _checked(data: Any) -> tuple[str, dict[str, tuple[dict[int, Sample], float]]]:
    """Return code and calls of a file's object; raises what Python raises where it is none."""
    if data['format'] != _FORMAT:
        raise ValueError(f'format {data["format"]!r}, not {_FORMAT}')
    return str(data['code']), {
        str(call): (
            {int(seed): [float(value) for value in sample]
             for seed, sample in held['seeds'].items()},
            float(held['cpu_s']),
        )
        for call, held in data['calls'].items()
    }
