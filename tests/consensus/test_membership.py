# SPDX-License-Identifier: Apache-2.0
"""Changes of the voters, rule by rule; sections are those of Ongaro 2014 (the Raft thesis)."""

from __future__ import annotations

import random

from consensus.single import (
    acknowledge,
    append,
    asks,
    BEAT,
    beat,
    campaign,
    changed,
    echo,
    established,
    leader,
    log_of,
    MAX,
    member,
    sync,
)
from hypothesis import given
from hypothesis import strategies as st
import pytest
from swarm_coordination.bounds import ID_MAX
from swarm_coordination.consensus.configuration import (
    Configuration,
    configuration_of,
    configuration_payload,
    Configurations,
    MEMBERS_MAX,
)
from swarm_coordination.consensus.messages import Append, Heartbeat, Role, VoteResponse
from swarm_coordination.consensus.quorum import Membership
from swarm_coordination.consensus.raft import NEVER_NS, Raft
from swarm_coordination.errors import ProposalRefused, UsageError
from swarm_coordination.mesh.rows import PAYLOAD_MAX
from swarm_coordination.persistence import Entry, EntryKind, HardState

IDS = st.sets(st.integers(1, ID_MAX), max_size=30)


def follower(*entries: Entry, me: int = 1, commit: int = 0) -> Raft:
    """Return a follower of 2 in term 1 that holds ``entries`` and knows ``commit``."""
    raft = member(me=me)
    raft.step(Append(1, 0, 0, entries), 0)
    raft.step(Heartbeat(1, 2, 1, commit, len(entries), 1), 0)
    sync(raft)
    return raft


# ---------------------------------------------------------------- when a configuration counts


def test_a_leader_counts_by_a_configuration_from_its_append_on() -> None:
    """Section 4.1: 'a server always uses the latest configuration in its log'."""
    raft = established(member())
    raft.propose_membership(Membership.of((1, 2, 3, 4)), MAX)
    assert raft.membership.voters == (1, 2, 3, 4) and raft.configuration.index == 2
    sync(raft, MAX)
    acknowledge(raft, 2, 2)
    assert raft.commit == 1  # two of three, but four vote now
    acknowledge(raft, 4, 2)
    assert raft.commit == 2


def test_a_follower_takes_a_configuration_when_it_takes_the_entry() -> None:
    raft = follower(changed(1, 1, (2, 3, 4)))
    assert raft.membership.voters == (2, 3, 4) and raft.commit == 0


def test_a_configuration_that_is_cut_from_the_log_is_reverted() -> None:
    """Section 4.1: 'a server must be prepared to fall back to the previous configuration'."""
    raft = follower(*log_of(1), changed(2, 1, (1, 2, 3, 4)), changed(3, 1, (1, 2, 3, 4), (5,)))
    assert raft.configuration.index == 3
    raft.step(append(2, (2, 1), 2), 0)
    assert (raft.configuration.index, raft.membership.learners) == (2, ())
    raft.step(append(3, (1, 1), 3), 0)
    assert (raft.configuration.index, raft.membership.voters) == (0, (1, 2, 3))


def test_the_disk_gives_the_configuration_back() -> None:
    first = established(member())
    first.propose_membership(Membership.of((1, 2)), MAX)
    entries = first.log.between(0, 9)
    again = Raft(
        1,
        Configuration.provisioned((1, 2, 3)),
        first.settings,
        random.Random(1),
        0,
        hard_state=HardState(1, 1),
        entries=entries,
    )
    assert again.configuration == first.configuration == (2, Membership.of((1, 2)), False)


def test_a_configuration_is_found_by_index() -> None:
    entries = (*log_of(1), changed(2, 1, (1, 2)), *(Entry(3, 1, b''),), changed(4, 1, (1,)))
    raft = follower(*entries)
    assert [raft.configuration_at(i).index for i in range(6)] == [0, 0, 2, 2, 4, 4]


# ---------------------------------------------------------------- when a change may be proposed


def test_only_a_leader_changes_the_configuration() -> None:
    with pytest.raises(ProposalRefused, match='does not lead'):
        member().propose_membership(Membership.of((1, 2)), 0)


