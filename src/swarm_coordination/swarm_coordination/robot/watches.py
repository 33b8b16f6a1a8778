# SPDX-License-Identifier: Apache-2.0
"""
Watches of the blackboard (*State Watch*, Joshi 2023): told what changes, on this robot, in order.

A watch begins with what there is. Then every change comes as this robot applies it. Where it
took a snapshot instead of the entries, the newest values come, and each says how many versions
in between were missed. What was told as there and is gone is told as deleted, also where the
blackboard has forgotten the deletion. Where that snapshot is of a forced cluster that has made the
own log void, versions seen so far say nothing: what is gone is told, then all that there is.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from swarm_coordination.errors import UsageError
from swarm_coordination.mission.blackboard import BoardValue, Change, TOMBSTONES_MAX
from swarm_coordination.mission.state import MissionState

# A robot's own programs, not its operators: each watch keeps a version for every key.
WATCHES_MAX = 32


class WatchEvent(NamedTuple):
    """A change that a watch saw; ``value`` None: deleted. ``missed``: versions it did not see."""

    watch: int
    key: str
    value: str | None
    version: int
    missed: int = 0


class _Watch:
    """One prefix and, by key, the version last told: of a value, or of a deletion."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self.live: dict[str, int] = {}  # as many as the blackboard holds
        self.deleted: dict[str, int] = {}

    def told(self, key: str, otherwise: int) -> int:
        """Return the version told last of a key, ``otherwise`` where none is remembered."""
        return self.live.get(key) or self.deleted.get(key) or otherwise

    def note(self, key: str, version: int, *, live: bool) -> None:
        """Note what is told of a key now."""
        self.live.pop(key, None)
        self.deleted.pop(key, None)
        (self.live if live else self.deleted)[key] = version
        if len(self.deleted) > TOMBSTONES_MAX:
            # Told longest ago; what it forgets is no gap.
            del self.deleted[next(iter(self.deleted))]


class Watches:
    """All watches of one robot; ``state`` is read, never changed."""

    def __init__(self, state: MissionState) -> None:
        self._state = state
        self._watches: dict[int, _Watch] = {}
        self._last = 0
        self._events: list[WatchEvent] = []

    def add(self, prefix: str) -> int:
        """Watch all keys that begin with ``prefix``; return the watch. Raises UsageError."""
        if len(self._watches) >= WATCHES_MAX:
            raise UsageError(f'at most {WATCHES_MAX} watches')
        self._last += 1
        self._watches[self._last] = _Watch(prefix)
        self._compare(self._last)
        return self._last

    def remove(self, watch: int) -> None:
        """End a watch; raises UsageError where there is none such."""
        if self._watches.pop(watch, None) is None:
            raise UsageError(f'there is no watch {watch}')
        self._events = [event for event in self._events if event.watch != watch]

    def held(self, key: str) -> BoardValue | None:
        """
        Return what this robot's state holds under ``key``; None for nothing.

        As old as this robot's log; linearizable once the event of a read (``Coordinator.read``)
        has come that was asked for before.
        """
        return self._state.board.get(key)

    def changed(self, changes: Iterable[Change]) -> None:
        """Take what an entry changed."""
        for change in changes:
            for number, watch in self._watches.items():
                if change.key.startswith(watch.prefix):
                    # The next after what was told, though its version may lie further above:
                    # a key begins anew above the versions of forgotten deletions.
                    self._tell(number, *change)

    def restored(self, *, was_void: bool = False) -> None:
        """Compare with the whole blackboard, which a snapshot has put in the place of the last."""
        for number in self._watches:
            if was_void:
                self._begin_anew(number)
            self._compare(number)

    @property
    def told(self) -> bool:
        """Whether something came since the last call of ``take``."""
        return bool(self._events)

    def take(self) -> tuple[WatchEvent, ...]:
        """Return what came since the last call."""
        if not self._events:
            return ()
        events, self._events = tuple(self._events), []
        return events

    def _compare(self, number: int) -> None:
        watch, board = self._watches[number], self._state.board
        present = board.under(watch.prefix)
        for key, held in present:
            if watch.live.get(key) != held.version:
                self._tell_newest(number, key, held.value, held.version)
        told = watch.live.keys() | watch.deleted.keys()
        for key in sorted(told - {key for key, _ in present}):
            version = board.version(key)  # 0 where the deletion is forgotten
            if key in watch.live:
                self._tell_newest(number, key, None, max(version, watch.live[key] + 1))
            elif version > watch.deleted[key]:
                self._tell_newest(number, key, None, version)

    def _begin_anew(self, number: int) -> None:
        """Tell what is no longer there, and forget all versions told."""
        watch, board = self._watches[number], self._state.board
        gone = sorted(key for key in watch.live if board.get(key) is None)
        watch.live.clear()
        watch.deleted.clear()
        for key in gone:
            self._tell(number, key, None, board.version(key))

    def _tell_newest(self, number: int, key: str, value: str | None, version: int) -> None:
        """Tell what a key has come to, and how many versions lie between."""
        missed = max(0, version - self._watches[number].told(key, version - 1) - 1)
        self._tell(number, key, value, version, missed)

    def _tell(
        self, number: int, key: str, value: str | None, version: int, missed: int = 0
    ) -> None:
        self._watches[number].note(key, version, live=value is not None)
        self._events.append(WatchEvent(number, key, value, version, missed))
