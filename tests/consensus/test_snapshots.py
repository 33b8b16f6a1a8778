# SPDX-License-Identifier: Apache-2.0
"""Compaction and snapshots, rule by rule, with the section of Ongaro 2014 that each follows."""

from __future__ import annotations

import random

from consensus.cluster import Cluster
from consensus.single import append, leader, log_of, member, sync
from hypothesis import given, settings
from hypothesis import strategies as st
import pytest
from swarm_coordination.consensus.compacting import configuration_bytes, configuration_from
from swarm_coordination.consensus.configuration import Configuration
from swarm_coordination.consensus.log import Log
from swarm_coordination.consensus.messages import Append, Heartbeat, Role
from swarm_coordination.consensus.quorum import Membership
from swarm_coordination.consensus.raft import DELIVERED_MAX, Raft
from swarm_coordination.consensus.settings import RaftSettings
from swarm_coordination.errors import UsageError
from swarm_coordination.persistence import Entry, HardState, SnapshotRecord

VOTERS = Configuration(0, Membership.of((1, 2, 3)))
OTHERS = Configuration(40, Membership.of((1, 2, 3, 4), (5,)))


def beat(term: int, *, last_index: int, last_term: int, commit: int) -> Heartbeat:
    """Heartbeat of member 2 as leader."""
    return Heartbeat(term, 2, 1, commit, last_index, last_term)


def snapshot(index: int, term: int, configuration: Configuration = VOTERS) -> SnapshotRecord:
    return SnapshotRecord(index, term, configuration_bytes(configuration), b'state')


def restarted(record: SnapshotRecord, *terms: int, term: int = 9) -> Raft:
    """Return member 1 started from a snapshot and entries of these terms after it."""
    base = configuration_from(record.configuration)
    assert base is not None
    entries = [Entry(record.index + at, of, b'x') for at, of in enumerate(terms, 1)]
    return Raft(1, base, RaftSettings(), random.Random(1), 0, hard_state=HardState(term, 0),
                snapshot=record, entries=entries)


# ---------------------------------------------------------------- the log


@settings(max_examples=200)
@given(st.lists(st.integers(1, 5), min_size=1, max_size=30), st.data())
def test_a_compacted_log_answers_as_the_whole_one_does_from_its_base_on(terms, data):
    entries = log_of(*sorted(terms))
    whole, short = Log(entries), Log(entries)
    base = data.draw(st.integers(0, len(entries)))
    short.compact(base)
    assert (short.last_index, short.last_term) == (whole.last_index, whole.last_term)
    for index in range(base, len(entries) + 2):
        assert short.term_at(index) == whole.term_at(index)
        assert short.between(index, len(entries)) == whole.between(index, len(entries))
        assert short.within(index, len(entries), 60) == whole.within(index, len(entries), 60)
        assert short.bytes_after(index) == whole.bytes_after(index)
        for term in range(7):
            assert short.last_at_most(index, term) == max(base, whole.last_at_most(index, term))
    for index in range(base):
        assert short.term_at(index) is None
        with pytest.raises(UsageError, match='are gone'):
            short.between(index, len(entries))
    if base < len(entries):
        for log in (short, whole):
            log.truncate(base + 1)
            log.append(Entry(base + 1, 9, b'new'))
        assert short.last_term == whole.last_term == 9
    with pytest.raises(UsageError, match='not in the log'):
        short.compact(len(entries) + 5)


def test_a_configuration_stands_beside_a_snapshot_as_it_was():
    for configuration in (VOTERS, OTHERS, OTHERS._replace(forced=True)):
        assert configuration_from(configuration_bytes(configuration)) == configuration
    for data in (b'', b'1234567', configuration_bytes(OTHERS)[:-1]):
        assert configuration_from(data) is None


# ---------------------------------------------------------------- compaction (5.1)


def test_the_log_is_compacted_only_once_the_snapshot_is_on_disk_and_up_to_the_one_before():
    # Section 5.1: 'once the snapshot has been written completely, the log can be truncated'.
    # That a tail is kept for slow followers: section 5.1.3.
    raft = committed_up_to(9)
    raft.took_snapshot(snapshot(4, 2))
    ready = raft.ready()
    assert ready.records == (snapshot(4, 2),)
    assert raft.log.base_index == 0
    raft.persisted(ready.mark, 0)
    assert raft.log.base_index == 0  # the first one leaves everything

    raft.took_snapshot(snapshot(8, 2))
    mark = raft.ready().mark
    assert raft.log.base_index == 0
    raft.persisted(mark, 0)
    assert (raft.log.base_index, raft.log.base_term) == (4, 2)
    assert raft.log.last_index == 9
    assert raft.items_from(3, 10_000) == ()
    assert [entry.index for entry in raft.items_from(4, 10_000)] == [5, 6, 7, 8, 9]


