# SPDX-License-Identifier: Apache-2.0
"""Frames survive the wire unchanged; any other bytes are refused with a documented reason."""

from __future__ import annotations

import hashlib
import time
import tracemalloc
from typing import Annotated, Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st
import msgspec
import pytest
from swarm_coordination.bounds import COUNTER_MAX, ID_MAX, Range
from swarm_coordination.errors import FrameError, UsageError
from swarm_coordination.mesh import rows
from swarm_coordination.mesh.rows import Beacon, Fragment, Frame, MissionSection, Want
from swarm_coordination.wire.codec import FRAME_BYTES_MAX, MAJOR, MINOR, REASONS, WireCodec
from swarm_coordination.wire.schema import trimmed, wire_type
from wire.frames import CLUSTER, CONFIG, FRAMES, HEADER, KEY

CODEC = WireCodec(KEY, CLUSTER, CONFIG)
PREFIX = 34
# The same examples every run; no deadline, the machine may be busy.
many = settings(max_examples=120)
some = settings(max_examples=40)


def signed(body: bytes, *, minor: int = 0, key: bytes = KEY) -> bytes:
    """Put a valid prefix and tag, computed here anew, before any body."""
    prefix = bytes((MAJOR, minor)) + CLUSTER.to_bytes(8, 'big') + CONFIG.to_bytes(8, 'big')
    tag = hashlib.blake2b(prefix + body, key=key, digest_size=16, person=b'swarm-mesh').digest()
    return prefix + tag + body


def body_of(frame: Frame) -> list[Any]:
    return [list(frame.header[2:]), *frame[1:]]


def reason_of(data: bytes) -> str:
    with pytest.raises(FrameError) as caught:
        CODEC.decode(data)
    return caught.value.reason


@some
@given(FRAMES)
def test_a_frame_comes_back_equal_in_value_and_type(frame: Frame) -> None:
    back = CODEC.decode(CODEC.encode(frame))
    assert back == frame
    for fragment in back.fragments:
        assert isinstance(fragment, Fragment)
        assert fragment.beacon is None or isinstance(fragment.beacon, Beacon)


@some
@given(FRAMES)
def test_parts_and_overhead_never_add_up_to_less_than_the_frame(frame: Frame) -> None:
    parts = [*frame.fragments, *frame.stops, *frame.items, *frame.digests]
    parts += [part for part in (frame.want, frame.snapshot) if part is not None]
    sender = frame.header.sender
    measured = CODEC.overhead(frame) + sum(CODEC.measure(part, sender) for part in parts)
    size = len(CODEC.encode(frame))
    assert size <= measured <= size + 10


def test_who_offers_nothing_sends_no_byte_for_it_and_an_offer_costs_one() -> None:
    def sized(offer: int) -> tuple[int, int, Any]:
        part = Fragment(HEADER.sender, mission=MissionSection(7, 8, 1, 9, 1000, offer))
        data = CODEC.encode(Frame(HEADER, fragments=(part,)))
        shown = CODEC.decode(data).fragments[0].mission
        assert isinstance(shown, MissionSection) and shown.offer == offer
        return len(data), CODEC.measure(part, HEADER.sender), msgspec.msgpack.decode(data[PREFIX:])

    size, measured, body = sized(0)
    assert body[1][0][4] == [7, 8, 1, 9, 1000]  # as minor version 0 has it
    for offer in (1, 24, rows.SLOTS_MAX):
        assert sized(offer)[:2] == (size + 1, measured + 1)


def test_the_layout_on_the_wire_is_the_documented_one() -> None:
    data = CODEC.encode(Frame(HEADER, want=Want(3, 44)))
    assert data == signed(data[PREFIX:], minor=MINOR)
    assert msgspec.msgpack.decode(data[PREFIX:]) == [
        [['robot1', 5, 1], 9], [], [], [], [], [3, 44], None
    ]


@pytest.mark.parametrize(
    ('change', 'reason'),
    [
        (lambda data: b'', 'too_short'),
        (lambda data: data[:PREFIX], 'too_short'),
        (lambda data: data + bytes(FRAME_BYTES_MAX), 'too_long'),
        (lambda data: b'\x01' + data[1:], 'wrong_version'),
        (lambda data: data[:2] + bytes(8) + data[10:], 'wrong_cluster'),
        (lambda data: data[:-1] + bytes((data[-1] ^ 1,)), 'bad_tag'),
        (lambda data: data[:12] + b'\xff' + data[13:], 'bad_tag'),  # configuration hash
        (lambda data: data[:1] + b'\x07' + data[2:], 'bad_tag'),  # minor version
        (lambda data: data + b'\x00', 'bad_tag'),
        (lambda data: signed(data[PREFIX:-1]), 'malformed'),
        (lambda data: signed(data[PREFIX:] + b'\x00'), 'malformed'),
        (lambda data: signed(data[PREFIX:], key=bytes(32)), 'bad_tag'),
    ],
)
def test_each_defect_has_its_reason(change: Any, reason: str) -> None:
    assert reason_of(change(CODEC.encode(Frame(HEADER, want=Want(3, 44))))) == reason
    assert reason in REASONS


