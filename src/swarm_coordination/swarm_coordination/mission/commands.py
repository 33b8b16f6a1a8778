# SPDX-License-Identifier: Apache-2.0
"""
Commands of the mission log, their JSON form, and the envelope that carries one in an entry.

A command is an immutable value. Its JSON is canonical (sorted keys, no spaces, defaults left
out), with lengths in whole millimetres, so that equal commands are equal bytes on every
machine. Decoding is strict: unknown fields, wrong types and values out of bounds raise
CommandError naming field, value and bound.
"""

from __future__ import annotations

from functools import lru_cache
import re
from typing import Any, NamedTuple

from swarm_coordination.bounds import COUNTER_MAX, ID_MAX
from swarm_coordination.errors import CommandError
from swarm_coordination.mission import fields
from swarm_coordination.mission.client_commands import CLIENT_COMMANDS, ClientClose, ClientOpen
from swarm_coordination.mission.formations import (
    Formation,
    Layout,
    PointMm,
    SHAPES,
    SLOTS_MAX,
)
from swarm_coordination.mission.records import number, Plain, text
from swarm_coordination.mission.task_commands import (
    TASK_COMMANDS,
    TaskAdd,
    TaskCommand,
    TaskRemove,
)

# An entry's payload is at most 700 bytes (mesh.rows.PAYLOAD_MAX: it must fit a frame beside
# header and beacon); the envelope's header takes at most 54 of them.
PAYLOAD_BYTES_MAX = 700
COMMAND_BYTES_MAX = 640
# Decoded lately: one command is read where it is proposed, appended and applied, and in a
# simulator by every robot. As many as are under way at once; values are immutable.
DECODED_MAX = 64

# 10 km either way, 16 waypoints: a path shorter than the 1,000 km that a row can report.
PATH_COORDINATE_MAX_MM = 10_000_000
WAYPOINTS_MAX = 16
# Custom offsets reach as far as a radio network of a few hops.
OFFSET_MAX_MM = 1_000_000
SPEED_MAX_MM_S = 10_000
# Shorter than an election nobody could keep; longer than ten minutes is no lease.
LEASE_MIN_MS, LEASE_MAX_MS = 500, 600_000
# As many as a command holds with the longest numbers.
STOPS_MAX = 15
KEY_CHARS_MAX, VALUE_CHARS_MAX = 64, 400

# Smaller than a twentieth nothing is flown: robots would be a few centimetres apart.
SCALE_MIN_PM, SCALE_MAX_PM = 50, 1000
# The leader moves a formation off a silent robot, not to another place.
SHIFT_MAX_MM = 100_000
# Each way-point but the first may have a change; with more the command has no room for a path.
CHANGES_MAX = 8

ON_LOSS = ('repack', 'keep_slots')
MISSION_NAME = r'[a-z][a-z0-9_]*'
BLACKBOARD_KEY = r'[A-Za-z0-9_./-]+'


class Change(NamedTuple):
    """
    Another formation on the way: complete on arrival at ``waypoint`` (number in the path).

    Robots keep their slot numbers and go over to it evenly along the leg that ends there.
    """

    waypoint: int
    formation: Formation
    yaw_mrad: int = 0


class StartMission(NamedTuple):
    """
    Fly ``formation`` along ``path``; replaces the mission before it.

    ``yaw_mrad`` turns the formation and the robots. ``on_loss``: ``repack`` assigns slots anew
    when robots are lost or return, ``keep_slots`` leaves them. ``rearrange``: the leader may
    exchange the slots of neighbours and shrink for a while a formation that is stuck.
    ``rendezvous``: where a robot goes at last that hears nobody (None: where the path begins).
    ``resilience``: 1 flies a formation whose links one loss may part, in a swarm that is set to
    survive it; 0: as the swarm is set.
    """

    name: str
    formation: Formation
    path: tuple[PointMm, ...]
    speed_mm_s: int
    lease_ms: int
    yaw_mrad: int = 0
    on_loss: str = 'repack'
    changes: tuple[Change, ...] = ()
    rearrange: bool = True
    rendezvous: PointMm | None = None
    resilience: int = 0