def committed_up_to(index: int) -> Raft:
    """Return a follower in term 2 that has applied so many entries of it."""
    raft = member([2] * index)
    raft.step(beat(2, last_index=index, last_term=2, commit=index), 0)
    assert [entry.index for entry in sync(raft).committed] == list(range(1, index + 1))
    return raft


def test_what_was_not_applied_cannot_be_in_a_snapshot():
    raft = committed_up_to(5)
    with pytest.raises(UsageError, match='delivered up to 5'):
        raft.took_snapshot(snapshot(6, 2))
    raft.took_snapshot(snapshot(5, 2))
    sync(raft)
    with pytest.raises(UsageError):
        raft.took_snapshot(snapshot(4, 2))


def test_an_append_that_begins_before_the_base_is_taken_from_the_base_on():
    # All before the base is committed, hence the same in every later leader's log (3.6.3).
    raft = restarted(snapshot(10, 3), 3)
    raft.step(append(9, (8, 3), 3, 3, 4, 9), 0)
    assert (raft.log.base_index, raft.log.last_index, raft.log.term_at(11)) == (10, 12, 4)
    assert raft.anomalies == 0


def test_an_append_that_contradicts_the_base_is_an_anomaly():
    raft = restarted(snapshot(10, 3), 3)
    raft.step(Append(9, 8, 3, (Entry(9, 3, b'x'), Entry(10, 5, b'x'), Entry(11, 5, b'x'))), 0)
    assert raft.anomalies == 1
    assert raft.log.term_at(11) == 3


def test_a_restarted_member_goes_on_after_its_snapshot():
    raft = restarted(snapshot(50, 3, OTHERS), 3, 4)
    assert (raft.commit, raft.log.last_index, raft.log.last_term) == (50, 52, 4)
    assert raft.membership == OTHERS.membership
    assert raft.ready().committed == ()
    raft.step(beat(9, last_index=52, last_term=4, commit=51), 0)
    assert [entry.index for entry in raft.ready().committed] == [51]


def test_of_many_committed_entries_only_some_are_handed_out_at_once():
    raft = member([2] * (2 * DELIVERED_MAX + 10))
    last = raft.log.last_index
    raft.step(beat(2, last_index=last, last_term=2, commit=last), 0)
    counts = []
    while raft.next_deadline() == 0 or not counts:
        counts.append(len(raft.ready().committed))
    assert counts == [DELIVERED_MAX, DELIVERED_MAX, 10]


# ---------------------------------------------------------------- install (figure 5.3)


def test_a_snapshot_beyond_the_log_takes_its_place_and_is_acknowledged_once_on_disk():
    # Figure 5.3, step 7: 'discard the entire log'; the leader counts only what is durable (3.5).
    raft = member([1, 1, 2], state=HardState(2, 0))
    raft.step(beat(4, last_index=60, last_term=4, commit=60), 0)
    record = snapshot(50, 3, OTHERS)
    assert raft.install(record, 4, 0)
    assert (raft.log.base_index, raft.log.last_index, raft.log.last_term) == (50, 50, 3)
    assert raft.commit == 50
    assert raft.membership == OTHERS.membership
    assert raft.want == (4, 50)
    assert raft.levels().match_index == 0
    ready = sync(raft)
    assert ready.records[-1] == record
    assert ready.committed == ()
    assert (raft.levels().match_term, raft.levels().match_index) == (4, 50)

    raft.step(append(4, (50, 3), 4, 4), 0)
    assert raft.log.last_index == 52


def test_entries_that_the_snapshot_replaced_count_as_durable_no_more():
    raft = member([1, 1, 2, 2, 2], state=HardState(2, 0))
    raft.step(beat(4, last_index=3, last_term=3, commit=3), 0)
    before = raft.ready()
    assert raft.install(snapshot(3, 3), 4, 0)
    assert raft.log.last_index == 3
    raft.persisted(before.mark, 0)  # the term, but not the snapshot
    assert raft.levels().term == 4
    assert raft.levels().match_index == 0
    sync(raft)
    assert raft.levels().match_index == 3


