# SPDX-License-Identifier: Apache-2.0
"""A new cluster of one, forced on a disk: it commits again, says so, and takes others back."""

from __future__ import annotations

from dataclasses import replace

from consensus.single import acknowledge, leader, member
import pytest
from robot.forced import busy, force, keys, outcome, stops
from robot.swarm_of_robots import provision, put, RobotsOnOneRadio
from swarm_coordination.consensus.configuration import configuration_of
from swarm_coordination.consensus.settings import RaftSettings
from swarm_coordination.epochs import epoch_of, forced_term
from swarm_coordination.errors import ProposalRefused, StorageError
from swarm_coordination.mesh.rows import Intent, IntentSection
from swarm_coordination.mesh.settings import MeshSettings
from swarm_coordination.mission.commands import encode_command, StartMission
from swarm_coordination.mission.formations import Formation
from swarm_coordination.mission.state import MissionState
from swarm_coordination.mission.task_commands import TaskAdd, TaskClaim
from swarm_coordination.persistence import Entry, fresh, HardState
from swarm_coordination.robot.forcing import forced_records
from swarm_coordination.robot.leading import Leading
from swarm_coordination.robot.settings import RobotSettings
from swarm_coordination.views import Mode

FORCED = forced_term(1, 1)
# Logs are compacted every ten entries, and not served from a cache of items instead.
OFTEN = RobotSettings(
    mesh=replace(MeshSettings(), items_max=64),
    consensus=replace(RaftSettings(), snapshot_entries=10),
)


def halted() -> tuple[RobotsOnOneRadio, int]:
    """Return a swarm of five that has lost three voters at once, and a survivor."""
    swarm = RobotsOnOneRadio(5)
    swarm.run(2.0)
    swarm.robot(0).propose(put('kept', 'x'), swarm.now)
    swarm.run(0.5)
    for at in (0, 1, 2):
        swarm.kill(at)
    swarm.run(3.0)
    assert not swarm.status(3).quorum
    return swarm, 3


def test_one_robot_goes_on_alone_with_all_that_it_holds_and_everybody_is_told() -> None:
    swarm, survivor = halted()
    force(swarm, survivor)
    assert swarm.until(lambda: swarm.status(survivor).quorum, 3.0)
    swarm.robot(survivor).propose(put('after', 'x'), swarm.now)
    swarm.run(1.0)
    assert [key for key, _ in swarm.values_put(survivor) if 'after' in key or 'kept' in key]
    for at in (3, 4):
        told = [e.text for e in swarm.events[at] if e.kind == 'forced_new_cluster']
        assert told and 'robot4' in told[0]
    assert swarm.status(3).leader == swarm.status(4).leader == 1003


def test_robots_that_come_back_are_learners_and_become_voters() -> None:
    swarm, survivor = halted()
    force(swarm, survivor)
    swarm.run(2.0)
    assert len(swarm.status(survivor).voters) == 1
    for at in (0, 1):
        swarm.start(at)
    assert swarm.until(lambda: len(swarm.status(survivor).voters) == 3, 15.0)
    assert len({swarm.status(at).state_hash for at in swarm.living()}) == 1


def test_the_forced_entry_follows_the_log_in_a_new_term() -> None:
    held = fresh(provision(3, 1))._replace(
        hard_state=HardState(4, 1000), entries=(Entry(1, 2, b''), Entry(2, 4, b''))
    )
    state, record = forced_records(held)
    assert state == HardState(forced_term(4, 1001), 1001)
    assert record.entry[:2] == (3, state.term) and epoch_of(state.term) > epoch_of(4)
    configuration = configuration_of(record.entry)
    assert configuration is not None and configuration.forced
    assert configuration.membership == ((1001,), (1000, 1002))


def test_a_disk_that_lost_promises_cannot_be_forced() -> None:
    held = fresh(provision(3, 1))._replace(may_vote=False, reason='damaged')
    with pytest.raises(StorageError, match='choose another robot'):
        forced_records(held)


def test_every_forced_cluster_has_terms_above_and_apart_from_all_others() -> None:
    first, other = forced_term(70, 1001), forced_term(90, 1002)
    assert epoch_of(first) != epoch_of(other)
    again = forced_term(max(first, other) + 5, 1001)
    assert epoch_of(again) > max(epoch_of(first), epoch_of(other)) > epoch_of(2**32 - 1) == 0
    with pytest.raises(StorageError, match='provision it anew'):
        forced_term(2**53 - 1, 1)


