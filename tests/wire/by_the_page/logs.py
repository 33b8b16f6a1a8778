# SPDX-License-Identifier: Apache-2.0
"""Entries, snapshots and the configuration hash, by sections 4 to 6 of docs/wire.md."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any, NamedTuple
import zlib

ID_MAX, COUNTER_MAX = 2**62 - 1, 2**53 - 1
STATE_MAX = 262_144


class Envelope(NamedTuple):
    """A command of the log with what stands before it."""

    session: int
    serial: int
    stamp: int
    command: dict[str, Any]


class Membership(NamedTuple):
    """A configuration entry."""

    forced: bool
    voters: tuple[int, ...]
    learners: tuple[int, ...]


class Snapshot(NamedTuple):
    """A snapshot as it crosses the mesh, unpacked."""

    taken_in: int
    configured_at: int
    membership: Membership
    state: dict[str, Any]


def id62(data: bytes) -> int:
    """Return a number of 62 bits from a hash of 8 bytes over ``data``."""
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), 'big') % 2**62


def canonical(value: Any) -> bytes:
    """Return JSON in the form in which equal values are equal bytes."""
    return json.dumps(value, sort_keys=True, separators=(',', ':')).encode('ascii')


def read_command(payload: bytes) -> Envelope | None:
    """Return what a payload of kind 0 holds; None for a leader's first entry."""
    if not payload:
        return None
    number = rb'(0|[1-9][0-9]*)'
    head = re.match(number + rb' ' + number + rb' ' + number + rb'\n', payload)
    assert head is not None and len(payload) - head.end() <= 640
    session, serial, stamp = map(int, head.groups())
    assert session <= ID_MAX and max(serial, stamp) <= COUNTER_MAX
    return Envelope(session, serial, stamp, json.loads(payload[head.end():]))


def write_command(envelope: Envelope | None) -> bytes:
    """Return the payload of a command, or of a leader's first entry."""
    if envelope is None:
        return b''
    head = b'%d %d %d\n' % (envelope.session, envelope.serial, envelope.stamp)
    return head + canonical(envelope.command)


def read_membership(payload: bytes) -> Membership:
    """Return what a payload of kind 1 holds."""
    lists, at = [], 1
    for _ in range(2):
        count, at = payload[at], at + 1
        lists.append(tuple(
            int.from_bytes(payload[k:k + 8], 'little') for k in range(at, at + 8 * count, 8)
        ))
        at += 8 * count
    assert at == len(payload) and payload[0] in (0, 1)
    voters, learners = lists
    assert voters == tuple(sorted(set(voters))) != () and not set(voters) & set(learners)
    assert learners == tuple(sorted(set(learners))) and len(voters + learners) <= 64
    return Membership(payload[0] == 1, voters, learners)


def write_membership(membership: Membership) -> bytes:
    """Return the payload of a configuration."""
    parts = [bytes([membership.forced])]
    for ids in membership[1:]:
        parts += [bytes([len(ids)]), *(robot.to_bytes(8, 'little') for robot in ids)]
    return b''.join(parts)


def snapshot_digest(index: int, term: int, data: bytes) -> int:
    """Return the hash in a snapshot's key."""
    return id62(index.to_bytes(8, 'big') + term.to_bytes(8, 'big') + data)


def read_snapshot(data: bytes) -> Snapshot:
    """Return what a whole snapshot holds."""
    length = int.from_bytes(data[8:12], 'big')
    configured_at = int.from_bytes(data[12:20], 'little')
    membership = read_membership(data[20:12 + length])
    stream = zlib.decompressobj()
    state = stream.decompress(data[12 + length:], STATE_MAX)
    assert stream.eof and not stream.unused_data
    parsed = json.loads(state)
    assert canonical(parsed) == state
    return Snapshot(int.from_bytes(data[:8], 'big'), configured_at, membership, parsed)


def write_snapshot(snapshot: Snapshot) -> bytes:
    """Return the bytes of a snapshot; the same as another's where zlib is the same."""
    configuration = snapshot.configured_at.to_bytes(8, 'little')
    configuration += write_membership(snapshot.membership)
    head = snapshot.taken_in.to_bytes(8, 'big') + len(configuration).to_bytes(4, 'big')
    return head + configuration + zlib.compress(canonical(snapshot.state))


def took_effect(session: list[Any]) -> set[int]:
    """Return the serials of a session that took effect, as far as it says."""
    last, applied, _ = session
    bits = int(applied, 16)
    return {last - k for k in range(bits.bit_length()) if bits >> k & 1}


def by_name(state: dict[str, Any]) -> dict[str, Any]:
    """Return what is held of each session, key and task, by the names of the page."""
    values, deletions, forgotten = state['board']
    client = ('session', 'ttl_ms', 'used_ms')
    task = ('lease_ms', 'detail', 'holder', 'fence', 'expires_ms', 'done', 'result')
    return {
        'sessions': dict(state['sessions']),
        'clients': {number: dict(zip(client, held)) for number, held in state['clients']},
        'values': {key: dict(zip(('value', 'version'), held)) for key, held in values},
        'deletions': {key: dict(zip(('version', 'index'), held)) for key, held in deletions},
        'forgotten': forgotten,
        'tasks': {name: dict(zip(task, held)) for name, held in state['tasks']},
        'lifted': dict(state['lifted']),
        'mission': state['mission'] and dict(
            zip(('index', 'command', 'held', 'aborted'), state['mission'])
        ),
        'layout': state.get('layout', [1000, [0, 0]]),
    }


def configuration_hash(shared: dict[str, dict[str, Any]], area: list[Any] | None = None) -> int:
    """Return the hash of the shared settings by group, and of the area where one is set."""
    said = [1, shared] if area is None else [1, shared, area]
    return id62(json.dumps(said, sort_keys=True).encode('utf-8'))
