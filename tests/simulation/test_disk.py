# SPDX-License-Identifier: Apache-2.0
"""The virtual disk keeps what was synced and nothing else."""

from __future__ import annotations

import random

from swarm_coordination.persistence import (
    Entry,
    EntryRecord,
    HardState,
    IncarnationRecord,
    PersistRequest,
)
from swarm_coordination.simulation.disk import VirtualDisk
from swarm_coordination.simulation.event_queue import EventQueue
from swarm_coordination.storage.provision import make_cluster


def disk(queue: EventQueue) -> VirtualDisk:
    """Return a provisioned disk whose syncs take 10 ns."""
    return VirtualDisk(make_cluster(['robot1'], random.Random(1))[0], queue, lambda: 10)


def request(token: int, index: int) -> PersistRequest:
    """Return a request that appends one entry."""
    return PersistRequest(token, (EntryRecord(Entry(index, 1, b'x')),))


def test_a_request_is_durable_once_its_sync_ends():
    queue, told = EventQueue(0), []
    written = disk(queue)
    written.write((request(1, 1),), lambda token, now: told.append((token, now)))
    queue.run_until(9)
    assert told == []
    assert written.recovered().entries == ()

    queue.run_until(10)
    assert told == [(1, 10)]
    assert [entry.index for entry in written.recovered().entries] == [1]


def test_what_is_written_during_a_sync_shares_the_next_one():
    queue, told = EventQueue(0), []
    written = disk(queue)
    for token in (1, 2, 3):
        written.write((request(token, token),), lambda token, now: told.append((token, now)))
    queue.run_until(100)

    assert told == [(1, 10), (3, 20)]
    assert written.syncs == 2


def test_a_disk_that_is_held_syncs_nothing_until_its_process_dies():
    queue, told = EventQueue(0), []
    written = disk(queue)
    written.write((request(1, 1),), lambda token, now: told.append(token))
    written.hold()
    queue.run_until(100)
    written.write((request(2, 2), request(3, 3)), lambda token, now: told.append(token))
    queue.run_until(200)
    assert (written.unsynced, told) == (3, [])

    written.crash(survives=2)
    assert [entry.index for entry in written.recovered().entries] == [1, 2]
    written.write((request(4, 3),), lambda token, now: told.append(token))
    queue.run_until(300)
    assert (written.unsynced, told) == (0, [4])


def test_a_crash_loses_what_was_not_synced_and_reports_nothing():
    queue, told = EventQueue(0), []
    written = disk(queue)
    written.write((request(1, 1),), lambda token, now: told.append(token))
    queue.run_until(10)
    written.write((request(2, 2),), lambda token, now: told.append(token))
    written.crash()
    written.write((PersistRequest(1, (IncarnationRecord(2),)),), lambda t, now: told.append('new'))
    queue.run_until(100)

    assert told == [1, 'new']
    recovered = written.recovered()
    assert [entry.index for entry in recovered.entries] == [1]
    assert recovered.incarnation == 2
    assert recovered.may_vote


def test_a_wiped_disk_may_not_vote():
    queue = EventQueue(0)
    written = disk(queue)
    written.write((PersistRequest(1, (HardState(4, 7),)),), lambda token, now: None)
    queue.run_until(10)
    written.wipe()

    assert written.recovered().hard_state == HardState(0, 0)
    assert not written.recovered().may_vote
