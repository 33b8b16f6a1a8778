# SPDX-License-Identifier: Apache-2.0
"""Reads by read index (Ongaro 2014, section 6.4), rule by rule and in a cluster."""

from __future__ import annotations

from consensus.cluster import Cluster, Member
from consensus.single import (
    acknowledge,
    BEAT,
    beat,
    echo,
    established,
    leader,
    MAX,
    member,
    sync,
)
import pytest
from swarm_coordination.consensus.messages import (
    Answer,
    OneShot,
    OneShotKind,
    ReadAnswer,
    ReadRequest,
)
from swarm_coordination.consensus.raft import Raft
from swarm_coordination.consensus.reading import ANSWERS_MAX, READS_MAX
from swarm_coordination.errors import ProposalRefused


def echo_newest(raft: Raft, now: int, *voters: int) -> None:
    """Let voters echo the leader's newest heartbeat."""
    for voter in voters:
        echo(raft, voter, raft.levels().heartbeat, now)


def test_a_read_waits_for_echoes_of_a_heartbeat_sent_after_it() -> None:
    """Section 6.4, step 3: 'a new round of heartbeats' after the read index was taken."""
    raft = established(member())
    sync(raft, MAX)
    serial = raft.read(MAX)
    echo_newest(raft, MAX, 2, 3)
    assert raft.ready().reads == ()  # that heartbeat was sent before the read came
    raft.tick(MAX)
    assert raft.ready().reads == ()
    echo_newest(raft, MAX, 2)
    assert raft.ready().reads == (serial,)
    assert raft.ready().reads == ()


def test_a_read_waits_for_an_entry_of_the_own_term() -> None:
    """Section 6.4, step 1: before, the leader 'may not know which entries are committed'."""
    raft = leader(member((1,)))
    serial = raft.read(MAX)
    raft.tick(MAX)
    echo_newest(raft, MAX, 2, 3)
    assert raft.ready().reads == ()
    acknowledge(raft, 2, 2)
    assert raft.ready().reads == (serial,)


def test_a_read_has_seen_every_entry_committed_before_it() -> None:
    raft = established(member())
    raft.propose(b'x', MAX)
    sync(raft, MAX)
    acknowledge(raft, 2, 2)
    raft.read(MAX)
    raft.tick(MAX)
    echo_newest(raft, MAX, 2)
    ready = raft.ready()
    assert ready.reads and ready.committed[-1].payload == b'x'


def test_a_leader_answers_others_in_its_row() -> None:
    raft = established(member())
    raft.step(ReadRequest(1, 3, 1, 40), MAX)
    raft.tick(MAX)
    echo_newest(raft, MAX, 2)
    assert raft.levels().answers == (Answer(3, 40, 1),)


def test_requests_to_another_leader_or_term_are_not_answered() -> None:
    raft = established(member())
    raft.step(ReadRequest(1, 3, 2, 40), MAX)
    raft.step(ReadRequest(2, 3, 1, 41), MAX)
    raft.tick(MAX)
    echo_newest(raft, MAX, 2, 3)
    assert raft.levels().answers == ()


def asked_by(raft: Raft, askers: range) -> None:
    """Let others ask a leader for reads, and have them confirmed."""
    for asker in askers:
        raft.step(ReadRequest(1, asker, 1, asker), MAX)
    raft.tick(MAX)
    echo_newest(raft, MAX, 2)


def answered(raft: Raft) -> list[int]:
    """Return whom a leader answers."""
    return [answer.asker for answer in raft.levels().answers]


def test_more_answers_wait_until_a_majority_has_heard_those_shown() -> None:
    """Who missed its answer would find out a whole election time-out later."""
    raft = established(member())
    asked_by(raft, range(10, 12 + ANSWERS_MAX))
    assert answered(raft) == list(range(10, 10 + ANSWERS_MAX))
    raft.tick(MAX)  # the next heartbeat, the first that carries them, is due at once
    assert answered(raft) == list(range(10, 10 + ANSWERS_MAX))
    echo_newest(raft, MAX, 2)
    assert answered(raft) == list(range(12, 12 + ANSWERS_MAX))


def test_an_answer_that_had_to_wait_brings_what_was_committed_meanwhile() -> None:
    raft = established(member())
    asked_by(raft, range(10, 11 + ANSWERS_MAX))
    raft.propose(b'x', MAX)
    sync(raft, MAX)
    acknowledge(raft, 2, 2)
    raft.tick(MAX)
    echo_newest(raft, MAX, 2)
    assert raft.levels().answers[-1] == Answer(10 + ANSWERS_MAX, 10 + ANSWERS_MAX, 2)


