# SPDX-License-Identifier: Apache-2.0
"""Robots that would apply one entry differently have another configuration hash: no common log."""

from __future__ import annotations

from collections.abc import Iterator
import hashlib
import json

from mission.log import Log
from swarm_coordination.configuration.groups import HASH_FORMAT
from swarm_coordination.mission import commands, fields
from swarm_coordination.mission.client_commands import ClientClose, ClientOpen
from swarm_coordination.mission.commands import (
    Abort,
    AssignSlots,
    Change,
    ClientCommand,
    Delete,
    encode_command,
    Hold,
    LiftStop,
    Put,
    Resume,
    RosterRemove,
    StartMission,
    TransferLeadership,
)
from swarm_coordination.mission.formations import Formation, Layout
from swarm_coordination.mission.sessions import WINDOW
from swarm_coordination.mission.state import Applied
from swarm_coordination.mission.task_commands import (
    TaskAdd,
    TaskClaim,
    TaskDone,
    TaskRelease,
    TaskRemove,
    TaskRenew,
)

# (HASH_FORMAT, digest of what the log below comes to).
MEANING = (1, '0861a6c8660460fd')

LINE = Formation('line', 3000)
PATH = ((0, 0, 0), (9000, 0, 0), (9000, 9000, 1000))
MISSION = StartMission(
    'patrol', LINE, PATH, 500, 5000, yaw_mrad=10, on_loss='keep_slots',
    changes=(Change(1, Formation('groups', 2000, 6000), 20),), rearrange=False,
    rendezvous=(1, 2, 3), resilience=1,
)
COMMANDS = (
    StartMission('first', LINE, PATH[:2], 500, 5000), MISSION, Hold(), Hold(), Resume(),
    Put('a', 'x'), Put('a', 'y', 1), Put('a', 'z', 1), Delete('a', 2), Delete('a', 9),
    Put('a', 'again'), TaskAdd('scan', 10_000, 'there'), TaskClaim('scan'), TaskRenew('scan', 13),
    TaskRelease('scan', 13), TaskClaim('scan'), TaskDone('scan', 13, 'found'),
    TaskDone('scan', 16, 'found'), TaskRemove('scan'), LiftStop(((5, 3), (6, 1))),
    LiftStop(((5, 2),)), TransferLeadership(3), RosterRemove(9), TransferLeadership(9),
    ClientOpen(20_000), ClientCommand(25, 1, Put('c', '1')), ClientCommand(25, 1, Put('c', '1')),
    ClientCommand(25, 3, Hold()), ClientCommand(25, 2, TaskAdd('carry', 5_000)),
    ClientCommand(999, 1, Hold()), ClientOpen(20_000), ClientClose(31),
    AssignSlots(2, 2, (1, 2, 9), Layout(500, (10, 20))),
    AssignSlots(2, 2, (1, 2, 3), Layout(500, (10, 20))), Abort(), Abort(), ClientClose(31),
)


def refusals() -> Iterator[bytes]:
    """Give commands that name all kinds, all fields of each, and the bounds of all fields."""
    yield b'{"kind":"nothing"}'
    for command in COMMANDS:
        body = json.loads(encode_command(command))
        yield fields.canonical({**body, 'unknown': 1})
        for name in sorted(body):
            yield fields.canonical({**body, name: {'wrong': 1}})
            if isinstance(body[name], dict):
                yield fields.canonical({**body, name: {**body[name], 'unknown': 1}})


def corners(log: Log) -> Iterator[Applied]:
    """Go to the bounds of the state and beyond, and to what sessions and tasks refuse."""
    for robot, command, stamp_ms in (
        (1, TaskAdd('haul', 5_000), 90_000), (1, TaskAdd('haul', 5_000), 90_000),
        (1, TaskClaim('haul'), 90_000), (2, TaskClaim('haul'), 91_000),
        (2, TaskRelease('haul', 1), 91_000), (1, TaskRenew('haul', 1), 91_000),
        (1, TaskRenew('haul', log.state.index + 3), 99_000), (2, TaskClaim('haul'), 99_000),
        (2, TaskDone('haul', log.state.index + 8), 99_000), (1, TaskClaim('haul'), 99_000),
        (1, TaskRemove('gone'), 99_000), (1, Delete('gone'), 99_000), (1, MISSION, 99_000),
        (1, RosterRemove(9), 99_000), (9, Hold(), 99_000), (0, Hold(), 99_000),
        (0, AssignSlots(log.state.index + 13, log.state.index + 13, (9, 1)), 99_000),
        (0, AssignSlots(1, log.state.index + 13, (1, 2)), 99_000),
        (0, AssignSlots(log.state.index + 13, 1, (1, 2)), 99_000),
        (0, AssignSlots(log.state.index + 13, log.state.index + 13, (1, 2)), 99_000),
        (1, RosterRemove(2), 99_000), (1, ClientClose(25), 99_000), (1, ClientClose(25), 99_000),
    ):
        yield log.submit(command, session=robot, stamp_ms=stamp_ms)
    for serial in (log.state.sessions.of(1).last_serial, 3, 8, 10_000):
        yield log.submit(Hold(), serial=serial)
    for _ in range(WINDOW + 1):
        log.submit(Hold(), session=3)
    yield log.submit(Hold(), session=3, serial=1)
    yield log.append(b'no envelope')
    for at in range(300):  # more than there is room for, of everything
        yield log.submit(Put(f'k{at}', 'x'))
        yield log.submit(TaskAdd(f't{at}', 1_000))
        yield log.submit(LiftStop(((1_000 + at, 1),)))
        yield log.submit(RosterRemove(5_000 + at))
        yield log.submit(ClientOpen(3_600_000))
        yield log.submit(Hold(), session=100 + at)
        yield log.submit(Delete(f'k{at}'))
        yield log.submit(Put(f'k{at % 70}', 'y'))


def test_what_entries_mean_has_a_number_that_goes_into_the_configuration_hash():
    # Where this fails, entries mean something else than before: raise HASH_FORMAT, note it here
    # and in docs/wire.md.
    log = Log()
    done = [log.submit(command, stamp_ms=100 * at) for at, command in enumerate(COMMANDS)]
    kinds = {json.loads(one.command)['kind'] for one in done if one.applied}
    assert kinds == {*commands._PLAIN, *commands._READERS}
    done += [log.submit(command) for command in refusals()]
    assert not any(one.applied for one in done[len(COMMANDS):])
    done += corners(log)
    text = '\n'.join([*(one.result for one in done), log.state.snapshot().decode()])
    assert (HASH_FORMAT, hashlib.blake2b(text.encode(), digest_size=8).hexdigest()) == MEANING
