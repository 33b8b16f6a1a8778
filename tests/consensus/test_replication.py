# SPDX-License-Identifier: Apache-2.0
"""Replication and commitment, rule by rule; sections are those of Ongaro 2014."""

from __future__ import annotations

from consensus.single import (
    acknowledge,
    append,
    asks,
    BEAT,
    beat,
    leader,
    log_of,
    MAX,
    member,
    SETTINGS,
    sync,
)
import pytest
from swarm_coordination.consensus.messages import Heartbeat, Role
from swarm_coordination.consensus.raft import Raft
from swarm_coordination.errors import ProposalRefused
from swarm_coordination.persistence import Entry, HardState


def terms(raft: Raft) -> list[int]:
    return [entry.term for entry in raft.log.between(0, raft.log.last_index)]


def test_a_leader_appends_and_never_overwrites() -> None:
    """Section 3.5, Leader Append-Only."""
    raft = leader(member((1,)))
    assert raft.propose(b'x', MAX) == 3
    raft.step(append(2, (1, 1), 2), MAX)
    raft.step(append(1, (0, 0), 1), MAX)
    assert terms(raft) == [1, 2, 2] and raft.anomalies == 0


def test_a_new_entry_shows_at_once_and_counts_for_its_leader_after_the_sync() -> None:
    """Section 10.2.1: the leader writes to its disk in parallel with replication."""
    raft = leader(member())
    index = raft.propose(b'x', MAX)
    ready = raft.ready()
    assert raft.levels().last_index == index == 2
    acknowledge(raft, 2, 2)
    assert raft.commit == 1  # the no-op is on two disks, the entry only on one
    raft.persisted(ready.mark, MAX)
    assert raft.commit == 2


def test_a_majority_of_followers_commits_while_the_leaders_disk_lags() -> None:
    """Section 10.2.1: 'the leader may even commit an entry before it is written to its own'."""
    raft = leader(member())
    raft.propose(b'x', MAX)
    acknowledge(raft, 2, 2)
    acknowledge(raft, 3, 2)
    assert raft.commit == 2
    assert [e.payload for e in raft.ready().committed] == [b'', b'x']
    assert raft.ready().committed == ()


def test_entries_of_former_terms_are_committed_only_along_with_one_of_the_own() -> None:
    """Section 3.6.2, figure 3.7."""
    raft = leader(member((1, 2)))
    assert terms(raft) == [1, 2, 3]
    acknowledge(raft, 2, 2)
    assert raft.commit == 0
    acknowledge(raft, 2, 3)
    assert raft.commit == 3


def test_an_acknowledgement_to_another_terms_leader_counts_for_nothing() -> None:
    raft = leader(member((1,)))
    for term in (1, 3):
        acknowledge(raft, 2, 2, term)
    acknowledge(raft, 2, 99)
    assert raft.commit == 0


def test_acknowledgements_come_doubled_and_out_of_order() -> None:
    """Section 3.7: a message that is repeated has the same effect."""
    raft = leader(member(voters=range(1, 4)))
    for _ in range(3):
        raft.propose(b'x', MAX)
    sync(raft)
    for index in (3, 1, 3, 2):
        acknowledge(raft, 2, index)
    assert raft.commit == 3


def test_a_follower_checks_that_entries_fit_before_it_takes_them() -> None:
    """Section 3.5, the AppendEntries consistency check."""
    raft = member((1, 1))
    raft.step(append(2, (2, 2), 2), 0)
    raft.step(append(2, (3, 1), 2), 0)
    assert terms(raft) == [1, 1]
    raft.step(append(2, (2, 1), 2), 0)
    assert terms(raft) == [1, 1, 2] and raft.term == 2


def test_conflicting_entries_are_cut_and_agreeing_ones_are_kept() -> None:
    """Section 3.5: 'delete the existing entry and all that follow it' only on a conflict."""
    raft = member((1, 1, 2, 2))
    raft.step(append(3, (0, 0), 1, 1), 0)
    assert terms(raft) == [1, 1, 2, 2]
    raft.step(append(3, (2, 1), 3), 0)
    assert terms(raft) == [1, 1, 3]
    raft.step(append(3, (0, 0), 1), 0)  # late and shorter
    assert terms(raft) == [1, 1, 3]


def test_entries_of_a_former_leader_come_too_late() -> None:
    raft = member((1,))
    raft.step(beat(2, 3, 1, raft), 0)
    raft.step(append(2, (1, 1), 2), 0)
    assert terms(raft) == [1]


