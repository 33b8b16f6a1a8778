# SPDX-License-Identifier: Apache-2.0
"""
The mission state as values, and their canonical bytes: a snapshot equals a replay.

Everything is bounded, so that a snapshot stays below 256 kB: it has to cross the radio. Bytes
from elsewhere are read as strictly as commands are.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from swarm_coordination.bounds import COUNTER_MAX, ID_MAX, LIFTED_MAX
from swarm_coordination.errors import CommandError
from swarm_coordination.mission import fields
from swarm_coordination.mission.blackboard import (
    BLACKBOARD_MAX,
    BoardValue,
    BoardValues,
    Tombstone,
    TOMBSTONES_MAX,
)
from swarm_coordination.mission.client_commands import CLIENT_TTL_MAX_MS, CLIENT_TTL_MIN_MS
from swarm_coordination.mission.commands import (
    BLACKBOARD_KEY,
    decode_command,
    encode_command,
    KEY_CHARS_MAX,
    read_layout,
    StartMission,
    VALUE_CHARS_MAX,
)
from swarm_coordination.mission.formations import Layout, SLOTS_MAX
from swarm_coordination.mission.sessions import (
    Client,
    CLIENTS_MAX,
    RESULT_CHARS_MAX,
    Session,
    SESSIONS_MAX,
    WINDOW,
)
from swarm_coordination.mission.task_commands import (
    DETAIL_CHARS_MAX,
    TASK_LEASE_MAX_MS,
    TASK_LEASE_MIN_MS,
    TASK_NAME,
    TASK_NAME_CHARS_MAX,
    TASK_RESULT_CHARS_MAX,
)
from swarm_coordination.mission.tasks import Task, TASKS_MAX

SNAPSHOT_BYTES_MAX = 2**18
# Each is a storage id that will never come back; more than this many need a new cluster.
REMOVED_MAX = 256


class Mission(NamedTuple):
    """The mission being flown: its log index, its command and an operator's hold or abort."""

    index: int  # type: ignore[assignment]  # hides tuple.index
    command: StartMission
    held: bool = False
    aborted: bool = False


class StateValues(NamedTuple):
    """Everything a mission state consists of, tuples in ascending order of their keys."""

    index: int = 0  # type: ignore[assignment]  # hides tuple.index
    term: int = 0
    log_time_ms: int = 0
    mission: Mission | None = None
    epoch: int = 0
    slots: tuple[int, ...] = ()
    sessions: tuple[tuple[int, Session], ...] = ()
    clients: tuple[tuple[int, Client], ...] = ()
    board: BoardValues = BoardValues()
    tasks: tuple[tuple[str, Task], ...] = ()
    lifted: tuple[tuple[int, int], ...] = ()
    removed: tuple[int, ...] = ()
    layout: Layout = Layout()


def encode_state(values: StateValues) -> bytes:
    """Canonical JSON bytes of the state."""
    body: dict[str, Any] = dict(values._asdict())
    body['sessions'] = [(robot, _session(session)) for robot, session in values.sessions]
    body['clients'] = [
        (number, (_session(client.session), *client[1:])) for number, client in values.clients
    ]
    if values.layout == Layout():
        del body['layout']  # as in states of before it was: the same bytes
    if values.mission is not None:
        command = encode_command(values.mission.command).decode('ascii')
        body['mission'] = [values.mission.index, command, *values.mission[2:]]
    return fields.canonical(body)


def decode_state(data: bytes) -> StateValues:
    """Return the state in ``data``; raises CommandError."""
    body = fields.parse(data, SNAPSHOT_BYTES_MAX, 'snapshot')
    fields.mapping(body, 'snapshot', StateValues._fields[:-1], ('layout',))
    mission = body['mission']
    values = StateValues(
        index=_counter(body['index'], 'index'),
        term=_counter(body['term'], 'term'),
        log_time_ms=_counter(body['log_time_ms'], 'log_time_ms'),
        mission=None if mission is None else _read_mission(mission),
        epoch=_counter(body['epoch'], 'epoch'),
        slots=tuple(_identity(v, 'slots') for v in _list(body, 'slots', SLOTS_MAX)),
        sessions=tuple(_read_session(v) for v in _list(body, 'sessions', SESSIONS_MAX)),
        clients=tuple(_read_client(v) for v in _list(body, 'clients', CLIENTS_MAX)),
        board=_read_board(body['board']),
        tasks=tuple(_read_task(v) for v in _list(body, 'tasks', TASKS_MAX)),
        lifted=tuple(_read_lifted(v) for v in _list(body, 'lifted', LIFTED_MAX)),
        removed=tuple(_identity(v, 'removed') for v in _list(body, 'removed', REMOVED_MAX)),
        layout=_read_layout(body.get('layout', Layout())),
    )
    for keys in _keys(values):
        if keys != sorted(set(keys)):
            raise CommandError(f'snapshot: keys {fields.shown(keys)} are not ascending')
    if encode_state(values) != data:
        raise CommandError('snapshot: not in canonical form')
    return values


