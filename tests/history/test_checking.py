# SPDX-License-Identifier: Apache-2.0
"""The checker tells linearizable histories from others, and agrees with trying every order."""

from __future__ import annotations

import random

import history.histories as made
from history.histories import cas, delete, FAIL, INFO, MISMATCH, OK, READ, read, write
from hypothesis import given, settings
from hypothesis import strategies as st
import pytest
from swarm_coordination.errors import ConfigurationError
from swarm_coordination.history.checking import check, Checker, Verdict
from swarm_coordination.history.operations import Answer, Event, Kind, Outcome, Request
from swarm_coordination.history.register import EMPTY
from swarm_coordination.history.search import _Frontier


def verdict(events, *, versioned=False):
    """Return what the checker says of a history."""
    return check(events, versioned=versioned).verdict


LINEARIZABLE = {
    'nothing was asked of it': (),
    'a fresh register holds nothing': (('a', READ), ('a', READ, read(None))),
    'a read sees the write before it': (
        ('a', write(1)), ('a', write(1), OK), ('b', READ), ('b', READ, read(1))),
    'a read beside a write may see it or not': (
        ('a', write(1)), ('b', READ), ('c', READ), ('b', READ, read(1)), ('c', READ, read(None)),
        ('a', write(1), OK)),
    'a crashed write may show up late': (
        ('a', write(1)), ('a', write(1), INFO), ('b', READ), ('b', READ, read(None)),
        ('b', READ), ('b', READ, read(1))),
    'a crashed write may never show up': (
        ('a', write(1)), ('b', READ), ('b', READ, read(None)), ('b', READ),
        ('b', READ, read(None))),
    'a failed comparison saw something else': (
        ('a', write(2)), ('a', write(2), OK), ('b', cas(1, 3)), ('b', cas(1, 3), MISMATCH)),
    'a failed request tells nothing': (
        ('a', cas(1, 3)), ('a', cas(1, 3), FAIL), ('b', READ), ('b', READ, read(None))),
    'a process goes on after an unknown answer': (
        ('a', write(1)), ('a', write(1), INFO), ('a', READ), ('a', READ, read(1))),
}
NOT_LINEARIZABLE = {
    'a stale read': (
        ('a', write(1)), ('a', write(1), OK), ('a', write(2)), ('a', write(2), OK),
        ('b', READ), ('b', READ, read(1))),
    'a value that nobody wrote': (('a', READ), ('a', READ, read(4))),
    'a write seen, and then not': (
        ('a', write(1)), ('b', READ), ('b', READ, read(1)), ('c', READ),
        ('c', READ, read(None)), ('a', write(1), OK)),
    'two comparisons won from one value': (
        ('a', cas(None, 1)), ('b', cas(None, 2)), ('a', cas(None, 1), OK),
        ('b', cas(None, 2), OK)),
    'a comparison that must have held': (
        ('a', write(1)), ('a', write(1), OK), ('b', cas(1, 2)), ('b', cas(1, 2), MISMATCH)),
    'a write that failed for certain is seen': (
        ('a', cas(None, 1)), ('a', cas(None, 1), FAIL), ('b', READ), ('b', READ, read(1))),
    'a crashed write seen twice, with another between': (
        ('a', write(1)), ('a', write(1), INFO), ('b', READ), ('b', READ, read(1)),
        ('b', write(2)), ('b', write(2), OK), ('b', READ), ('b', READ, read(1))),
    'a crashed write seen before it was asked for': (
        ('b', READ), ('b', READ, read(1)), ('a', write(1)), ('a', write(1), INFO)),
}


@pytest.mark.parametrize('steps', LINEARIZABLE.values(), ids=LINEARIZABLE)
def test_it_is_linearizable(steps):
    assert verdict(made.history(*steps)) is Verdict.LINEARIZABLE


@pytest.mark.parametrize('steps', NOT_LINEARIZABLE.values(), ids=NOT_LINEARIZABLE)
def test_it_is_not_linearizable(steps):
    assert verdict(made.history(*steps)) is Verdict.NOT_LINEARIZABLE


def test_two_equal_crashed_writes_explain_two_sights_of_their_value():
    crashed = (('a', write(1)), ('a', write(1), INFO), ('a', write(1)), ('a', write(1), INFO))
    seen = (('b', READ), ('b', READ, read(1)), ('b', write(2)), ('b', write(2), OK))
    again = (('b', READ), ('b', READ, read(1)))

    once = made.history(*crashed, *seen, *again)
    thrice = made.history(*crashed, *seen, *again, *seen[2:], *again)

    assert verdict(once) is Verdict.LINEARIZABLE
    assert verdict(thrice) is Verdict.NOT_LINEARIZABLE


