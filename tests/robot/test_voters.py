# SPDX-License-Identifier: Apache-2.0
"""Who votes, on whole robots: losses one by one, halts, returns, transfers, reads."""

from __future__ import annotations

import pytest
from robot.swarm_of_robots import CLUSTER_ID, CONFIG_HASH, Disk, KEY, put, RobotsOnOneRadio
from swarm_coordination.errors import ProposalRefused
from swarm_coordination.mission.commands import (
    encode_command,
    RosterRemove,
    TransferLeadership,
)
from swarm_coordination.persistence import fresh, Provision, Recovered
from swarm_coordination.robot.membership_settings import MembershipSettings
from swarm_coordination.robot.settings import RobotSettings
from swarm_coordination.units import NS_PER_S

SOLE = RobotSettings(config_hash=CONFIG_HASH, membership=MembershipSettings(last_two='sole_voter'))

SHRINKS_NOT = RobotSettings(config_hash=CONFIG_HASH, membership=MembershipSettings(min_voters=3))


def voters(swarm: RobotsOnOneRadio) -> tuple[str, ...]:
    """Return the voters that all running robots agree on, once that is committed."""
    seen = {swarm.status(at).voters for at in swarm.living()}
    commits = {swarm.status(at).commit >= swarm.status(at).configuration for at in swarm.living()}
    return seen.pop() if len(seen) == 1 and commits == {True} else ()


def commits(swarm: RobotsOnOneRadio, key: str, seconds: float = 3.0) -> bool:
    """Whether a value put at some robot gets applied by all that run."""
    swarm.robot(swarm.living()[-1]).propose(put(key, 'x'), swarm.now)

    def applied() -> bool:
        return all(
            any(f'"{key}"' in command for command, _ in swarm.values_put(at))
            for at in swarm.living()
        )

    return swarm.until(applied, seconds)


def join(
    swarm: RobotsOnOneRadio, storage_id: int, name: str, held: Recovered | None = None
) -> int:
    """Start a robot that was not provisioned with the others; return its number."""
    electors = swarm.disks[0].held.provision.voters
    provision = Provision(name, storage_id, CLUSTER_ID, electors, KEY)
    swarm.disks.append(Disk(held or fresh(provision)))
    swarm.add(len(swarm.disks) - 1)
    return len(swarm.disks) - 1


def transfer(swarm: RobotsOnOneRadio, target: int) -> None:
    """Have an operator ask, at the robot after it, that ``target`` lead."""
    command = encode_command(TransferLeadership(1000 + target)).decode()
    swarm.robot((target + 1) % len(swarm.robots)).propose(command, swarm.now)


def remove(swarm: RobotsOnOneRadio, robot: int) -> None:
    """Have an operator take a robot off the roster, at another one."""
    command = encode_command(RosterRemove(1000 + robot)).decode()
    asked = next(at for at in swarm.living() if at != robot)
    swarm.robot(asked).propose(command, swarm.now)


def lose_the_leader(swarm: RobotsOnOneRadio, left: int) -> None:
    """Kill the leader, the worst one to lose, and wait until so many voters are left."""
    swarm.kill(swarm.leader())
    assert swarm.until(lambda: len(voters(swarm)) == left, 15.0), left


def test_sequential_losses_from_seven_voters_keep_committing_down_to_two() -> None:
    swarm = RobotsOnOneRadio(7)
    swarm.run(2.0)
    for left in range(6, 1, -1):
        lose_the_leader(swarm, left)
        assert commits(swarm, f'left.{left}')
    swarm.kill(swarm.living()[0])
    (last,) = swarm.living()
    assert not commits(swarm, 'halted', 15.0)
    assert not swarm.status(last).quorum
    said = [e.text for e in swarm.events[last] if e.kind == 'no_quorum'][-1]
    assert 'nothing is committed' in said and f'robot{last + 1}' in said


def test_a_majority_lost_at_once_halts_commits_and_says_so_and_its_return_resumes_them() -> None:
    swarm = RobotsOnOneRadio(5)
    swarm.run(2.0)
    lost = [at for at in range(5) if at != swarm.leader()][:3]
    for at in lost:
        swarm.kill(at)
    assert not commits(swarm, 'halted', 12.0)
    for at in swarm.living():
        assert swarm.kinds(at)[-1] != 'quorum' and 'no_quorum' in swarm.kinds(at)
        assert len(swarm.status(at).voters) == 5  # nobody was evicted without a majority
    swarm.start(lost[0])
    assert swarm.until(lambda: any('halted' in c for c, _ in swarm.values_put(lost[0])), 6.0)
    assert 'quorum' in swarm.kinds(lost[0])


