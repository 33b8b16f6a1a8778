# SPDX-License-Identifier: Apache-2.0
"""The state machine: one log, one state; refusals change nothing; snapshots equal replay."""

import json

from mission.log import Log
import pytest
from swarm_coordination.errors import CommandError, UsageError
from swarm_coordination.mission.commands import (
    Abort,
    AssignSlots,
    encode_command,
    Hold,
    LiftStop,
    Put,
    Resume,
    RosterRemove,
    StartMission,
)
from swarm_coordination.mission.formations import Formation
from swarm_coordination.mission.state import MissionState

MISSION = StartMission('patrol', Formation('line', 3000), ((0, 0, 0), (9000, 0, 0)), 500, 5000)


def test_equal_states_have_equal_snapshots_whatever_order_led_there():
    first, second = Log(), Log()
    for log, keys in ((first, 'ab'), (second, 'ba')):
        for key in keys:
            log.submit(Put(key, 'x'), session=ord(key))
        log.submit(LiftStop(tuple((ord(key), 1) for key in keys)), session=5)
    assert first.state.board.get('a') == second.state.board.get('a')
    assert board_and_lifted(first.state) == board_and_lifted(second.state)


def board_and_lifted(state):
    body = json.loads(state.snapshot())
    return body['board'], body['lifted']


@pytest.fixture
def log():
    return Log()


def test_a_start_is_without_slots_until_they_are_assigned(log):
    started = log.submit(MISSION)
    assert started.applied
    assert (log.state.mission.index, log.state.assigned) == (1, False)
    assert log.submit(AssignSlots(1, 1, (7, 8)), session=0).applied
    assert (log.state.epoch, log.state.slot_of(8), log.state.slot_of(9)) == (2, 1, -1)
    log.submit(MISSION)
    assert (log.state.assigned, log.state.slot_of(8), log.state.epoch) == (False, -1, 3)


def test_the_epoch_never_falls(log):
    epochs = [log.state.epoch]
    log.submit(MISSION)
    for command in (AssignSlots(1, 1, (7, 8)), Hold(), RosterRemove(8), Abort(), MISSION):
        log.submit(command)
        epochs.append(log.state.epoch)
    assert epochs == sorted(epochs)
    assert epochs[-1] == 6


def test_an_assignment_that_another_one_overtook_is_refused(log):
    log.submit(MISSION)
    late = AssignSlots(1, 1, (8, 7))
    log.submit(AssignSlots(1, 1, (7, 8)), session=0)
    result = log.submit(late, session=0)
    assert not result.applied
    assert 'epoch 1 is over' in result.result
    assert log.state.slots == (7, 8)


def test_an_assignment_for_another_mission_is_refused(log):
    log.submit(MISSION)
    log.submit(MISSION)
    assert 'mission 1 is over' in log.submit(AssignSlots(1, 2, (7,)), session=0).result


def test_an_assignment_that_the_formation_has_no_layout_for_is_refused(log):
    custom = Formation('custom', 3000, 0, (((0, 0, 0),),))
    log.submit(MISSION._replace(formation=custom))
    assert 'no layout for 2' in log.submit(AssignSlots(1, 1, (7, 8)), session=0).result


def test_a_duplicate_serial_changes_nothing_and_gets_its_old_result(log):
    first = log.submit(Put('count', 'one'))
    again = log.submit(Put('count', 'one'), serial=1)
    assert first.result == 'version 1'
    assert (again.applied, again.result) == (False, 'duplicate: version 1')
    assert log.state.board.get('count').version == 1


def test_a_gap_in_the_serials_is_refused_and_uses_up_nothing(log):
    log.submit(Put('a', '1'))
    gap = log.submit(Put('a', '3'), serial=3)
    assert (gap.applied, gap.result) == (False, 'gap: serial 3 came, 2 is next')
    assert log.submit(Put('a', '2'), serial=2).applied
    assert log.submit(Put('a', '3'), serial=3).applied


@pytest.mark.parametrize(
    'command', [b'{}', b'\xff\xfe', b'{"kind":"fly_to_mars"}', encode_command(Hold())]
)
def test_a_refused_command_changes_nothing_but_uses_up_its_serial(log, command):
    log.submit(Put('a', '1'))
    before = (log.state.board.get('a'), log.state.mission, log.state.epoch)
    refused = log.submit(command)
    assert not refused.applied
    assert refused.result.startswith('refused: ')
    assert (log.state.board.get('a'), log.state.mission, log.state.epoch) == before
    assert log.state.sessions.next_serial(1) == 3


