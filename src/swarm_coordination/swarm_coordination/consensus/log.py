# SPDX-License-Identifier: Apache-2.0
"""
The replicated log in memory: contiguous from index 1 (Ongaro 2014, section 3.5).

Terms never fall along a log, which makes searches by term binary.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence

from swarm_coordination.errors import UsageError
from swarm_coordination.persistence import Entry

# What an entry costs beside its payload, in memory bounds and in frames: index and terms.
ENTRY_OVERHEAD_BYTES = 16


def entry_bytes(entry: Entry) -> int:
    """Size of an entry for every bound on entries."""
    return len(entry.payload) + ENTRY_OVERHEAD_BYTES


class Log:
    """Entries 1 to ``last_index``; raises UsageError on a gap or a falling term."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self._entries: list[Entry] = []
        self._terms: list[int] = []  # beside the entries, for bisection
        for entry in entries:
            self.append(entry)

    @property
    def last_index(self) -> int:
        """Index of the last entry; 0 for an empty log."""
        return len(self._entries)

    @property
    def last_term(self) -> int:
        """Term of the last entry; 0 for an empty log."""
        return self._terms[-1] if self._terms else 0

    def term_at(self, index: int) -> int | None:
        """Term of the entry at ``index``; 0 at 0; None beyond the end."""
        if index == 0:
            return 0
        return self._terms[index - 1] if 0 < index <= len(self._terms) else None

    def matches(self, index: int, term: int) -> bool:
        """Whether the log holds an entry with this index and term (or index 0, term 0)."""
        return self.term_at(index) == term

    def append(self, entry: Entry) -> None:
        """Add ``entry`` at the end."""
        if entry.index != self.last_index + 1 or entry.term < self.last_term:
            raise UsageError(
                f'entry ({entry.index}, term {entry.term}) cannot follow '
                f'({self.last_index}, term {self.last_term})'
            )
        self._entries.append(entry)
        self._terms.append(entry.term)

    def first_conflict(self, entries: Sequence[Entry]) -> int:
        """Position in ``entries`` of the first that the log lacks or holds with another term."""
        for position, entry in enumerate(entries):
            if not self.matches(entry.index, entry.term):
                return position
        return len(entries)

    def truncate(self, index: int) -> None:
        """Cut everything at and above ``index``."""
        del self._entries[index - 1:]
        del self._terms[index - 1:]

    def between(self, after: int, through: int) -> tuple[Entry, ...]:
        """Entries ``after`` + 1 to ``through``."""
        return tuple(self._entries[after:through])

    def within(self, after: int, through: int, max_bytes: int) -> tuple[Entry, ...]:
        """Entries from ``after`` + 1, at most to ``through``, that fit in ``max_bytes``."""
        end, room = after, max_bytes
        while end < min(through, self.last_index):
            room -= entry_bytes(self._entries[end])
            if room < 0:
                break
            end += 1
        return self.between(after, end)

    def bytes_after(self, index: int) -> int:
        """Size of the entries above ``index``."""
        return sum(entry_bytes(e) for e in self._entries[index:])

    def last_at_most(self, index: int, term: int) -> int:
        """
        Greatest index up to ``index`` whose term is at most ``term``; 0 where there is none.

        Where a leader has ``term`` at ``index`` + 1, nothing of this log between the result
        and there can agree with the leader's (the conflict hint of Ongaro 2014, section 3.5).
        """
        return bisect_right(self._terms, term, 0, max(0, min(index, self.last_index)))

    def is_covered_by(self, last_index: int, last_term: int) -> bool:
        """Whether a log that ends so is at least as up to date as this one (section 3.6.1)."""
        return (last_term, last_index) >= (self.last_term, self.last_index)