@pytest.mark.parametrize(
    'body',
    [
        [[['', 5, 1], 9]],  # empty name
        [[['x' * 33, 5, 1], 9]],
        [[['robot1', -1, 1], 9]],
        [[['robot1', ID_MAX + 1, 1], 9]],
        [[['robot1', 2**64 - 1, 1], 9]],
        [[['robot1', 5, 1], COUNTER_MAX + 1]],
        [[['robot1', 5, 1], 9], [], [[1, 1, 4]]],  # level of a stop
        [[['robot1', 5, 1], 9], [], [[1, 1, 1]] * (rows.ITEMS_MAX + 1)],
        [[['robot1', 5, 1], 9], [], [], [[1, 1, 1, 1, bytes(rows.PAYLOAD_MAX + 1)]]],
        [[['robot1', 5, 1], 9], [[['r', 1, 1], rows.AGE_UNBOUNDED_MS + 1]]],
    ],
)
def test_numbers_and_lengths_outside_their_bounds_are_refused(body: Any) -> None:
    assert reason_of(signed(msgspec.msgpack.encode(body))) == 'out_of_bounds'


NESTED = b'\x91' * 8_000
HOSTILE = {
    'deep nesting': NESTED,
    'deep maps': b'\x81\x01' * 4_000,
    'huge array': b'\xdd\xff\xff\xff\xff',
    'huge map': b'\xdf\xff\xff\xff\xff',
    'huge bytes': b'\xc6\xff\xff\xff\xff',
    'huge text': b'\xdb\xff\xff\xff\xff',
    'huge extension': b'\xc9\xff\xff\xff\xff\x01',
    'huge list of fragments': b'\x92\x92\x93\xa1r\x01\x01\x01\xdd\xff\xff\xff\xff',
    'nan': msgspec.msgpack.encode([[['r', 5, 1], float('nan')]]),
    'float': msgspec.msgpack.encode([[['r', 5, 1], 9.0]]),
    'bool for a number': msgspec.msgpack.encode([[['r', 5, 1], True]]),
    'text for a number': msgspec.msgpack.encode([[['r', 5, 1], '9']]),
    'number for a list': msgspec.msgpack.encode([[['r', 5, 1], 9], 5]),
    'map for an array': msgspec.msgpack.encode({'header': 1}),
    'invalid utf-8': b'\x91\x92\x93\xa1\xff\x05\x01\x09',
    'timestamp': b'\x91\xd6\xff\xff\xff\xff\xff',
    'an extra field': msgspec.msgpack.encode([[['r', 5, 1], 9], [], [], [], [], None, None, 1]),
    'unhashable map key': b'\x81\x90\x01',
    'reserved byte': b'\xc1',
}


@pytest.mark.parametrize('minor', [0, 9])
@pytest.mark.parametrize('name', sorted(HOSTILE))
def test_hostile_bodies_under_a_valid_tag_are_refused_quickly_and_in_little_memory(
    name: str, minor: int
) -> None:
    data = signed(HOSTILE[name], minor=minor)
    tracemalloc.start()
    started = time.perf_counter()
    try:
        CODEC.decode(data)
        reason = 'accepted'
    except FrameError as error:
        reason = error.reason
    elapsed = time.perf_counter() - started
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # A newer minor version may append fields, which are ignored; nothing else is let in.
    appended = minor and name == 'an extra field'
    allowed = {'accepted'} if appended else {'malformed', 'out_of_bounds'}
    assert reason in allowed
    assert elapsed < 1.0 and peak < 2_000_000


def within_bounds(frame: Frame) -> bool:
    """Whether the schema, asked anew, takes the frame (a second opinion on bounds)."""
    body = msgspec.msgpack.encode(tuple(frame))
    return bool(msgspec.msgpack.decode(body, type=wire_type(Frame)) == frame)


def survives(data: bytes) -> None:
    """Decode: a frame within bounds or a FrameError of a known reason, nothing else."""
    try:
        frame = CODEC.decode(data)
    except FrameError as error:
        assert error.reason in REASONS
    else:
        assert within_bounds(frame)


@many
@given(st.binary(max_size=1400))
def test_random_bytes_do_no_harm(data: bytes) -> None:
    survives(data)


@many
@given(st.binary(max_size=1400), st.sampled_from([0, 1, 255]))
def test_random_bodies_under_a_valid_tag_do_no_harm(body: bytes, minor: int) -> None:
    survives(signed(body, minor=minor))


