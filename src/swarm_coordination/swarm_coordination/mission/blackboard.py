# SPDX-License-Identifier: Apache-2.0
"""
The blackboard: a few facts that everybody agrees on, each with a version.

A key's version counts its writes and deletions from 1 and never repeats (*Versioned Value*,
Joshi 2023): a deleted key keeps its version for a while as a tombstone, and once that is
forgotten every new key starts above all versions forgotten. So who writes only where the
version is still the one it read can never mistake a new value for the old one.
"""

from __future__ import annotations

from typing import NamedTuple

from swarm_coordination.errors import CommandError
from swarm_coordination.mission.commands import Delete, Put

# A blackboard for a few agreed facts: 64 writes of at most 640 bytes each are 40 kB.
BLACKBOARD_MAX = 64
# As many deleted keys as there can be keys: clearing the whole board forgets nothing.
TOMBSTONES_MAX = 64


class BoardValue(NamedTuple):
    """A blackboard value; ``version`` counts the writes and deletions of its key from 1."""

    value: str
    version: int


class Tombstone(NamedTuple):
    """What is left of a deleted key: its version, and the log index of its deletion."""

    version: int
    index: int  # type: ignore[assignment]  # hides tuple.index


class Change(NamedTuple):
    """One change of a key; ``value`` None: it was deleted."""

    key: str
    value: str | None
    version: int


class BoardValues(NamedTuple):
    """The whole blackboard as values, ascending keys."""

    live: tuple[tuple[str, BoardValue], ...] = ()
    deleted: tuple[tuple[str, Tombstone], ...] = ()
    forgotten: int = 0  # highest version of a tombstone that was dropped


class Blackboard:
    """Keys, values and versions; changed by committed commands only."""

    def __init__(self, values: BoardValues) -> None:
        self._live = dict(values.live)
        self._deleted = dict(values.deleted)
        self._forgotten = values.forgotten

    def get(self, key: str) -> BoardValue | None:
        """Return value and version, if the key exists."""
        return self._live.get(key)

    def version(self, key: str) -> int:
        """Return the version of the key's last write or deletion, 0 if nothing is known of it."""
        held = self._live.get(key) or self._deleted.get(key)
        return held.version if held is not None else 0

    def under(self, prefix: str) -> tuple[tuple[str, BoardValue], ...]:
        """Return the keys that begin with ``prefix`` and their values, ascending."""
        return tuple(item for item in sorted(self._live.items()) if item[0].startswith(prefix))

    def put(self, command: Put) -> Change:
        """Write; raises CommandError, having changed nothing."""
        key, held = command.key, self._live.get(command.key)
        self._expect(key, held, command.expected)
        if held is None and len(self._live) >= BLACKBOARD_MAX:
            raise CommandError(f'the blackboard is full: at most {BLACKBOARD_MAX} keys')
        version = (self.version(key) or self._forgotten) + 1
        self._deleted.pop(key, None)
        self._live[key] = BoardValue(command.value, version)
        return Change(key, command.value, version)

    def delete(self, command: Delete, index: int) -> Change:
        """Delete by the entry at ``index``; raises CommandError, having changed nothing."""
        key, held = command.key, self._live.get(command.key)
        self._expect(key, held, command.expected)
        if held is None:
            raise CommandError(f'there is no {key}')
        del self._live[key]
        self._deleted[key] = Tombstone(held.version + 1, index)
        if len(self._deleted) > TOMBSTONES_MAX:
            oldest = min(self._deleted, key=lambda name: (self._deleted[name].index, name))
            self._forgotten = max(self._forgotten, self._deleted.pop(oldest).version)
        return Change(key, None, held.version + 1)

    @staticmethod
    def _expect(key: str, held: BoardValue | None, expected: int | None) -> None:
        version = held.version if held is not None else 0
        if expected is not None and expected != version:
            raise CommandError(f'{key} has version {version}, not {expected}')

    def values(self) -> BoardValues:
        """Return everything as values."""
        return BoardValues(
            tuple(sorted(self._live.items())),
            tuple(sorted(self._deleted.items())),
            self._forgotten,
        )
