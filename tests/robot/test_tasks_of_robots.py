# SPDX-License-Identifier: Apache-2.0
"""Tasks, watches and clients' sessions on whole robots, over the radio."""

from __future__ import annotations

import pytest
from robot.swarm_of_robots import put, RobotsOnOneRadio
from swarm_coordination.consensus.settings import RaftSettings
from swarm_coordination.errors import CommandError
from swarm_coordination.mesh.settings import MeshSettings
from swarm_coordination.mission.client_commands import ClientOpen
from swarm_coordination.mission.commands import (
    AssignSlots,
    ClientCommand,
    Command,
    encode_command,
    LiftStop,
    Put,
)
from swarm_coordination.mission.log_time import STEP_MAX_NS
from swarm_coordination.mission.task_commands import TaskAdd, TaskClaim
from swarm_coordination.robot.settings import RobotSettings
from swarm_coordination.robot.watches import WatchEvent

LEASE_MS = 2_000


def swarm(count: int = 3) -> RobotsOnOneRadio:
    """Return robots that have a leader."""
    robots = RobotsOnOneRadio(count)
    robots.run(3.0)
    return robots


def submit(robots: RobotsOnOneRadio, at: int, command: Command) -> None:
    """Submit a command at robot ``at``."""
    robots.robot(at).propose(encode_command(command).decode(), robots.now)


def fences(robots: RobotsOnOneRadio) -> list[int]:
    """Return under which fence each robot may act on the task now; 0 for none."""
    return [robot.coordinator.tasks.may_act('scan', robots.now) if robot else 0
            for robot in robots.robots]


def holders(robots: RobotsOnOneRadio) -> int:
    """Return how many robots may act on the task now."""
    return sum(fence > 0 for fence in fences(robots))


def test_the_holder_keeps_its_task_for_as_long_as_a_majority_is_in_reach() -> None:
    robots = swarm()
    submit(robots, 0, TaskAdd('scan', LEASE_MS))
    robots.run(0.5)
    submit(robots, 1, TaskClaim('scan'))
    robots.run(0.5)
    first = fences(robots)
    assert first[1] and holders(robots) == 1
    for _ in range(50):
        robots.run(0.2)
        assert fences(robots) == first


def test_a_leader_with_slow_beacons_is_ticked_as_often_as_its_log_time_wants() -> None:
    slow = RobotSettings(
        mesh=MeshSettings(beacon_period_s=0.2, tick_gap_max_s=3.0),
        consensus=RaftSettings(heartbeat_period_s=0.2, election_timeout_min_s=0.8,
                               election_timeout_max_s=2.0),
    )
    robots = RobotsOnOneRadio(3, slow)
    robots.run(6.0)
    leader = robots.leader()
    for _ in range(20):
        robots.run(0.01)
        asked_ns = robots.robot(leader).coordinator.next_deadline(robots.now) - robots.now
        assert asked_ns <= STEP_MAX_NS // 2


def test_a_holder_cut_off_stops_before_another_takes_over_under_a_higher_fence() -> None:
    robots = swarm()
    submit(robots, 0, TaskAdd('scan', LEASE_MS))
    cut = 1 if robots.leader() != 1 else 2
    other = ({1, 2} - {cut}).pop()
    robots.run(0.5)
    submit(robots, cut, TaskClaim('scan'))
    robots.run(0.5)
    before = fences(robots)[cut]
    assert before

    robots.cut = {cut}
    taken_after = 0.0
    while not fences(robots)[other]:
        if round(taken_after * 100) % 20 == 0:
            submit(robots, other, TaskClaim('scan'))
        robots.run(0.01)
        taken_after += 0.01
        assert holders(robots) <= 1 and taken_after < 5.0
    assert fences(robots)[cut] == 0
    assert fences(robots)[other] > before

    robots.cut = set()
    robots.run(3.0)
    assert fences(robots)[cut] == 0 and holders(robots) == 1
    assert any('suspended' in event.text for event in robots.events[cut]
               if event.kind == 'task')