def voided(commands: int = 60) -> RobotsOnOneRadio:
    """
    Return a swarm of five with a history made void.

    Robots 0 to 2 have committed and compacted what 3 and 4 lack, and are dead; 3 was forced to
    begin a new cluster, which 4 has heard of, and nothing else, since.
    """
    swarm = RobotsOnOneRadio(5, OFTEN)
    swarm.run(2.0)
    busy(swarm, 0, 'kept', 5)
    swarm.island = {3, 4}
    busy(swarm, 0, 'void', commands)
    for at in (0, 1, 2, 4):
        swarm.kill(at)
    swarm.island = set()
    force(swarm, 3)
    swarm.run(2.0)
    busy(swarm, 3, 'new', 30)
    return swarm


def test_a_snapshot_of_the_voided_history_is_not_taken_by_the_new_cluster() -> None:
    swarm = voided()
    # Robot 4 hears of the new cluster, gets nothing of its log, and then meets the old one only.
    swarm.start(4)
    swarm.run(0.3)
    term = swarm.status(4).term
    assert epoch_of(term) > 0
    swarm.island = {0, 4}
    swarm.start(0)
    swarm.run(6.0)
    assert swarm.status(0).snapshot_index > swarm.status(4).applied
    assert 'snapshot_installed' not in swarm.kinds(4)
    assert 'void' not in keys(swarm, 4)
    swarm.island = set()
    swarm.run(6.0)
    assert swarm.status(4).state_hash == swarm.status(3).state_hash
    assert swarm.status(3).quorum


def test_a_robot_of_the_voided_cluster_neither_leads_nor_acknowledges_nor_serves() -> None:
    swarm = voided()
    busy_index = swarm.status(3).commit
    swarm.start(0)
    swarm.run(12.0)
    assert swarm.status(3).quorum and swarm.status(3).leader == 1003
    old = swarm.status(0)
    assert old.commit > busy_index and old.leader == 1003  # it follows in name
    assert old.name not in swarm.status(3).voters
    assert any(
        'provision it anew' in event.text
        for event in swarm.events[0] if event.kind == 'held_back'
    )
    # Three robots of the old cluster are a majority of its voters: they do not go on without us.
    for at in (1, 2):
        swarm.start(at)
    swarm.run(6.0)
    assert {swarm.status(at).leader for at in swarm.living()} == {1003}
    assert swarm.status(3).voters == ('robot4',)


def test_a_robot_of_the_voided_cluster_is_whole_again_by_a_snapshot_of_the_new_one() -> None:
    swarm = voided()
    swarm.start(0)
    swarm.run(1.0)
    held = swarm.status(0).commit
    busy(swarm, 3, 'newer', 60)
    assert swarm.status(3).first_index > held + 1  # what robot 0 holds is not in that log any more
    swarm.run(6.0)
    assert swarm.status(0).state_hash == swarm.status(3).state_hash
    assert 'snapshot_installed' in swarm.kinds(0)


def test_a_robot_of_the_voided_cluster_flies_its_mission_no_longer_than_the_lease() -> None:
    swarm = RobotsOnOneRadio(5, apart_m=6.0)
    swarm.run(2.0)
    path = ((0, 0, 0), (90_000, 0, 0))
    mission = StartMission('void', Formation('line', 3_000), path, 300, 2_000)
    swarm.island = {3, 4}
    swarm.robot(0).propose(encode_command(mission).decode(), swarm.now)
    swarm.run(2.0)
    for at in (1, 2):
        swarm.kill(at)
    force(swarm, 3)
    swarm.run(1.0)
    assert swarm.status(0).mode is Mode.FLY
    swarm.island = set()
    swarm.run(3.0)
    old = swarm.status(0)
    assert old.leader == 1003 and old.mode is Mode.LEASE_EXPIRED and not old.quorum


def test_a_robot_of_the_voided_cluster_answers_no_read_until_it_is_whole_again() -> None:
    swarm = voided()
    swarm.start(0)
    swarm.run(1.0)
    serial = swarm.robot(0).coordinator.read(swarm.now)
    swarm.run(2.0)
    assert 'read' not in swarm.kinds(0)
    swarm.events[0].clear()
    busy(swarm, 3, 'newer', 60)
    swarm.run(6.0)
    told = [(e.kind, e.value) for e in swarm.events[0] if e.kind in ('read', 'snapshot_installed')]
    assert told[0][0] == 'snapshot_installed' and told[-1] == ('read', serial)


