# SPDX-License-Identifier: Apache-2.0
"""Events come in one order; broken invariants are seen when they break."""

from __future__ import annotations

import pytest
from scenario.records import at, entry, IDS
from swarm_coordination.consensus.messages import Role
from swarm_coordination.errors import UsageError
from swarm_coordination.simulation.event_queue import EventQueue
from swarm_coordination.simulation.invariants import GAP_STATUSES, Invariants


def test_events_come_by_time_and_then_in_the_order_they_were_pushed():
    queue, seen = EventQueue(0), []
    for time_ns, name in ((5, 'b'), (3, 'a'), (5, 'c')):
        queue.push(time_ns, lambda now, name=name: seen.append((now, name)))
    queue.run_until(4)
    assert queue.now == 4
    queue.run_until(5)

    assert seen == [(3, 'a'), (5, 'b'), (5, 'c')]


def test_an_event_in_the_past_is_misuse():
    queue = EventQueue(10)

    with pytest.raises(UsageError):
        queue.push(9, lambda now: None)


def broken_by(*steps: object) -> list[str]:
    """Return what these checks found."""
    found: list[str] = []
    invariants = Invariants(found.append)
    for step in steps:
        step(invariants)
    return found


def status(name: str, index: int, **changes: object):
    """Return a step that checks a status."""
    return lambda invariants: invariants.status(name, at(name, index, **changes))


def applied(name: str, index: int, **changes: object):
    """Return a step that checks an applied entry."""
    return lambda invariants: invariants.committed(name, entry(index)._replace(**changes))


def jumped(name: str, index: int):
    """Return a step that tells of a snapshot."""
    return lambda invariants: invariants.jumped(name, index)


BOTH = (applied('r1', 1), applied('r1', 2))
SEEN = tuple(status('r2', 2) for _ in range(GAP_STATUSES + 1))


@pytest.mark.parametrize('steps', [
    (jumped('r2', 1), applied('r2', 2)),
    (applied('r2', 2), status('r2', 2), jumped('r2', 1)),  # over DDS the two may change places
    (jumped('r2', 2), jumped('r2', 1)),
])
def test_a_snapshot_explains_a_gap(steps):
    assert broken_by(*BOTH, *steps, *SEEN) == []


def test_a_healthy_run_breaks_nothing():
    assert broken_by(
        applied('r1', 1), applied('r2', 1), status('r5', 1), status('r1', 1), applied('r1', 2),
        status('r1', 2), lambda invariants: invariants.restarted('r1'), applied('r1', 1),
        status('r1', 1),
    ) == []


@pytest.mark.parametrize(('steps', 'text'), [
    ((status('r5', 1), status('r4', 1, role=Role.LEADER, leader=IDS['r4'])), 'Election Safety'),
    ((applied('r1', 1), applied('r2', 1, term=7)), 'Log Matching'),
    ((applied('r1', 1), applied('r2', 1, command='x')), 'Log Matching'),
    ((*BOTH, applied('r2', 2), *SEEN), 'applied entry 2 and not the one before'),
    ((*BOTH, jumped('r2', 0), applied('r2', 2), *SEEN), 'and not the one before'),
    ((*BOTH, jumped('r2', 2), applied('r2', 2)), 'applied entry 2 after entry 2'),
    ((applied('r1', 1), applied('r1', 1)), 'applied entry 1 after entry 1'),
    ((status('r1', 3), status('r2', 3, state_hash=1)), 'State Machine Safety'),
    ((status('r1', 3), status('r1', 2)), 'fell back'),
    ((status('r1', 3), status('r1', 3, term=1)), 'fell back'),
])
def test_each_broken_invariant_is_named(steps, text):
    found = broken_by(*steps)

    assert found
    assert text in found[0]