def test_a_payload_that_is_no_envelope_is_refused_and_the_log_goes_on(log):
    assert not log.append(b'\x00\x01rubbish').applied
    assert log.submit(Put('a', '1')).applied


def test_a_command_that_is_not_canonical_is_refused(log):
    # Its text would take more room in a snapshot than in the entry.
    wide = '{"kind":"put","key":"a","value":"' + 'é' * 250 + '"}'
    assert 'not in canonical form' in log.submit(b'{"kind": "hold"}').result
    assert not log.submit(wide.encode()).applied
    assert log.state.board.get('a') is None


def test_only_slots_are_assigned_without_a_session(log):
    result = log.submit(MISSION, session=0)
    assert not result.applied
    assert log.state.mission is None


def test_hold_resume_and_abort_act_once(log):
    log.submit(MISSION)
    assert log.submit(Hold()).outcome.events[0].kind == 'hold'
    assert log.state.mission.held
    assert log.submit(Hold()).outcome.events == ()
    log.submit(Resume())
    assert not log.state.mission.held
    assert log.submit(Abort()).outcome.events[0].kind == 'abort'
    assert 'no mission' in log.submit(Resume()).result


def test_lifting_names_counters_and_never_lowers_one(log):
    assert log.submit(LiftStop(((5, 3), (6, 1)))).result == '2 stops lifted'
    assert log.submit(LiftStop(((5, 2),))).outcome.events == ()
    assert (log.state.lifted(5), log.state.lifted(6), log.state.lifted(7)) == (3, 1, 0)
    # As in the registers of the robots that apply it, whatever the order.
    assert log.submit(LiftStop(((7, 9), (7, 4)))).result == '1 stops lifted'
    assert log.state.lifted(7) == 9


def test_a_removed_robot_has_no_slot_no_session_and_no_say(log):
    log.submit(Put('a', '1'), session=8)
    log.submit(MISSION)
    log.submit(AssignSlots(2, 2, (7, 8, 9)), session=0)
    assert log.submit(RosterRemove(8)).outcome.events[0].kind == 'slots'
    assert log.state.slots == (7, 0, 9)
    assert 8 not in log.state.sessions
    assert 'off the roster' in log.submit(Put('a', '2'), session=8, serial=2).result
    assert 'off the roster' in log.submit(AssignSlots(2, 4, (8,)), session=0).result


def test_a_robot_that_removes_itself_leaves_no_session_behind(log):
    assert log.submit(RosterRemove(1), session=1).applied
    assert 1 not in log.state.sessions


def test_log_time_is_the_greatest_stamp(log):
    stamps = [log.submit(Put('a', ''), stamp_ms=stamp).stamp_ms for stamp in (5, 9, 7, 12)]
    assert stamps == [5, 9, 9, 12]


def test_an_entry_out_of_order_is_a_misuse(log):
    with pytest.raises(UsageError):
        log.state.apply(2, 1, b'')


def test_long_and_odd_refusals_do_not_break_the_snapshot(log):
    log.submit(b'{"kind":"hold","' + b'\\ud800' * 50 + b'":1}')
    assert MissionState.restore(log.state.snapshot()).digest() == log.state.digest()


@pytest.mark.parametrize(
    'damage',
    [
        lambda data: data[:-1],
        lambda data: data.replace(b'"epoch":2', b'"epoch":-2'),
        lambda data: data.replace(b'"epoch":2', b'"epoch": 2'),
        lambda data: data.replace(b'"term":1', b'"trem":1'),
        lambda data: data.replace(b'start_mission', b'abort'),
        lambda data: b'null',
    ],
)
def test_a_damaged_snapshot_is_refused(log, damage):
    log.submit(MISSION)
    log.submit(AssignSlots(1, 1, (7, 8)), session=0)
    with pytest.raises(CommandError):
        MissionState.restore(damage(log.state.snapshot()))


def test_the_digest_tells_states_apart():
    first, second = Log(), Log()
    first.submit(Put('a', '1'))
    second.submit(Put('a', '2'))
    assert first.state.digest() != second.state.digest()
    assert 0 <= first.state.digest() < 2**62
