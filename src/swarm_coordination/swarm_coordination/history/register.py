# SPDX-License-Identifier: Apache-2.0
"""
The register that histories are compared with: what one operation does when nothing interferes.

A register holds a value, or nothing, and a version. The version counts the writes and deletions
that took effect, from 1, as the blackboard's does. Histories without versions (Jepsen's) are
checked with the version standing still, so that equal values are equal states.
"""

from __future__ import annotations

from typing import NamedTuple

from swarm_coordination.history.operations import Answer, Kind, Outcome, Request, Value


class Cell(NamedTuple):
    """State of one register; ``value`` None: it holds nothing."""

    value: Value = None
    version: int = 0


EMPTY = Cell()


class Register:
    """
    The sequential behaviour of one register.

    ``versioned``: whether versions count; where they do not, no request may name one.
    """

    def __init__(self, *, versioned: bool) -> None:
        self._step = 1 if versioned else 0

    def effect(self, cell: Cell, request: Request) -> Cell | None:
        """Return the state that ``request`` makes; None where its condition does not hold."""
        if request.kind is Kind.READ:
            return cell
        if request.kind is Kind.CAS and cell.value != request.old:
            return None
        if request.kind is Kind.DELETE and cell.value is None:
            return None
        if request.expected is not None and request.expected != self._present(cell):
            return None
        value = None if request.kind is Kind.DELETE else request.value
        return Cell(value, cell.version + self._step)

    def step(self, cell: Cell, request: Request, answer: Answer) -> Cell | None:
        """Return the state after ``request``; None where it cannot have had that answer."""
        after = self.effect(cell, request)
        if answer.outcome is Outcome.MISMATCH:
            return cell if after is None else None
        if after is None:
            return None
        if request.kind is Kind.READ:
            if answer.value != cell.value:
                return None
            found = self._present(cell)
            return cell if answer.version in (None, found) else None
        return after if answer.version in (None, after.version) else None

    @staticmethod
    def ceiling(request: Request, answer: Answer) -> int | None:
        """Highest version from which ``request`` can still have had that answer; None: any."""
        if answer.version is None or answer.outcome is not Outcome.OK:
            return None
        if request.kind is Kind.READ:
            return None if answer.value is None else answer.version
        return answer.version - 1

    @staticmethod
    def _present(cell: Cell) -> int:
        """Version as a client sees it: 0 where nothing is held."""
        return 0 if cell.value is None else cell.version


def changes_nothing(request: Request, answer: Answer) -> bool:
    """Whether an answered operation left the register as it was, whatever that was."""
    return request.kind is Kind.READ or answer.outcome is Outcome.MISMATCH
