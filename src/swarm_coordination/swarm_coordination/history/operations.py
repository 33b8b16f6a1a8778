# SPDX-License-Identifier: Apache-2.0
"""
Histories as values: who asked a register for what, when, and what was answered.

A history is a sequence of events in real-time order: operations are invoked, and most of them
return. One that never returns (its client crashed or gave up) may have taken effect at any time
after it was invoked, or never.
"""

from __future__ import annotations

import enum
from typing import NamedTuple

# Text, a number, or None for a register that holds nothing.
Value = str | int | None


class Kind(enum.Enum):
    """What an operation asks for."""

    READ = 'read'
    WRITE = 'write'
    CAS = 'cas'  # write `value` if the register holds `old`
    DELETE = 'delete'


class Request(NamedTuple):
    """
    What is asked of one register.

    ``expected``: a write or delete only where the register has this version; 0: only where it
    holds nothing. None: unconditionally.
    """

    kind: Kind
    key: str = ''
    value: Value = None
    old: Value = None
    expected: int | None = None


class Outcome(enum.Enum):
    """How an operation ended."""

    OK = 'ok'
    MISMATCH = 'mismatch'  # its condition was seen to be false: it changed nothing
    FAIL = 'fail'  # it certainly did not take place, and tells nothing
    INFO = 'info'  # unknown: it may have taken place, or may do so later


class Answer(NamedTuple):
    """What an operation came back with; ``version`` None where the history records none."""

    outcome: Outcome
    value: Value = None  # of a read
    version: int | None = None  # found by a read, made by a write


class Event(NamedTuple):
    """One line of a history; ``answer`` is None when the operation is invoked."""

    process: str
    request: Request
    answer: Answer | None = None
    line: int = 0  # where it stands in its file; 0 for a history that was never in one


# A failed condition that a request without one cannot have.
_CONDITIONAL = (Kind.CAS, Kind.DELETE)


def answer_problem(request: Request, answer: Answer) -> str:
    """Return why ``answer`` cannot be one to ``request``; empty where it can."""
    conditional = request.kind in _CONDITIONAL or request.expected is not None
    if answer.outcome is Outcome.MISMATCH and not conditional:
        return f'a {request.kind.value} without a condition cannot mismatch'
    return ''
