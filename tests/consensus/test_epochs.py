# SPDX-License-Identifier: Apache-2.0
"""A log from before a forced cluster is not vouched for in that cluster, until joined to it."""

from __future__ import annotations

from consensus.single import append, asks, BEAT, MAX, member, pre_asks, sync
from swarm_coordination.consensus.compacting import configuration_bytes
from swarm_coordination.consensus.configuration import Configuration, configuration_payload
from swarm_coordination.consensus.messages import (
    Append,
    Heartbeat,
    OneShotKind,
    ReadAnswer,
    Role,
    TermNotice,
)
from swarm_coordination.consensus.quorum import Membership
from swarm_coordination.consensus.raft import Raft
from swarm_coordination.consensus.state import NEVER_NS
from swarm_coordination.epochs import forced_term
from swarm_coordination.persistence import Entry, EntryKind, HardState, SnapshotRecord

TERM = forced_term(1, 2)
FORCED = configuration_payload(Membership.of((2,), (1, 3)), forced=True)


def beat(term: int, number: int, commit: int, last: tuple[int, int]) -> Heartbeat:
    return Heartbeat(term, 2, number, commit, *last)


def old() -> Raft:
    """Return a member with three entries committed in term 1, then told of a forced cluster."""
    raft = member([1, 1, 1])
    raft.step(beat(1, 1, 3, (3, 1)), 0)
    sync(raft)
    assert raft.commit == 3
    raft.step(beat(TERM, 1, 4, (4, TERM)), 0)
    sync(raft)
    assert raft.term == TERM and raft.leader == 2
    return raft


def join(raft: Raft) -> None:
    """Give it the forced entry, after the three that it shares with the leader's log."""
    entry = Entry(4, TERM, FORCED, EntryKind.CONFIGURATION)
    raft.step(Append(TERM, 3, 1, (entry,)), 0)
    sync(raft)


def test_what_was_committed_before_is_not_acknowledged_to_the_leader_of_a_forced_cluster():
    raft = old()
    assert raft.levels().match_term < TERM
    join(raft)
    assert (raft.levels().match_term, raft.levels().match_index) == (TERM, 4)


def test_nor_is_it_served_to_others_as_that_leaders_log():
    raft = old()
    assert raft.items_from(0, 10_000) == ()
    join(raft)
    assert [entry.index for entry in raft.items_from(0, 10_000)] == [1, 2, 3, 4]


def test_nobody_stands_for_election_in_a_forced_cluster_with_a_log_from_before_it():
    raft = old()
    assert raft.role is Role.LEARNER and raft.next_deadline() == NEVER_NS
    raft.tick(10 * MAX)
    assert raft.term == TERM and raft.role is Role.LEARNER


def test_nobody_votes_there_for_a_log_from_before_it():
    raft = member([1, 1, 1], state=HardState(TERM, 0))
    raft.step(pre_asks(3, TERM + 1, (9, 1)), MAX)
    raft.step(asks(3, TERM + 1, (9, 1)), MAX)
    sync(raft)
    assert raft.term == TERM and raft.levels().vote == 0 and raft.levels().grant_term == 0
    raft.step(asks(3, TERM + 1, (9, TERM)), MAX)
    sync(raft)
    assert raft.levels().vote == 3


def test_a_follower_of_a_live_leader_goes_over_to_a_forced_cluster_at_once():
    raft = member([1])
    raft.step(beat(1, 1, 1, (1, 1)), 0)
    raft.step(TermNotice(3, 5), 0)
    assert raft.term == 1
    raft.step(TermNotice(3, TERM), 0)
    assert raft.term == TERM


def test_entries_that_contradict_what_was_committed_before_are_not_taken():
    raft = old()
    raft.step(append(TERM, (2, 1), TERM), 0)
    sync(raft)
    assert raft.anomalies == 1 and raft.log.last_term == 1 and raft.levels().match_term < TERM


def test_a_snapshot_of_a_voided_history_is_refused_and_one_of_the_forced_cluster_taken():
    configuration = configuration_bytes(Configuration(0, Membership.of((1, 2, 3))))
    raft = old()
    assert not raft.install(SnapshotRecord(9, 1, configuration, b'void'), 1, 0)
    assert raft.commit == 3
    # Of before the fork, by a member whose log goes on in the forced cluster.
    assert raft.install(SnapshotRecord(9, 1, configuration, b'kept'), TERM, 0)
    assert raft.commit == 9 and raft.is_void and raft.vouched_term == 1
    # Nor does a member of the old cluster keep its own from being replaced.
    forced = configuration_bytes(Configuration(10, Membership.of((2,), (1, 3)), forced=True))
    assert raft.install(SnapshotRecord(12, TERM, forced, b'new'), TERM, 0)
    assert not raft.is_void and raft.vouched_term == TERM


def test_a_leader_of_a_forced_cluster_is_no_evidence_for_a_log_from_before_it():
    raft = old()
    raft.step(beat(TERM, 2, 4, (4, TERM)), BEAT)
    assert raft.leader_evidence_ns == 0 and not raft.quorum_active(BEAT)
    raft.step(beat(TERM + 1, 3, 4, (4, TERM)), 2 * BEAT)
    assert raft.leader_evidence_ns == 0
    raft.step(Append(TERM + 1, 3, 1, (Entry(4, TERM, FORCED, EntryKind.CONFIGURATION),)), 2 * BEAT)
    assert raft.leader_evidence_ns == 2 * BEAT and raft.quorum_active(2 * BEAT)


def test_a_log_that_is_void_from_the_start_has_no_evidence_of_a_leader():
    raft = member([1, 1, 1], state=HardState(TERM, 0))
    raft.step(beat(TERM, 1, 4, (4, TERM)), BEAT)
    assert raft.leader == 2 and raft.leader_evidence_ns is None


def test_a_read_of_a_void_log_waits_until_it_is_joined():
    raft = old()
    serial = raft.read(0)
    assert raft.levels().one_shot.kind is OneShotKind.NONE
    assert sync(raft).reads == ()
    join(raft)
    assert raft.levels().one_shot.kind is OneShotKind.READ
    raft.step(ReadAnswer(TERM, 2, 1, serial, 4), 0)
    assert sync(raft).reads == (serial,)


def test_a_read_that_a_leader_from_before_has_answered_is_asked_anew():
    raft = member([1, 1, 1])
    raft.step(beat(1, 1, 2, (3, 1)), 0)
    sync(raft)
    serial = raft.read(0)
    raft.step(ReadAnswer(1, 2, 1, serial, 3), 0)
    raft.step(beat(TERM, 1, 4, (4, TERM)), 0)
    raft.step(append(TERM, (2, 1), 1), 0)  # the third is of the forced log, too
    raft.step(beat(TERM, 2, 3, (4, TERM)), 0)
    assert sync(raft).reads == () and raft.commit == 3 and raft.is_void
    join(raft)
    assert sync(raft).reads == ()
    raft.tick(BEAT)
    again = raft.levels().one_shot
    assert again.kind is OneShotKind.READ and again.serial > serial
    raft.step(beat(TERM, 3, 4, (4, TERM)), BEAT)
    raft.step(ReadAnswer(TERM, 2, 1, again.serial, 4), BEAT)
    assert sync(raft).reads == (serial,)