@many
@given(FRAMES, st.data(), st.sampled_from([0, 3]))
def test_mutated_bodies_under_a_valid_tag_do_no_harm(
    frame: Frame, data: st.DataObject, minor: int
) -> None:
    body = bytearray(CODEC.encode(frame)[PREFIX:])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(body) - 1))
        body[at:at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
        if not body:
            body = bytearray(b'\x90')
    survives(signed(bytes(body), minor=minor))


JSON_LIKE = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.binary(
        max_size=8
    ) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=20,
)


@many
@given(JSON_LIKE, st.sampled_from([0, 3]))
def test_any_msgpack_value_under_a_valid_tag_does_no_harm(value: Any, minor: int) -> None:
    survives(signed(msgspec.msgpack.encode(value), minor=minor))


@some
@given(FRAMES, st.integers(0, 2000))
def test_a_truncated_frame_is_refused(frame: Frame, keep: int) -> None:
    data = CODEC.encode(frame)
    cut = data[: min(keep, len(data) - 1)]
    assert reason_of(cut) in ('too_short', 'bad_tag')


@some
@given(FRAMES, JSON_LIKE)
def test_fields_of_a_newer_minor_version_are_ignored_at_every_level(
    frame: Frame, extra: Any
) -> None:
    def extended(value: Any) -> Any:
        if hasattr(value, '_fields'):
            return [*map(extended, value), extra]
        if isinstance(value, tuple):
            return [extended(part) for part in value]
        return value

    header = [*map(extended, frame.header[2:]), extra]
    body = msgspec.msgpack.encode([header, *map(extended, frame[1:]), extra])
    assert CODEC.decode(signed(body, minor=MINOR + 1)) == frame
    # Without the newer version in the prefix nobody may append anything.
    with pytest.raises(FrameError):
        CODEC.decode(signed(body, minor=MINOR))


def test_a_fragment_of_the_sender_names_no_owner_and_comes_back_with_it() -> None:
    own, other = Fragment(HEADER.sender, 3), Fragment(rows.Identity('robot2', 6, 1), 3)
    data = CODEC.encode(Frame(HEADER, (own, other)))
    assert [part[0] for part in msgspec.msgpack.decode(data[PREFIX:])[1]] == [
        None, ['robot2', 6, 1]
    ]
    assert CODEC.decode(data).fragments == (own, other)
    newer = signed(msgspec.msgpack.encode([[[*HEADER.sender], 9], [[None, 3]]]), minor=MINOR + 1)
    assert CODEC.decode(newer).fragments == (own,)


def test_missing_trailing_fields_take_their_defaults() -> None:
    body = msgspec.msgpack.encode([[['robot1', 5, 1], 9], [[['robot1', 5, 1]]]])
    frame = CODEC.decode(signed(body))
    assert frame == Frame(HEADER, (Fragment(HEADER.sender),))


def test_another_configuration_is_decoded_and_shown_in_the_header() -> None:
    frame = Frame(HEADER._replace(config_hash=1))
    data = WireCodec(KEY, CLUSTER, 1).encode(frame)
    assert CODEC.decode(data).header.config_hash == 1


def test_a_remembered_frame_is_the_same_and_errors_are_not_remembered() -> None:
    codec = WireCodec(KEY, CLUSTER, CONFIG, cache_size=2)
    frames = [Frame(HEADER._replace(counter=counter)) for counter in range(4)]
    encoded = [codec.encode(frame) for frame in frames]
    assert [codec.decode(data) for data in encoded] == frames
    assert codec.decode(encoded[3]) is codec.decode(encoded[3])
    forged = encoded[3][:-1] + bytes((encoded[3][-1] ^ 1,))
    for _ in range(2):
        with pytest.raises(FrameError):
            codec.decode(forged)


def test_misuse_of_the_codec_is_told_apart_from_bad_frames() -> None:
    with pytest.raises(UsageError):
        WireCodec(b'short', CLUSTER, CONFIG)
    with pytest.raises(UsageError):
        CODEC.encode(Frame(HEADER._replace(cluster_id=1)))
    items = tuple(rows.LogItem(1, index, 1, 1, bytes(700)) for index in range(20))
    with pytest.raises(UsageError):
        CODEC.encode(Frame(HEADER, items=items))


class Odd(NamedTuple):
    """A type whose bounds the schema cannot express."""

    value: Annotated[int, 'odd']


class Old(NamedTuple):
    """What an older version knows of a value."""

    small: Annotated[int, Range(0, 5)]


def test_the_schema_refuses_bounds_it_does_not_know() -> None:
    with pytest.raises(TypeError, match='odd'):
        wire_type(Odd)


def test_trimming_leaves_what_has_another_shape_to_the_typed_check() -> None:
    assert trimmed([1, 2, 3], Old) == [1]
    assert trimmed({'small': 1}, Old) == {'small': 1}
    assert trimmed([[1, 2], 'x'], tuple[Old, ...]) == [[1], 'x']
