# SPDX-License-Identifier: Apache-2.0
"""Intents: no serial twice, nothing shown before it is on disk, everything bounded."""

import pytest
from swarm_coordination.errors import ProposalRefused, UsageError
from swarm_coordination.mission.commands import COMMAND_BYTES_MAX
from swarm_coordination.mission.intents import IntentQueue, INTENTS_MAX
from swarm_coordination.mission.sessions import Session
from swarm_coordination.persistence import IntentRecord, IntentSettled


def test_serials_rise_from_the_last_one_ever_given_out():
    queue = IntentQueue((), 7)
    assert [queue.accept(b'a').serial, queue.accept(b'b').serial] == [8, 9]
    assert queue.last_serial == 9


def test_an_intent_is_shown_only_when_it_is_on_disk():
    queue = IntentQueue()
    first, second = queue.accept(b'a'), queue.accept(b'b')
    assert queue.head() == ()
    queue.persisted(first.serial)
    assert queue.head() == (first,)
    queue.persisted(second.serial)
    assert queue.head() == (first, second)


def test_what_was_read_back_from_disk_is_shown_at_once():
    record = IntentRecord(3, b'a')
    queue = IntentQueue((record,), 4)
    assert queue.head() == (record,)
    assert queue.version == 1


def test_the_head_fits_the_bytes_and_never_leaves_out_the_oldest():
    queue = IntentQueue()
    for size in (600, 60, 60, 5):
        queue.accept(b'x' * size)
    queue.persisted(4)
    assert [record.serial for record in queue.head(700)] == [1, 2]
    assert [record.serial for record in queue.head(10)] == [1]


def test_settling_drops_what_is_applied_and_says_what_to_persist():
    queue = IntentQueue()
    for _ in range(3):
        queue.accept(b'x')
    queue.persisted(3)
    version = queue.version
    assert queue.settle(2) == IntentSettled(2)
    assert queue.version > version
    assert (len(queue), queue.settle(2)) == (1, None)


def test_a_session_remembers_all_that_a_full_queue_holds():
    session = Session()
    for _ in range(INTENTS_MAX):
        session = session.record(True, '')
    assert all(session.took_effect(serial) for serial in range(1, INTENTS_MAX + 1))


def test_a_full_queue_and_a_long_command_are_refused():
    queue = IntentQueue()
    for _ in range(INTENTS_MAX):
        queue.accept(b'x')
    with pytest.raises(ProposalRefused, match='full'):
        queue.accept(b'x')
    assert queue.last_serial == INTENTS_MAX
    for payload in (b'', b'x' * (COMMAND_BYTES_MAX + 1)):
        with pytest.raises(ProposalRefused, match='bytes'):
            IntentQueue().accept(payload)


def test_records_that_contradict_each_other_are_a_misuse():
    with pytest.raises(UsageError):
        IntentQueue((IntentRecord(2, b'a'), IntentRecord(1, b'a')), 2)
    with pytest.raises(UsageError):
        IntentQueue((IntentRecord(5, b'a'),), 4)
    with pytest.raises(UsageError):
        IntentQueue().persisted(1)
