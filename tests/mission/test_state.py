# SPDX-License-Identifier: Apache-2.0
"""The state machine: one log, one state; refusals change nothing; snapshots equal replay."""

import json
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st
from mission.log import Log
import pytest
from swarm_coordination.errors import CommandError, UsageError
from swarm_coordination.mission.client_commands import ClientClose, ClientOpen
from swarm_coordination.mission.commands import (
    Abort,
    AssignSlots,
    ClientCommand,
    Delete,
    encode_command,
    Envelope,
    Hold,
    LiftStop,
    Put,
    Resume,
    RosterRemove,
    StartMission,
)
from swarm_coordination.mission.formations import Formation, Layout
from swarm_coordination.mission.state import MissionState
from swarm_coordination.mission.task_commands import (
    TaskAdd,
    TaskClaim,
    TaskDone,
    TaskRelease,
    TaskRemove,
    TaskRenew,
)

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


ROBOTS = st.integers(1, 4)
TASK = st.sampled_from(['scan', 'carry'])
ANY_COMMAND = st.one_of(
    st.just(MISSION),
    st.just(MISSION._replace(formation=Formation('groups', 3000, 6000), on_loss='keep_slots')),
    st.builds(
        AssignSlots,
        st.integers(1, 6),
        st.integers(0, 8),
        st.lists(ROBOTS, min_size=1, max_size=4, unique=True).map(tuple),
        st.sampled_from([Layout(), Layout(300, (-1000, 5))]),
    ),
    st.sampled_from([Hold(), Resume(), Abort()]),
    st.builds(
        Put,
        st.sampled_from(['a', 'b']),
        st.text('xyz é"', max_size=5),
        st.none() | st.integers(0, 3),
    ),
    st.builds(lambda issuer, counter: LiftStop(((issuer, counter),)), ROBOTS, st.integers(1, 9)),
    st.builds(RosterRemove, st.integers(3, 9)),
    st.builds(Delete, st.sampled_from(['a', 'b']), st.none() | st.integers(0, 3)),
    st.builds(TaskAdd, TASK, st.sampled_from([1_000, 20_000])),
    st.builds(TaskClaim, TASK),
    st.builds(lambda kind, *rest: kind(*rest),
              st.sampled_from([TaskRenew, TaskRelease, TaskDone]), TASK, st.integers(1, 30)),
    st.builds(TaskRemove, TASK),
    st.just(ClientOpen(10_000)),
    st.builds(ClientClose, st.integers(1, 10)),
)
CLIENTS_OWN = st.builds(
    ClientCommand, st.integers(1, 10), st.integers(1, 4), st.just(Put('c', 'x'))
)
ANY_ENTRY = st.one_of(ANY_COMMAND, CLIENTS_OWN).map(encode_command)


class Submission(NamedTuple):
    """One entry; `ahead` is how far its serial is from the next one of its session."""

    session: int
    ahead: int
    stamp_ms: int
    command: bytes

    def payload(self, state):
        serial = max(0, state.sessions.next_serial(self.session) + self.ahead)
        return Envelope(self.session, serial, self.stamp_ms, self.command).encode()


SUBMISSIONS = st.builds(
    Submission,
    st.integers(0, 4),
    st.sampled_from([0, 0, 0, 0, -1, 1]),
    st.integers(0, 50) | st.integers(0, 30_000),
    ANY_ENTRY | st.binary(max_size=12),
)
ENTRIES = st.lists(SUBMISSIONS | st.just(b'') | st.binary(max_size=12), max_size=30)


@settings(max_examples=150)
@given(ENTRIES, st.integers(0, 20))
def test_snapshot_and_restore_equal_a_replay_of_the_whole_log(entries, cut):
    replayed, restored = MissionState(), MissionState()
    for index, entry in enumerate(entries, 1):
        payload = entry if isinstance(entry, bytes) else entry.payload(replayed)
        whole = replayed.apply(index, 1 + index // 10, payload)
        assert restored.apply(index, 1 + index // 10, payload) == whole
        if index == cut:
            restored = MissionState.restore(restored.snapshot())
        assert restored.digest() == replayed.digest()
    assert restored.snapshot() == replayed.snapshot()


def test_the_digest_tells_states_apart():
    first, second = Log(), Log()
    first.submit(Put('a', '1'))
    second.submit(Put('a', '2'))
    assert first.state.digest() != second.state.digest()
    assert 0 <= first.state.digest() < 2**62
