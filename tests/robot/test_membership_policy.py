# SPDX-License-Identifier: Apache-2.0
"""The policy of who votes, rule by rule, on pictures made by hand."""

from __future__ import annotations

from collections.abc import Collection

from hypothesis import given
from hypothesis import strategies as st
import pytest
from swarm_coordination.consensus.configuration import check_change, MEMBERS_MAX
from swarm_coordination.consensus.messages import Fitness
from swarm_coordination.consensus.quorum import Membership
from swarm_coordination.errors import ConfigurationError
from swarm_coordination.robot.membership_policy import (
    MembershipPolicy,
    Picture,
    Seen,
    successor,
)
from swarm_coordination.robot.membership_settings import check_membership, MembershipSettings
from swarm_coordination.units import NS_PER_S

SETTINGS = MembershipSettings()
FIT, WEAK, NO_VOTER = Fitness.FIT, Fitness.WEAK, Fitness.NO_VOTER

AT_ALL_TIMES = 10_000 * NS_PER_S  # what a robot echoed that always does at once


def picture(
    voters: int,
    learners: int = 0,
    *,
    dead: Collection[int] = (),
    unfit: Collection[int] = (),
    weak: Collection[int] = (),
    behind: Collection[int] = (),
    strangers: Collection[int] = (),
    removed: Collection[int] = (),
) -> Picture:
    """Return voters 1.., learners after them; 1 leads with 100 entries committed."""
    membership = Membership.of(
        range(1, voters + 1), range(voters + 1, voters + learners + 1)
    )
    robots = {
        robot: Seen(
            robot not in dead,
            NO_VOTER if robot in unfit else WEAK if robot in weak else FIT,
            10 if robot in behind else 0 if robot in strangers else 100,
            0 if robot in dead else AT_ALL_TIMES,
        )
        for robot in (*membership.members, *strangers)
    }
    return Picture(1, membership, robots, removed, 100)


