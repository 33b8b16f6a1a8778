# SPDX-License-Identifier: Apache-2.0
"""
Frames as docs/wire.md has them: read and written by an implementation made of that page.

``by_the_page/`` knows nothing of the project; here it meets what robots of the real code say.
"""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path
import sys
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
import msgspec
import pytest
from swarm_coordination.errors import FrameError
from swarm_coordination.mesh.echoes import EchoBook
from swarm_coordination.mesh.rows import Heard, Identity
from swarm_coordination.mesh.table import Life, Row
from swarm_coordination.wire.codec import MAJOR, MINOR, WireCodec
from wire.by_the_page import frames, lists
from wire.by_the_page.packing import pack, unpack
from wire.flown import fly, told
from wire.frames import CLUSTER, CONFIG, FRAMES, KEY
from wire.test_codec import signed

CODEC = WireCodec(KEY, CLUSTER, CONFIG)
# Of the types of msgpack those that frames hold.
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text(max_size=40)
    | st.binary(max_size=300),
    lambda inner: st.lists(inner, max_size=18),
    max_leaves=20,
)
MADE_OF_THE_PAGE = Path(frames.__file__).parent


def named(value: Any) -> Any:
    """Return a value of the code as the page names its parts."""
    if hasattr(value, '_fields'):
        return {name: named(part) for name, part in zip(value._fields, value)}
    if isinstance(value, tuple):
        return [named(part) for part in value]
    return value


def as_the_page_has_it(frame: Any) -> Any:
    """Return a decoded frame of the code by the names of the page."""
    body = named(frame)
    header = body.pop('header')
    return {'header': {'sender': header['sender'], 'counter': header['counter']}, **body}


def test_what_is_made_of_the_page_uses_nothing_of_the_project() -> None:
    files = sorted(MADE_OF_THE_PAGE.glob('*.py'))
    assert len(files) >= 6
    for path in files:
        for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or '']
            for name in names:
                ours = name.startswith('wire.by_the_page.')
                assert ours or name.split('.')[0] in sys.stdlib_module_names, (path.name, name)


def test_every_frame_that_robots_sent_is_read_alike_and_written_byte_for_byte() -> None:
    provision = fly().provisions[0]
    codec = WireCodec(provision.key, provision.cluster_id, 0)
    kinds: Counter[str] = Counter()
    for data, frame in told():
        assert frame.body == as_the_page_has_it(codec.decode(data))
        assert frames.write(frame, provision.key) == data
        _count(frame.body, 'Body', kinds)
    # Full sections and beats, relays, digests, wants, intents, a read asked and answered, pieces
    # of snapshots: each kind of record of the page was there.
    assert min(kinds[name] for name in frames.RECORDS) > 0, kinds
    assert min(kinds[name] for name in ('relayed', 'packed', 'silent')) > 5, kinds


def _count(values: dict[str, Any], name: str, kinds: Counter[str]) -> None:
    kinds[name] += 1
    for field in frames.RECORDS[name]:
        value = values[field.name]
        if field.kind.shape == 'record' and value is not None:
            _count(value, field.kind.record, kinds)
        elif field.kind.shape == 'many':
            for item in value:
                _count(item, field.kind.record, kinds)
    if name == 'Body':
        sender = values['header']['sender']
        kinds['relayed'] += sum(part['owner'] != sender for part in values['fragments'])
    kinds['silent'] += name == 'Fragment' and values['silent']
    kinds['packed'] += name == 'Beacon' and len(values['echoes']) > 2


@settings(max_examples=25)
@given(FRAMES)
def test_any_frame_within_the_bounds_is_read_and_written_alike(frame: Any) -> None:
    data = CODEC.encode(frame)
    by_the_page = frames.read(data, KEY, CLUSTER)
    assert by_the_page.body == as_the_page_has_it(frame)
    assert frames.write(by_the_page, KEY) == data


def outcome(data: bytes) -> Any:
    """Return what the code makes of a frame; None where it refuses it."""
    try:
        return as_the_page_has_it(CODEC.decode(data))
    except FrameError:
        return None


def outcome_by_the_page(data: bytes) -> Any:
    """Return what the page makes of it."""
    try:
        return frames.read(data, KEY, CLUSTER).body
    except frames.Refused:
        return None


@settings(max_examples=60)
@given(FRAMES, st.data(), st.sampled_from([0, MINOR, 9]))
def test_what_one_refuses_of_mutated_frames_the_other_refuses(
    frame: Any, data: st.DataObject, minor: int
) -> None:
    body = bytearray(CODEC.encode(frame)[frames.BODY_AT:])
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(body)))
        body[at:at + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=3))
    told = signed(bytes(body) or b'\x90', minor=minor)
    assert outcome_by_the_page(told) == outcome(told)


@settings(max_examples=25)
@given(FRAMES, PLAIN, st.sampled_from([0, MINOR, MINOR + 1]))
def test_both_skip_what_a_newer_minor_version_appended_and_refuse_it_of_their_own(
    frame: Any, extra: Any, minor: int
) -> None:
    header, *parts = unpack(CODEC.encode(frame)[frames.BODY_AT:])
    header[0].append(extra)
    parts[1] = [[*flag, extra] for flag in parts[1]]
    data = signed(msgspec.msgpack.encode([[*header, extra], *parts, extra]), minor=minor)
    newer = minor > MINOR
    assert (outcome(data) is not None) == (outcome_by_the_page(data) is not None) == newer
    if newer:
        assert outcome(data) == outcome_by_the_page(data) == as_the_page_has_it(frame)