def test_a_swarm_that_never_elects_says_so_once_after_ten_seconds() -> None:
    swarm = RobotsOnOneRadio(3)
    learner = join(swarm, 2000, 'robot9')
    for at in (1, 2):
        swarm.kill(at)
    swarm.run(9.9)
    assert 'no_quorum' not in swarm.kinds(0) + swarm.kinds(learner)
    swarm.run(10.0)
    for at in (0, learner):
        (said,) = [e for e in swarm.events[at] if e.kind == 'no_quorum']
        assert said.time_ns == 10 * NS_PER_S
        assert 'robot1, robot2, robot3' in said.text and 'nothing is committed' in said.text
    swarm.start(1)
    assert swarm.until(lambda: 'quorum' in swarm.kinds(0), 5.0)


def test_who_has_a_leader_within_ten_seconds_of_its_start_never_says_that_there_is_none() -> None:
    swarm = RobotsOnOneRadio(3)
    swarm.run(12.0)
    assert all('no_quorum' not in swarm.kinds(at) for at in range(3))


def test_at_the_least_number_of_voters_a_learner_takes_the_place_of_a_dead_one() -> None:
    swarm = RobotsOnOneRadio(3, SHRINKS_NOT)
    swarm.run(2.0)
    join(swarm, 2000, 'robot9')
    swarm.run(3.0)
    dead = (swarm.leader() + 1) % 3
    swarm.kill(dead)
    stay = {f'robot{at + 1}' for at in range(3) if at != dead} | {'robot9'}
    assert swarm.until(lambda: set(voters(swarm)) == stay, 15.0)
    swarm.start(dead)  # a learner now: nobody has to give way to it
    swarm.run(10.0)
    assert set(voters(swarm)) == stay
    swarm.kill(swarm.leader())
    assert commits(swarm, 'after.another')


def test_evictions_keep_their_distance() -> None:
    swarm = RobotsOnOneRadio(7)
    swarm.run(2.0)
    leader = swarm.leader()
    for at in [at for at in range(7) if at != leader][:3]:
        swarm.kill(at)
    assert swarm.until(lambda: len(voters(swarm)) == 4, 25.0)
    told = [e.time_ns for e in swarm.events[leader] if e.kind == 'voters' and 'evicted' in e.text]
    assert len(told) == 3
    assert told[1] - told[0] >= 5 * NS_PER_S and told[2] - told[1] >= 5 * NS_PER_S


def test_an_evicted_robot_returns_as_a_learner_with_its_disk_and_is_promoted() -> None:
    swarm = RobotsOnOneRadio(5)
    swarm.run(2.0)
    gone = (swarm.leader() + 1) % 5
    swarm.kill(gone)
    assert swarm.until(lambda: len(voters(swarm)) == 4, 15.0)
    assert f'robot{gone + 1}' in swarm.status(swarm.leader()).learners
    assert commits(swarm, 'while.away')
    swarm.start(gone)
    swarm.run(1.5)
    assert not swarm.status(gone).may_vote and swarm.status(gone).applied > 0
    assert swarm.until(lambda: len(voters(swarm)) == 5, 6.0)
    assert swarm.status(gone).may_vote


def test_a_short_restart_costs_nobody_its_vote() -> None:
    swarm = RobotsOnOneRadio(5)
    swarm.run(2.0)
    gone = (swarm.leader() + 1) % 5
    swarm.kill(gone)
    swarm.run(2.5)
    swarm.start(gone)
    swarm.run(8.0)
    assert len(voters(swarm)) == 5 and swarm.status(0).configuration == 0


def test_storage_that_was_not_provisioned_joins_as_a_learner_and_fills_up_the_voters() -> None:
    swarm = RobotsOnOneRadio(4)
    swarm.run(2.0)
    at = join(swarm, 2000, 'robot9')
    assert swarm.until(lambda: 'robot9' in swarm.status(0).learners, 3.0)
    assert not swarm.status(at).may_vote
    assert swarm.until(lambda: len(voters(swarm)) == 5, 6.0)
    assert swarm.status(at).may_vote and 'robot9' in voters(swarm)