def _keys(values: StateValues) -> Iterator[list[Any]]:
    tables = (values.sessions, values.clients, *values.board[:2], values.tasks, values.lifted)
    for table in tables:
        yield [item[0] for item in table]
    yield list(values.removed)


def _session(session: Session) -> tuple[int, str, str]:
    """JSON form of a session: its bits in hexadecimal, a quarter of a decimal's time to read."""
    return (session.last_serial, f'{session.applied:x}', session.text)


def _list(body: dict[str, Any], field: str, most: int) -> list[Any]:
    return fields.sequence(body[field], field, 0, most)


def _counter(value: object, field: str) -> int:
    return fields.integer(value, field, 0, COUNTER_MAX)


def _identity(value: object, field: str) -> int:
    return fields.integer(value, field, 0, ID_MAX)


def _read_mission(value: object) -> Mission:
    index, text, held, aborted = fields.sequence(value, 'mission', 4, 4)
    data = fields.text(text, 'mission', SNAPSHOT_BYTES_MAX).encode('utf-8')
    command = decode_command(data)
    if not isinstance(command, StartMission):
        raise fields.refuse('mission', text, 'a start_mission command')
    return Mission(
        _counter(index, 'mission.index'),
        command,
        fields.boolean(held, 'mission.held'),
        fields.boolean(aborted, 'mission.aborted'),
    )


def _read_layout(value: object) -> Layout:
    return read_layout(*fields.sequence(value, 'layout', 2, 2))


def _read_session(value: object) -> tuple[int, Session]:
    robot, body = fields.sequence(value, 'sessions', 2, 2)
    return _identity(robot, 'sessions'), _read_serials(body, 'sessions')


def _read_serials(value: object, field: str) -> Session:
    last, applied, text = fields.sequence(value, field, 3, 3)
    bits = int(fields.text(applied, f'{field}.applied', (WINDOW + 3) // 4, '[0-9a-f]+'), 16)
    session = Session(
        _counter(last, f'{field}.last_serial'),
        bits,
        fields.text(text, f'{field}.text', RESULT_CHARS_MAX),
    )
    if bits >> min(WINDOW, session.last_serial):
        raise fields.refuse(f'{field}.applied', applied, f'bits of {last} serials')
    return session


def _read_client(value: object) -> tuple[int, Client]:
    number, body = fields.sequence(value, 'clients', 2, 2)
    session, ttl, used = fields.sequence(body, 'clients', 3, 3)
    return _counter(number, 'clients'), Client(
        _read_serials(session, 'clients'),
        fields.integer(ttl, 'clients.ttl_ms', CLIENT_TTL_MIN_MS, CLIENT_TTL_MAX_MS),
        _counter(used, 'clients.used_ms'),
    )


def _read_board(value: object) -> BoardValues:
    live, deleted, forgotten = fields.sequence(value, 'board', 3, 3)
    return BoardValues(
        tuple(_read_value(v) for v in fields.sequence(live, 'board', 0, BLACKBOARD_MAX)),
        tuple(_read_tombstone(v) for v in fields.sequence(deleted, 'board', 0, TOMBSTONES_MAX)),
        _counter(forgotten, 'board.forgotten'),
    )


def _read_value(value: object) -> tuple[str, BoardValue]:
    key, body = fields.sequence(value, 'board', 2, 2)
    text, version = fields.sequence(body, 'board', 2, 2)
    return _read_key(key), BoardValue(
        fields.text(text, 'board.value', VALUE_CHARS_MAX), _counter(version, 'board.version')
    )


def _read_tombstone(value: object) -> tuple[str, Tombstone]:
    key, body = fields.sequence(value, 'board', 2, 2)
    version, index = fields.sequence(body, 'board', 2, 2)
    return _read_key(key), Tombstone(
        _counter(version, 'board.version'), _counter(index, 'board.index')
    )


def _read_key(key: object) -> str:
    return fields.text(key, 'board.key', KEY_CHARS_MAX, BLACKBOARD_KEY)


def _read_task(value: object) -> tuple[str, Task]:
    name, body = fields.sequence(value, 'tasks', 2, 2)
    lease, detail, holder, fence, expires, done, result = fields.sequence(body, 'tasks', 7, 7)
    return fields.text(name, 'tasks', TASK_NAME_CHARS_MAX, TASK_NAME), Task(
        fields.integer(lease, 'tasks.lease_ms', TASK_LEASE_MIN_MS, TASK_LEASE_MAX_MS),
        fields.text(detail, 'tasks.detail', DETAIL_CHARS_MAX),
        _identity(holder, 'tasks.holder'),
        _counter(fence, 'tasks.fence'),
        _counter(expires, 'tasks.expires_ms'),
        fields.boolean(done, 'tasks.done'),
        fields.text(result, 'tasks.result', TASK_RESULT_CHARS_MAX),
    )


def _read_lifted(value: object) -> tuple[int, int]:
    issuer, counter = fields.sequence(value, 'lifted', 2, 2)
    return _identity(issuer, 'lifted'), _counter(counter, 'lifted')