def test_an_acknowledgement_waits_for_entries_and_term_on_disk() -> None:
    """Section 3.8: a member persists entries before it acknowledges them."""
    raft = member((1,))
    raft.step(beat(2, 2, 1, raft), 0)
    raft.step(append(2, (1, 1), 2), 0)
    assert raft.levels()[8:10] == (0, 0)
    sync(raft)
    assert (raft.levels().match_term, raft.levels().match_index) == (2, 2)


def test_equal_ends_of_the_logs_are_acknowledged_without_an_entry_sent() -> None:
    """Section 3.5, Log Matching: same index and term, same log up to there."""
    raft = member((1, 1))
    raft.step(Heartbeat(1, 2, 1, 2, 2, 1), 0)
    raft.step(Heartbeat(1, 2, 1, 2, 2, 1), 0)
    assert raft.want is None and raft.levels().match_index == 2 and raft.commit == 2


def test_a_longer_log_of_a_former_term_is_not_acknowledged_beyond_what_is_verified() -> None:
    raft = member((1, 1, 1))
    raft.step(Heartbeat(2, 2, 1, 3, 2, 1), 0)
    sync(raft)
    assert raft.levels().match_index == 2 and raft.commit == 2


def test_what_was_cut_and_came_back_counts_only_when_it_is_written_again() -> None:
    """The same entry may stand twice in the disk's history with another one in between."""
    raft = member((1,))
    raft.step(append(2, (1, 1), 2), 0)
    raft.ready()
    raft.step(append(3, (1, 1), 3), 0)
    raft.ready()
    raft.step(Heartbeat(4, 3, 1, 0, 2, 2), 0)
    another_on_disk = raft.ready()
    raft.step(append(4, (1, 1), 2), 0)  # the leader of term 4 holds the entry of term 2
    back_on_disk = raft.ready()
    raft.persisted(another_on_disk.mark, 0)
    assert (raft.levels().match_term, raft.levels().match_index) == (4, 1)
    raft.persisted(back_on_disk.mark, 0)
    assert (raft.levels().match_term, raft.levels().match_index) == (4, 2)


def test_an_entry_in_place_of_a_durable_one_is_not_durable() -> None:
    raft = member((1, 2))
    raft.step(Heartbeat(3, 2, 1, 0, 2, 3), 0)
    sync(raft)
    raft.step(append(3, (1, 1), 3), 0)
    assert (raft.levels().match_term, raft.levels().match_index) == (3, 1)
    sync(raft)
    assert (raft.levels().match_term, raft.levels().match_index) == (3, 2)


def test_marks_may_be_skipped_and_come_again() -> None:
    raft = member((1,))
    raft.step(append(1, (1, 1), 1), 0)
    first = raft.ready()
    raft.step(append(1, (2, 1), 1), 0)
    second = raft.ready()
    raft.persisted(second.mark, 0)
    raft.persisted(first.mark, 0)
    assert raft.levels().match_index == 3


def test_a_follower_commits_no_further_than_it_has_verified() -> None:
    """Section 3.5: 'commitIndex = min(leaderCommit, index of last new entry)'."""
    raft = member((1, 1, 1))
    raft.step(Heartbeat(2, 2, 1, 5, 5, 2), 0)
    assert raft.commit == 0 and raft.want == (2, 3)
    raft.step(append(2, (1, 1), 2), 0)
    assert raft.commit == 2
    raft.step(append(2, (2, 2), 2, 2, 2), 0)
    assert raft.commit == 5


def test_entries_that_contradict_the_committed_log_are_refused() -> None:
    raft = member((1, 1))
    raft.step(Heartbeat(1, 2, 1, 2, 2, 1), 0)
    raft.step(append(5, (1, 1), 5), 0)
    assert terms(raft) == [1, 1] and raft.anomalies == 1


@pytest.mark.parametrize(
    'entries',
    [
        (Entry(3, 1, b''),),
        (Entry(2, 1, b''), Entry(4, 1, b'')),
        (Entry(2, 2, b''), Entry(3, 1, b'')),
        (Entry(2, 0, b''),),
        (Entry(2, 9, b''),),
    ],
)
def test_malformed_entries_are_counted_and_dropped(entries: tuple[Entry, ...]) -> None:
    raft = member((1,))
    raft.step(append(2, (1, 1))._replace(entries=entries), 0)
    assert raft.log.last_index == 1 and raft.anomalies == 1 and raft.term == 1