def lifted_in_the_voided_history() -> RobotsOnOneRadio:
    """
    Return a swarm of five under a stop of robot 0 that only the voided history lifts.

    Robots 3 and 4, of the new cluster, live; 0 to 2 are dead.
    """
    swarm = RobotsOnOneRadio(5, OFTEN)
    swarm.run(2.0)
    busy(swarm, 0, 'kept', 5)
    swarm.robot(0).stop(2, swarm.now)
    swarm.run(0.5)
    swarm.island = {3, 4}
    swarm.robot(0).propose(stops(swarm, 0), swarm.now)
    busy(swarm, 0, 'void', 40)
    assert [bool(stops(swarm, at)) for at in range(5)] == [False] * 3 + [True] * 2
    for at in (0, 1, 2, 4):
        swarm.kill(at)
    swarm.island = set()
    force(swarm, 3)
    swarm.start(4)
    swarm.run(3.0)
    return swarm


def test_a_stop_that_only_the_voided_history_lifted_is_in_force_at_once_and_once_joined() -> None:
    swarm = lifted_in_the_voided_history()
    swarm.start(0)
    swarm.run(1.0)
    stop = stops(swarm, 3)
    assert stop and swarm.status(0).leader == 1003
    assert stops(swarm, 0) == stop and swarm.status(0).mode is Mode.STOPPED
    busy(swarm, 3, 'newer', 80)
    swarm.run(8.0)
    assert swarm.status(0).state_hash == swarm.status(3).state_hash
    assert [stops(swarm, at) for at in swarm.living()] == [stop] * 3
    swarm.robot(3).propose(stop, swarm.now)
    swarm.run(2.0)
    assert not any(stops(swarm, at) for at in swarm.living())


def test_a_stop_stays_in_force_over_the_start_of_a_robot_whose_log_is_void() -> None:
    swarm = lifted_in_the_voided_history()
    swarm.start(0)
    swarm.run(1.0)
    swarm.kill(0)
    swarm.start(0)
    assert stops(swarm, 0) == stops(swarm, 3) != ''
    swarm.run(0.5)
    assert swarm.status(0).mode is Mode.STOPPED


def test_what_was_lifted_before_the_new_cluster_is_lifted_again_by_joining_its_log() -> None:
    swarm = RobotsOnOneRadio(5, OFTEN)
    swarm.run(2.0)
    swarm.robot(0).stop(2, swarm.now)
    swarm.run(0.5)
    swarm.robot(0).propose(stops(swarm, 0), swarm.now)
    swarm.run(1.0)
    for at in (0, 1, 2):
        swarm.kill(at)
    force(swarm, 3)
    swarm.run(3.0)
    assert swarm.status(4).leader == 1003
    assert not stops(swarm, 3) and not stops(swarm, 4)


def test_a_robot_of_the_voided_cluster_accepts_commands_once_it_is_whole_again() -> None:
    swarm = voided()
    swarm.start(0)
    swarm.run(1.0)
    with pytest.raises(ProposalRefused, match='not been joined yet to that of a forced'):
        swarm.robot(0).propose(put('early', 'x'), swarm.now)
    busy(swarm, 3, 'newer', 60)
    swarm.run(6.0)
    for life in range(2):
        serial = swarm.robot(0).propose(put(f'after{life}', 'x'), swarm.now)
        swarm.run(1.0)
        told = [e.kind for e in swarm.events[0] if e.value == serial and e.text != 'by a snapshot']
        assert told[-2:] == ['accepted', 'applied']
        assert f'after{life}' in keys(swarm, 3)
        swarm.kill(0)
        swarm.start(0)
        swarm.run(1.0)
    assert swarm.status(0).state_hash == swarm.status(3).state_hash


def forced_while_one_waits(waits: int) -> tuple[RobotsOnOneRadio, int]:
    """
    Return a swarm of five whose majority is dead, forced at 3, and a serial that waits.

    Robots 0 to 2 had applied what 3 and 4 lack, robot ``waits`` has accepted the serial's command
    in a cut after it and lives, in that cut still.
    """
    swarm = RobotsOnOneRadio(5, OFTEN)
    swarm.run(2.0)
    swarm.island = {3, 4}
    busy(swarm, 0, 'void', 60)
    swarm.cut = {waits}
    swarm.run(2.0)
    serial = swarm.robot(waits).propose(put('waits', 'x'), swarm.now)
    swarm.run(1.0)
    for at in {1, 2, 0, 4} - {waits}:
        swarm.kill(at)
    force(swarm, 3)
    return swarm, serial


