# SPDX-License-Identifier: Apache-2.0
"""
The mission state as values, and their canonical bytes: a snapshot equals a replay.

Everything is bounded, so that a snapshot stays around 256 kB at the very most: it has to cross
the radio. Bytes from elsewhere are read as strictly as commands are.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from swarm_coordination.bounds import COUNTER_MAX, ID_MAX
from swarm_coordination.errors import CommandError
from swarm_coordination.mission import fields
from swarm_coordination.mission.commands import (
    BLACKBOARD_KEY,
    decode_command,
    encode_command,
    KEY_CHARS_MAX,
    StartMission,
    VALUE_CHARS_MAX,
)
from swarm_coordination.mission.formations import SLOTS_MAX
from swarm_coordination.mission.sessions import Result, RESULTS_KEPT, Session, SESSIONS_MAX

SNAPSHOT_BYTES_MAX = 2**19
# A blackboard for a few agreed facts: 64 writes of at most 640 bytes each.
BLACKBOARD_MAX = 64
# Each is a storage id that will never come back; more than this many need a new cluster.
REMOVED_MAX = 256
LIFTED_MAX = 256
# Head of a result's text that a session keeps: 64 sessions of 16 results are 100 kB of it.
RESULT_CHARS_MAX = 100


class Mission(NamedTuple):
    """The mission being flown: its log index, its command and an operator's hold or abort."""

    index: int  # type: ignore[assignment]  # hides tuple.index
    command: StartMission
    held: bool = False
    aborted: bool = False


class BoardValue(NamedTuple):
    """A blackboard value; ``version`` counts the writes of its key from 1."""

    value: str
    version: int


class StateValues(NamedTuple):
    """Everything a mission state consists of, tuples in ascending order of their keys."""

    index: int = 0  # type: ignore[assignment]  # hides tuple.index
    term: int = 0
    log_time_ms: int = 0
    mission: Mission | None = None
    epoch: int = 0
    slots: tuple[int, ...] = ()
    sessions: tuple[tuple[int, Session], ...] = ()
    board: tuple[tuple[str, BoardValue], ...] = ()
    lifted: tuple[tuple[int, int], ...] = ()
    removed: tuple[int, ...] = ()


def encode_state(values: StateValues) -> bytes:
    """Canonical JSON bytes of the state."""
    body: dict[str, Any] = dict(values._asdict())
    if values.mission is not None:
        command = encode_command(values.mission.command).decode('ascii')
        body['mission'] = [values.mission.index, command, *values.mission[2:]]
    return fields.canonical(body)


def decode_state(data: bytes) -> StateValues:
    """Return the state in ``data``; raises CommandError."""
    body = fields.parse(data, SNAPSHOT_BYTES_MAX, 'snapshot')
    fields.mapping(body, 'snapshot', StateValues._fields)
    mission = body['mission']
    values = StateValues(
        index=_counter(body['index'], 'index'),
        term=_counter(body['term'], 'term'),
        log_time_ms=_counter(body['log_time_ms'], 'log_time_ms'),
        mission=None if mission is None else _read_mission(mission),
        epoch=_counter(body['epoch'], 'epoch'),
        slots=tuple(_identity(v, 'slots') for v in _list(body, 'slots', SLOTS_MAX)),
        sessions=tuple(_read_session(v) for v in _list(body, 'sessions', SESSIONS_MAX)),
        board=tuple(_read_value(v) for v in _list(body, 'board', BLACKBOARD_MAX)),
        lifted=tuple(_read_lifted(v) for v in _list(body, 'lifted', LIFTED_MAX)),
        removed=tuple(_identity(v, 'removed') for v in _list(body, 'removed', REMOVED_MAX)),
    )
    if encode_state(values) != data:
        raise CommandError('snapshot: not in canonical form')
    return values


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


def _read_session(value: object) -> tuple[int, Session]:
    robot, body = fields.sequence(value, 'sessions', 2, 2)
    last, results = fields.sequence(body, 'sessions', 2, 2)
    kept = []
    for item in fields.sequence(results, 'sessions.results', 0, RESULTS_KEPT):
        serial, index, applied, text = fields.sequence(item, 'sessions.results', 4, 4)
        kept.append(
            Result(
                _counter(serial, 'sessions.serial'),
                _counter(index, 'sessions.index'),
                fields.boolean(applied, 'sessions.applied'),
                fields.text(text, 'sessions.text', RESULT_CHARS_MAX),
            )
        )
    session = Session(_counter(last, 'sessions.last_serial'), tuple(kept))
    return _identity(robot, 'sessions'), session


def _read_value(value: object) -> tuple[str, BoardValue]:
    key, body = fields.sequence(value, 'board', 2, 2)
    text, version = fields.sequence(body, 'board', 2, 2)
    return (
        fields.text(key, 'board.key', KEY_CHARS_MAX, BLACKBOARD_KEY),
        BoardValue(
            fields.text(text, 'board.value', VALUE_CHARS_MAX), _counter(version, 'board.version')
        ),
    )


def _read_lifted(value: object) -> tuple[int, int]:
    issuer, counter = fields.sequence(value, 'lifted', 2, 2)
    return _identity(issuer, 'lifted'), _counter(counter, 'lifted')
