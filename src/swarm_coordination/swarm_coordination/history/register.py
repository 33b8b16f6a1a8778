# SPDX-License-Identifier: Apache-2.0
"""
The register that histories are compared with: what one operation does when nothing interferes.

A register holds a value, or nothing, and a version. The version counts the writes and deletions
that took effect, from 1, as the blackboard's does; only a write to a register that holds nothing
may take it further up, as where the blackboard has forgotten a deletion. Of such a write without
an answer nobody knows how far: its state stands for all versions from one on, until one is told.
Histories without versions (Jepsen's) are checked with the version standing still, so that equal
values are equal states.
"""

from __future__ import annotations

from typing import NamedTuple

from swarm_coordination.history.operations import Answer, Kind, Outcome, Request, Value


class Cell(NamedTuple):
    """
    State of one register; ``value`` None: it holds nothing.

    ``untold``: the version is this or a higher one, but none of those ``ruled_out``.
    """

    value: Value = None
    version: int = 0
    untold: bool = False
    ruled_out: frozenset[int] = frozenset()

    def may_have(self, version: int) -> bool:
        """Whether this can be the register's version."""
        if not self.untold:
            return version == self.version
        return version >= self.version and version not in self.ruled_out

    def at(self, version: int) -> Cell:
        """Return this state, now that its version is known."""
        return Cell(self.value, version)


EMPTY = Cell()


class Register:
    """
    The sequential behaviour of one register.

    ``versioned``: whether versions count; where they do not, no request may name one.
    """

    def __init__(self, *, versioned: bool) -> None:
        self._versioned = versioned

    def effect(self, cell: Cell, request: Request) -> Cell | None:
        """Return the state that ``request`` makes; None where its condition does not hold."""
        if request.kind is Kind.READ:
            return cell
        if request.kind is Kind.CAS and cell.value != request.old:
            return None
        if request.kind is Kind.DELETE and cell.value is None:
            return None
        if request.expected is not None:
            if cell.value is None:
                return self._changed(cell, request) if request.expected == 0 else None
            if not cell.may_have(request.expected):
                return None
            cell = cell.at(request.expected)
        return self._changed(cell, request)

    def _changed(self, cell: Cell, request: Request) -> Cell:
        value = None if request.kind is Kind.DELETE else request.value
        if not self._versioned:
            return Cell(value, cell.version)
        if cell.value is None:
            return Cell(value, cell.version + 1, untold=True)
        ruled_out = frozenset(version + 1 for version in cell.ruled_out)
        return Cell(value, cell.version + 1, cell.untold, ruled_out)

    def step(self, cell: Cell, request: Request, answer: Answer) -> Cell | None:
        """Return the state after ``request``; None where it cannot have had that answer."""
        after = self.effect(cell, request)
        if answer.outcome is Outcome.MISMATCH:
            return cell if after is None else self._other_than(cell, request)
        if after is None:
            return None
        if request.kind is Kind.READ:
            if answer.value != cell.value:
                return None
            if cell.value is None:
                return cell if answer.version in (None, 0) else None
        if answer.version is None:
            return after
        return after.at(answer.version) if after.may_have(answer.version) else None

    @staticmethod
    def _other_than(cell: Cell, request: Request) -> Cell | None:
        """Return ``cell`` with another version than ``request`` expects; None: it has that."""
        if request.expected is None or cell.value is None or not cell.untold:
            return None
        return cell._replace(ruled_out=cell.ruled_out | {request.expected})

    @staticmethod
    def ceiling(request: Request, answer: Answer) -> int | None:
        """Highest version from which ``request`` can still have had that answer; None: any."""
        if answer.version is None or answer.outcome is not Outcome.OK:
            return None
        if request.kind is Kind.READ:
            return None if answer.value is None else answer.version
        return answer.version - 1


def changes_nothing(request: Request, answer: Answer) -> bool:
    """Whether an answered operation left the register as it was, whatever that was."""
    return request.kind is Kind.READ or answer.outcome is Outcome.MISMATCH