def test_a_configuration_that_used_fewer_unknown_operations_replaces_one_that_used_more():
    frontier = _Frontier()
    assert frontier.add(0, EMPTY, 0b011)
    assert frontier.add(0, EMPTY, 0b110)
    assert frontier.add(0, EMPTY, 0b010)  # can do all that both others can
    assert not frontier.add(0, EMPTY, 0b111)
    assert (list(frontier), frontier.size) == ([(0, EMPTY, 0b010)], 1)


def test_versions_count_writes_and_deletions():
    steps = (
        ('a', write(7, 0)), ('a', write(7, 0), Answer(Outcome.OK, version=1)),
        ('a', delete(1)), ('a', delete(1), Answer(Outcome.OK, version=2)),
        ('b', READ), ('b', READ, read(None, 0)),
        ('b', write(8, 1)), ('b', write(8, 1), MISMATCH),
        ('b', write(7, 0)), ('b', write(7, 0), Answer(Outcome.OK, version=3)),
    )
    assert verdict(made.history(*steps), versioned=True) is Verdict.LINEARIZABLE
    # The same value again is another version: who expects the old one must not win.
    stale = (('a', write(9, 1)), ('a', write(9, 1), OK))
    assert verdict(made.history(*steps, *stale), versioned=True) is Verdict.NOT_LINEARIZABLE


def at(version):
    """Return the answer of a write or deletion that made this version."""
    return Answer(Outcome.OK, version=version)


EMPTIED = (('a', write(7)), ('a', write(7), at(1)), ('a', delete()), ('a', delete(), at(2)))
UNTOLD = (*EMPTIED, ('b', write(8)), ('b', write(8), INFO), ('a', READ), ('a', READ, read(8)))


@pytest.mark.parametrize(('steps', 'expected'), [
    ((*EMPTIED, ('b', write(8)), ('b', write(8), at(9))), True),
    ((('b', write(8)), ('b', write(8), at(9)), ('b', write(7)), ('b', write(7), at(10))), True),
    ((*EMPTIED, ('b', write(8)), ('b', write(8), at(2))), False),
    ((*EMPTIED, ('b', write(8)), ('b', write(8), at(1))), False),
    ((*EMPTIED[:2], ('b', write(8)), ('b', write(8), at(3))), False),
    ((*EMPTIED[:2], ('b', delete()), ('b', delete(), at(3))), False),
    ((*UNTOLD, ('a', READ), ('a', READ, read(8, 9)), ('b', READ), ('b', READ, read(8, 9))), True),
    ((*UNTOLD, ('a', READ), ('a', READ, read(8, 9)), ('b', READ), ('b', READ, read(8, 8))), False),
    ((*UNTOLD, ('a', READ), ('a', READ, read(8, 2))), False),
    ((*UNTOLD, ('a', delete(5)), ('a', delete(5), OK), ('a', READ), ('a', READ, read(None, 0))),
     True),
    ((*UNTOLD, ('a', write(1, 5)), ('a', write(1, 5), MISMATCH), ('a', READ),
      ('a', READ, read(8, 5))), False),
    ((*UNTOLD, ('a', write(1, 5)), ('a', write(1, 5), MISMATCH), ('a', write(2)),
      ('a', write(2), at(6))), False),
    ((*UNTOLD, ('a', write(1, 5)), ('a', write(1, 5), MISMATCH), ('a', write(2)),
      ('a', write(2), at(7))), True),
    # Two reads under way at once, each of which fits, though no version fits both.
    ((*UNTOLD, ('a', READ), ('c', READ), ('a', READ, read(8, 5)), ('c', READ, read(8, 6))), False),
])
def test_only_a_write_where_nothing_is_held_takes_the_version_further_up(steps, expected):
    found = verdict(made.history(*steps), versioned=True)
    assert (found is Verdict.LINEARIZABLE) is expected


def test_a_version_that_nobody_told_is_shown_as_such():
    events = made.history(*UNTOLD, ('a', write(1)), ('a', write(1), at(3)))
    (violation,) = check(events, versioned=True).violations
    assert 'it held 8 (version 3 or higher)' in str(violation)


def test_a_deletion_of_nothing_mismatches():
    right = made.history(('a', delete()), ('a', delete(), MISMATCH))
    wrong = made.history(('a', delete()), ('a', delete(), OK))
    assert verdict(right) is Verdict.LINEARIZABLE
    assert verdict(wrong) is Verdict.NOT_LINEARIZABLE


def test_keys_are_registers_of_their_own_and_one_bad_key_is_named():
    x, y = Request(Kind.WRITE, 'x', 1), Request(Kind.READ, 'y')
    events = made.history(('a', x), ('a', x, OK), ('b', y), ('b', y, read(1)))

    report = check(events, versioned=False)

    assert report.verdict is Verdict.NOT_LINEARIZABLE
    assert (report.keys, report.operations) == (2, 2)
    (violation,) = report.violations
    assert "key 'y'" in str(violation) and 'got read: ok 1' in str(violation)
    assert 'it held nothing' in str(violation)