def test_a_second_leader_in_a_term_is_counted_and_not_followed() -> None:
    raft = member((1,))
    raft.step(beat(2, 1, 1, raft), 0)
    raft.step(beat(3, 1, 9, raft), 0)
    assert raft.leader == 2 and raft.anomalies == 1


def questions(raft: Raft, leaders: list[int], term: int) -> int:
    """Serve ``raft`` from a leader's log, one entry a time; count wrong guesses."""
    last = (len(leaders), leaders[-1])
    refuted = 0
    for number in range(1, 10_000):
        raft.step(Heartbeat(term, 2, number, 0, *last), 0)
        if (want := raft.want) is None:
            return refuted
        index = want[1]
        prev_term = leaders[index - 1] if index else 0
        raft.step(append(term, (index, prev_term), leaders[index]), 0)
        refuted += raft.want is not None and raft.want[1] < index
    raise AssertionError('never complete')


@pytest.mark.parametrize(
    ('own', 'leaders', 'most'),
    [
        ([1] * 100, [1] * 150, 0),  # only behind
        ([], [1] * 20, 0),
        ([1] * 100 + [2] * 40, [1] * 100 + [3] * 40, 6),  # section 3.5's hint would need 40
        ([1] * 100 + [4] * 40, [1] * 100 + [3] * 40, 1),  # one term at a time
        ([1] * 10 + [2, 4, 6, 8], [1] * 10 + [3, 5, 7, 9], 4),
        ([2] * 50, [1] * 49 + [3], 6),
        ([1, 1, 1], [1, 2], 1),
    ],
)
def test_a_diverged_follower_finds_where_the_logs_agree_in_few_questions(
    own: list[int], leaders: list[int], most: int
) -> None:
    """Section 3.5, the optimization of the consistency check."""
    raft = member(own)
    assert questions(raft, leaders, 9) <= most
    assert terms(raft)[: len(leaders)] == leaders


def test_a_probe_never_falls_below_what_is_committed() -> None:
    raft = member([1] * 10 + [2] * 10)
    raft.step(Heartbeat(2, 2, 1, 12, 20, 2), 0)
    raft.step(Heartbeat(5, 3, 1, 12, 30, 5), 0)
    for index in (20, 19, 18, 17, 16, 15, 14, 13):
        raft.step(append(5, (index, 4), 5), 0)
    assert raft.want == (5, 12)


def test_whoever_has_verified_the_leaders_log_can_serve_it() -> None:
    raft = member((1, 1, 1))
    assert raft.items_from(0, 10_000) == ()
    raft.step(Heartbeat(1, 2, 1, 0, 2, 1), 0)
    assert raft.items_from(0, 10_000) == log_of(1, 1)
    assert raft.items_from(1, 10_000) == log_of(1, 1)[1:]
    assert raft.items_from(0, 20) == log_of(1)
    assert raft.items_from(5, 10_000) == ()


def test_who_does_not_lead_refuses_proposals() -> None:
    with pytest.raises(ProposalRefused):
        member().propose(b'x', 0)


def test_a_leader_bounds_what_waits_for_commitment() -> None:
    raft = leader(member())
    with pytest.raises(ProposalRefused):
        for _ in range(SETTINGS.uncommitted_max_bytes):
            raft.propose(bytes(600), MAX)
    waiting = raft.log.last_index
    assert waiting == 1 + (SETTINGS.uncommitted_max_bytes - 16) // 616
    sync(raft)
    acknowledge(raft, 2, waiting)
    assert raft.propose(bytes(600), MAX) == waiting + 1


def test_a_stalled_disk_silences_neither_heartbeats_nor_entries() -> None:
    raft = leader(member())
    raft.propose(b'x', MAX)
    raft.ready()
    raft.tick(MAX + BEAT)
    shown = raft.levels()
    assert (shown.role, shown.heartbeat, shown.last_index) == (Role.LEADER, 2, 2)


def test_a_vote_given_later_does_not_hold_up_an_earlier_acknowledgement() -> None:
    raft = member((1,))
    raft.step(beat(2, 1, 1, raft), 0)
    acknowledged = raft.levels()[8:10]
    raft.step(asks(3, 2, (1, 1)), MAX)
    assert raft.levels()[8:10] == acknowledged == (1, 1)
    assert raft.ready().records == (HardState(2, 3),)
