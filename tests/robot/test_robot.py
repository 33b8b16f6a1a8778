# SPDX-License-Identifier: Apache-2.0
"""The contract of the Robot object with its shell."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st
import pytest
from robot.swarm_of_robots import (
    CLUSTER_ID,
    CONFIG_HASH,
    Disk,
    KEY,
    MS,
    provision,
    put,
    RobotsOnOneRadio,
)
from swarm_coordination.errors import CommandError, ProposalRefused, UsageError
from swarm_coordination.mesh.rows import StopFlag
from swarm_coordination.mission.commands import encode_command, RosterRemove, StartMission
from swarm_coordination.mission.formations import Formation
from swarm_coordination.persistence import fresh
from swarm_coordination.robot.robot import Robot
from swarm_coordination.robot.settings import RobotSettings
from swarm_coordination.views import Mode, Pose
from swarm_coordination.wire.codec import WireCodec

PATROL = StartMission('patrol', Formation('line', 3000), ((0, 0, 0), (5000, 0, 0)), 500, 2000)


def lone_robot() -> Robot:
    codec = WireCodec(KEY, CLUSTER_ID, CONFIG_HASH)
    robot_settings = RobotSettings(config_hash=CONFIG_HASH)
    return Robot(fresh(provision(1, 0)), robot_settings, codec, random.Random(1), 0)


def test_a_robot_says_nothing_before_its_incarnation_is_on_disk() -> None:
    swarm = RobotsOnOneRadio(2)
    swarm.syncing[0] = False
    swarm.run(1.0)
    assert swarm.sent[0] == []
    assert swarm.sent[1] != []
    swarm.syncing[0] = True
    swarm.run(0.2)
    assert swarm.sent[0] != []


def test_a_stalled_disk_silences_neither_beacons_nor_stops() -> None:
    swarm = RobotsOnOneRadio(3)
    swarm.run(0.5)
    swarm.syncing[0] = False
    before = len(swarm.sent[0])
    swarm.run(1.0)
    assert len(swarm.sent[0]) - before >= 18  # 20 beacons a second
    swarm.robot(0).stop(1, swarm.now)
    swarm.run(0.3)
    assert [swarm.status(at).mode for at in range(3)] == [Mode.STOPPED] * 3


def test_a_robot_whose_disk_stalls_never_becomes_leader() -> None:
    swarm = RobotsOnOneRadio(3)
    swarm.run(0.2)
    for at in (0, 1, 2):
        swarm.syncing[at] = at == 2
    swarm.run(5.0)
    assert all(swarm.status(at).leader == 0 for at in range(3))
    assert all(swarm.status(at).commit == 0 for at in range(3))
    swarm.syncing = [True] * 3
    swarm.run(2.0)
    swarm.leader()


def test_a_command_is_accepted_only_once_it_is_on_disk() -> None:
    swarm = RobotsOnOneRadio(3)
    swarm.run(2.0)
    at = (swarm.leader() + 1) % 3
    swarm.syncing[at] = False
    serial = swarm.robot(at).propose(put('a', '1'), swarm.now)
    swarm.run(1.0)
    assert 'accepted' not in swarm.kinds(at)
    assert swarm.values_put(at) == []
    swarm.syncing[at] = True
    swarm.run(1.0)
    accepted = [event.value for event in swarm.events[at] if event.kind == 'accepted']
    assert accepted == [serial]
    for other in range(3):
        assert swarm.values_put(other) == [(put('a', '1'), True)]


def test_an_accepted_command_survives_the_loss_of_the_robot_and_applies_once() -> None:
    swarm = RobotsOnOneRadio(3)
    swarm.run(2.0)
    at = (swarm.leader() + 1) % 3
    swarm.cut = {at}
    swarm.run(0.1)
    swarm.robot(at).propose(put('kept', 'yes'), swarm.now)
    swarm.run(0.1)
    assert 'accepted' in swarm.kinds(at)
    swarm.kill(at)
    swarm.run(2.0)
    swarm.cut = set()
    swarm.start(at)
    swarm.run(3.0)
    for other in range(3):
        assert swarm.values_put(other)[-1:] == [(put('kept', 'yes'), True)]
    assert len({swarm.status(other).state_hash for other in range(3)}) == 1
    assert swarm.status(at).pending_intents == 0


def test_a_restarted_robot_comes_back_under_a_higher_incarnation_with_its_log() -> None:
    swarm = RobotsOnOneRadio(3)
    swarm.run(2.0)
    leader = swarm.leader()
    swarm.robot(leader).propose(put('a', '1'), swarm.now)
    swarm.run(1.0)
    before = swarm.status(leader)
    swarm.kill(leader)
    swarm.run(2.0)
    assert swarm.leader() != leader
    swarm.start(leader)
    swarm.run(2.0)
    after = swarm.status(leader)
    assert after.incarnation == before.incarnation + 1
    assert after.applied > before.applied
    assert len({swarm.status(at).state_hash for at in range(3)}) == 1


def test_without_a_majority_nothing_is_committed_and_the_robot_says_so() -> None:
    swarm = RobotsOnOneRadio(3)
    swarm.run(2.0)
    leader = swarm.leader()
    swarm.cut = {leader}
    swarm.run(2.0)
    commit = swarm.status(leader).commit
    swarm.robot(leader).propose(put('alone', '1'), swarm.now)
    swarm.run(2.0)
    assert swarm.status(leader).commit == commit
    assert not swarm.status(leader).quorum
    assert 'no_quorum' in swarm.kinds(leader)
    swarm.cut = set()
    swarm.run(3.0)
    for at in range(3):
        assert swarm.values_put(at) == [(put('alone', '1'), True)]


def test_a_stop_acts_on_all_and_lifting_spares_one_raised_meanwhile() -> None:
    swarm = RobotsOnOneRadio(3)
    swarm.run(2.0)
    swarm.robot(0).stop(1, swarm.now)
    swarm.run(0.3)
    lift = swarm.robot(1).coordinator.lift_command()
    swarm.robot(0).stop(1, swarm.now)
    swarm.robot(1).propose(lift, swarm.now)
    swarm.run(1.0)
    assert [swarm.status(at).mode for at in range(3)] == [Mode.STOPPED] * 3
    swarm.robot(2).propose(swarm.robot(2).coordinator.lift_command(), swarm.now)
    swarm.run(1.0)
    assert [swarm.status(at).mode for at in range(3)] == [Mode.IDLE] * 3


def test_a_stop_is_still_in_force_after_a_restart() -> None:
    swarm = RobotsOnOneRadio(3)
    swarm.run(2.0)
    swarm.robot(0).stop(2, swarm.now)
    swarm.run(0.5)
    for at in range(3):
        swarm.kill(at)
    for at in range(3):
        swarm.start(at)
    swarm.run(2.0)
    assert [swarm.status(at).mode for at in range(3)] == [Mode.STOPPED] * 3


def test_a_mission_gets_slots_and_its_lease_runs_out_without_a_leader() -> None:
    swarm = RobotsOnOneRadio(3, apart_m=6.0)
    swarm.run(2.0)
    swarm.robot(0).propose(encode_command(PATROL).decode(), swarm.now)
    swarm.run(1.5)
    assert sorted(swarm.status(at).slot for at in range(3)) == [0, 1, 2]
    assert {swarm.status(at).mode for at in range(3)} == {Mode.FLY}
    lonely = (swarm.leader() + 1) % 3
    swarm.cut = {lonely}
    swarm.run(1.5)
    assert swarm.status(lonely).mode is Mode.FLY
    swarm.run(1.5)
    assert swarm.status(lonely).mode is Mode.LEASE_EXPIRED


def test_a_malformed_command_is_refused_and_uses_up_no_serial() -> None:
    robot = lone_robot()
    with pytest.raises(CommandError, match='kind'):
        robot.propose('{"kind": "dance"}', 0)
    assert robot.propose(put('a', '1'), 0) == 1


def test_a_mission_that_these_robots_may_not_fly_is_refused_with_the_reason() -> None:
    swarm = RobotsOnOneRadio(3)
    swarm.run(1.0)
    wide = PATROL._replace(formation=Formation('line', 20_000))
    with pytest.raises(CommandError, match='kept range'):
        swarm.robot(0).propose(encode_command(wide).decode(), swarm.now)
    assert swarm.status(0).pending_intents == 0


def test_text_that_is_no_unicode_is_refused_as_a_malformed_command() -> None:
    with pytest.raises(CommandError):
        lone_robot().propose('\ud800', 0)


def test_more_stops_than_one_command_can_lift_are_lifted_by_turns() -> None:
    swarm = RobotsOnOneRadio(1)
    swarm.run(1.0)
    frame = swarm.frame_of_a_stranger(tuple(StopFlag(2000 + k, 1, 1) for k in range(20)))
    swarm.robot(0).receive(frame, swarm.now)
    for _ in range(2):
        swarm.robot(0).propose(swarm.robot(0).coordinator.lift_command(), swarm.now)
        swarm.run(0.5)
    assert swarm.robot(0).coordinator.lift_command() == ''
    assert swarm.status(0).mode is Mode.IDLE


def test_a_robot_taken_off_the_roster_is_told_so_and_leaves_no_junk_in_the_log() -> None:
    swarm = RobotsOnOneRadio(4)
    swarm.run(2.0)
    other = (swarm.leader() + 1) % 4
    swarm.robot(other).propose(encode_command(RosterRemove(1000 + other)).decode(), swarm.now)
    swarm.robot(other).propose(put('late', '1'), swarm.now)
    swarm.run(2.0)
    length = swarm.status(other).last_index
    with pytest.raises(ProposalRefused, match='roster'):
        swarm.robot(other).propose(put('later', '1'), swarm.now)
    swarm.kill(swarm.leader())
    swarm.run(3.0)
    assert swarm.status(other).last_index == length + 1  # the new leader's no-op


def test_a_robot_taken_off_the_roster_is_no_obstacle_any_more_once_it_is_silent() -> None:
    swarm = RobotsOnOneRadio(3)
    swarm.run(2.0)
    gone = (swarm.leader() + 1) % 3
    asked = (gone + 1) % 3
    swarm.kill(gone)
    swarm.run(4.0)
    names = [row.name for row in swarm.robot(asked).coordinator.table.neighbors]
    assert f'robot{gone + 1}' in names
    swarm.robot(asked).propose(encode_command(RosterRemove(1000 + gone)).decode(), swarm.now)
    swarm.run(2.0)
    for at in {0, 1, 2} - {gone}:
        names = [row.name for row in swarm.robot(at).coordinator.table.neighbors]
        assert f'robot{gone + 1}' not in names


def test_a_request_asked_again_after_a_crash_is_still_accepted_once() -> None:
    swarm = RobotsOnOneRadio(3)
    swarm.run(2.0)
    asked = swarm.robot(0).coordinator

    def ask(name: str) -> int:
        coordinator = swarm.robot(0).coordinator
        return coordinator.propose(put(f'by_{name}', '1'), swarm.now, name)

    first = ask('one')
    assert ask('one') == first and ask('two') == first + 1 and ask('') == first + 2
    swarm.run(0.05)  # on disk, hardly committed
    swarm.kill(0)
    swarm.start(0)
    assert swarm.robot(0).coordinator is not asked
    assert ask('one') == first and ask('two') == first + 1
    swarm.run(3.0)
    assert swarm.status(0).pending_intents == 0  # settled, and so they stay
    swarm.kill(0)
    swarm.start(0)
    assert ask('one') == first and ask('three') == first + 3
    swarm.run(2.0)
    applied = [command for command, effect in swarm.values_put(1) if effect]
    assert len([command for command in applied if '"by_one"' in command]) == 1
    assert len([command for command in applied if '"by_two"' in command]) == 1
    with pytest.raises(CommandError, match='at most 64'):
        ask('n' * 65)


def test_what_was_asked_and_never_reached_the_disk_is_accepted_anew() -> None:
    swarm = RobotsOnOneRadio(1)
    swarm.run(1.0)
    swarm.syncing[0] = False
    serial = swarm.robot(0).coordinator.propose(put('lost', '1'), swarm.now, 'one')
    swarm.run(0.1)
    swarm.kill(0)
    swarm.syncing[0] = True
    swarm.start(0)
    other = swarm.robot(0).coordinator.propose(put('other', '1'), swarm.now, 'two')
    again = swarm.robot(0).coordinator.propose(put('lost', '1'), swarm.now, 'one')
    assert (other, again) == (serial, serial + 1)


def test_a_robot_whose_log_was_lost_takes_no_commands() -> None:
    swarm = RobotsOnOneRadio(3)
    swarm.run(2.0)
    swarm.kill(0)
    swarm.disks[0] = Disk(fresh(provision(3, 0))._replace(may_vote=False, reason='log lost'))
    swarm.start(0)
    swarm.run(1.0)
    with pytest.raises(ProposalRefused, match='lost, damaged or copied'):
        swarm.robot(0).propose(put('a', '1'), swarm.now)


def test_a_copied_disk_costs_both_copies_their_vote() -> None:
    swarm = RobotsOnOneRadio(3)
    swarm.run(2.0)
    swarm.disks.append(Disk(swarm.disks[2].held))
    swarm.add(3)
    swarm.run(12.0)
    assert not swarm.status(2).may_vote
    assert not swarm.status(3).may_vote
    assert swarm.status(0).may_vote and swarm.status(1).may_vote


def test_a_replayed_row_of_a_dead_robot_gets_no_slot() -> None:
    swarm = RobotsOnOneRadio(3)
    swarm.run(2.0)
    old = swarm.sent[2][-40:]
    swarm.kill(2)
    swarm.run(4.0)
    for at in (0, 1):
        swarm.kill(at)
        swarm.start(at)
    for _ in range(20):
        for frame in old:
            for at in (0, 1):
                swarm.robot(at).receive(frame, swarm.now)
        swarm.run(0.1)
    swarm.robot(0).propose(encode_command(PATROL).decode(), swarm.now)
    swarm.run(1.5)
    assert swarm.status(0).slots == 2


def test_a_pose_older_than_controllers_allow_for_is_no_pose_of_now() -> None:
    swarm = RobotsOnOneRadio(2)
    swarm.run(1.0)
    swarm.blind = {0}
    swarm.run(0.2)
    frames = [swarm.codec.decode(data) for data in swarm.sent[0][-2:]]
    beacons = [part.beacon for frame in frames for part in frame.fragments[:1] if part.beacon]
    assert beacons and not any(beacon.localised for beacon in beacons)
    swarm.blind = set()
    swarm.run(0.2)
    frames = [swarm.codec.decode(data) for data in swarm.sent[0][-2:]]
    beacons = [part.beacon for frame in frames for part in frame.fragments[:1] if part.beacon]
    assert beacons and all(beacon.localised for beacon in beacons)


def test_a_restarted_coordinator_hands_no_table_over_before_it_has_listened() -> None:
    swarm = RobotsOnOneRadio(3)
    swarm.run(2.0)
    swarm.kill(0)
    swarm.start(0)
    coordinator = swarm.robot(0).coordinator
    tables = []
    for _ in range(200):
        swarm.run(0.01)
        tables.append(coordinator.table)
    stamped = [table for table in tables if table.stamp_ns >= 0]
    assert stamped and all(len(table.neighbors) == 2 for table in stamped)


def test_a_token_that_was_never_given_out_is_misuse() -> None:
    robot = lone_robot()
    with pytest.raises(UsageError, match='never given out'):
        robot.persisted(5, 0)


def test_a_robot_alone_leads_itself_and_commits() -> None:
    swarm = RobotsOnOneRadio(1)
    swarm.run(2.0)
    swarm.robot(0).propose(put('a', '1'), swarm.now)
    swarm.run(0.5)
    assert swarm.values_put(0) == [(put('a', '1'), True)]


@settings(max_examples=200)
@given(st.binary(max_size=1500))
def test_any_bytes_from_the_air_are_counted_and_change_nothing(data: bytes) -> None:
    robot = lone_robot()
    robot.observe(Pose(0.0, 0.0, 0.0, 0.0), (0.0, 0.0, 0.0), 0)
    before = robot.status(0)
    robot.receive(data, 5 * MS)
    after = robot.status(0)
    assert after == before._replace(frames_rejected=before.frames_rejected + 1)


def test_a_stop_is_obeyed_while_a_restarted_coordinator_still_listens() -> None:
    robots = RobotsOnOneRadio(2)
    robots.run(3.0)
    robots.kill(1)
    robots.start(1)
    robots.run(0.3)
    assert robots.robot(1).coordinator.target.stamp_ns == -1
    robots.robot(0).stop(1, robots.now)
    robots.run(0.1)
    restarted = robots.robot(1)
    assert restarted.coordinator.target.mode is Mode.STOPPED
    assert restarted.coordinator.table.stamp_ns == -1
    assert restarted.report is not None and 'stopped' in restarted.report.reasons
