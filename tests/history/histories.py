# SPDX-License-Identifier: Apache-2.0
"""Small histories, histories of a real register, and a checker that tries every order."""

from __future__ import annotations

from collections.abc import Sequence
import itertools
import random
from typing import NamedTuple

from swarm_coordination.history.operations import Answer, Event, Kind, Outcome, Request

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


class Held(NamedTuple):
    """What a register holds; ``value`` None: nothing."""

    value: int | None = None
    version: int = 0


def taken(held: Held, request: Request, jump: int) -> Held | None:
    """
    Return what a register with versions holds after a request; None where its condition fails.

    ``jump``: how many versions a write passes over where nothing was held.
    """
    present = 0 if held.value is None else held.version
    fails = (
        request.kind is Kind.CAS and held.value != request.old,
        request.kind is Kind.DELETE and held.value is None,
        request.expected is not None and request.expected != present,
    )
    if any(fails):
        return None
    if request.kind is Kind.READ:
        return held
    if request.kind is Kind.DELETE:
        return Held(None, held.version + 1)
    return Held(request.value, held.version + 1 + (jump if held.value is None else 0))


def atomic_history(
    rng: random.Random, operations: int, *, processes: int = 4, versioned: bool = True,
    unknown: float = 0.1, values: int = 3, deletes: bool = True,
) -> list[Event]:
    """
    Return a history of a register that is atomic, asked by concurrent processes.

    Each operation takes effect at one instant between its call and its return; some never
    return, and some of those never take effect.
    """
    held = Held()
    events: list[Event] = []
    running: dict[str, tuple[Request, Answer | None]] = {}
    names, invoked = [f'p{k}' for k in range(processes)], 0
    fresh = itertools.count(processes)
    while invoked < operations or running:
        name = rng.choice(names)
        if name not in running:
            if invoked < operations:
                invoked += 1
                request = _any_request(rng, held, versioned, values, deletes)
                running[name] = (request, None)
                events.append(Event(name, request))
            continue
        request, answer = running[name]
        if answer is None and rng.random() < unknown:
            del running[name]
            if rng.random() < 0.5:
                held = taken(held, request, _any_jump(rng)) or held
            if rng.random() < 0.5:
                events.append(Event(name, request, INFO))
            else:
                names[names.index(name)] = f'p{next(fresh)}'
        elif answer is None:
            after = taken(held, request, _any_jump(rng))
            version = after.version if versioned and after else None
            if request.kind is Kind.READ and version and held.value is None:
                version = 0  # as a client sees it: nothing is held
            before, held = held, after or held
            answer = MISMATCH if after is None else Answer(
                Outcome.OK, before.value if request.kind is Kind.READ else None, version)
            running[name] = (request, answer)
        else:
            del running[name]
            events.append(Event(name, request, answer))
    return events


def _any_jump(rng: random.Random) -> int:
    return rng.choice((0, 0, 0, 1, 3))


def _any_request(
    rng: random.Random, held: Held, versioned: bool, values: int, deletes: bool
) -> Request:
    kind = rng.choice(('read', 'write', 'cas', 'delete' if deletes else 'cas'))
    expected = rng.choice((None, max(0, held.version - rng.randrange(2)))) if versioned else None
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
    told = [number for _, _, request, answer in order
            for number in (request.expected, answer and answer.version) if number]
    # One version beyond all that anybody speaks of stands for all of them.
    jumps = range(max(told, default=0) + 2) if versioned else range(1)
    possible, latest = {Held()}, -1
    for invoked, returned, request, answer in order:
        if returned < latest:  # it had returned before one put in front of it was invoked
            return False
        latest = max(latest, invoked)
        possible = {after for held in possible for jump in jumps
                    if (after := _answered(held, request, answer, jump)) is not None}
    return bool(possible)


def _answered(held: Held, request: Request, answer: Answer | None, jump: int) -> Held | None:
    """Return what is held after a request that had this answer; None where it cannot have."""
    after = taken(held, request, jump)
    if answer is None:
        return after or held
    if after is None or answer.outcome is Outcome.MISMATCH:
        return held if after is None and answer.outcome is Outcome.MISMATCH else None
    version = after.version
    if request.kind is Kind.READ:
        version = 0 if held.value is None else held.version
        if answer.value != held.value:
            return None
    return after if answer.version in (None, version) else None