class AssignSlots(NamedTuple):
    """
    Give slot k to ``robots[k]`` (storage id; 0: nobody).

    ``mission``: log index of the mission meant. ``after``: epoch that the proposer saw; if
    another assignment got into the log first this one is refused, so a late duplicate is
    harmless without a session. ``layout``: how the formation is scaled and shifted under it.
    """

    mission: int
    after: int
    robots: tuple[int, ...]
    layout: Layout = Layout()

    @property
    def slots(self) -> dict[int, int]:
        """Slot by storage id, in slot order."""
        return {robot: slot for slot, robot in enumerate(self.robots) if robot}


class Hold(NamedTuple):
    """Stand in the slots, progress frozen."""


class Resume(NamedTuple):
    """Fly on after a hold."""


class Abort(NamedTuple):
    """End the mission: brake and stand."""


class LiftStop(NamedTuple):
    """Lift exactly these safety stops: (issuer, counter); a newer stop stays in force."""

    counters: tuple[tuple[int, int], ...]


class Put(NamedTuple):
    """Write a blackboard value; with ``expected`` only if the key has that version (0: new)."""

    key: str
    value: str
    expected: int | None = None


class Delete(NamedTuple):
    """Delete a blackboard key; with ``expected`` only if it has that version."""

    key: str
    expected: int | None = None


class RosterRemove(NamedTuple):
    """Take a robot off the roster: its slot, its session and its right to submit end."""

    robot: int


class TransferLeadership(NamedTuple):
    """Ask the leader of the moment to hand leadership to ``robot``; nothing more changes."""

    robot: int


# What a client may ask for. Tasks are held by robots.
ClientsCommand = (
    StartMission | Hold | Resume | Abort | LiftStop | Put | Delete | RosterRemove
    | TransferLeadership | TaskAdd | TaskRemove
)


class ClientCommand(NamedTuple):
    """
    A client's command, under a serial of the client's own session.

    Sent to any robot, and to another if the first does not answer: it takes effect once.
    """

    session: int
    serial: int
    command: ClientsCommand


Command = (
    StartMission | AssignSlots | Hold | Resume | Abort | LiftStop | Put | Delete | RosterRemove
    | TransferLeadership | TaskCommand | ClientOpen | ClientClose | ClientCommand
)

_KEY = text(KEY_CHARS_MAX, BLACKBOARD_KEY)
_COUNTER = number(0, COUNTER_MAX)
_PLAIN = {plain.kind: plain for plain in (
    Plain('hold', Hold, {}),
    Plain('resume', Resume, {}),
    Plain('abort', Abort, {}),
    Plain('put', Put, {'key': _KEY, 'value': text(VALUE_CHARS_MAX), 'expected': _COUNTER}),
    Plain('delete', Delete, {'key': _KEY, 'expected': _COUNTER}),
    Plain('roster_remove', RosterRemove, {'robot': number(1, ID_MAX)}),
    Plain('transfer_leadership', TransferLeadership, {'robot': number(1, ID_MAX)}),
    *TASK_COMMANDS,
    *CLIENT_COMMANDS,
)}
_PLAIN_OF = {plain.command: plain for plain in _PLAIN.values()}


def encode_command(command: Command) -> bytes:
    """Canonical JSON of a command; raises CommandError if it is out of bounds or too long."""
    data = fields.canonical(_to_json(command))
    if decode_command(data) != command:
        raise fields.refuse('command', command, 'plain values that survive encoding')
    return data


def canonical_command(command: Command) -> bytes:
    """
    Canonical JSON of a command that ``decode_command`` has given, whose values are in bounds.

    Raises CommandError where it is too long in that form.
    """
    data = fields.canonical(_to_json(command))
    if len(data) > COMMAND_BYTES_MAX:
        raise fields.refuse('command', f'{len(data)} bytes', f'at most {COMMAND_BYTES_MAX} bytes')
    return data