def test_a_growing_history_is_refuted_by_the_event_that_completes_the_violation():
    checker = Checker(versioned=False)
    events = made.history(
        ('a', write(1)), ('b', READ), ('b', READ, read(1)), ('c', READ),
        ('c', READ, read(None)), ('a', write(1), OK))

    found = [checker.add(event) for event in events]

    assert found[:-1] == [None] * 5  # nobody knew yet that the write would be answered
    assert found[-1] is not None and found[-1].event.process == 'c'


def test_a_growing_history_holds_only_what_is_under_way():
    checker = Checker(versioned=True)
    for event in made.atomic_history(random.Random(3), 2_000, unknown=0.0):
        assert checker.add(event) is None
    (key,) = checker._keys.values()
    assert len(key.waiting) == 0 and len(key.search._pending) == 0


@pytest.mark.parametrize(('steps', 'bound'), [
    ((('a', READ), ('a', READ)), 'one operation of a process at a time'),
    ((('a', READ, read(1)),), 'an answer to what the process asked: nothing'),
    ((('a', READ), ('a', write(1), OK)), 'an answer to what the process asked'),
    ((('a', write(1)), ('a', write(1), MISMATCH)), 'a write without a condition'),
])
def test_what_is_no_history_is_refused(steps, bound):
    with pytest.raises(ConfigurationError, match=bound):
        verdict(made.history(*steps))


def test_a_search_that_runs_out_of_time_says_unknown():
    # Sixteen concurrent writes, then reads that no order explains: 2^16 configurations.
    writes = [(f'w{k}', write(k)) for k in range(16)]
    ends = [(name, request, OK) for name, request in writes]
    reads = [('r', READ), ('r', READ, read(99))]
    events = made.history(*writes, *reads, *ends)

    report = check(events, versioned=False, expired=lambda steps: steps >= 2048)

    assert report.verdict is Verdict.UNKNOWN
    assert report.steps == 2048 and report.reasons == ('out of time',)


def test_a_violation_outweighs_a_key_that_was_given_up():
    hard = [(f'w{k}', write(k)) for k in range(16)]
    bad = Request(Kind.READ, 'other')
    events = made.history(
        *hard, ('r', READ), ('r', READ, read(99)), *((n, r, OK) for n, r in hard),
        ('r', bad), ('r', bad, read(1)))
    report = check(events, versioned=False, expired=lambda steps: True)
    assert report.verdict is Verdict.NOT_LINEARIZABLE and report.reasons


@settings(max_examples=150)
@given(st.integers(0, 2**32), st.integers(1, 60), st.booleans(), st.integers(1, 6))
def test_every_history_of_an_atomic_register_passes(seed, operations, versioned, processes):
    events = made.atomic_history(
        random.Random(seed), operations, versioned=versioned, processes=processes)
    assert verdict(events, versioned=versioned) is Verdict.LINEARIZABLE


@settings(max_examples=400)
@given(st.integers(0, 2**32), st.integers(1, 6), st.booleans(), st.data())
def test_the_checker_agrees_with_trying_every_order(seed, operations, versioned, data):
    rng = random.Random(seed)
    events = made.atomic_history(
        rng, operations, versioned=versioned, processes=3, unknown=0.25, values=2)
    answered = [at for at, event in enumerate(events) if event.answer is not None]
    if answered:  # change one answer: about half of these histories are refuted
        at = data.draw(st.sampled_from(answered))
        events[at] = _mutated(events[at], rng)

    expected = made.linearizable_by_brute_force(events, versioned=versioned)

    assert (verdict(events, versioned=versioned) is Verdict.LINEARIZABLE) == expected


def _mutated(event: Event, rng: random.Random) -> Event:
    request, answer = event.request, event.answer
    if answer is not None and answer.version and rng.random() < 0.5:
        return event._replace(answer=answer._replace(
            version=max(1, answer.version + rng.choice((-2, -1, 1, 2)))))
    if request.kind is Kind.READ:
        return event._replace(answer=read(rng.choice((None, 0, 1))))
    if request.kind is Kind.WRITE and request.expected is None:
        return event._replace(answer=INFO)
    return event._replace(answer=rng.choice((OK, MISMATCH, INFO, FAIL)))


def test_a_thousand_operations_of_ten_clients_take_seconds_not_minutes():
    events = made.atomic_history(
        random.Random(1), 1_000, processes=10, unknown=0.02, versioned=False)
    report = check(events, versioned=False, expired=lambda steps: steps > 200_000)
    assert report.verdict is Verdict.LINEARIZABLE