def test_a_learner_is_promoted_only_towards_an_odd_number() -> None:
    swarm = RobotsOnOneRadio(3)
    swarm.run(2.0)
    join(swarm, 2000, 'robot9')
    swarm.run(8.0)
    assert voters(swarm) == ('robot1', 'robot2', 'robot3')
    assert swarm.status(0).learners == ('robot9',)


def test_a_damaged_disk_takes_part_without_ever_being_promoted() -> None:
    swarm = RobotsOnOneRadio(4)
    swarm.run(2.0)
    electors = swarm.disks[0].held.provision.voters
    held = fresh(Provision('robot9', 2000, CLUSTER_ID, electors, KEY))
    join(swarm, 2000, 'robot9', held._replace(may_vote=False, reason='damaged'))
    swarm.run(8.0)
    assert swarm.status(0).learners == ('robot9',) and len(voters(swarm)) == 4


def test_of_two_robots_with_one_name_the_one_in_the_roster_is_a_member() -> None:
    swarm = RobotsOnOneRadio(4)
    swarm.run(2.0)
    join(swarm, 5, 'robot2')  # the lower storage id would win if neither were in the roster
    swarm.run(8.0)
    assert swarm.status(0).voters == ('robot1', 'robot2', 'robot3', 'robot4')
    assert swarm.status(0).learners == ()
    assert 'duplicate_name' in swarm.kinds(0)


def test_a_copied_disk_costs_both_their_vote() -> None:
    swarm = RobotsOnOneRadio(5)
    swarm.run(2.0)
    copied = (swarm.leader() + 1) % 5
    at = join(swarm, 1000 + copied, f'robot{copied + 1}', swarm.disks[copied].held)
    # The copy takes what it hears of its twin for its own past, still on the air, for ten seconds.
    swarm.run(12.0)
    for twin in (copied, at):
        assert 'duplicate_storage' in swarm.kinds(twin) and not swarm.status(twin).may_vote
    leader = swarm.leader()
    assert f'robot{copied + 1}' in swarm.status(leader).learners
    swarm.run(8.0)
    assert len(swarm.status(leader).voters) == 4
    # What the one has promised, the other's disk does not know: no restart brings the vote back.
    swarm.kill(at)
    swarm.kill(copied)
    swarm.start(copied)
    swarm.run(8.0)
    assert not swarm.status(copied).may_vote
    held_back = [event.text for event in swarm.events[copied] if event.kind == 'held_back']
    assert held_back == ['takes part without a vote: a copy of its disk was in use']
    assert f'robot{copied + 1}' in swarm.status(leader).learners
    with pytest.raises(ProposalRefused, match='copied'):
        swarm.robot(copied).propose(put('own', 'serial'), swarm.now)


def test_a_robot_with_a_twin_accepts_no_commands_under_serials_that_the_twin_gives_out() -> None:
    swarm = RobotsOnOneRadio(3)
    swarm.run(2.0)
    at = join(swarm, 1001, 'robot2', swarm.disks[1].held)
    swarm.run(12.0)
    for twin in (1, at):
        with pytest.raises(ProposalRefused, match='copied'):
            swarm.robot(twin).propose(put('own', 'serial'), swarm.now)


def test_who_leaves_the_roster_leaves_the_voters_and_hands_leadership_over_first() -> None:
    swarm = RobotsOnOneRadio(4)
    swarm.run(2.0)
    old = swarm.leader()
    asked = (old + 1) % 4
    remove(swarm, old)
    assert swarm.until(lambda: len(swarm.status(asked).voters) == 3, 3.0)
    assert 'transfer' in swarm.kinds(old)
    assert f'robot{old + 1}' not in (*swarm.status(asked).voters, *swarm.status(asked).learners)
    assert 'no_quorum' not in swarm.kinds(asked)[swarm.kinds(asked).index('quorum'):]