@lru_cache(maxsize=DECODED_MAX)
def decode_command(data: bytes, *, canonical: bool = False) -> Command:
    """
    Return the command in ``data``; raises CommandError naming field, value and bound.

    ``canonical``: refuse bytes that say the same at another length, as the log does: what is
    kept of a command is bounded by its bytes.
    """
    value = fields.parse(data, COMMAND_BYTES_MAX, 'command')
    if canonical and fields.canonical(value) != data:
        raise CommandError('not in canonical form')
    return _from_json(value)


def _from_json(value: Any) -> Command:
    kind = value.get('kind') if isinstance(value, dict) else None
    if not isinstance(kind, str) or (kind not in _PLAIN and kind not in _READERS):
        known = ', '.join((*_READERS, *_PLAIN))
        raise fields.refuse('kind', kind, f'one of {known}')
    body = {key: item for key, item in value.items() if key != 'kind'}
    command: Command = _PLAIN[kind].read(body) if kind in _PLAIN else _READERS[kind](body)
    return command


def _to_json(command: Command) -> dict[str, Any]:
    if isinstance(command, StartMission):
        return _start_to_json(command)
    if isinstance(command, AssignSlots):
        return _assign_to_json(command)
    if isinstance(command, LiftStop):
        return {'kind': 'lift_stop', 'counters': command.counters}
    if isinstance(command, ClientCommand):
        return {'kind': 'client', **command._asdict(), 'command': _to_json(command.command)}
    if type(command) in _PLAIN_OF:
        return _PLAIN_OF[type(command)].to_json(command)
    raise fields.refuse('command', command, 'one of the commands of mission.commands')


def _assign_to_json(command: AssignSlots) -> dict[str, Any]:
    body: dict[str, Any] = {'kind': 'assign_slots', **command._asdict()}
    layout = body.pop('layout')
    if layout.scale_pm != 1000:
        body['scale_pm'] = layout.scale_pm
    if any(layout.shift):
        body['shift_mm'] = layout.shift
    return body


def _formation_to_json(formation: Formation) -> dict[str, Any]:
    shape: dict[str, Any] = {'shape': formation.shape, 'spacing_mm': formation.spacing_mm}
    if formation.gap_mm:
        shape['gap_mm'] = formation.gap_mm
    if formation.custom:
        shape['custom'] = [[_point_to_json(p) for p in slots] for slots in formation.custom]
    return shape


def _start_to_json(command: StartMission) -> dict[str, Any]:
    body: dict[str, Any] = {
        'kind': 'start_mission',
        'name': command.name,
        'formation': _formation_to_json(command.formation),
        'path': [_point_to_json(point) for point in command.path],
        'speed_mm_s': command.speed_mm_s,
        'lease_ms': command.lease_ms,
    }
    if command.yaw_mrad:
        body['yaw_mrad'] = command.yaw_mrad
    if command.on_loss != 'repack':
        body['on_loss'] = command.on_loss
    if command.changes:
        body['changes'] = [
            {
                'waypoint': change.waypoint,
                'formation': _formation_to_json(change.formation),
                **({'yaw_mrad': change.yaw_mrad} if change.yaw_mrad else {}),
            }
            for change in command.changes
        ]
    if not command.rearrange:
        body['rearrange'] = False
    if command.rendezvous is not None:
        body['rendezvous'] = _point_to_json(command.rendezvous)
    if command.resilience:
        body['resilience'] = command.resilience
    return body


def _point_to_json(point: PointMm) -> list[int]:
    return list(point) if point[2] else list(point[:2])


def _read_point(value: object, field: str, bound: int) -> PointMm:
    items = fields.sequence(value, field, 2, 3)
    x, y, *z = (fields.integer(item, field, -bound, bound) for item in items)
    return (x, y, z[0] if z else 0)