def test_a_change_of_leader_takes_no_task_away() -> None:
    robots = swarm(5)
    holder = (robots.leader() + 1) % 5
    submit(robots, holder, TaskAdd('scan', 10_000))
    submit(robots, holder, TaskClaim('scan'))
    robots.run(1.0)
    fence = fences(robots)[holder]
    assert fence

    robots.kill(robots.leader())
    for _ in range(60):
        robots.run(0.1)
        assert fences(robots)[holder] == fence
    submit(robots, (holder + 1) % 5 if robots.robots[(holder + 1) % 5] else (holder + 2) % 5,
           TaskClaim('scan'))
    robots.run(1.0)
    assert holders(robots) == 1 and fences(robots)[holder] == fence


def test_a_restarted_holder_does_not_act_until_it_has_claimed_again() -> None:
    robots = swarm()
    submit(robots, 1, TaskAdd('scan', 10_000))
    submit(robots, 1, TaskClaim('scan'))
    robots.run(1.0)
    before = fences(robots)[1]
    robots.kill(1)
    robots.start(1)
    robots.run(2.0)
    assert fences(robots)[1] == 0
    submit(robots, 1, TaskClaim('scan'))
    robots.run(1.0)
    assert fences(robots)[1] > before > 0


def test_a_watch_on_one_robot_sees_what_another_writes() -> None:
    robots = swarm()
    watch = robots.robot(2).coordinator.watches.add('area/')
    robots.robot(0).propose(put('area/1', 'free'), robots.now)
    robots.robot(1).propose(put('elsewhere', 'x'), robots.now)
    robots.run(0.5)
    robots.robot(1).propose(put('area/1', 'done'), robots.now)
    robots.run(0.5)
    assert robots.watched[2] == [WatchEvent(watch, 'area/1', 'free', 1),
                                 WatchEvent(watch, 'area/1', 'done', 2)]
    assert robots.watched[0] == []


def test_a_clients_command_sent_to_two_robots_takes_effect_once() -> None:
    robots = swarm()
    submit(robots, 0, ClientOpen(60_000))
    robots.run(0.5)
    (opened,) = [entry for entry in robots.committed[0] if 'client_open' in entry.command]
    command = ClientCommand(int(opened.result.removeprefix('session ')), 1, Put('a', 'x'))
    for at in (0, 1, 2):
        submit(robots, at, command)
    robots.run(1.0)
    asked = [entry for entry in robots.committed[0] if '"client"' in entry.command]
    assert [entry.applied for entry in asked] == [True, False, False]
    assert {entry.result for entry in asked[1:]} == {'refused: duplicate: version 1'}


def test_a_client_lifts_a_stop_on_every_robot() -> None:
    robots = swarm()
    submit(robots, 0, ClientOpen(60_000))
    counter = robots.robot(1).stop(1, robots.now)
    robots.run(0.5)
    (opened,) = [entry for entry in robots.committed[0] if 'client_open' in entry.command]
    number = int(opened.result.removeprefix('session '))
    submit(robots, 2, ClientCommand(number, 1, LiftStop(((1001, counter),))))
    robots.run(1.0)
    assert [robots.robot(at).coordinator.lift_command() for at in range(3)] == ['', '', '']


def test_slots_for_robots_that_nobody_knows_are_refused_before_they_reach_the_log() -> None:
    robots = swarm()
    with pytest.raises(CommandError, match=r'robots: \[5\] are not valid: nobody here'):
        submit(robots, 0, AssignSlots(1, 1, (1000, 5, 0)))
    submit(robots, 0, AssignSlots(1, 1, (1000, 1002, 0)))
    robots.run(0.5)
    assert 'no mission is being flown' in robots.committed[0][-1].result


def test_log_time_counts_only_what_a_leader_leads_and_never_falls() -> None:
    robots = swarm()

    def stamp() -> int:
        robots.robot(0).propose(put('time', str(robots.now)), robots.now)
        robots.run(0.2)
        return robots.committed[0][-1].stamp_ms

    first = stamp()
    robots.run(5.0)
    second = stamp()
    assert 5_100 <= second - first <= 5_300
    robots.cut = {1, 2}  # nobody leads
    robots.run(10.0)
    robots.cut = set()
    robots.run(3.0)
    third = stamp()
    assert 0 <= third - second < 5_000  # a deposed leader led for a while, a new one does
