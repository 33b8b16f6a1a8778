# SPDX-License-Identifier: Apache-2.0
"""
The replicated log in memory: contiguous after its base (Ongaro 2014, sections 3.5 and 5.1).

The base is the last entry that a snapshot stands for: its index and term are known, its payload
is not; (0, 0) as long as nothing was compacted. Everything up to the base is committed, so no
correct log differs there. Terms never fall along a log, which makes searches by term binary.
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
    """
    Entries after ``base_index`` to ``last_index``; UsageError on a gap or a falling term.

    Ranges that begin before the base raise UsageError: what they ask for is gone.
    """

    def __init__(
        self, entries: Iterable[Entry] = (), base_index: int = 0, base_term: int = 0
    ) -> None:
        self.base_index = base_index
        self.base_term = base_term
        self._entries: list[Entry] = []
        self._terms: list[int] = []  # beside the entries, for bisection
        for entry in entries:
            self.append(entry)

    @property
    def last_index(self) -> int:
        """Index of the last entry; the base where there is none."""
        return self.base_index + len(self._entries)

    @property
    def last_term(self) -> int:
        """Term of the last entry; the base's where there is none."""
        return self._terms[-1] if self._terms else self.base_term

    def term_at(self, index: int) -> int | None:
        """Term of the entry at ``index``; None beyond the end and before the base."""
        if index == self.base_index:
            return self.base_term
        position = self._position(index)
        return self._terms[position - 1] if 0 < position <= len(self._terms) else None

    def matches(self, index: int, term: int) -> bool:
        """Whether the log holds an entry with this index and term (or its base, or 0, 0)."""
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
        """Cut everything at and above ``index``, which lies after the base."""
        position = self._from(index - 1)
        del self._entries[position:]
        del self._terms[position:]

    def compact(self, index: int) -> None:
        """Move the base up to the entry at ``index``; below the base already: nothing."""
        position = self._position(index)
        if position <= 0:
            return
        if position > len(self._entries):
            raise UsageError(f'entry {index} is not in the log, which ends at {self.last_index}')
        self.base_term = self._terms[position - 1]
        self.base_index = index
        del self._entries[:position]
        del self._terms[:position]

    def restart(self, index: int, term: int) -> None:
        """Forget everything and begin after a snapshot's last entry (section 5.1)."""
        self.base_index, self.base_term = index, term
        self._entries.clear()
        self._terms.clear()

    def between(self, after: int, through: int) -> tuple[Entry, ...]:
        """Entries ``after`` + 1 to ``through``."""
        return tuple(self._entries[self._from(after):max(0, self._position(through))])

    def within(self, after: int, through: int, max_bytes: int) -> tuple[Entry, ...]:
        """Entries from ``after`` + 1, at most to ``through``, that fit in ``max_bytes``."""
        start = end = self._from(after)
        room, most = max_bytes, min(self._position(through), len(self._entries))
        while end < most:
            room -= entry_bytes(self._entries[end])
            if room < 0:
                break
            end += 1
        return tuple(self._entries[start:end])

    def bytes_after(self, index: int) -> int:
        """Size of the entries above ``index``."""
        return sum(entry_bytes(entry) for entry in self._entries[self._from(index):])

    def last_at_most(self, index: int, term: int) -> int:
        """
        Greatest index up to ``index`` whose term is at most ``term``; the base where none is.

        Where a leader has ``term`` at ``index`` + 1, nothing of this log between the result
        and there can agree with the leader's (the conflict hint of Ongaro 2014, section 3.5).
        """
        most = max(0, min(self._position(index), len(self._terms)))
        return self.base_index + bisect_right(self._terms, term, 0, most)

    def is_covered_by(self, last_index: int, last_term: int) -> bool:
        """Whether a log that ends so is at least as up to date as this one (section 3.6.1)."""
        return (last_term, last_index) >= (self.last_term, self.last_index)

    def _position(self, index: int) -> int:
        """Count the entries up to ``index``; negative before the base."""
        return index - self.base_index

    def _from(self, index: int) -> int:
        """Position after ``index``, which must not lie before the base."""
        if index < self.base_index:
            raise UsageError(f'entries after {index} are gone: the log begins after its base '
                             f'{self.base_index}')
        return self._position(index)