def test_an_operator_moves_leadership() -> None:
    swarm = RobotsOnOneRadio(3)
    swarm.run(2.0)
    old = swarm.leader()
    target = (old + 2) % 3
    transfer(swarm, target)
    assert swarm.until(lambda: swarm.status(target).leader == 1000 + target, 1.0)
    term = swarm.status(target).term
    swarm.run(8.0)
    assert swarm.leader() == target and swarm.status(target).term == term  # once, and that is it
    for at in range(3):
        swarm.kill(at)
        swarm.start(at)  # the command is applied again, and obeyed no more
    swarm.run(8.0)
    assert [kind for at in range(3) for kind in swarm.kinds(at)].count('transfer') == 1


def test_a_leader_short_of_battery_hands_over_to_one_that_is_not() -> None:
    swarm = RobotsOnOneRadio(3)
    swarm.run(2.0)
    old, weak = swarm.leader(), (swarm.leader() + 1) % 3
    swarm.robot(weak).coordinator.battery(0.1)
    swarm.run(0.5)
    swarm.robot(old).coordinator.battery(0.19)
    swarm.run(1.0)
    assert swarm.leader() == 3 - old - weak


@pytest.mark.parametrize('because', ['weak', 'removed'])
def test_who_leads_by_an_operators_wish_hands_over_as_anybody_else(because: str) -> None:
    swarm = RobotsOnOneRadio(4)
    swarm.run(2.0)
    old = swarm.leader()
    target = (old + 1) % 4
    transfer(swarm, target)
    assert swarm.until(lambda: swarm.status(old).leader == 1000 + target, 1.0)
    swarm.run(1.0)
    if because == 'weak':
        swarm.robot(target).coordinator.battery(0.05)
    else:
        remove(swarm, target)
    assert swarm.until(lambda: swarm.status(old).leader != 1000 + target, 7.0)
    swarm.run(3.0)
    assert swarm.leader() != target
    assert (f'robot{target + 1}' in voters(swarm)) is (because == 'weak')


def test_a_wish_for_whoever_leads_already_changes_nothing() -> None:
    swarm = RobotsOnOneRadio(3)
    swarm.run(2.0)
    old = swarm.leader()
    transfer(swarm, old)
    swarm.run(1.0)
    assert swarm.leader() == old
    swarm.robot(old).coordinator.battery(0.05)
    swarm.run(1.0)
    assert swarm.leader() != old


def test_an_operators_wish_is_void_for_every_leader_after_the_one_that_obeyed_it() -> None:
    swarm = RobotsOnOneRadio(5)
    swarm.run(2.0)
    target = (swarm.leader() + 1) % 5
    transfer(swarm, target)
    swarm.run(3.0)
    assert swarm.leader() == target
    swarm.kill(target)
    swarm.run(8.0)
    swarm.start(target)
    swarm.run(8.0)
    assert swarm.leader() != target
    assert [kind for at in range(5) for kind in swarm.kinds(at)].count('transfer') == 1


def test_a_removed_leader_hands_over_to_a_weak_one_where_nobody_is_fit() -> None:
    swarm = RobotsOnOneRadio(4)
    swarm.run(2.0)
    old = swarm.leader()
    for at in range(4):
        swarm.robot(at).coordinator.battery(0.1)
    swarm.run(6.0)
    assert swarm.leader() == old  # the others are no better
    told = [event.text for event in swarm.events[old] if event.kind == 'refused']
    assert told == ['leadership stays, no other can lead: its battery is low']
    remove(swarm, old)
    assert swarm.until(lambda: len(voters(swarm)) == 3, 8.0)
    assert swarm.leader() != old and f'robot{old + 1}' not in voters(swarm)


def test_a_removal_waits_until_the_voters_that_stay_have_a_majority_that_lives() -> None:
    swarm = RobotsOnOneRadio(3)
    swarm.run(2.0)
    leader = swarm.leader()
    dead, leaving = (at for at in range(3) if at != leader)
    swarm.kill(dead)
    assert swarm.until(lambda: 'silent' in swarm.kinds(leader), 3.0)
    remove(swarm, leaving)  # of two voters, one of them dead, there would be no majority
    assert swarm.until(lambda: voters(swarm) == (f'robot{leader + 1}',), 15.0)
    swarm.kill(leaving)
    assert commits(swarm, 'alone')
    assert 'no_quorum' not in swarm.kinds(leader)[swarm.kinds(leader).index('quorum'):]


