# SPDX-License-Identifier: Apache-2.0
"""
A power cut at any call that changes the disk, and what may be left of the disk after it.

Everything runs on real files. The model watches ``os``: it knows what each file held when it was
last synced, and which names the directory had when that was last synced. After the cut it lays
down what a disk may hold: of each file what was synced or what was written, of the directory the
names as synced or as they were.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
import itertools
import os
from pathlib import Path
from typing import Any

import pytest
from swarm_coordination.persistence import Provision, Record
from swarm_coordination.storage.provision import write_provision
from swarm_coordination.storage.store import Storage

CHANGES = ('open', 'write', 'pwrite', 'fsync', 'fdatasync', 'truncate', 'rename', 'unlink')
# (contents: written or only synced, names: as they were or only synced)
REMAINS = tuple(itertools.product((False, True), repeat=2))


class PowerCutError(BaseException):
    """The machine is off; nothing of the program goes on."""


class Power:
    """Watches ``directory`` and cuts the power at change number ``at``; -1 for never."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, directory: Path, at: int) -> None:
        self.directory, self.at = directory, at
        self.changes: list[str] = []
        self.is_off = False
        self._synced = {ino: path.read_bytes() for path, ino in self._files()}
        self._names = {path.name: ino for path, ino in self._files()}
        self._gone: dict[int, bytes] = {}  # what unlinked files held
        self._real = {name: getattr(os, name) for name in CHANGES}
        for name in CHANGES:
            monkeypatch.setattr(os, name, lambda *a, _name=name, **k: self._call(_name, *a, **k))

    def _files(self) -> list[tuple[Path, int]]:
        return [(path, path.stat().st_ino) for path in sorted(self.directory.iterdir())]

    def _call(self, name: str, *arguments: Any, **options: Any) -> Any:
        if name == 'open' and not self._creates(*arguments):
            return self._real[name](*arguments, **options)
        if self.is_off:
            raise PowerCutError
        self.changes.append(name)
        if len(self.changes) - 1 == self.at:
            self.is_off = True
            if name in ('write', 'pwrite'):  # torn in the middle
                descriptor, data, *where = arguments
                self._real[name](descriptor, data[: len(data) // 2], *where)
            raise PowerCutError
        if name == 'unlink':
            path = Path(arguments[0])
            self._gone[path.stat().st_ino] = path.read_bytes()
        result = self._real[name](*arguments, **options)
        if name in ('fsync', 'fdatasync'):
            self._sync(arguments[0])
        return result

    def _creates(self, path: Any, flags: int, *_: Any) -> bool:
        return bool(flags & (os.O_CREAT | os.O_TRUNC)) and Path(path).parent == self.directory

    def _sync(self, descriptor: int) -> None:
        path = Path(os.readlink(f'/proc/self/fd/{descriptor}'))
        if path == self.directory:
            self._names = {path.name: ino for path, ino in self._files()}
        else:
            self._synced[path.stat().st_ino] = path.read_bytes()

    def restore(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let ``os`` be as it was."""
        for name in CHANGES:
            monkeypatch.setattr(os, name, self._real[name])

    def remains(self, target: Path, written: bool, named: bool) -> Path:
        """Lay down in ``target`` what the disk may hold after the cut; ``os`` must be restored."""
        now = {ino: path.read_bytes() for path, ino in self._files()}
        contents = {**self._gone, **now} if written else self._synced
        names = {path.name: ino for path, ino in self._files()} if named else self._names
        target.mkdir()
        for name, ino in names.items():
            (target / name).write_bytes(contents.get(ino, b''))
        return target


def laid_down(robot: Path, provision: Provision, records: Sequence[Record]) -> Path:
    """Lay down the disk of a robot that ran for a while, and return ``robot``."""
    write_provision(robot, provision)
    storage, _ = Storage.recover(robot)
    storage.append(records)
    storage.sync()
    storage.close()
    return robot


def run_until_cut(
    monkeypatch: pytest.MonkeyPatch, directory: Path, at: int, run: Callable[[Path], object]
) -> Power:
    """Run on ``directory`` until change ``at``; close what the dead process held open."""
    descriptors = set(os.listdir('/proc/self/fd'))
    power = Power(monkeypatch, directory, at)
    try:
        run(directory)
    except PowerCutError:
        pass
    power.restore(monkeypatch)
    for descriptor in set(os.listdir('/proc/self/fd')) - descriptors:
        if os.path.exists(f'/proc/self/fd/{descriptor}'):
            os.close(int(descriptor))
    return power
