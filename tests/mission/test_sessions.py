# SPDX-License-Identifier: Apache-2.0
"""Sessions: once and in order, duplicates answered, gaps refused, clients' until they expire."""

from __future__ import annotations

from mission.log import Log
import pytest
from swarm_coordination.bounds import COUNTER_MAX
from swarm_coordination.epochs import forced_term
from swarm_coordination.errors import CommandError
from swarm_coordination.mission.client_commands import ClientClose, ClientOpen
from swarm_coordination.mission.commands import (
    AssignSlots,
    ClientCommand,
    decode_command,
    encode_command,
    Hold,
    Put,
)
from swarm_coordination.mission.sessions import CLIENTS_MAX, Session, SESSIONS_MAX, WINDOW
from swarm_coordination.mission.state import MissionState
from swarm_coordination.mission.task_commands import TaskClaim

TTL_MS = 10_000


@pytest.fixture
def log() -> Log:
    """Return a fresh log."""
    return Log()


def opened(log: Log, stamp_ms: int = 0) -> int:
    """Open a client's session; return its number."""
    result = log.submit(ClientOpen(TTL_MS), stamp_ms=stamp_ms).result
    assert result.startswith('session ')
    return int(result.removeprefix('session '))


def test_of_a_thousand_serials_it_is_kept_whether_they_took_effect():
    session = Session()
    for serial in range(1, WINDOW + 11):
        session = session.record(serial % 3 == 0, f'result {serial}')
    assert session.refusal(WINDOW + 10) == f'duplicate: result {WINDOW + 10}'
    assert session.refusal(12) == 'duplicate: applied'
    assert session.refusal(11) == 'duplicate: refused'
    assert session.refusal(10) == 'duplicate: result no longer kept'
    assert session.refusal(WINDOW + 11) == ''
    assert session.refusal(WINDOW + 12).startswith('gap: ')
    assert session.applied.bit_length() <= WINDOW


def test_a_fresh_session_knows_of_no_serial():
    assert Session().took_effect(0) is None
    assert Session().took_effect(1) is None
    assert Session().refusal(1) == ''


def test_duplicates_are_answered_alike_before_and_after_a_snapshot(log):
    """Ongaro 2014, section 6.3: answered from what is kept, and not executed again."""
    for number in range(5):
        log.submit(Put('a', str(number), 0 if number in (0, 3) else None))
    restored = MissionState.restore(log.state.snapshot())
    for serial, answer in ((5, 'version 4'), (4, 'refused'), (3, 'applied')):
        assert log.state.sessions.refusal(1, serial) == f'duplicate: {answer}'
        assert restored.sessions.refusal(1, serial) == f'duplicate: {answer}'


def test_the_robots_sessions_are_bounded(log):
    for robot in range(1, SESSIONS_MAX + 1):
        assert log.submit(Put('a', ''), session=robot).applied
    assert 'no session left' in log.submit(Put('a', ''), session=SESSIONS_MAX + 1).result
    assert log.submit(Put('a', ''), session=1).applied


def test_a_clients_command_takes_effect_once_whichever_robots_pass_it_on(log):
    number = opened(log)
    command = ClientCommand(number, 1, Put('a', 'x'))
    assert log.submit(command, session=7).result == 'version 1'
    again = log.submit(command, session=8)
    assert (again.applied, again.result) == (False, 'refused: duplicate: version 1')
    assert log.state.board.get('a').version == 1


def test_what_a_client_had_refused_stays_refused(log):
    number = opened(log)
    first = log.submit(ClientCommand(number, 1, Hold()), session=7)
    again = log.submit(ClientCommand(number, 1, Hold()), session=8)
    assert first.result == 'refused: no mission is being flown'
    assert again.result == 'refused: duplicate: refused: no mission is being flown'
    assert log.submit(ClientCommand(number, 2, Put('a', 'x'))).applied


def test_a_clients_gap_is_refused_and_uses_up_nothing(log):
    number = opened(log)
    assert 'gap: serial 2 came, 1 is next' in log.submit(
        ClientCommand(number, 2, Put('a', 'x'))).result
    assert log.submit(ClientCommand(number, 1, Put('a', 'x'))).applied
    assert log.submit(ClientCommand(number, 2, Put('a', 'y'))).applied