def settled(seen: Picture, settings: MembershipSettings = SETTINGS) -> Membership | None:
    """Return the first change that a policy wants while nothing but time changes."""
    policy = MembershipPolicy(settings, 0)
    for step in range(200):
        change = policy.change(seen, step * NS_PER_S // 10)
        if change is not None:
            return change.membership
    return None


def test_nothing_is_to_be_done_while_all_is_well() -> None:
    for count in range(1, 8):
        assert settled(picture(count)) is None


def test_a_dead_voter_becomes_a_learner() -> None:
    assert settled(picture(5, dead=(3,))) == Membership.of((1, 2, 4, 5), (3,))


def test_a_voter_that_cannot_vote_is_as_good_as_dead() -> None:
    assert settled(picture(5, unfit=(3,))) == Membership.of((1, 2, 4, 5), (3,))


def test_a_voter_is_given_time_before_it_is_evicted() -> None:
    policy, seen = MembershipPolicy(SETTINGS, -60 * NS_PER_S), picture(5, dead=(3,))
    assert policy.change(seen, 0) is None
    assert policy.change(seen, 3 * NS_PER_S - 1) is None
    assert policy.change(picture(5), 3 * NS_PER_S) is None  # heard again: the time starts anew
    assert policy.change(seen, 3 * NS_PER_S + 1) is None
    assert policy.change(seen, 7 * NS_PER_S) is not None


def test_a_new_leader_waits_as_if_the_one_before_had_just_evicted_somebody() -> None:
    policy, seen = MembershipPolicy(SETTINGS, 0), picture(5, dead=(3,))
    policy.change(seen, 0)
    assert policy.change(seen, 5 * NS_PER_S - 1) is None
    change = policy.change(seen, 5 * NS_PER_S)
    assert change is not None
    policy.proposed(change, seen, 5 * NS_PER_S)
    assert policy.change(picture(5, dead=(3, 4)), 10 * NS_PER_S - 1) is None


@pytest.mark.parametrize('least', [2, 3, 5])
def test_nobody_is_evicted_below_the_least_number(least: int) -> None:
    settings = MembershipSettings(min_voters=least)
    assert settled(picture(least, dead=(2,)), settings) is None
    assert settled(picture(least + 1, dead=(2,)), settings) is not None


def test_an_eviction_waits_until_those_who_stay_have_followed_since_it_was_due() -> None:
    policy, seen = MembershipPolicy(SETTINGS, -60 * NS_PER_S), picture(3, dead=(2,))
    due = 3 * NS_PER_S

    def change(followed: int, now: int) -> bool:
        """Return whether 2 is evicted where 3 has echoed a heartbeat sent at ``followed``."""
        robots = dict(seen.robots) | {3: seen.robots[3]._replace(followed_ns=followed)}
        return policy.change(seen._replace(robots=robots), now) is not None

    assert not change(0, 0)
    assert not change(due - 1, due)
    assert not change(due - 1, 2 * due)
    assert change(due, 2 * due)
    # Whoever came back meanwhile is due anew.
    assert policy.change(picture(3), 2 * due + 1) is None
    assert not change(2 * due + 1, 2 * due + 2)
    assert not change(3 * due + 1, 3 * due + 2)
    assert change(3 * due + 2, 3 * due + 3)


def test_what_raft_refused_is_backed_anew_before_it_is_proposed_again() -> None:
    policy, seen = MembershipPolicy(SETTINGS, -60 * NS_PER_S), picture(3, dead=(2,))
    due = 3 * NS_PER_S
    robots = dict(seen.robots) | {3: seen.robots[3]._replace(followed_ns=due)}
    seen = seen._replace(robots=robots)
    policy.change(seen, 0)
    assert policy.change(seen, due) is not None
    policy.refused(due)
    assert policy.change(seen, due + 1) is None  # 3 may have died since
    robots[3] = robots[3]._replace(followed_ns=due + 1)
    assert policy.change(seen, due + 2) is not None


def test_a_learner_is_removed_though_a_voter_to_be_removed_is_not_backed() -> None:
    seen = picture(3, 1, removed=(3, 4))
    robots = dict(seen.robots) | {2: seen.robots[2]._replace(followed_ns=-1)}
    assert settled(seen._replace(robots=robots)) == Membership.of((1, 2, 3))


def test_a_learner_that_is_due_is_not_overtaken_by_one_with_more_of_the_log() -> None:
    policy, seen = MembershipPolicy(SETTINGS, 0), picture(2, 2)
    promoted = None
    for step in range(60):
        now = step * NS_PER_S // 10
        late = now - 3 * NS_PER_S // 10  # an echo that comes three steps after its heartbeat
        robots = {robot: of._replace(followed_ns=late) for robot, of in seen.robots.items()}
        ahead = 3 + step % 2
        robots[ahead] = robots[ahead]._replace(match=101)
        promoted = promoted or policy.change(seen._replace(robots=robots), now)
    assert promoted is not None


def test_a_removal_and_a_promotion_wait_for_it_as_well() -> None:
    for seen, left in ((picture(3, removed=(2,)), 3), (picture(2, 1), 2)):
        policy = MembershipPolicy(SETTINGS, 0)
        others = {robot: of for robot, of in seen.robots.items() if robot != seen.leader}
        silent = {robot: of._replace(followed_ns=-1) for robot, of in others.items()}
        lonely = seen._replace(robots=dict(seen.robots) | silent)
        for second in range(10):
            assert policy.change(lonely, second * NS_PER_S) is None
        heard = {left: seen.robots[left]}
        assert policy.change(lonely._replace(robots=dict(lonely.robots) | heard), 10 * NS_PER_S)


def test_newcomers_join_while_nobody_backs_a_change_of_voters() -> None:
    # 2 lives and echoes nothing (its disk hangs); without it 3 cannot be taken off.
    seen = picture(3, removed=(3,), strangers=(4, 5))
    hanging = {2: seen.robots[2]._replace(followed_ns=-1)}
    seen = seen._replace(robots=dict(seen.robots) | hanging)
    joined = Membership.of((1, 2, 3), (4, 5))
    assert settled(seen) == joined
    assert settled(seen._replace(membership=joined)) is None


def test_a_leader_does_not_evict_itself() -> None:
    assert settled(picture(5, dead=(1,), unfit=(1,))) is None


def test_learners_are_promoted_towards_an_odd_number() -> None:
    assert settled(picture(4, 1)) == Membership.of((1, 2, 3, 4, 5))
    assert settled(picture(3, 1)) is None
    assert settled(picture(3, 2)) == Membership.of((1, 2, 3, 4), (5,))
    assert settled(picture(6, 1)) == Membership.of(range(1, 8))
    assert settled(picture(7, 3)) is None
    assert settled(picture(2, 1)) == Membership.of((1, 2, 3))


@pytest.mark.parametrize('fault', ['dead', 'unfit', 'behind'])
def test_who_is_dead_unfit_or_behind_is_not_promoted(fault: str) -> None:
    assert settled(picture(4, 1, **{fault: (5,)})) is None  # type: ignore[arg-type]


def test_a_learner_is_promoted_only_after_a_while_alive() -> None:
    policy = MembershipPolicy(SETTINGS, 0)
    assert policy.change(picture(4, 1), 0) is None
    assert policy.change(picture(4, 1), 2 * NS_PER_S - 1) is None
    assert policy.change(picture(4, 1), 2 * NS_PER_S) is not None


def test_the_most_up_to_date_learner_is_promoted_first() -> None:
    seen = picture(4, 2)
    robots = dict(seen.robots) | {5: Seen(True, FIT, 80, 0), 6: Seen(True, FIT, 90, 0)}
    assert settled(seen._replace(robots=robots)) == Membership.of((1, 2, 3, 4, 6), (5,))


def test_the_dead_go_before_the_living_come() -> None:
    assert settled(picture(5, 2, dead=(5,))) == Membership.of((1, 2, 3, 4), (5, 6, 7))


def test_at_the_least_number_a_learner_takes_the_place_of_a_lost_voter() -> None:
    settings = MembershipSettings(min_voters=3)
    for fault in ('dead', 'unfit'):
        lost = picture(3, 1, **{fault: (2,)})  # type: ignore[arg-type]
        assert settled(lost, settings) == Membership.of((1, 2, 3, 4))
        four = picture(4, **{fault: (2,)})  # type: ignore[arg-type]
        assert settled(four, settings) == Membership.of((1, 3, 4), (2,))
    assert settled(picture(3, 1, dead=(2,), behind=(4,)), settings) is None
    no_room = MembershipSettings(min_voters=3, voters_max=3)
    assert settled(picture(3, 1, dead=(2,)), no_room) is None
    # Below it, no eviction could follow.
    assert settled(picture(3, 1, dead=(2,)), MembershipSettings(min_voters=5)) is None


def test_a_voter_is_lost_to_a_substitute_only_after_the_time_for_an_eviction() -> None:
    policy = MembershipPolicy(MembershipSettings(min_voters=3), -60 * NS_PER_S)
    assert policy.change(picture(3, 1), 0) is None
    seen = picture(3, 1, dead=(2,))
    assert policy.change(seen, 60 * NS_PER_S) is None
    assert policy.change(seen, 63 * NS_PER_S - 1) is None
    assert policy.change(seen, 63 * NS_PER_S) is not None


def test_who_comes_back_after_a_substitute_took_its_place_changes_nothing() -> None:
    settings = MembershipSettings(min_voters=3)
    assert settled(picture(3, 1), settings) is None  # evicted: a learner like any other
    assert settled(picture(4), settings) is None  # before that: one voter more, all alive


def test_strangers_join_as_learners_all_at_once_and_as_many_as_there_is_room_for() -> None:
    assert settled(picture(3, strangers=(8, 9))) == Membership.of((1, 2, 3), (8, 9))
    many = settled(picture(3, strangers=range(10, 100)))
    assert many is not None and len(many.members) == MEMBERS_MAX
    assert settled(picture(3, strangers=(8,), dead=(8,))) is None


def test_who_was_taken_off_the_roster_leaves_and_does_not_come_back() -> None:
    assert settled(picture(5, 1, removed=(6,))) == Membership.of(range(1, 6))
    assert settled(picture(3, removed=(2,))) == Membership.of((1, 3))
    assert settled(picture(3, strangers=(8,), removed=(8,))) is None
    assert settled(picture(3, removed=(1,))) is None  # the leader goes once another leads


def test_two_become_one_only_where_it_is_set_so_and_both_live() -> None:
    sole = MembershipSettings(last_two='sole_voter')
    assert settled(picture(2)) is None
    assert settled(picture(2), sole) == Membership.of((1,), (2,))
    assert settled(picture(2, dead=(2,)), sole) is None
    assert settled(picture(2, 1), sole) == Membership.of((1, 2, 3))
    assert settled(picture(3), sole) is None


def test_the_successor_is_fit_up_to_date_and_stays() -> None:
    assert successor(picture(3)) == 2
    assert successor(picture(4, dead=(2,), weak=(3,))) == 4
    assert successor(picture(3, unfit=(2,), removed=(3,))) == 0
    assert successor(picture(3, 1, behind=(2, 3))) == 2
    assert successor(picture(3, behind=(2,))) == 3


def test_the_successor_of_a_removed_leader_may_be_weak_and_of_any_other_may_not() -> None:
    assert successor(picture(3, weak=(1, 2, 3))) == 0
    assert successor(picture(3, weak=(1, 2, 3), removed=(1,))) == 2
    assert successor(picture(3, weak=(2,), removed=(1,))) == 3
    assert successor(picture(3, unfit=(2, 3), removed=(1,))) == 0


@pytest.mark.parametrize('fault', ['dead', 'unfit'])
def test_a_voter_is_removed_once_a_majority_of_those_that_stay_lives(fault: str) -> None:
    without = Membership.of((1, 3), (2,))
    assert settled(picture(3, removed=(3,), **{fault: (2,)})) == without  # evicted before
    assert settled(picture(3, removed=(2,), **{fault: (2,)})) == Membership.of((1, 3))
    assert settled(picture(4, removed=(4,), **{fault: (2,)})) == Membership.of((1, 2, 3))
    assert settled(picture(2, 1, removed=(3,), **{fault: (2,)})) == Membership.of((1, 2))


def test_a_sole_voter_that_was_removed_makes_a_learner_its_successor() -> None:
    sole = MembershipSettings(last_two='sole_voter')
    for settings in (SETTINGS, sole):
        assert settled(picture(1, 1, removed=(1,)), settings) == Membership.of((1, 2))
        assert settled(picture(1, 1), settings) is None
    assert settled(picture(2, removed=(1,)), sole) is None  # it hands over, nobody goes on alone


@given(
    st.integers(1, 7), st.integers(0, 4), st.sets(st.integers(1, 11)), st.sets(st.integers(1, 11)),
    st.sets(st.integers(1, 11)), st.sampled_from(['both', 'sole_voter']), st.integers(1, 7),
)
def test_every_change_is_one_that_raft_accepts_and_they_come_to_an_end(
    voters: int, learners: int, dead: set[int], unfit: set[int], removed: set[int], last_two: str,
    least: int,
) -> None:
    seen = picture(voters, learners, dead=dead - {1}, unfit=unfit - {1}, removed=removed)
    policy = MembershipPolicy(MembershipSettings(last_two=last_two, min_voters=least), 0)
    changes = 0
    for step in range(600):
        now = step * NS_PER_S // 2
        change = policy.change(seen, now)
        if change is not None:
            check_change(seen.membership, change.membership)
            assert len(change.membership.voters) <= 7
            policy.proposed(change, seen, now)
            seen = seen._replace(membership=change.membership)
            changes += 1
    assert changes <= 25 and policy.change(seen, 300 * NS_PER_S) is None


def test_settings_that_contradict_each_other_are_refused() -> None:
    check_membership(SETTINGS, 'x')
    with pytest.raises(ConfigurationError, match='voters_max'):
        check_membership(MembershipSettings(min_voters=5, voters_max=3), 'x')
    with pytest.raises(ConfigurationError, match='both, sole_voter'):
        check_membership(MembershipSettings(last_two='one'), 'x')