def test_no_change_before_an_entry_of_the_own_term_is_committed() -> None:
    """Section 4.1, with its correction of 2015: else two leaders commit disjoint majorities."""
    raft = leader(member((1,)))
    with pytest.raises(ProposalRefused, match='term 2 is committed'):
        raft.propose_membership(Membership.of((1, 2)), MAX)
    acknowledge(raft, 2, 2)
    raft.propose_membership(Membership.of((1, 2)), MAX)


def test_a_change_waits_for_the_one_before_it() -> None:
    """Section 4.1: 'until the new configuration is committed'."""
    raft = established(member())
    raft.propose_membership(Membership.of((1, 2)), MAX)
    with pytest.raises(ProposalRefused, match='configuration 2 is not committed'):
        raft.propose_membership(Membership.of((1,)), MAX)
    sync(raft, MAX)
    acknowledge(raft, 2, 2)
    raft.propose_membership(Membership.of((1,)), MAX)


def test_a_full_queue_of_commands_does_not_hold_up_a_change() -> None:
    raft = established(member())
    with pytest.raises(ProposalRefused, match='wait'):
        for _ in range(100):
            raft.propose(bytes(1_000), MAX)
    raft.propose_membership(Membership.of((1, 2)), MAX)


def test_the_largest_configuration_fits_a_log_item() -> None:
    ids = range(ID_MAX - MEMBERS_MAX, ID_MAX)
    assert len(configuration_payload(Membership.of(ids))) <= PAYLOAD_MAX
    with pytest.raises(ProposalRefused, match='at most 64'):
        configuration_payload(Membership.of(range(1, MEMBERS_MAX + 2)))


# ---------------------------------------------------------------- learners


def test_a_learner_holds_the_log_and_counts_for_nothing() -> None:
    """Section 4.2.1: 'not yet counted towards majorities for voting or commitment purposes'."""
    raft = established(member(learners=(4, 5)))
    raft.propose(b'x', MAX)
    acknowledge(raft, 4, 2)
    acknowledge(raft, 5, 2)
    sync(raft, MAX)
    assert raft.commit == 1 and raft.match_of(4) == 2
    for voter in (4, 5):
        echo(raft, voter, raft.levels().heartbeat, MAX)
    raft.tick(2 * MAX + 1)
    assert raft.role is not Role.LEADER  # CheckQuorum


def test_a_promoted_learner_counts_and_campaigns() -> None:
    raft = follower(changed(1, 1, (2, 3, 4), (1,)), me=1, commit=1)
    assert raft.role is Role.LEARNER and raft.next_deadline() == NEVER_NS
    raft.step(Append(1, 1, 1, (changed(2, 1, (1, 2, 3, 4)),)), 0)
    assert raft.role is Role.FOLLOWER and raft.next_deadline() <= MAX
    leading = established(member(learners=(4,)))
    leading.propose_membership(leading.membership.promoted(4), MAX)
    sync(leading, MAX)
    acknowledge(leading, 4, 2)
    acknowledge(leading, 2, 2)
    assert leading.commit == 2


def test_a_new_voter_has_one_window_to_be_heard() -> None:
    """The quorum check must not unseat a leader for what it could not have heard yet."""
    raft = member(voters=(1,))
    raft.tick(MAX)
    sync(raft, MAX)
    sync(raft, MAX)
    assert raft.role is Role.LEADER and raft.commit == 1
    raft.propose_membership(Membership.of((1, 4)), 10 * MAX)
    raft.tick(10 * MAX)
    assert raft.role is Role.LEADER
    raft.tick(11 * MAX + 1)
    assert raft.role is not Role.LEADER


def test_a_learner_that_was_promoted_votes_before_it_knows() -> None:
    """Section 4.1: the vote of a server that lacks the newest configuration may be needed."""
    raft = member((1,), me=4)
    raft.step(asks(2, 2, (2, 1)), MAX)
    sync(raft)
    assert raft.levels().vote == 2


# ---------------------------------------------------------------- removal


def test_a_leader_that_is_left_out_leads_until_that_is_committed() -> None:
    """Section 4.2.2: it 'steps down once Cnew is committed', and does not count itself."""
    raft = established(member())
    raft.propose_membership(Membership.of((2, 3)), MAX)
    sync(raft, MAX)
    acknowledge(raft, 2, 2)
    assert raft.role is Role.LEADER and raft.commit == 1
    acknowledge(raft, 3, 2)
    assert raft.commit == 2 and raft.role is Role.LEARNER
    assert raft.next_deadline() == NEVER_NS


