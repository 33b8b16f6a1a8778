# SPDX-License-Identifier: Apache-2.0
"""Snapshots cross the mesh whole, from the nearest, within their share of the budget."""

from __future__ import annotations

from dataclasses import replace
import random

from hypothesis import given, settings
from hypothesis import strategies as st
from mesh.hop import DATA, Hop, INDEX, run, TERM
from mesh.radio import Air, CLUSTER, CONFIG, KEY, line
import pytest
from swarm_coordination.mesh.draft import Draft
from swarm_coordination.mesh.rows import (
    CHUNK_BYTES,
    Frame,
    FrameHeader,
    Identity,
    SNAPSHOT_BYTES_MAX,
    SnapshotChunk,
    SnapshotKey,
    SnapshotOffer,
    SnapshotPart,
    SnapshotWant,
    Want,
)
from swarm_coordination.mesh.settings import MeshSettings
from swarm_coordination.mesh.snapshots import SnapshotExchange
from swarm_coordination.mesh.transfer import chunk_count, snapshot_key, Transfer
from swarm_coordination.units import NS_PER_S
from swarm_coordination.wire.codec import WireCodec

# ---------------------------------------------------------------- one transfer


@settings(max_examples=60)
@given(st.binary(min_size=1, max_size=6_000), st.randoms(use_true_random=False))
def test_chunks_in_any_order_and_more_than_once_make_the_whole(data, rng):
    key = snapshot_key(INDEX, TERM, data)
    source, target = Transfer(key, data), Transfer(key)
    numbers = list(range(chunk_count(key))) * 2
    rng.shuffle(numbers)
    for number in numbers:
        chunk = source.chunk(number)
        assert chunk is not None and target.take(chunk)
        assert number not in source.lacking(target.held)
    assert target.is_whole
    assert target.data() == data


def test_a_key_tells_index_term_and_every_bit_apart():
    keys = {
        snapshot_key(1, 1, b'ab'), snapshot_key(2, 1, b'ab'), snapshot_key(1, 2, b'ab'),
        snapshot_key(1, 1, b'aB'),
    }
    assert len({key.digest for key in keys}) == 4


def test_a_chunk_of_another_length_or_number_is_refused():
    key = snapshot_key(INDEX, TERM, DATA)
    target = Transfer(key)
    count = chunk_count(key)
    for number, length in ((0, CHUNK_BYTES - 1), (count - 1, CHUNK_BYTES), (count, 5)):
        assert not target.take(SnapshotChunk(key.digest, number, bytes(length)))
    assert target.arrived == 0


def test_the_largest_snapshot_fits_its_bitmap_and_a_want_fits_a_frame():
    key = snapshot_key(INDEX, TERM, bytes(SNAPSHOT_BYTES_MAX))
    want = SnapshotWant(key, 1, Transfer(key, bytes(SNAPSHOT_BYTES_MAX)).held)
    codec = WireCodec(KEY, CLUSTER, CONFIG)
    header = FrameHeader(CLUSTER, CONFIG, Identity('robot1', 1, 1), 1)
    frame = Frame(header, snapshot=SnapshotPart(want=want))
    assert codec.decode(codec.encode(frame)) == frame
    assert len(codec.encode(frame)) < 250


@settings(max_examples=40)
@given(st.lists(st.integers(1, CHUNK_BYTES), max_size=4), st.booleans(), st.booleans())
def test_a_draft_with_snapshot_parts_is_never_longer_than_it_says(lengths, offered, wanted):
    codec = WireCodec(KEY, CLUSTER, CONFIG)
    header = FrameHeader(CLUSTER, CONFIG, Identity('robot1', 1, 1), 1)
    key = SnapshotKey(2**53 - 1, 2**53 - 1, 2**62 - 1, SNAPSHOT_BYTES_MAX)
    draft = Draft(codec, header, 1_200)
    if offered:
        assert draft.set_offer(SnapshotOffer(key, 3))
    if wanted:
        assert draft.set_snapshot_want(SnapshotWant(key, 2**62 - 1, bytes(65)))
    for number, length in enumerate(lengths):
        draft.add_chunk(SnapshotChunk(key.digest, number, bytes(length)))
    assert len(codec.encode(draft.frame())) <= draft.size <= 1_200


# ---------------------------------------------------------------- over the air


def test_a_snapshot_is_pulled_over_three_hops_within_a_quarter_of_the_budget():
    budget = 20_000
    settings_ = replace(MeshSettings(), byte_budget_per_s=budget, burst_bytes=4_000)
    air = Air(4, line, loss=0.1, settings=settings_, delay_ms=(2.0, 8.0))
    chunk_bytes = dict.fromkeys(range(4), 0)

    def tap(number, data, frame):
        if frame.snapshot is not None and frame.snapshot.chunks:
            chunk_bytes[number] += sum(air.codec(CONFIG).measure(c) for c in frame.snapshot.chunks)

    air.taps.append(tap)
    air.run(2.0)
    data = random.Random(1).randbytes(65_536)
    air.stations[0].mesh.snapshots.hold(INDEX, TERM, data, log_base=INDEX)
    hop = Hop(air, {1, 2, 3})
    start = air.now / NS_PER_S
    run(air, hop, start + 60)
    took = {number: at - start for number, (at, _) in hop.arrived.items()}
    assert set(took) == {1, 2, 3}, took
    assert max(took.values()) < 30
    for number in range(3):
        assert chunk_bytes[number] <= budget / 4 * took[3] + 1_200
    for station in air.live():
        spent = sum(size for _, size in station.sent)
        assert spent <= budget * (air.now / NS_PER_S) + 4_000
        assert station.mesh.snapshots.faults == 0