def test_two_voters_both_stay_or_become_one_as_it_is_set() -> None:
    both = RobotsOnOneRadio(2)
    both.run(6.0)
    assert len(voters(both)) == 2
    sole = RobotsOnOneRadio(2, SOLE)
    sole.run(6.0)
    last = sole.leader()
    assert voters(sole) == (f'robot{last + 1}',)
    sole.kill(1 - last)
    assert commits(sole, 'alone')


def test_a_sole_voter_takes_others_back_when_there_are_three() -> None:
    swarm = RobotsOnOneRadio(2, SOLE)
    swarm.run(6.0)
    join(swarm, 2000, 'robot9')
    assert swarm.until(lambda: len(voters(swarm)) == 3, 10.0)
    swarm.run(5.0)
    assert len(voters(swarm)) == 3


def test_the_larger_island_evicts_and_takes_the_others_back() -> None:
    swarm = RobotsOnOneRadio(5)
    swarm.run(2.0)
    leader = swarm.leader()
    swarm.cut = {(leader + 1) % 5, (leader + 3) % 5}
    assert swarm.until(lambda: len(swarm.status(leader).voters) == 3, 20.0)
    swarm.cut = set()
    assert swarm.until(lambda: len(voters(swarm)) == 5, 15.0)
    assert commits(swarm, 'together')
    assert len({swarm.status(at).state_hash for at in range(5)}) == 1


def one_cut_off() -> tuple[RobotsOnOneRadio, int, int]:
    """Return three robots, one just cut off, and who leads and who follows."""
    swarm = RobotsOnOneRadio(3)
    swarm.run(7.0)
    leader = swarm.leader()
    swarm.cut = {(leader + 2) % 3}
    return swarm, leader, (leader + 1) % 3


@pytest.mark.parametrize('before_s', [0.1, 0.3, 0.5, 0.7])
def test_a_voter_is_not_evicted_once_those_who_stay_are_no_majority_any_more(
    before_s: float
) -> None:
    # Its log would bind the leader to the one whose disk is lost, though two of three are back.
    swarm, leader, _ = one_cut_off()
    begun = swarm.now
    assert swarm.until(lambda: len(swarm.status(leader).voters) == 2, 10.0)
    evicts_s = (swarm.now - begun) / NS_PER_S

    swarm, leader, follower = one_cut_off()
    swarm.run(evicts_s - before_s)
    swarm.kill(follower)
    provision = swarm.disks[follower].held.provision
    swarm.disks[follower] = Disk(fresh(provision)._replace(may_vote=False, reason='lost'))
    swarm.run(2.0)
    assert len(swarm.status(leader).voters) == 3
    swarm.cut = set()
    swarm.start(follower)
    assert swarm.until(lambda: swarm.status(leader).quorum, 5.0)
    assert commits(swarm, 'goes_on')


def test_who_died_while_leadership_was_handed_over_backs_no_eviction_after_it() -> None:
    swarm, leader, _ = one_cut_off()
    begun = swarm.now
    assert swarm.until(lambda: len(swarm.status(leader).voters) == 2, 10.0)
    evicts_s = (swarm.now - begun) / NS_PER_S

    swarm, leader, follower = one_cut_off()
    swarm.run(evicts_s - 0.3)
    raft = swarm.robot(leader).coordinator._raft
    raft.transfer(1000 + (leader + 2) % 3, swarm.now)  # to the one cut off: it lasts 0.8 s
    swarm.run(0.4)
    swarm.kill(follower)
    swarm.run(1.5)
    assert len(swarm.status(leader).voters) == 3


def test_a_read_holds_what_was_committed_before_it_was_asked_for() -> None:
    swarm = RobotsOnOneRadio(3)
    swarm.run(2.0)
    reader = (swarm.leader() + 1) % 3
    assert commits(swarm, 'k')
    serial = swarm.robot(reader).coordinator.read(swarm.now)
    swarm.run(0.5)
    done = [e for e in swarm.events[reader] if e.kind == 'read']
    assert [e.value for e in done] == [serial]
    swarm.cut = {reader}
    swarm.robot(reader).coordinator.read(swarm.now)
    swarm.run(3.0)
    assert [e for e in swarm.events[reader] if e.kind == 'read'] == done  # cut off: no answer
    swarm.cut = set()
    swarm.run(3.0)
    assert len([e for e in swarm.events[reader] if e.kind == 'read']) == 2
