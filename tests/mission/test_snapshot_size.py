# SPDX-License-Identifier: Apache-2.0
"""The state is bounded: filled to every bound it still crosses the radio as one snapshot."""

from __future__ import annotations

from mission.log import Log
from swarm_coordination.bounds import COUNTER_MAX, ID_MAX, LIFTED_MAX
from swarm_coordination.mission.blackboard import BLACKBOARD_MAX, TOMBSTONES_MAX
from swarm_coordination.mission.commands import (
    AssignSlots,
    COMMAND_BYTES_MAX,
    Delete,
    encode_command,
    LiftStop,
    Put,
    RosterRemove,
    StartMission,
    STOPS_MAX,
)
from swarm_coordination.mission.formations import Formation, SLOTS_MAX
from swarm_coordination.mission.sessions import (
    Client,
    CLIENTS_MAX,
    RESULT_CHARS_MAX,
    Session,
    SESSIONS_MAX,
    WINDOW,
)
from swarm_coordination.mission.snapshot import (
    REMOVED_MAX,
    SNAPSHOT_BYTES_MAX,
    StateValues,
)
from swarm_coordination.mission.state import MissionState
from swarm_coordination.mission.task_commands import (
    TASK_NAME_CHARS_MAX,
    TaskAdd,
    TaskClaim,
    TaskDone,
)
from swarm_coordination.mission.tasks import TASKS_MAX

# Each costs six bytes in canonical JSON.
WIDE = '\u1234'


def widest(command, field: str):
    """Return ``command`` with as much in ``field`` as a command holds, at six bytes each."""
    room = COMMAND_BYTES_MAX - len(encode_command(command._replace(**{field: '-'}))) + 1
    return command._replace(**{field: WIDE * (room // len('\\u1234'))})


def test_a_state_at_all_its_bounds_stays_below_256_kb_and_comes_back():
    log, stamp = Log(), COUNTER_MAX // 2
    used = Session(COUNTER_MAX // 2, 2**WINDOW - 1, '"' * RESULT_CHARS_MAX)
    log.state = MissionState(StateValues(
        sessions=((1, used), *((ID_MAX - k, used) for k in range(SESSIONS_MAX - 2, -1, -1))),
        clients=tuple((COUNTER_MAX - k, Client(used, 3_600_000, stamp))
                      for k in range(CLIENTS_MAX, 0, -1)),
    ))
    for number in range(TOMBSTONES_MAX):
        key = f'{number:064d}'
        log.submit(Put(key, ''))
        log.submit(Delete(key))
    for number in range(BLACKBOARD_MAX):
        assert log.submit(widest(Put(f'{1000 + number:064d}', ''), 'value')).applied
    for number in range(TASKS_MAX):
        name = f'{number:0{TASK_NAME_CHARS_MAX}d}'
        assert log.submit(widest(TaskAdd(name, 600_000), 'detail'), stamp_ms=stamp).applied
        fence = log.submit(TaskClaim(name), session=ID_MAX).index
        done = widest(TaskDone(name, fence), 'result')
        assert log.submit(done, session=ID_MAX).applied
    formation = Formation('custom', 3000, 0, (tuple((k, 0, 0) for k in range(SLOTS_MAX)),))
    path = tuple((10_000_000 - k, 0, 0) for k in range(16))
    mission = log.submit(StartMission('m' * 32, formation, path, 500, 5000))
    robots = tuple(ID_MAX - number for number in range(SLOTS_MAX))
    assert log.submit(AssignSlots(mission.index, mission.index, robots), session=0).applied
    for start in range(0, LIFTED_MAX, STOPS_MAX):
        several = range(start, min(start + STOPS_MAX, LIFTED_MAX))
        counters = tuple((ID_MAX - k, COUNTER_MAX) for k in several)
        assert log.submit(LiftStop(counters)).applied
    for number in range(REMOVED_MAX):
        log.submit(RosterRemove(ID_MAX - 10_000 - number))

    data = log.state.snapshot()

    assert len(log.state.sessions.items()) == SESSIONS_MAX
    assert len(log.state.clients.items()) == CLIENTS_MAX
    assert len(data) < SNAPSHOT_BYTES_MAX == 256 * 1024
    assert MissionState.restore(data).snapshot() == data