def _read_formation(value: object, name: str = 'formation') -> Formation:
    body = fields.mapping(value, name, ('shape', 'spacing_mm'), ('gap_mm', 'custom'))
    shape = fields.choice(body['shape'], f'{name}.shape', SHAPES)
    spacing = fields.integer(body['spacing_mm'], f'{name}.spacing_mm', 100, 100_000)
    gap = fields.integer(body.get('gap_mm', 0), f'{name}.gap_mm', 0, 100_000)
    custom = tuple(
        tuple(
            _read_point(point, f'{name}.custom', OFFSET_MAX_MM)
            for point in fields.sequence(slots, f'{name}.custom', 1, SLOTS_MAX)
        )
        for slots in fields.sequence(body.get('custom', ()), f'{name}.custom', 0, SLOTS_MAX)
    )
    counts = [len(slots) for slots in custom]
    if counts != sorted(set(counts)):
        raise fields.refuse(f'{name}.custom', counts, 'one list per count, ascending')
    if (shape == 'custom') != bool(custom):
        raise fields.refuse(f'{name}.custom', counts, 'given for shape custom and no other')
    if (shape == 'groups') != bool(gap):
        raise fields.refuse(f'{name}.gap_mm', gap, 'given for shape groups and no other')
    return Formation(shape, spacing, gap, custom)


def _read_start(body: dict[str, Any]) -> StartMission:
    required = ('name', 'formation', 'path', 'speed_mm_s', 'lease_ms')
    optional = ('yaw_mrad', 'on_loss', 'changes', 'rearrange', 'rendezvous', 'resilience')
    fields.mapping(body, 'start_mission', required, optional)
    path = tuple(
        _read_point(point, 'path', PATH_COORDINATE_MAX_MM)
        for point in fields.sequence(body['path'], 'path', 1, WAYPOINTS_MAX)
    )
    return StartMission(
        name=fields.text(body['name'], 'name', 32, MISSION_NAME),
        formation=_read_formation(body['formation']),
        path=path,
        speed_mm_s=fields.integer(body['speed_mm_s'], 'speed_mm_s', 1, SPEED_MAX_MM_S),
        lease_ms=fields.integer(body['lease_ms'], 'lease_ms', LEASE_MIN_MS, LEASE_MAX_MS),
        yaw_mrad=fields.integer(body.get('yaw_mrad', 0), 'yaw_mrad', -6_284, 6_284),
        on_loss=fields.choice(body.get('on_loss', 'repack'), 'on_loss', ON_LOSS),
        changes=_read_changes(body['changes'], path) if 'changes' in body else (),
        rearrange=fields.boolean(body.get('rearrange', True), 'rearrange'),
        rendezvous=_read_point(body['rendezvous'], 'rendezvous', PATH_COORDINATE_MAX_MM)
        if 'rendezvous' in body
        else None,
        resilience=fields.integer(body['resilience'], 'resilience', 1, 1)
        if 'resilience' in body
        else 0,
    )


def _read_changes(value: object, path: tuple[PointMm, ...]) -> tuple[Change, ...]:
    """Return the changes; their way-points rise, and none repeats the one before it."""
    changes: list[Change] = []
    for item in fields.sequence(value, 'changes', 1, CHANGES_MAX):
        body = fields.mapping(item, 'changes', ('waypoint', 'formation'), ('yaw_mrad',))
        lowest = changes[-1].waypoint + 1 if changes else 1
        waypoint = fields.integer(body['waypoint'], 'changes.waypoint', lowest, len(path) - 1)
        if path[waypoint] == path[waypoint - 1]:
            raise fields.refuse('changes.waypoint', waypoint, 'one with a way to it')
        yaw = fields.integer(body.get('yaw_mrad', 0), 'changes.yaw_mrad', -6_284, 6_284)
        formation = _read_formation(body['formation'], 'changes.formation')
        changes.append(Change(waypoint, formation, yaw))
    return tuple(changes)


