# SPDX-License-Identifier: Apache-2.0
"""Snapshots cross the mesh whole, from the nearest, within their share of the budget."""

from __future__ import annotations

from dataclasses import replace
import random

from hypothesis import given, settings
from hypothesis import strategies as st
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

INDEX, TERM = 5_000, 7
DATA = random.Random(3).randbytes(10_000)


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


class Hop:
    """A line of robots; the first has a snapshot, the others need it."""

    def __init__(self, air: Air, needing: set[int]) -> None:
        self.air = air
        self.arrived: dict[int, tuple[float, bytes]] = {}
        self.needing = needing
        air.checks.append(self.look)

    def look(self, station) -> None:
        exchange = station.mesh.snapshots
        if station.number in self.needing and station.number not in self.arrived:
            station.mesh.set_want(Want(TERM, 10))
            exchange.need(10)
            whole = exchange.take_whole()
            if whole is not None:
                assert whole[0] == snapshot_key(*whole[0][:2], whole[1])
                self.arrived[station.number] = (self.air.now / NS_PER_S, whole[1])
                station.mesh.set_want(None)
                exchange.need(None)


def run(air: Air, hop: Hop, seconds: float) -> None:
    while air.now < seconds * NS_PER_S and len(hop.arrived) < len(hop.needing):
        air.run(0.1)


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


def test_the_next_provider_goes_on_where_the_first_one_died():
    settings_ = replace(MeshSettings(), byte_budget_per_s=8_000, burst_bytes=4_000)
    air = Air(3, settings=settings_)
    air.run(2.0)
    for number in (0, 1):
        air.stations[number].mesh.snapshots.hold(INDEX, TERM, DATA, log_base=INDEX)
    chunks: dict[int, int] = {0: 0, 1: 0}

    def tap(number, _, frame):
        if frame.snapshot is not None:
            chunks[number] = chunks.get(number, 0) + len(frame.snapshot.chunks)

    air.taps.append(tap)
    hop = Hop(air, {2})
    while max(chunks.values()) < 8:
        air.run(0.1)
    first = max(chunks, key=lambda number: chunks[number])
    air.kill(first)
    run(air, hop, 30)
    assert hop.arrived[2][1] == DATA
    assert chunks[1 - first] <= chunk_count(snapshot_key(INDEX, TERM, DATA)) - 8 + 3


def test_a_newer_snapshot_takes_over_where_the_older_one_is_gone():
    air = Air(2)
    air.run(2.0)
    holder = air.stations[0].mesh.snapshots
    holder.hold(INDEX, TERM, DATA, log_base=INDEX)
    hop = Hop(air, {1})
    while air.stations[1].mesh.snapshots.progress is None:
        air.run(0.05)
    for newer in (1, 2):
        holder.hold(INDEX + newer, TERM, DATA + bytes(newer), log_base=INDEX)
    run(air, hop, 20)
    assert hop.arrived[1][1] in (DATA + bytes(1), DATA + bytes(2))


def test_of_two_that_offer_the_same_the_one_that_does_not_hear_the_asker_is_not_waited_for():
    # Robot 0 goes on offering for the sake of 3, and comes before 1 in every other way.
    air = Air(4, lambda sender, receiver: (sender, receiver) != (2, 0))
    air.run(2.0)
    for number in (0, 1):
        air.stations[number].mesh.snapshots.hold(INDEX, TERM, DATA, log_base=INDEX)
    air.stations[3].mesh.set_want(Want(TERM, 10))
    hop = Hop(air, {2})
    begun = air.now / NS_PER_S
    run(air, hop, begun + 30)
    assert hop.arrived.keys() == hop.needing
    assert hop.arrived[2][0] - begun < 12


def ring(sender: int, receiver: int) -> bool:
    """Return whether one of four robots in a ring hears another."""
    return (sender - receiver) % 4 in (1, 3)


def everybody(sender: int, receiver: int) -> bool:
    """Return that all hear each other."""
    return True


@pytest.mark.parametrize(('count', 'hears'), [(3, line), (4, ring), (4, everybody)])
def test_robots_that_get_a_snapshot_from_each_other_alone_soon_go_over_to_the_next(count, hears):
    air = Air(count, hears)
    air.run(2.0)
    holder = air.stations[0].mesh.snapshots
    holder.hold(INDEX, TERM, DATA, log_base=INDEX)
    hop = Hop(air, set(range(1, count)))
    while air.stations[count - 1].mesh.snapshots.progress is None:
        air.run(0.05)
    for newer in (1, 2):
        holder.hold(INDEX + newer, TERM, DATA + bytes(newer), log_base=INDEX)
    gone = air.now / NS_PER_S
    run(air, hop, gone + 30)
    assert hop.arrived.keys() == hop.needing
    # Nothing comes for 3 s, what was offered is forgotten after 2, and the next one takes 2.
    assert max(at for at, _ in hop.arrived.values()) - gone < 8.0