def test_a_clients_session_survives_a_snapshot(log):
    number = opened(log)
    log.submit(ClientCommand(number, 1, Put('a', 'x')))
    log.state = MissionState.restore(log.state.snapshot())
    assert 'duplicate: version 1' in log.submit(ClientCommand(number, 1, Put('a', 'x'))).result
    assert log.submit(ClientCommand(number, 2, Put('a', 'y'))).applied


def test_an_expired_clients_command_is_refused_with_unknown_outcome(log):
    number = opened(log)
    assert log.submit(ClientCommand(number, 1, Put('a', 'x')), stamp_ms=TTL_MS - 1).applied
    # Used, it lasts a full time again.
    assert log.submit(ClientCommand(number, 2, Put('a', 'y')), stamp_ms=2 * TTL_MS - 2).applied
    late = log.submit(ClientCommand(number, 2, Put('a', 'y')), stamp_ms=3 * TTL_MS - 2)
    assert (late.applied, late.result) == (
        False, f'refused: session {number} is over: outcome unknown, do not send again')
    assert log.state.board.get('a').version == 2


def test_a_session_opened_later_is_another_one(log):
    first = opened(log)
    log.submit(ClientClose(first))
    second = opened(log)
    assert second != first
    assert 'outcome unknown' in log.submit(ClientCommand(first, 1, Put('a', 'x'))).result
    assert log.submit(ClientClose(first)).applied  # closing twice does no harm


def test_expired_sessions_make_room_and_live_ones_do_not(log):
    numbers = [opened(log, stamp_ms=number) for number in range(CLIENTS_MAX)]
    assert 'no session left' in log.submit(ClientOpen(TTL_MS), stamp_ms=TTL_MS - 1).result
    opened(log, stamp_ms=TTL_MS)
    assert log.state.clients.get(numbers[0]) is None
    assert log.state.clients.get(numbers[1]) is not None


@pytest.mark.parametrize('inner', [
    b'{"kind":"client","session":1,"serial":1,"command":{"kind":"hold"}}',
    encode_command(AssignSlots(1, 1, (7,))),
    encode_command(TaskClaim('scan')),
    encode_command(ClientOpen(TTL_MS)),
    b'{"kind":"fly_to_mars"}',
    b'7',
])
def test_a_client_may_not_ask_for_what_is_a_robots_or_a_clients_own(inner):
    data = b'{"kind":"client","session":1,"serial":1,"command":%s}' % inner
    with pytest.raises(CommandError):
        decode_command(data)


def test_in_a_forced_cluster_a_session_goes_on_after_serials_that_a_void_history_used_up(log):
    log.submit(Put('a', 'kept'))
    assert log.submit(Put('a', 'early'), serial=4).result == 'gap: serial 4 came, 2 is next'
    log.term = forced_term(1, 1)
    assert log.submit(Put('a', 'new'), serial=4).applied
    for serial, answer in ((1, 'applied'), (2, 'refused'), (3, 'refused'), (4, 'version 2')):
        assert log.submit(Put('a', 'again'), serial=serial).result == f'duplicate: {answer}'
    assert log.state.board.get('a').value == 'new'
    assert log.submit(Put('a', 'next')).applied and log.state.sessions.next_serial(1) == 6


def test_a_gap_of_any_length_leaves_a_session_of_the_same_size(log):
    log.term = forced_term(1, 1)
    log.submit(Put('a', '1'))
    log.submit(Put('a', '2'), serial=COUNTER_MAX)
    assert log.state.sessions.of(1) == (COUNTER_MAX, 1, 'version 2')
    assert log.state.sessions.of(1).refusal(1) == 'duplicate: result no longer kept'


def test_a_client_leaves_no_gap_in_a_forced_cluster_either(log):
    log.term = forced_term(1, 1)
    session = opened(log)
    result = log.submit(ClientCommand(session, 2, Put('a', 'x'))).result
    assert result == 'refused: gap: serial 2 came, 1 is next'


def test_a_client_of_a_history_made_void_shares_no_session_with_one_of_the_forced_cluster(log):
    void, forced = opened(log), Log()
    forced.term = forced_term(1, 1)
    number = opened(forced)
    assert void == 1 != number
    late = forced.submit(ClientCommand(void, 1, Put('a', 'x')))
    assert 'session 1 is over: outcome unknown' in late.result
    assert forced.submit(ClientCommand(number, 1, Put('a', 'y'))).applied
    assert MissionState.restore(forced.state.snapshot()).clients.get(number) is not None