@pytest.mark.parametrize(('change', 'reason'), [
    (lambda data: data[:34], 'too_short'),
    (lambda data: data + bytes(9_000), 'too_long'),
    (lambda data: b'\x03' + data[1:], 'wrong_version'),
    (lambda data: data[:9] + b'\xff' + data[10:], 'wrong_cluster'),
    (lambda data: data[:17] + b'\xff' + data[18:], 'bad_tag'),
    (lambda data: data[:-1], 'bad_tag'),
    (lambda data: signed(b'\xc1'), 'malformed'),
    (lambda data: signed(pack([[['r', 1, 2**53], 1]])), 'out_of_bounds'),
])
def test_both_name_the_same_reason(change: Any, reason: str) -> None:
    data = change(signed(pack([[['r', 1, 1], 1]])))
    with pytest.raises(frames.Refused, match=reason):
        frames.read(data, KEY, CLUSTER)
    with pytest.raises(FrameError) as caught:
        CODEC.decode(data)
    assert caught.value.reason == reason


def test_a_number_in_a_longer_form_is_taken_and_never_sent() -> None:
    long = b'\x91\x92\x93\xd9\x01r\xcf' + (5).to_bytes(8, 'big') + b'\xd1\x00\x01\xcc\x09'
    assert CODEC.decode(signed(long)).header[2:] == (Identity('r', 5, 1), 9)
    assert frames.read(signed(long), KEY, CLUSTER).body['header']['counter'] == 9
    assert pack(unpack(long)) == b'\x91\x92\x93\xa1r\x05\x01\x09'


@settings(max_examples=60)
@given(PLAIN)
def test_any_value_is_packed_as_the_library_packs_it(value: Any) -> None:
    data = msgspec.msgpack.encode(value)
    assert pack(value) == data and unpack(data) == value


def test_packed_lists_of_the_run_say_what_their_senders_had_heard() -> None:
    sent: dict[int, int] = {}  # newest heartbeat in the air, by robot
    alive: dict[int, int] = {}  # incarnations of who has spoken
    read = 0
    for _, frame in told():
        body = frame.body
        sender = body['header']['sender']
        alive[sender['storage_id']] = sender['incarnation']
        members = sorted(alive.items())
        tag = lists.directory_hash(members)[:2]
        for part in body['fragments']:
            beacon = part['beacon']
            if beacon is None:
                continue
            if part['owner'] == sender:
                sent[sender['storage_id']] = beacon['heartbeat']
            packed = beacon['echoes']
            if packed[:2] != tag or len(packed) == 2 or set(sent) != set(alive):
                continue
            heard = lists.unpack(packed, members, sent)
            assert heard is not None and lists.pack(heard, members) == packed
            assert all(one.heartbeat <= sent[one.storage_id] for one in heard)
            assert part['owner'] == sender or all(one.direct for one in heard)
            read += 1
    assert read > 200


NUMBERS = st.lists(st.integers(0, 2**40), min_size=1, max_size=20)


@settings(max_examples=40)
@given(NUMBERS, st.data())
def test_a_list_packed_by_the_code_is_read_by_the_page_and_the_other_way_round(
    numbers: list[int], data: st.DataObject
) -> None:
    members = [(1000 + 7 * at, 1 + at % 3) for at in range(len(numbers))]
    known = {who: data.draw(st.integers(max(0, number - 32_000), number + 32_000))
             for (who, _), number in zip(members, numbers)}
    listed = [
        lists.Heard(*member, number, data.draw(st.booleans()))
        for member, number in zip(members, numbers) if data.draw(st.booleans())
    ]
    rows = {
        who: Row(Identity(f'r{who}', who, incarnation), 0, 1, life=Life.ALIVE,
                 heartbeat=known[who])
        for who, incarnation in members[1:]
    }
    book = EchoBook()
    book.refresh(Identity('own', *members[0]), rows.values())
    packed = book.pack([Heard(*one) for one in listed], 0)
    assert packed is not None and lists.pack(listed, members) == packed
    read = lists.unpack(packed, members, known) if listed else []
    assert read == listed
    if listed:
        back = book.unpack(packed, rows, known[members[0][0]])
        assert back is not None and [lists.Heard(*one) for one in back.heard] == listed


def test_a_frame_written_by_the_page_alone_is_heard_by_the_code() -> None:
    said = frames.Frame(MINOR, CLUSTER, CONFIG, {
        'header': {'sender': {'name': 'r9', 'storage_id': 9, 'incarnation': 2}, 'counter': 3},
        'fragments': [], 'stops': [{'issuer': 9, 'counter': 2**21 + 1, 'level': 1}],
        'items': [], 'digests': [], 'want': None, 'snapshot': None,
    })
    data = frames.write(said, KEY)
    assert data[0] == MAJOR and CODEC.encode(CODEC.decode(data)) == data
    assert CODEC.decode(data).stops[0].counter == 2**21 + 1