def test_what_arrived_is_kept_where_the_way_to_its_source_grows():
    # Robot 2 walks away from the source, and hears another snapshot; 1 still hears the source.
    settings_ = replace(MeshSettings(), byte_budget_per_s=8_000, burst_bytes=4_000)
    walked = False

    def hears(sender: int, receiver: int) -> bool:
        pair = {sender, receiver}
        return pair == {2, 3} if 3 in pair else not (walked and pair == {0, 2})

    air = Air(4, hears, settings=settings_)
    air.run(2.0)
    air.stations[0].mesh.snapshots.hold(INDEX, TERM, DATA, log_base=INDEX)
    hop = Hop(air, {1, 2})
    while (progress := air.stations[2].mesh.snapshots.progress) is None or progress[1] < 10:
        air.run(0.05)
    walked = True
    air.stations[3].mesh.snapshots.hold(INDEX + 1, TERM, DATA + bytes(1), log_base=INDEX)
    run(air, hop, air.now / NS_PER_S + 30)
    assert {whole for _, whole in hop.arrived.values()} == {DATA}
    assert hop.arrived.keys() == hop.needing


def test_one_further_away_is_asked_where_the_nearer_does_not_hear_who_asks():
    # Robot 2 hears 0, which has all, offers it for the sake of 4, and does not hear 2; and it
    # hears 1, which gets the same from 3.
    settings_ = replace(MeshSettings(), byte_budget_per_s=8_000, burst_bytes=4_000)
    links = {(0, 2), (0, 4), (4, 0), (1, 2), (2, 1), (1, 3), (3, 1)}
    air = Air(5, lambda sender, receiver: (sender, receiver) in links, settings=settings_)
    air.run(2.0)
    for number in (0, 3):
        air.stations[number].mesh.snapshots.hold(INDEX, TERM, DATA * 3, log_base=INDEX)
    air.stations[4].mesh.set_want(Want(TERM, 10))
    hop = Hop(air, {1, 2})
    begun = air.now / NS_PER_S
    run(air, hop, begun + 90)
    assert hop.arrived.keys() == hop.needing
    assert hop.arrived[2][0] - hop.arrived[1][0] < 8


def test_what_a_robot_without_a_source_offers_on_is_not_waited_for():
    # Robot 1 has part of what died with 0, for good; 3 has another whole.
    air = Air(4, line)
    air.run(2.0)
    air.stations[0].mesh.snapshots.hold(INDEX, TERM, DATA, log_base=INDEX)
    hop = Hop(air, {1, 2})
    while air.stations[2].mesh.snapshots.progress is None:
        air.run(0.05)
    air.kill(0)
    died = air.now / NS_PER_S
    air.stations[3].mesh.snapshots.hold(INDEX + 1, TERM, DATA + bytes(1), log_base=INDEX)
    run(air, hop, died + 30)
    assert {whole for _, whole in hop.arrived.values()} == {DATA + bytes(1)}
    assert hop.arrived.keys() == hop.needing
    assert max(at for at, _ in hop.arrived.values()) - died < 13


@pytest.mark.parametrize(('offered', 'held_s'), [(False, 3.0), (True, 20.0)])
def test_a_transfer_gives_way_to_another_name_only_once_nothing_comes_for_long(offered, held_s):
    asker = SnapshotExchange(9, 1_000)
    asker.need(10)
    source, other = snapshot_key(INDEX, TERM, DATA), snapshot_key(INDEX - 1, TERM, DATA)
    codec = WireCodec(KEY, CLUSTER, CONFIG)
    header = FrameHeader(CLUSTER, CONFIG, Identity('robot9', 9, 1), 1)
    chunk = Transfer(source, DATA).chunk(0)
    assert chunk is not None
    asker.hear(1, SnapshotPart(offer=SnapshotOffer(source, 0)), 0)
    asker.add(Draft(codec, header, 1_200), 0, beacon_due=True)
    asker.hear(1, SnapshotPart(chunks=(chunk,)), 0)
    now = 0
    while asker.progress == (source, 1):
        now += NS_PER_S // 10
        if offered:
            asker.hear(1, SnapshotPart(offer=SnapshotOffer(source, 0)), now)
        asker.hear(2, SnapshotPart(offer=SnapshotOffer(other, 0)), now)
        asker.add(Draft(codec, header, 1_200), now, beacon_due=True)
        assert now <= 60 * NS_PER_S
    assert asker.progress == (other, 0)
    assert now / NS_PER_S == held_s


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