def test_twenty_that_read_at_once_are_all_answered_soon() -> None:
    cluster = Cluster(5, 1, learners=15)
    assert cluster.run(5.0, cluster.settled)
    asked = [(reader, reader.ask()) for reader in cluster.members.values()]
    assert len(asked) == 20
    assert cluster.run(0.6, lambda: all(serial in reader.reads for reader, serial in asked))


def test_a_follower_asks_the_leader_and_waits_until_it_has_applied_as_far() -> None:
    raft = member((1, 1))
    raft.step(beat(2, 1, 1, raft, commit=1), 0)
    sync(raft)
    serial = raft.read(0)
    assert raft.levels().one_shot == OneShot(OneShotKind.READ, 2, serial)
    raft.step(ReadAnswer(1, 2, 3, serial, 2), 0)  # another's
    raft.step(ReadAnswer(1, 2, 1, serial, 2), 0)
    assert raft.levels().one_shot.kind is OneShotKind.NONE
    assert raft.ready().reads == ()
    raft.step(beat(2, 1, 2, raft, commit=2), 0)
    assert raft.ready().reads == (serial,)


def test_one_answer_is_an_answer_to_every_read_before_it() -> None:
    raft = member((1,))
    raft.step(beat(2, 1, 1, raft, commit=1), 0)
    sync(raft)
    serials = tuple(raft.read(0) for _ in range(3))
    raft.step(ReadAnswer(1, 2, 1, serials[-1], 1), 0)
    assert raft.ready().reads == serials


def test_an_answer_that_was_missed_is_asked_for_again() -> None:
    raft = member((1,))
    raft.step(beat(2, 1, 1, raft, commit=1), 0)
    sync(raft)
    serial = raft.read(0)
    raft.tick(BEAT)
    assert raft.levels().one_shot.serial == serial
    raft.step(beat(2, 1, 2, raft), MAX)
    raft.tick(MAX)
    again = raft.levels().one_shot.serial
    assert again > serial
    raft.step(ReadAnswer(1, 2, 1, again, 1), MAX)
    assert raft.ready().reads == (serial,)


def test_who_reads_faster_than_it_is_answered_is_told() -> None:
    raft = member()
    for _ in range(READS_MAX):
        raft.read(0)
    with pytest.raises(ProposalRefused, match='reads are waiting'):
        raft.read(0)


def test_a_leader_that_is_cut_off_answers_nothing() -> None:
    """Section 6.4: it cannot know whether another leads by now."""
    cluster = Cluster(5, 3)
    cluster.run(3.0, cluster.settled)
    old = cluster.leader()
    assert old is not None
    cluster.split((old.id,), tuple(m for m in cluster.members if m != old.id))
    old.raft.read(cluster.now)
    cluster.run(3.0)
    assert old.reads == []
    cluster.links = None
    assert cluster.run(3.0, lambda: bool(old.reads))  # asked of the new leader


@pytest.mark.parametrize('seed', range(5))
def test_every_member_reads_what_was_committed_before(seed: int) -> None:
    cluster = Cluster(5, seed, loss=0.2, learners=1)
    assert cluster.run(5.0, cluster.settled)
    for number in range(5):
        read_everywhere(cluster, b'%d' % number)


def read_everywhere(cluster: Cluster, payload: bytes) -> None:
    """Commit ``payload``; then no member's read may be done without it."""
    cluster.propose(payload)
    assert cluster.run(3.0, lambda: payload in [e.payload for e in cluster.committed()])
    for reader in cluster.members.values():
        read_at(cluster, reader)
        assert payload in [e.payload for e in reader.applied]


def read_at(cluster: Cluster, reader: Member) -> None:
    """Read at one member, and wait until that is done."""
    serial = reader.ask()
    assert cluster.run(5.0, lambda: serial in reader.reads)


def test_an_answer_to_a_former_life_answers_no_read_of_this_one() -> None:
    """Its serials began elsewhere, perhaps higher; the leader's row shows the answer for long."""
    raft = member([1, 1, 2])
    raft.step(beat(2, 2, 1, raft, commit=3), 0)
    sync(raft)
    serial = raft.read(0)
    for other in (serial + 1, serial + 1_000_000, serial - 1):
        raft.step(ReadAnswer(2, 2, 1, other, 2), 0)
        assert raft.ready().reads == ()
    raft.step(ReadAnswer(2, 2, 1, serial, 3), 0)
    assert raft.ready().reads == (serial,)