def _read_assign(body: dict[str, Any]) -> AssignSlots:
    fields.mapping(body, 'assign_slots', ('mission', 'after', 'robots'), ('scale_pm', 'shift_mm'))
    robots = tuple(
        fields.integer(robot, 'robots', 0, ID_MAX)
        for robot in fields.sequence(body['robots'], 'robots', 1, SLOTS_MAX)
    )
    given = [robot for robot in robots if robot]
    if len(set(given)) != len(given):
        raise fields.refuse('robots', robots, 'each robot at most once')
    return AssignSlots(
        mission=fields.integer(body['mission'], 'mission', 1, COUNTER_MAX),
        after=fields.integer(body['after'], 'after', 0, COUNTER_MAX),
        robots=robots,
        layout=read_layout(body.get('scale_pm', 1000), body.get('shift_mm', (0, 0))),
    )


def read_layout(scale_pm: object, shift: object) -> Layout:
    """Return the layout of decoded JSON values; raises CommandError."""
    x, y = fields.sequence(shift, 'shift_mm', 2, 2)
    return Layout(
        fields.integer(scale_pm, 'scale_pm', SCALE_MIN_PM, SCALE_MAX_PM),
        (
            fields.integer(x, 'shift_mm', -SHIFT_MAX_MM, SHIFT_MAX_MM),
            fields.integer(y, 'shift_mm', -SHIFT_MAX_MM, SHIFT_MAX_MM),
        ),
    )


def _read_lift(body: dict[str, Any]) -> LiftStop:
    fields.mapping(body, 'lift_stop', ('counters',))
    counters = []
    for item in fields.sequence(body['counters'], 'counters', 1, STOPS_MAX):
        issuer, counter = fields.sequence(item, 'counters', 2, 2)
        counters.append(
            (
                fields.integer(issuer, 'counters.issuer', 1, ID_MAX),
                fields.integer(counter, 'counters.counter', 1, COUNTER_MAX),
            )
        )
    return LiftStop(tuple(counters))


def _read_client(body: dict[str, Any]) -> ClientCommand:
    fields.mapping(body, 'client', ('session', 'serial', 'command'))
    command = _from_json(body['command'])
    if not isinstance(command, ClientsCommand):
        raise fields.refuse('command', body['command'], 'a command that a client may give')
    return ClientCommand(
        fields.integer(body['session'], 'session', 1, COUNTER_MAX),
        fields.integer(body['serial'], 'serial', 1, COUNTER_MAX),
        command,
    )


_READERS: dict[str, Any] = {
    'start_mission': _read_start,
    'assign_slots': _read_assign,
    'lift_stop': _read_lift,
    'client': _read_client,
}

_HEADER = re.compile(rb'(0|[1-9][0-9]{0,18}) (0|[1-9][0-9]{0,15}) (0|[1-9][0-9]{0,15})\n')


class Envelope(NamedTuple):
    """
    What a log entry's payload holds: who submitted what, and when by log time.

    ``session`` is the storage id of the robot that accepted the command, 0 for the leader's own
    proposals (serial 0). ``command`` stays bytes: a leader passes on what it cannot read, and
    every robot refuses it alike when it is applied: who would read it has another configuration
    hash, and another log.
    """

    session: int
    serial: int
    stamp_ms: int
    command: bytes

    def encode(self) -> bytes:
        """Payload bytes; raises CommandError where it would not fit an entry."""
        header = b'%d %d %d\n' % (self.session, self.serial, self.stamp_ms)
        data = header + self.command
        if Envelope.decode(data) != self:
            raise fields.refuse('envelope', header, 'numbers within their bounds')
        return data

    @classmethod
    @lru_cache(maxsize=DECODED_MAX)
    def decode(cls, payload: bytes) -> Envelope:
        """Return the envelope in ``payload``; raises CommandError."""
        if len(payload) > PAYLOAD_BYTES_MAX:
            raise fields.refuse('payload', len(payload), f'at most {PAYLOAD_BYTES_MAX} bytes')
        match = _HEADER.match(payload)
        if match is None:
            raise fields.refuse('payload', payload[:24], 'session, serial, stamp and a command')
        session, serial, stamp = (int(group) for group in match.groups())
        if session > ID_MAX or serial > COUNTER_MAX or stamp > COUNTER_MAX:
            raise CommandError('payload: session, serial or stamp is beyond its bound')
        command = payload[match.end():]
        return cls(session, serial, stamp, command)