def intents(swarm: RobotsOnOneRadio, at: int) -> list[tuple[int, IntentSection]]:
    return list(swarm.robot(at).coordinator._mesh.intents())


def test_what_waits_at_a_robot_of_the_voided_cluster_is_refused_and_its_session_goes_on() -> None:
    swarm, serial = forced_while_one_waits(0)
    swarm.robot(0).propose(encode_command(TaskClaim('scan')).decode(), swarm.now)
    swarm.run(0.5)
    swarm.island, swarm.cut = set(), set()
    busy(swarm, 3, 'newer', 100)
    swarm.run(8.0)
    assert swarm.status(0).state_hash == swarm.status(3).state_hash
    [(kind, text)] = outcome(swarm, 0, serial)
    assert kind == 'refused' and text.endswith('is void: outcome unknown')
    assert 'task scan: not granted' in [event.text for event in swarm.events[0]]
    assert 'waits' not in keys(swarm, 3)
    after = swarm.robot(0).propose(put('after', 'x'), swarm.now)
    swarm.run(1.0)
    assert outcome(swarm, 0, after) == [('applied', 'version 1')]


def test_what_waits_at_a_robot_that_lacks_nothing_is_applied_by_the_new_cluster() -> None:
    swarm, serial = forced_while_one_waits(4)
    swarm.island, swarm.cut = set(), set()
    swarm.run(3.0)
    assert outcome(swarm, 4, serial) == [('applied', 'version 1')]
    assert 'waits' in keys(swarm, 3)


def test_what_was_applied_in_the_voided_history_is_not_applied_again_after_a_crash() -> None:
    swarm = voided(65)  # a snapshot after the last of them would bring the settlement to disk
    swarm.start(0)
    waiting = len(swarm.robot(0).coordinator.session)
    assert waiting  # whose settlement was not on disk
    swarm.run(1.0)
    assert 1000 not in [o for o, shown in intents(swarm, 3) if shown.intents]
    busy(swarm, 3, 'newer', 100)
    swarm.run(8.0)
    assert swarm.status(0).state_hash == swarm.status(3).state_hash
    assert 'void' not in keys(swarm, 3) and not len(swarm.robot(0).coordinator.session)


@pytest.mark.parametrize(
    ('term', 'joined', 'taken'), [(1, True, 0), (FORCED, False, 0), (FORCED, True, 2)]
)
def test_only_a_forced_cluster_goes_on_after_a_gap_before_what_a_joined_robot_shows_first(
    term: int, joined: bool, taken: int
) -> None:
    raft = leader(member((term,)))
    if joined:
        acknowledge(raft, 2, 1)
    shown = [Intent(serial, put('a', 'x').encode()) for serial in (66, 67, 69)]
    assert Leading(raft, MissionState(), 0).propose_intents(2, shown, 0) == taken


def test_a_holder_of_the_voided_cluster_stops_and_the_new_one_fences_it_off() -> None:
    swarm = RobotsOnOneRadio(5)
    swarm.run(2.0)
    swarm.robot(0).propose(encode_command(TaskAdd('scan', 60_000)).decode(), swarm.now)
    swarm.run(1.0)
    swarm.island = {3, 4}
    busy(swarm, 0, 'void', 20)
    claim = encode_command(TaskClaim('scan')).decode()
    swarm.robot(0).propose(claim, swarm.now)
    swarm.run(1.0)
    for at in (1, 2):
        swarm.kill(at)
    force(swarm, 3)
    old, new = (swarm.robot(at).coordinator.tasks for at in (0, 3))
    void = old.may_act('scan', swarm.now)
    assert void
    swarm.island = set()
    swarm.run(1.0)
    swarm.robot(3).propose(claim, swarm.now)
    swarm.run(1.0)
    assert old.may_act('scan', swarm.now) == 0 and new.may_act('scan', swarm.now) > void
    assert any('suspended while its log is void' in event.text for event in swarm.events[0])


def test_a_watch_of_the_voided_cluster_begins_anew_with_what_there_is() -> None:
    swarm = voided()
    swarm.start(0)
    swarm.run(1.0)
    swarm.robot(0).coordinator.watches.add('')
    swarm.run(0.1)
    swarm.watched[0].clear()
    busy(swarm, 3, 'newer', 60)
    swarm.run(6.0)
    told = {event.key: event.value for event in swarm.watched[0]}
    assert all(told[f'kept{number}'] == str(number) for number in range(5))
    assert told['void0'] is None and told['newer0'] is not None
    assert min(event.missed for event in swarm.watched[0]) == 0
