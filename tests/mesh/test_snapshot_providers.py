# SPDX-License-Identifier: Apache-2.0
"""Who is asked for a snapshot, for how long, and what is begun where nothing comes of it."""

from __future__ import annotations

from dataclasses import replace
import random

from mesh.hop import DATA, Hop, INDEX, run, TERM
from mesh.radio import Air, CLUSTER, CONFIG, KEY, line
import pytest
from swarm_coordination.mesh.draft import Draft
from swarm_coordination.mesh.rows import (
    CHUNK_BYTES,
    FrameHeader,
    Identity,
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


@pytest.mark.parametrize('deaf', [False, True])
def test_one_that_asks_and_hears_nothing_keeps_nobody_at_what_no_one_can_finish(deaf):
    # Robot 1 has part of what died with 0, and sends it again and again to 4 once that hears
    # nothing any more; 2 overhears it. 3 has another whole.
    settings_ = replace(MeshSettings(), byte_budget_per_s=8_000, burst_bytes=4_000)
    links = {(0, 1), (1, 0), (1, 2), (2, 1), (1, 4), (4, 1), (2, 3), (3, 2)}
    jammed = False
    air = Air(
        5, lambda sender, receiver: (sender, receiver) in links
        and not (jammed and receiver == 4), settings=settings_,
    )
    air.run(2.0)
    air.stations[0].mesh.snapshots.hold(INDEX, TERM, DATA, log_base=INDEX)
    hop = Hop(air, {1, 2, 4} if deaf else {1, 2})
    relay, first = air.stations[1].mesh.snapshots, air.stations[4 if deaf else 2].mesh.snapshots
    while (progress := first.progress) is None or progress[1] < 3:
        air.run(0.05)
    jammed = True
    while (progress := relay.progress) is None or progress[1] < 12:
        air.run(0.05)
    air.kill(0)
    died = air.now / NS_PER_S
    air.stations[3].mesh.snapshots.hold(INDEX + 1, TERM, DATA + bytes(1), log_base=INDEX)
    while air.now < (died + 30) * NS_PER_S and not {1, 2} <= hop.arrived.keys():
        air.run(0.1)
    assert {number: whole for number, (_, whole) in hop.arrived.items()} == {
        1: DATA + bytes(1), 2: DATA + bytes(1),
    }
    assert max(at for at, _ in hop.arrived.values()) - died < 13


@pytest.mark.parametrize('from_there', [False, True])
def test_after_silence_a_transfer_is_offered_on_only_from_no_further_than_its_last_chunk(
    from_there,
):
    robot, key = SnapshotExchange(9, 30_000), snapshot_key(INDEX, TERM, DATA)
    robot.need(10)
    codec = WireCodec(KEY, CLUSTER, CONFIG)
    header = FrameHeader(CLUSTER, CONFIG, Identity('robot9', 9, 1), 1)

    def step(now: int, part: SnapshotPart) -> bool:
        """Return whether the robot offers on what it gets, for 5, which is behind."""
        robot.hear(2 if now else 1, part, now)
        robot.behind(5, 10, now)
        draft = Draft(codec, header, 1_200)
        robot.add(draft, now, beacon_due=True)
        said = draft.frame().snapshot
        return said is not None and said.offer is not None

    near, far = SnapshotOffer(key, 0), SnapshotOffer(key, 3)
    first, second = (Transfer(key, DATA).chunk(number) for number in (0, 1))
    assert first is not None and second is not None
    assert step(0, SnapshotPart(near))
    robot.hear(1, SnapshotPart(chunks=(first,)), 0)
    later = [NS_PER_S // 2 * half for half in range(5, 20)]  # 1 is gone; 2 is further away
    said = [
        step(now, SnapshotPart(far, chunks=(second,) if from_there and now == later[1] else ()))
        for now in later
    ]
    assert said[0]
    assert said[-1] == from_there


def test_among_many_that_lost_a_source_the_next_snapshot_is_soon_begun():
    # Offers of what nobody has any more go round among nine for a while; a fifth of all is lost.
    rng = random.Random(9)
    settings_ = replace(MeshSettings(), byte_budget_per_s=8_000, burst_bytes=4_000)
    air = Air(9, lambda sender, receiver: rng.random() >= 0.2, settings=settings_)
    air.run(2.0)
    air.stations[0].mesh.snapshots.hold(INDEX, TERM, DATA, log_base=INDEX)
    hop = Hop(air, set(range(1, 8)))
    while air.stations[7].mesh.snapshots.progress is None:
        air.run(0.05)
    air.kill(0)
    died = air.now / NS_PER_S
    air.stations[8].mesh.snapshots.hold(INDEX + 1, TERM, DATA + bytes(1), log_base=INDEX)
    run(air, hop, died + 40)
    assert hop.arrived.keys() == hop.needing
    assert max(at for at, _ in hop.arrived.values()) - died < 21


def test_a_chunk_that_was_never_sent_goes_before_one_that_is_sent_again():
    provider, key = SnapshotExchange(9, 30_000), snapshot_key(INDEX, TERM, DATA)
    provider.hold(INDEX, TERM, DATA, log_base=INDEX)
    codec = WireCodec(KEY, CLUSTER, CONFIG)
    header = FrameHeader(CLUSTER, CONFIG, Identity('robot9', 9, 1), 1)
    sent, now = [], 0
    while len(sent) < chunk_count(key):  # 1 hears nothing: what it has stays as it was
        now += NS_PER_S // 2
        provider.hear(1, SnapshotPart(want=SnapshotWant(key, 9, b'')), now)
        draft = Draft(codec, header, CHUNK_BYTES + 150)
        provider.add(draft, now, beacon_due=False)
        part = draft.frame().snapshot
        sent += [chunk.number for chunk in part.chunks] if part is not None else []
        assert now < 60 * NS_PER_S
    assert sent == list(range(chunk_count(key)))


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
