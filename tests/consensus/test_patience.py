# SPDX-License-Identifier: Apache-2.0
"""How long a leader is waited for: learnt from its silences, in turns, never beyond the bounds."""

from __future__ import annotations

import random

from consensus.single import BEAT, beat, MAX, member, MIN, pre_asks, SETTINGS
from swarm_coordination.consensus.messages import Role
from swarm_coordination.consensus.patience import Patience
from swarm_coordination.units import NS_PER_MS

VOTERS = (1, 2, 3, 4, 5)


def patience(me: int = 1, seed: int = 1) -> Patience:
    """Return the patience of one of five voters."""
    return Patience(me, SETTINGS, random.Random(seed))


def test_a_leader_on_the_beat_is_given_up_after_the_shortest_time_out():
    learner = patience()
    for _ in range(100):
        learner.heard(BEAT)

    assert learner.wait_ns == MIN


def test_a_leader_that_was_silent_before_is_waited_for_twice_as_long():
    learner = patience()
    learner.heard(150 * NS_PER_MS)

    assert learner.wait_ns == 300 * NS_PER_MS


def test_a_long_silence_is_forgotten_in_time_and_leaves_room_for_chance_meanwhile():
    learner = patience()
    learner.heard(100 * MAX)
    assert learner.wait_ns <= 0.7 * MAX
    for _ in range(1000):
        learner.heard(BEAT)

    assert learner.wait_ns == MIN


def test_who_followed_one_leader_takes_turns_from_the_leader_on_and_the_last_comes_in_time():
    def turn(me: int) -> int:
        return patience(me, seed=me).draw(3, VOTERS)

    assert turn(4) < turn(5) < turn(1) < turn(2) <= MAX
    assert MIN <= turn(4) < MIN + BEAT // 2


def test_without_a_leader_chance_alone_decides():
    drawn = [patience(seed=seed).draw(0, VOTERS) for seed in range(50)]

    assert len(set(drawn)) > 45
    assert min(drawn) >= MIN and MAX >= max(drawn) > MIN + 0.8 * (MAX - MIN)


def test_a_follower_of_an_uneven_leader_does_not_stand_and_one_of_a_dead_leader_does():
    """The leader's beats reach it three, five and again three beats apart."""
    raft, now = member(voters=VOTERS, me=2), 0
    for number, gap in enumerate([1, 3, 3, 5, 3, 5, 5, 3], 1):
        now += gap * BEAT - 1
        raft.tick(now)
        assert raft.role is Role.FOLLOWER, f'stood before beat {number}'
        now += 1
        raft.step(beat(5, 1, number, raft), now)
    raft.tick(now + MAX)

    assert raft.role is Role.PRE_CANDIDATE


def test_the_outage_between_two_leaders_is_not_held_against_the_second():
    raft = member(voters=VOTERS, me=2)
    raft.step(beat(5, 1, 1, raft), 0)
    raft.step(beat(4, 2, 1, raft), 3 * MIN)
    raft.step(beat(4, 2, 2, raft), 3 * MIN + BEAT)
    raft.tick(3 * MIN + BEAT + MIN + 4 * BEAT)

    assert raft.role is Role.PRE_CANDIDATE


def test_a_leader_is_held_alive_against_other_candidates_for_as_long_as_it_is_waited_for():
    raft = member(voters=VOTERS, me=2)
    raft.step(beat(5, 1, 1, raft), 0)
    raft.step(beat(5, 1, 2, raft), 180 * NS_PER_MS)
    raft.step(pre_asks(3, 2, (0, 0)), 180 * NS_PER_MS + MIN + 1)
    assert raft.levels().grant_candidate == 0
    raft.tick(540 * NS_PER_MS)

    assert raft.levels().grant_candidate == 3
