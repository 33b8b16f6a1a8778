# SPDX-License-Identifier: Apache-2.0
"""Small histories, histories of a real register, and a checker that tries every order."""

from __future__ import annotations

from collections.abc import Sequence
import itertools
import random

from swarm_coordination.history.operations import Answer, Event, Kind, Outcome, Request
from swarm_coordination.history.register import Cell, EMPTY, Register

OK, MISMATCH = Answer(Outcome.OK), Answer(Outcome.MISMATCH)
FAIL, INFO = Answer(Outcome.FAIL), Answer(Outcome.INFO)
READ = Request(Kind.READ)


def write(value: int, expected: int | None = None) -> Request:
    """Return a write."""
    return Request(Kind.WRITE, value=value, expected=expected)


def cas(old: int | None, value: int) -> Request:
    """Return a compare-and-set."""
    return Request(Kind.CAS, value=value, old=old)


def delete(expected: int | None = None) -> Request:
    """Return a deletion."""
    return Request(Kind.DELETE, expected=expected)


def read(value: int | None, version: int | None = None) -> Answer:
    """Return what a read came back with."""
    return Answer(Outcome.OK, value, version)


def history(*steps: tuple[str, Request] | tuple[str, Request, Answer]) -> list[Event]:
    """Return the events: (process, request) invokes, (process, request, answer) returns."""
    return [Event(*step) for step in steps]


def atomic_history(
    rng: random.Random, operations: int, *, processes: int = 4, versioned: bool = True,
    unknown: float = 0.1, values: int = 3, deletes: bool = True,
) -> list[Event]:
    """
    Return a history of a register that is atomic, asked by concurrent processes.

    Each operation takes effect at one instant between its call and its return; some never
    return, and some of those never take effect.
    """
    register, cell = Register(versioned=versioned), EMPTY
    events: list[Event] = []
    running: dict[str, tuple[Request, Answer | None]] = {}
    names, invoked = [f'p{k}' for k in range(processes)], 0
    fresh = itertools.count(processes)
    while invoked < operations or running:
        name = rng.choice(names)
        if name not in running:
            if invoked < operations:
                invoked += 1
                request = _any_request(rng, cell, versioned, values, deletes)
                running[name] = (request, None)
                events.append(Event(name, request))
            continue
        request, answer = running[name]
        if answer is None and rng.random() < unknown:
            del running[name]
            if rng.random() < 0.5:
                cell = register.effect(cell, request) or cell
            if rng.random() < 0.5:
                events.append(Event(name, request, INFO))
            else:
                names[names.index(name)] = f'p{next(fresh)}'
        elif answer is None:
            after = register.effect(cell, request)
            version = after.version if versioned and after else None
            if request.kind is Kind.READ and version and cell.value is None:
                version = 0  # as a client sees it: nothing is held
            cell_before, cell = cell, after or cell
            answer = MISMATCH if after is None else Answer(
                Outcome.OK, cell_before.value if request.kind is Kind.READ else None, version)
            running[name] = (request, answer)
        else:
            del running[name]
            events.append(Event(name, request, answer))
    return events


def _any_request(
    rng: random.Random, cell: Cell, versioned: bool, values: int, deletes: bool
) -> Request:
    kind = rng.choice(('read', 'write', 'cas', 'delete' if deletes else 'cas'))
    expected = rng.choice((None, max(0, cell.version - rng.randrange(2)))) if versioned else None
    if kind == 'read':
        return READ
    if kind == 'write':
        return write(rng.randrange(values), expected)
    if kind == 'cas':
        return cas(rng.choice((None, *range(values))), rng.randrange(values))
    return delete(expected)


def linearizable_by_brute_force(events: Sequence[Event], *, versioned: bool) -> bool:
    """Try every order of every choice of unknown operations: for a handful of operations."""
    spans = _spans(events)
    answered = [span for span in spans if span[3] is not None]
    unknown = [span for span in spans if span[3] is None]
    return any(
        _explained(order, versioned)
        for count in range(len(unknown) + 1)
        for chosen in itertools.combinations(unknown, count)
        for order in itertools.permutations([*answered, *chosen])
    )


Span = tuple[int, float, Request, Answer | None]  # invoked, returned, asked, answered


def _spans(events: Sequence[Event]) -> list[Span]:
    spans: list[Span] = []
    for at, event in enumerate(events):
        if event.answer is not None:
            continue
        returns = ((later, other) for later, other in enumerate(events)
                   if later > at and other.process == event.process)
        returned, ended = next(returns, (None, None))
        if returned is None or ended.answer.outcome is Outcome.INFO:
            spans.append((at, float('inf'), event.request, None))
        elif ended.answer.outcome is not Outcome.FAIL:
            spans.append((at, returned, event.request, ended.answer))
    return spans


def _explained(order: Sequence[Span], versioned: bool) -> bool:
    register, cell = Register(versioned=versioned), EMPTY
    latest = -1
    for invoked, returned, request, answer in order:
        if returned < latest:  # it had returned before one put in front of it was invoked
            return False
        latest = max(latest, invoked)
        after = (register.effect(cell, request) or cell if answer is None
                 else register.step(cell, request, answer))
        if after is None:
            return False
        cell = after
    return True