def test_nobody_sends_chunks_that_nobody_asked_it_for():
    air = Air(4, seed=2)  # everybody hears everybody: the asker has three to choose from
    air.run(2.0)
    for number in (0, 1, 2):
        air.stations[number].mesh.snapshots.hold(INDEX, TERM, DATA, log_base=INDEX)
    senders: set[int] = set()
    air.taps.append(lambda number, _, frame: senders.update(
        [number] if frame.snapshot is not None and frame.snapshot.chunks else []))
    hop = Hop(air, {3})
    run(air, hop, 30)
    assert 3 in hop.arrived
    assert len(senders) == 1


def test_without_anybody_behind_nothing_is_said_of_snapshots():
    air = Air(3)
    air.stations[0].mesh.snapshots.hold(INDEX, TERM, DATA, log_base=INDEX)
    said: list[object] = []
    air.taps.append(lambda number, _, frame: said.append(frame.snapshot))
    air.stations[1].mesh.set_want(Want(TERM, INDEX))  # the log can serve this one
    air.run(3.0)
    assert said and not any(said)


# ---------------------------------------------------------------- what is not what it says


def corrupt(part: SnapshotPart) -> SnapshotPart:
    return part._replace(chunks=tuple(
        chunk._replace(data=bytes([chunk.data[0] ^ 1]) + chunk.data[1:]) for chunk in part.chunks
    ))


def test_a_snapshot_without_its_hash_is_never_handed_over_and_another_robot_is_asked():
    asker = SnapshotExchange(9, 1_000_000)
    asker.need(10)
    key = snapshot_key(INDEX, TERM, DATA)
    source = Transfer(key, DATA)
    codec = WireCodec(KEY, CLUSTER, CONFIG)
    header = FrameHeader(CLUSTER, CONFIG, Identity('robot9', 9, 1), 1)
    liars: list[int] = []
    for now in range(0, 3 * NS_PER_S, NS_PER_S // 4):
        for robot in (1, 2):
            asker.hear(robot, SnapshotPart(offer=SnapshotOffer(key, 0)), now)
        draft = Draft(codec, header, 1_200)
        asker.add(draft, now, beacon_due=True)
        want = draft.snapshot.want if draft.snapshot else None
        if want is None:
            continue
        chunks = tuple(source.chunk(n) for n in range(chunk_count(key)))
        part = SnapshotPart(chunks=chunks)  # type: ignore[arg-type]
        if not liars:
            liars.append(want.provider)
        lying = want.provider == liars[0]
        asker.hear(want.provider, corrupt(part) if lying else part, now)
        whole = asker.take_whole()
        if lying:
            assert whole is None
            assert asker.faults == 1
        else:
            assert whole == (key, DATA)
            return
    raise AssertionError('the honest robot was never asked')


PARTS = st.builds(
    SnapshotPart,
    st.none() | st.builds(
        SnapshotOffer,
        st.builds(SnapshotKey, st.integers(0, 99), st.integers(0, 9), st.integers(0, 3),
                  st.integers(1, 3_000)),
        st.integers(0, 15),
    ),
    st.none() | st.builds(
        SnapshotWant,
        st.builds(SnapshotKey, st.integers(0, 99), st.integers(0, 9), st.integers(0, 3),
                  st.integers(1, 3_000)),
        st.sampled_from((9, 8)),
        st.binary(max_size=65),
    ),
    st.lists(
        st.builds(SnapshotChunk, st.integers(0, 3), st.integers(0, 519),
                  st.binary(min_size=1, max_size=CHUNK_BYTES)),
        max_size=4,
    ).map(tuple),
)


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(1, 4), PARTS), max_size=30))
def test_whatever_a_peer_says_nothing_false_is_handed_over(said):
    exchange = SnapshotExchange(9, 30_000)
    exchange.need(10)
    exchange.hold(5, 1, b'own', log_base=5)
    codec = WireCodec(KEY, CLUSTER, CONFIG)
    header = FrameHeader(CLUSTER, CONFIG, Identity('robot9', 9, 1), 1)
    for step, (robot, part) in enumerate(said):
        exchange.hear(robot, part, step * 100_000_000)
        exchange.behind(robot, step % 7, step * 100_000_000)
        draft = Draft(codec, header, 1_200)
        exchange.add(draft, step * 100_000_000, beacon_due=True)
        assert len(codec.encode(draft.frame())) <= 1_200
        whole = exchange.take_whole()
        assert whole is None or snapshot_key(*whole[0][:2], whole[1]) == whole[0]


@pytest.mark.parametrize('size', [1, CHUNK_BYTES, CHUNK_BYTES + 1, 100 * CHUNK_BYTES])
def test_snapshots_of_any_size_arrive(size):
    air = Air(2)
    data = random.Random(size).randbytes(size)
    air.stations[0].mesh.snapshots.hold(INDEX, TERM, data, log_base=INDEX)
    hop = Hop(air, {1})
    run(air, hop, 60)
    assert hop.arrived[1][1] == data
