# SPDX-License-Identifier: Apache-2.0
"""Commands: canonical bytes, strict decoding, and room in an entry for twelve robots."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st
import pytest
from swarm_coordination.bounds import COUNTER_MAX, ID_MAX
from swarm_coordination.errors import CommandError
from swarm_coordination.mesh.rows import PAYLOAD_MAX
from swarm_coordination.mission.client_commands import ClientClose, ClientOpen
from swarm_coordination.mission.commands import (
    Abort,
    AssignSlots,
    Change,
    ClientCommand,
    COMMAND_BYTES_MAX,
    decode_command,
    Delete,
    encode_command,
    Envelope,
    Hold,
    LiftStop,
    PAYLOAD_BYTES_MAX,
    Put,
    Resume,
    RosterRemove,
    SHIFT_MAX_MM,
    StartMission,
    TransferLeadership,
)
from swarm_coordination.mission.formations import Formation, Layout, SLOTS_MAX
from swarm_coordination.mission.task_commands import (
    TaskAdd,
    TaskClaim,
    TaskDone,
    TaskRelease,
    TaskRemove,
    TaskRenew,
)

MISSION = StartMission('patrol', Formation('v', 3000), ((0, 0, 0), (20_000, -5, 0)), 600, 5000)
COMMANDS = [
    MISSION,
    MISSION._replace(yaw_mrad=-1571, on_loss='keep_slots', path=((1, 2, 3),)),
    MISSION._replace(formation=Formation('groups', 3000, 6000)),
    MISSION._replace(
        formation=Formation('custom', 3000, 0, (((0, 0, 0),), ((0, 0, 0), (0, 3000, 500))))
    ),
    AssignSlots(17, 17, (ID_MAX, 0, 5)),
    AssignSlots(17, 17, (5,), Layout(300, (-SHIFT_MAX_MM, 7))),
    MISSION._replace(
        changes=(Change(1, Formation('column', 2000), -5),), rearrange=False,
        rendezvous=(1, 2, 3), resilience=1,
    ),
    Hold(),
    Resume(),
    Abort(),
    LiftStop(((5, 1), (ID_MAX, COUNTER_MAX))),
    Put('area/3', 'searched: yes, twice'),
    Put('lock', 'robot2', 0),
    RosterRemove(99),
    TransferLeadership(99),
    Delete('lock'),
    Delete('lock', 3),
    TaskAdd('scan', 2_000),
    TaskAdd('scan.north-wall_2', 600_000, 'from the left'),
    TaskClaim('scan'),
    TaskRenew('scan', 7),
    TaskRelease('scan', COUNTER_MAX),
    TaskDone('scan', 7),
    TaskDone('scan', 7, 'three cracks'),
    TaskRemove('scan'),
    ClientOpen(10_000),
    ClientClose(17),
    ClientCommand(17, 3, Put('lock', 'robot2', 0)),
    ClientCommand(17, 4, MISSION),
    ClientCommand(COUNTER_MAX, COUNTER_MAX, TaskRemove('scan')),
]


@pytest.mark.parametrize('command', COMMANDS, ids=lambda command: type(command).__name__)
def test_a_command_comes_back_from_its_bytes_and_those_are_canonical(command):
    data = encode_command(command)
    decoded = decode_command(data, canonical=True)
    assert (type(decoded), decoded) == (type(command), command)
    assert encode_command(decoded) == data
    assert b' ' not in data or isinstance(command, Put | TaskAdd | TaskDone)


@pytest.mark.parametrize('command', COMMANDS, ids=lambda command: type(command).__name__)
def test_every_field_of_a_command_is_checked(command):
    body = json.loads(encode_command(command))
    for field in [name for name in body if name != 'kind']:
        for wrong in (None, True, [], {'a': 1}, 1.5, 2**63):
            if (field, wrong) == ('rearrange', True):
                continue
            with pytest.raises(CommandError):
                decode_command(json.dumps({**body, field: wrong}).encode())
    with pytest.raises(CommandError):
        decode_command(json.dumps({**body, 'more': 1}).encode())


def test_the_keys_are_sorted_and_the_lengths_are_whole_millimetres():
    assert encode_command(MISSION) == (
        b'{"formation":{"shape":"v","spacing_mm":3000},"kind":"start_mission","lease_ms":5000,'
        b'"name":"patrol","path":[[0,0],[20000,-5]],"speed_mm_s":600}'
    )


def test_the_largest_assignment_fits_an_entry_with_the_longest_envelope():
    robots = tuple(ID_MAX - number for number in range(SLOTS_MAX))
    widest = Layout(999, (-SHIFT_MAX_MM, -SHIFT_MAX_MM))
    command = encode_command(AssignSlots(COUNTER_MAX, COUNTER_MAX, robots, widest))
    payload = Envelope(ID_MAX, COUNTER_MAX, COUNTER_MAX, command).encode()
    assert len(payload) <= PAYLOAD_MAX


def test_the_longest_command_fits_an_entry_with_the_longest_envelope():
    assert PAYLOAD_BYTES_MAX == PAYLOAD_MAX
    payload = Envelope(ID_MAX, COUNTER_MAX, COUNTER_MAX, b'x' * COMMAND_BYTES_MAX).encode()
    assert len(payload) <= PAYLOAD_MAX


def changed(**fields):
    body = {
        'kind': 'start_mission',
        'name': 'patrol',
        'formation': {'shape': 'v', 'spacing_mm': 3000},
        'path': [[0, 0]],
        'speed_mm_s': 600,
        'lease_ms': 5000,
    }
    return repr({**body, **fields}).replace("'", '"').replace('True', 'true').encode()


@pytest.mark.parametrize(
    ('data', 'field', 'bound'),
    [
        (changed(speed_mm_s=0), 'speed_mm_s', 'from 1 to'),
        (changed(speed_mm_s=1.5), 'speed_mm_s', 'whole number'),
        (changed(speed_mm_s=True), 'speed_mm_s', 'whole number'),
        (changed(name='Patrol'), 'name', 'matches'),
        (changed(path=[]), 'path', '1 to 16 items'),
        (changed(path=[[0, 0]] * 17), 'path', '1 to 16 items'),
        (changed(path=[[0, 10**8]]), 'path', 'from -10000000'),
        (changed(lease_ms=1), 'lease_ms', 'from 500'),
        (changed(on_loss='panic'), 'on_loss', 'one of repack'),
        (changed(formation={'shape': 'star', 'spacing_mm': 3000}), 'shape', 'one of line'),
        (changed(formation={'shape': 'groups', 'spacing_mm': 3000}), 'gap_mm', 'groups'),
        (changed(formation={'shape': 'v', 'spacing_mm': 3000, 'gap_mm': 1}), 'gap_mm', 'groups'),
        (changed(formation={'shape': 'custom', 'spacing_mm': 3000}), 'custom', 'custom'),
        (changed(extra=1), 'start_mission', 'known fields'),
        (b'{"kind":"hold","a":1}', 'hold', 'known fields'),
        (b'{"kind":"hold","kind":"abort"}', 'command', 'each key once'),
        (b'{"kind":"put","key":"a","value":"b","expected":-1}', 'expected', 'from 0'),
        (b'{"kind":"put","key":"a b","value":"b"}', 'key', 'matches'),
        (b'{"kind":"put","key":"a","value":"\\ud800"}', 'value', 'surrogates'),
        (b'{"kind":"put","key":"a"}', 'put.value', 'required'),
        (b'{"kind":"put","key":"a","value":NaN}', 'command', 'finite'),
        (b'{"kind":"assign_slots","mission":1,"after":0,"robots":[4,4]}', 'robots', 'once'),
        (b'{"kind":"roster_remove","robot":0}', 'robot', 'from 1'),
        (b'{"kind":"dance"}', 'kind', 'one of'),
        (b'{"kind":["hold"]}', 'kind', 'one of'),
        (b'[]', 'kind', 'one of'),
        (b'\xff', 'command', 'UTF-8'),
        (b'[' * 600, 'command', 'JSON'),
        (b' ' * 641, 'command', 'at most 640 bytes'),
    ],
)
def test_a_wrong_command_is_refused_with_field_and_bound(data, field, bound):
    with pytest.raises(CommandError) as caught:
        decode_command(data)
    assert field in str(caught.value)
    assert bound in str(caught.value)


@pytest.mark.parametrize(
    'command',
    [
        MISSION._replace(speed_mm_s=600.0),
        MISSION._replace(path=((0, 0, 10**9),)),
        MISSION._replace(path=[(0, 0, 0)]),
        Put('key', 'x' * 401),
        'hold',
    ],
)
def test_a_command_that_would_not_survive_the_log_is_not_encoded(command):
    with pytest.raises(CommandError):
        encode_command(command)


@given(st.binary(max_size=80))
def test_any_bytes_decode_or_are_refused(data):
    for read in (decode_command, Envelope.decode):
        try:
            read(data)
        except CommandError:
            continue


@settings(max_examples=50)
@given(
    st.integers(0, ID_MAX),
    st.integers(0, COUNTER_MAX),
    st.integers(0, COUNTER_MAX),
    st.binary(max_size=COMMAND_BYTES_MAX),
)
def test_an_envelope_carries_any_command_bytes(session, serial, stamp_ms, command):
    envelope = Envelope(session, serial, stamp_ms, command)
    assert Envelope.decode(envelope.encode()) == envelope


@pytest.mark.parametrize(
    'payload',
    [
        b'1 1 1',
        b'01 1 1\n{}',
        b'1  1 1\n{}',
        b'-1 1 1\n',
        b'9999999999999999999 1 1\n',
        b'a' * 701,
    ],
)
def test_an_envelope_of_another_form_is_refused(payload):
    with pytest.raises(CommandError):
        Envelope.decode(payload)
