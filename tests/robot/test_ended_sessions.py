# SPDX-License-Identifier: Apache-2.0
"""What was accepted is answered in the end, also where the own session ends, or never begins."""

from __future__ import annotations

import pytest
from robot.swarm_of_robots import provision, put, RobotsOnOneRadio
from swarm_coordination.consensus.settings import RaftSettings
from swarm_coordination.errors import ProposalRefused, TakenOffRoster
from swarm_coordination.mesh.settings import MeshSettings
from swarm_coordination.mission.commands import encode_command, RosterRemove
from swarm_coordination.mission.sessions import Session, SESSIONS_MAX, WINDOW
from swarm_coordination.mission.state import MissionState
from swarm_coordination.persistence import fresh, IntentRecord
from swarm_coordination.robot.durability import Outbox
from swarm_coordination.robot.settings import RobotSettings
from swarm_coordination.robot.submission import Submissions, Told

# Logs so short that a robot that was away for a few seconds needs a snapshot.
SHORT = RobotSettings(
    mesh=MeshSettings(items_max=64), consensus=RaftSettings(snapshot_entries=8)
)
REMOVED = 'the robot was taken off the roster'


def remove(swarm: RobotsOnOneRadio, robot: int, at: int) -> int:
    """Have robot ``at`` accept that ``robot`` leaves the roster; return the serial."""
    command = encode_command(RosterRemove(1000 + robot)).decode()
    return swarm.robot(at).propose(command, swarm.now)


def answers(swarm: RobotsOnOneRadio, at: int) -> list[tuple[str, str, int]]:
    """Return what robot ``at`` told of commands, in order: kind, text, serial."""
    return [
        (event.kind, '' if event.kind == 'accepted' else event.text, event.value)
        for event in swarm.events[at]
        if event.kind in ('accepted', 'applied', 'refused')
    ]


def led(count: int, settings: RobotSettings | None = None) -> tuple[RobotsOnOneRadio, int, int]:
    """Return robots with a leader, its number, and that of the one after it."""
    swarm = RobotsOnOneRadio(count, settings)
    swarm.run(2.0)
    return swarm, swarm.leader(), (swarm.leader() + 1) % count


def test_commands_that_wait_at_a_removed_robot_are_refused_once_it_hears_of_it() -> None:
    swarm, leader, away = led(4)
    swarm.cut = {away}
    for key in ('a', 'b'):
        swarm.robot(away).propose(put(key, 'x'), swarm.now)
    swarm.run(1.0)
    swarm.syncing[away] = False
    swarm.robot(away).propose(put('c', 'x'), swarm.now)  # not on disk, so not accepted yet
    remove(swarm, away, leader)
    swarm.run(3.0)
    assert answers(swarm, away) == [('accepted', '', 1), ('accepted', '', 2)]
    swarm.cut = set()
    # Acknowledging what it hears waits for the disk; what is committed it hears all the same.
    swarm.run(3.0)
    swarm.syncing[away] = True
    swarm.run(3.0)
    assert answers(swarm, away)[2:] == [
        ('refused', REMOVED, 1), ('refused', REMOVED, 2), ('accepted', '', 3),
        ('refused', REMOVED, 3),
    ]
    assert swarm.status(away).pending_intents == 0
    assert swarm.values_put(leader) == []
    with pytest.raises(TakenOffRoster):
        swarm.robot(away).propose(put('d', 'x'), swarm.now)
    swarm.kill(away)
    swarm.start(away)  # its disk need not know that they are settled
    swarm.run(3.0)
    assert swarm.status(away).pending_intents == 0


def test_a_robot_that_takes_itself_off_the_roster_is_told_that_it_was_done() -> None:
    swarm, _, robot = led(4)
    swarm.robot(robot).propose(put('before', 'x'), swarm.now)
    serial = remove(swarm, robot, robot)
    swarm.robot(robot).propose(put('after', 'x'), swarm.now)
    swarm.run(3.0)
    assert [told for told in answers(swarm, robot) if told[0] != 'accepted'] == [
        ('applied', 'version 1', 1), ('applied', 'removed', serial), ('refused', REMOVED, 3),
    ]
    assert swarm.status(robot).pending_intents == 0