def test_who_is_left_out_campaigns_until_that_is_committed() -> None:
    """Section 4.2.2: it may be the only one whose log is long enough to win."""
    raft = established(member())
    raft.propose_membership(Membership.of((2, 3)), MAX)
    sync(raft, MAX)
    raft.tick(4 * MAX)  # no echoes: steps down
    assert raft.role is Role.FOLLOWER
    attempt = campaign(raft, 6 * MAX)
    for voter in (2, 3):
        raft.step(VoteResponse(voter, 2, 1, True, attempt), 6 * MAX)
    sync(raft, 6 * MAX)
    assert raft.role is Role.CANDIDATE  # its own vote does not count
    for voter in (2, 3):
        raft.step(VoteResponse(voter, raft.term, 1, False, 0), 6 * MAX)
    assert raft.role is Role.LEADER


def test_who_is_left_out_for_good_campaigns_no_more() -> None:
    raft = follower(changed(1, 1, (2, 3)), commit=0)
    assert raft.role is Role.FOLLOWER and raft.next_deadline() < NEVER_NS
    raft.step(beat(2, 1, 2, raft, commit=1), 0)
    assert raft.role is Role.LEARNER and raft.next_deadline() == NEVER_NS
    assert not raft.may_vote


def test_a_later_change_under_way_does_not_keep_a_former_voter_campaigning() -> None:
    raft = follower(changed(1, 1, (2, 3)), changed(2, 1, (2, 3, 4)))
    assert raft.role is Role.FOLLOWER
    raft.step(beat(2, 1, 2, raft, commit=1), 0)
    assert raft.role is Role.LEARNER


def test_a_former_voter_that_campaigns_does_not_disturb() -> None:
    """Section 4.2.3: servers that hear a leader do not heed requests for votes."""
    raft = follower(changed(1, 1, (1, 2)), commit=1)
    raft.step(asks(3, 9, (9, 9)), BEAT)
    assert (raft.term, raft.leader) == (1, 2)


# ---------------------------------------------------------------- payloads


@given(IDS.filter(bool), IDS)
def test_a_membership_survives_its_payload(voters: set[int], learners: set[int]) -> None:
    membership = Membership.of(voters, learners)
    entry = Entry(7, 1, configuration_payload(membership), EntryKind.CONFIGURATION)
    assert configuration_of(entry) == (7, membership, False)


@given(st.binary(max_size=60))
def test_any_payload_is_a_configuration_or_none(payload: bytes) -> None:
    found = configuration_of(Entry(1, 1, payload, EntryKind.CONFIGURATION))
    if found is not None:
        assert configuration_payload(found.membership, forced=found.forced) == payload


def test_entries_without_a_readable_configuration_are_counted_and_dropped() -> None:
    raft = member()
    raft.step(Append(1, 0, 0, (Entry(1, 1, b'nonsense', EntryKind.CONFIGURATION),)), 0)
    assert raft.anomalies == 1 and raft.log.last_index == 0
    with pytest.raises(UsageError):
        Configurations(Configuration.provisioned((1,)), [Entry(1, 1, b'', EntryKind(1))])


@given(st.lists(st.booleans(), max_size=12), st.data())
def test_configurations_are_those_of_the_log(kinds: list[bool], data: st.DataObject) -> None:
    """Whatever is appended, cut and compacted, the newest entry of the log decides."""
    base = Configuration.provisioned((1, 2, 3))
    entries = [
        changed(i, 1, (1, 10 + i)) if kind else Entry(i, 1, b'') for i, kind in enumerate(kinds, 1)
    ]
    held = Configurations(base, entries)
    if entries:
        cut = data.draw(st.integers(1, len(entries)))
        entries[cut - 1:] = [Entry(cut, 2, b'')]
        held.append(entries[cut - 1:])
    known = [base, *(c for e in entries if e.kind and (c := configuration_of(e)))]
    assert held.current == known[-1]
    compacted = data.draw(st.integers(0, len(entries)))
    before = held.at(compacted)
    held.compact(compacted)
    assert held.at(compacted) == before and held.current == known[-1]
    assert held.since(0 if before.index == 0 else before.index)[0] == before
