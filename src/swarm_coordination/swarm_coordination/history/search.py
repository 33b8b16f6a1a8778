# SPDX-License-Identifier: Apache-2.0
"""
Is there an order? The search behind the checker, for one register.

Theory of operation. A history is linearizable (Herlihy and Wing 1990) if every operation can be
given an instant between its call and its return so that the register, taking them in that
order, would have answered as it did. Wing and Gong (1993) search these orders, Lowe (2017)
remembers the configurations met: which of the pending operations have been given their instant
(a bitset), and the state that results. As in Lowe's just-in-time variant we walk the events,
holding every configuration still possible, and let operations take effect only when one of them
returns: until then nobody could tell. None left: not linearizable.

What keeps the set small:

- An operation that changes nothing and fits the present state is taken at once: waiting could
  only lose it. (Not where it tells a version that was untold: that rules others out.)
- An operation of unknown outcome need never be taken. Of two configurations with one state and
  the same answered operations taken, the one that has used fewer unknown ones can do everything
  that the other can; the other is dropped.
- Unknown operations that ask the same are interchangeable: they are used oldest first.
- Versions only rise: a state beyond the version that a pending operation found is a dead end.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import NamedTuple

from swarm_coordination.history.operations import Answer, Request
from swarm_coordination.history.register import Cell, changes_nothing, EMPTY, Register

# A configuration is some 200 bytes: a million of them are what a small machine has to spare.
CONFIGURATIONS_MAX = 2**20
# The clock is asked once in so many expansions: some milliseconds.
PATIENCE = 1024


class GaveUpError(Exception):
    """The search outgrew its time or its memory: the verdict is unknown."""


class _Pending(NamedTuple):
    """An operation under way, with the bit that stands for it."""

    bit: int
    request: Request
    answer: Answer | None  # None: its outcome is unknown
    ceiling: int | None  # version beyond which it can no longer be taken


class _Frontier:
    """Configurations: for each (answered taken, state) the least sets of unknown ones used."""

    def __init__(self) -> None:
        self._used: dict[tuple[int, Cell], list[int]] = {}
        self.size = 0

    def add(self, taken: int, cell: Cell, used: int) -> bool:
        """Add a configuration unless one here can do all that it can; say whether it was."""
        held = self._used.setdefault((taken, cell), [])
        if any(other & used == other for other in held):
            return False
        kept = [other for other in held if other & used != used]
        self.size += 1 + len(kept) - len(held)
        held[:] = [*kept, used]
        return True

    def __iter__(self) -> Iterator[tuple[int, Cell, int]]:
        for (taken, cell), held in self._used.items():
            for used in held:
                yield taken, cell, used

    def cells(self) -> list[Cell]:
        """Return the states that are possible, in the order in which they were found."""
        return list(dict.fromkeys(cell for _, cell in self._used))


class Search:
    """
    The configurations possible after the events so far of one register.

    Parameters
    ----------
    register : the sequential behaviour.
    expired : asked now and then with the number of expansions; True makes the search give up.

    """

    def __init__(self, register: Register, expired: Callable[[int], bool]) -> None:
        self._register = register
        self._expired = expired
        self._pending: list[_Pending] = []
        self._frontier = _Frontier()
        self._frontier.add(0, EMPTY, 0)
        self.steps = 0

    @property
    def cells(self) -> list[Cell]:
        """States that the register may be in, before what is pending."""
        return self._frontier.cells()

    def invoke(self, request: Request, answer: Answer | None) -> int:
        """
        Begin an operation whose ``answer`` is known beforehand, None where it never will be.

        Returns the bit by which ``returned`` knows it.
        """
        used = 0
        for pending in self._pending:
            used |= pending.bit
        bit = (used + 1) & ~used  # the lowest bit that nobody has
        ceiling = None if answer is None else self._register.ceiling(request, answer)
        self._pending.append(_Pending(bit, request, answer, ceiling))
        return bit

    def returned(self, bit: int) -> bool:
        """
        End an answered operation; return whether any order still explains everything.

        Raises GaveUpError. After False nothing more can be asked.
        """
        answered = [p for p in self._pending if p.answer is not None]
        unknown = [p for p in self._pending if p.answer is None]
        after, seen = _Frontier(), _Frontier()
        queue: deque[tuple[int, Cell, int]] = deque()

        def meet(taken: int, cell: Cell, used: int) -> None:
            for pending in answered:
                if (
                    not taken & pending.bit
                    and pending.ceiling is not None
                    and cell.version > pending.ceiling
                ):
                    return
            taken = self._eager(taken, cell, answered)
            if seen.add(taken, cell, used):
                queue.append((taken, cell, used))

        for taken, cell, used in self._frontier:
            meet(taken, cell, used)
        while queue:
            taken, cell, used = queue.popleft()
            if taken & bit:
                after.add(taken & ~bit, cell, used)
                continue
            self._count(seen.size)
            for pending in answered:
                assert pending.answer is not None
                if taken & pending.bit:
                    continue
                then = self._register.step(cell, pending.request, pending.answer)
                if then is not None:
                    meet(taken | pending.bit, then, used)
            for pending in _distinct(unknown, used):
                then = self._register.effect(cell, pending.request)
                if then is not None and then != cell:
                    meet(taken, then, used | pending.bit)
        self._pending = [p for p in self._pending if p.bit != bit]
        if not after.size:
            return False
        self._frontier = after
        return True

    def _eager(self, taken: int, cell: Cell, answered: list[_Pending]) -> int:
        """Take every pending operation that changes nothing, tells nothing new and fits."""
        for pending in answered:
            assert pending.answer is not None
            if (
                not taken & pending.bit
                and changes_nothing(pending.request, pending.answer)
                and self._register.step(cell, pending.request, pending.answer) == cell
            ):
                taken |= pending.bit
        return taken

    def _count(self, size: int) -> None:
        self.steps += 1
        if size > CONFIGURATIONS_MAX:
            raise GaveUpError(f'more than {CONFIGURATIONS_MAX} configurations')
        if self.steps % PATIENCE == 0 and self._expired(self.steps):
            raise GaveUpError('out of time')


def _distinct(unknown: list[_Pending], used: int) -> Iterator[_Pending]:
    """Yield the oldest unused operation of each request."""
    asked = set()
    for pending in unknown:
        if not used & pending.bit and pending.request not in asked:
            asked.add(pending.request)
            yield pending