def test_a_snapshot_that_lacks_the_own_session_leaves_the_outcome_unknown() -> None:
    swarm, leader, away = led(4, SHORT)
    swarm.cut = {away}
    swarm.robot(away).propose(put('a', 'x'), swarm.now)
    swarm.run(1.0)
    remove(swarm, away, leader)
    for count in range(100):
        swarm.robot(leader).propose(put('k', str(count)), swarm.now)
        swarm.run(0.1)
    swarm.cut = set()
    assert swarm.until(lambda: swarm.status(away).pending_intents == 0, 10.0)
    assert 'snapshot_installed' in swarm.kinds(away)
    assert answers(swarm, away)[-1] == (
        'refused', 'by a snapshot: taken off the roster, outcome unknown', 1
    )


def settled_by_a_snapshot(waiting: int, applied: int) -> list[Told]:
    """Return what is told of so many commands on disk once a snapshot says so many took effect."""
    records = tuple(IntentRecord(serial, b'{}') for serial in range(1, waiting + 1))
    recovered = fresh(provision(1, 0))._replace(intents=records, last_serial=waiting)
    raft, state = RobotsOnOneRadio(1).robot(0).coordinator._raft, MissionState()
    submissions = Submissions(recovered, raft, state, Outbox(), MeshSettings(), 0)
    for serial in range(1, applied + 1):
        state.sessions.record(recovered.provision.storage_id, serial, True, '')
    return submissions.restored()


def test_what_a_session_no_longer_remembers_is_told_as_unknown_and_not_as_refused() -> None:
    told = settled_by_a_snapshot(WINDOW + 2, WINDOW + 2)
    assert told[:2] == [
        Told('refused', 'by a snapshot: outcome unknown', serial) for serial in (1, 2)
    ]
    assert told[2:] == [
        Told('applied', 'by a snapshot', serial) for serial in range(3, WINDOW + 3)
    ]


def test_nothing_is_told_of_serials_that_a_lost_disk_has_forgotten() -> None:
    assert settled_by_a_snapshot(0, 5) == []


def take_sessions(swarm: RobotsOnOneRadio, count: int) -> None:
    """Let so many other robots have a session; what would take an hour of joining and leaving."""
    for robot in swarm.robots:
        assert robot is not None
        for number in range(count):
            robot.coordinator._state.sessions._sessions[5000 + number] = Session(1, 1, '')


def test_a_command_is_refused_at_once_where_no_session_is_left() -> None:
    swarm, _, robot = led(3)
    take_sessions(swarm, SESSIONS_MAX)
    with pytest.raises(ProposalRefused, match=f'no session left: {SESSIONS_MAX} robots'):
        swarm.robot(robot).propose(put('k', 'v'), swarm.now)


def test_of_two_that_were_accepted_for_the_last_session_one_waits_until_another_ends() -> None:
    swarm, leader, _ = led(4)
    others = [at for at in range(4) if at != leader]
    take_sessions(swarm, SESSIONS_MAX - 2)
    swarm.robot(leader).propose(put('own', 'x'), swarm.now)
    swarm.run(1.0)
    for at in others[:2]:
        swarm.robot(at).propose(put(f'of.{at}', 'x'), swarm.now)
    swarm.run(8.0)
    assert [swarm.status(at).pending_intents for at in others[:2]] in ([0, 1], [1, 0])
    assert not [c for c in swarm.committed[leader] if 'no session' in c.result]
    command = encode_command(RosterRemove(5000)).decode()
    swarm.robot(leader).propose(command, swarm.now)
    swarm.run(1.0)
    assert [swarm.status(at).pending_intents for at in others[:2]] == [0, 0]
    assert len(swarm.values_put(leader)) == 3