def test_a_log_that_holds_the_last_entry_of_a_snapshot_is_kept():
    # Figure 5.3, step 6: 'retain log entries following it'.
    raft = member([1, 1, 2, 2, 2], state=HardState(2, 0))
    assert not raft.install(snapshot(4, 2), 2, 0)
    assert raft.log.last_index == 5
    assert raft.commit == 4
    assert [entry.index for entry in raft.ready().committed] == [1, 2, 3, 4]


def test_an_older_snapshot_changes_nothing():
    raft = committed_up_to(9)
    assert not raft.install(snapshot(9, 2), 2, 0)
    assert not raft.install(snapshot(3, 1), 2, 0)
    assert raft.log.last_index == 9
    assert sync(raft).records == ()


def test_a_snapshot_without_a_configuration_is_refused():
    raft = member([1])
    assert not raft.install(SnapshotRecord(9, 1, b'nonsense', b'state'), 1, 0)
    assert raft.log.last_index == 1


def test_who_installs_a_snapshot_follows_no_leader_of_an_earlier_term():
    # Leader Completeness (3.6.3) speaks of later leaders only: an older one may lack it all.
    raft = member([1, 1], state=HardState(2, 0))
    raft.step(beat(2, last_index=9, last_term=2, commit=2), 0)
    sync(raft)
    assert raft.levels().match_term == 2
    assert raft.install(snapshot(50, 2), 6, 0)
    sync(raft)
    assert raft.term == 6 and raft.leader == 0
    assert (raft.levels().match_term, raft.levels().match_index) == (6, 50)


def test_a_leader_installs_nothing():
    raft = leader(member([1]))
    assert not raft.install(snapshot(50, 2), 2, 10**9)
    assert raft.anomalies == 1


def test_a_snapshot_decides_who_votes():
    raft = member([1], voters=(2, 3))  # member 1 is none of them
    assert raft.role is Role.LEARNER
    assert raft.install(snapshot(50, 2, OTHERS), 2, 0)
    assert raft.may_vote and raft.role is Role.FOLLOWER
    assert raft.install(snapshot(60, 2, Configuration(55, Membership.of((2, 3)))), 2, 0)
    assert not raft.may_vote and raft.role is Role.LEARNER


def test_a_vote_goes_by_the_end_of_the_snapshot_where_no_entry_follows():
    raft = restarted(snapshot(50, 3))
    assert raft.log.is_covered_by(50, 3)
    assert not raft.log.is_covered_by(49, 3)
    assert not raft.log.is_covered_by(90, 2)


# ---------------------------------------------------------------- a cluster


def test_a_follower_beyond_every_log_catches_up_from_a_snapshot():
    cluster = Cluster(3, 1, compact_every=5)
    cluster.run(2.0, cluster.agreed_leader)
    leading = cluster.leader()
    assert leading is not None
    slow = next(m for m in cluster.members if m != leading.id)
    cluster.crash(slow)
    for number in range(40):
        cluster.propose(b'%d' % number)
        cluster.run(0.1)
    assert leading.raft.log.base_index > 20
    cluster.start(slow)
    cluster.propose(b'last')
    assert cluster.run(5.0, lambda: cluster.all_applied(b'last'))
    assert cluster.members[slow].installed >= 1
    cluster.run(1.0)
    assert cluster.members[slow].raft.log.base_index > 0

    cluster.crash(slow)  # and what it has installed survives
    cluster.start(slow)
    cluster.propose(b'again')
    assert cluster.run(5.0, lambda: cluster.all_applied(b'again'))
    assert cluster.members[slow].installed == 0


def test_a_follower_a_little_behind_catches_up_from_the_log_alone():
    cluster = Cluster(3, 2, compact_every=10)
    cluster.run(2.0, cluster.agreed_leader)
    leading = cluster.leader()
    assert leading is not None
    slow = next(m for m in cluster.members if m != leading.id)
    for number in range(15):
        cluster.propose(b'%d' % number)
        cluster.run(0.1)
    cluster.crash(slow)
    for number in range(12):
        cluster.propose(b'more %d' % number)
        cluster.run(0.1)
    cluster.start(slow)
    assert cluster.run(5.0, lambda: cluster.all_applied(b'more 11'))
    assert cluster.members[slow].installed == 0


def test_logs_in_memory_stay_short():
    cluster = Cluster(3, 3, compact_every=5)
    cluster.run(2.0, cluster.agreed_leader)
    for number in range(60):
        cluster.propose(b'%d' % number)
        cluster.run(0.1)
        for m in cluster.members.values():
            assert m.raft.log.last_index - m.raft.log.base_index <= 3 * 5
