# SPDX-License-Identifier: Apache-2.0
"""Which frames are believed: replays, own echoes, a paused process, a copied disk."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st
from mesh.radio import Air, CLUSTER, CONFIG, FIRST_ID, identity
import pytest
from swarm_coordination.mesh.replay import ReplayWindow, WINDOW
from swarm_coordination.mesh.rows import (
    Beacon,
    Fragment,
    Frame,
    FrameHeader,
    Heard,
    MissionSection,
)
from swarm_coordination.units import NS_PER_S


def test_a_paused_process_does_not_believe_the_frames_that_queued_meanwhile() -> None:
    air = Air(3)
    air.run(1.0)
    air.pause(0, 5.0)
    air.run(1.0)
    air.kill(2)  # dies while robot 0 sleeps; its last second waits in the socket
    believed: list[int] = []
    air.arrivals.append(
        lambda station, result: believed.append(air.now)
        if station.number == 0 and result.news
        else None
    )
    air.run(3.999)
    assert not believed
    air.run(0.02)  # the queue is drained
    station = air.stations[0]
    assert len(station.kinds('gap')) == 1
    assert dict(station.mesh.statistics().rejections)['gap'] > 50
    ages = {n.robot: n.age_s for n in station.mesh.neighbors(station.clock(air.now), 0).neighbors}
    assert min(ages.values()) > 4.9
    # Our own sleep is held against nobody.
    assert not station.kinds('silent') and not station.kinds('suspected')
    air.run(0.6)
    table = station.mesh.neighbors(station.clock(air.now), 0)
    ages = {n.robot: n.age_s for n in table.neighbors}
    assert ages[FIRST_ID + 1] < 0.3 and ages[FIRST_ID + 2] > 4.9
    air.run(2.5)
    assert station.mesh.alive() == (FIRST_ID, FIRST_ID + 1)
    assert [event.storage_id for event in station.kinds('silent')] == [FIRST_ID + 2]


def test_a_frame_that_comes_before_the_tick_after_a_pause_is_dropped() -> None:
    air = Air(2)
    recorded: list[bytes] = []
    air.hears = lambda sender, receiver: False
    air.taps.append(lambda number, data, frame: recorded.append(data) if number == 1 else None)
    air.run(1.0)
    station = air.stations[0]
    frame = station.codec.decode(recorded[-1])
    late = station.clock(air.now) + NS_PER_S
    assert station.mesh.merge(frame, 100, late).rejected == 'gap'


def crafted(air: Air, counter: int, *fragments: Fragment) -> Frame:
    return Frame(FrameHeader(CLUSTER, CONFIG, identity(1), counter), fragments)


def beacon(heartbeat: int, x_mm: int = 0, heard: tuple[Heard, ...] = ()) -> Beacon:
    return Beacon(heartbeat, True, x_mm, 0, 0, 0, 0, 0, 0, 0, heard)


def test_a_late_frame_does_not_inherit_the_bound_of_a_newer_one() -> None:
    air = Air(1)
    air.run(1.0)
    mesh, now = air.stations[0].mesh, air.stations[0].clock(air.now)
    echo = Heard(*mesh.identity[1:], max(air.stations[0].made_ns), True)
    third = Fragment(identity(3), 0, beacon(5))
    newer = crafted(air, 2, Fragment(identity(1), 0, beacon(2, heard=(echo,))))
    mesh.merge(newer, 100, now)
    mesh.merge(crafted(air, 1, third), 100, now)  # overtaken: may be of any age
    ages = {n.name: n.age_s for n in mesh.neighbors(now, 0).neighbors}
    assert ages['robot1'] < 0.1 and ages['robot3'] == math.inf
    mesh.merge(crafted(air, 3, third), 100, now)  # made after the echo was
    ages = {n.name: n.age_s for n in mesh.neighbors(now, 0).neighbors}
    assert ages['robot3'] < 0.1


def test_a_relay_cannot_bring_an_older_incarnation_back() -> None:
    air = Air(2)
    air.run(0.5)
    mesh, now = air.stations[0].mesh, air.stations[0].clock(air.now)
    new, old = identity(3, incarnation=2), identity(3, incarnation=1)
    first = mesh.merge(crafted(air, 900, Fragment(new, 0, beacon(1, 100))), 100, now)
    assert [owner for owner, _, _ in first.news] == [new]
    section = MissionSection(9, 9, 1, 9, 9)
    stale = crafted(air, 901, Fragment(old, 0, beacon(999, 777), None, section))
    assert mesh.merge(stale, 100, now).news == ()
    assert mesh.neighbors(now, 0).neighbors[-1].position == (0.1, 0.0, 0.0)
    assert mesh.mission(FIRST_ID + 3).applied == 0


def test_all_pause_and_all_come_back() -> None:
    air = Air(4)
    air.run(1.0)
    for number in range(4):
        air.pause(number, 3.0 + 0.01 * number)
    air.run(6.0)
    for station in air.live():
        assert len(station.mesh.alive()) == 4
        assert len(station.kinds('gap')) == 1


@pytest.mark.parametrize('awake_s', [0.5, 1.0])
def test_robots_that_stall_together_again_and_again_hear_each_other_in_between(
    awake_s: float,
) -> None:
    air = Air(3)
    air.run(1.0)
    heard = 0
    for _ in range(10):
        for number in range(3):
            air.pause(number, 0.4)
        air.run(0.4 + awake_s)  # less than the link time-out
        for station in air.live():
            table = station.mesh.neighbors(station.clock(air.now), 0)
            heard += sum(neighbor.age_s < 0.3 for neighbor in table.neighbors)
    assert heard == 10 * 3 * 2
    assert not any(station.kinds('silent') for station in air.live())


def test_a_beacon_echoes_the_newest_heartbeat_even_of_a_frame_not_believed() -> None:
    air = Air(2)
    air.run(1.0)
    listed: list[tuple[Heard, ...]] = []
    air.taps.append(
        lambda number, data, frame: listed.extend(
            fragment.beacon.heard for fragment in frame.fragments
            if number == 0 and fragment.beacon is not None
        )
    )
    air.hears = lambda sender, receiver: False
    air.run(5.0)
    station = air.stations[0]
    assert station.kinds('silent') and listed[-1] == ()
    mesh, now = station.mesh, station.clock(air.now)
    mesh.tick(now + NS_PER_S)  # a pause: nobody is believed
    late = crafted(air, 10_000, Fragment(identity(1), 0, beacon(5_000)))
    old = crafted(air, 9_999, Fragment(identity(1, 0), 0, beacon(6_000)))
    older = late._replace(header=late.header._replace(sender=identity(1, 0)))
    for frame in (late, old, older):
        assert mesh.merge(frame, 100, now + NS_PER_S).rejected == 'gap'
    frame = mesh.compose(now + NS_PER_S)
    assert frame is not None and frame.fragments[0].beacon is not None
    assert frame.fragments[0].beacon.heard == (Heard(FIRST_ID + 1, 1, 5_000, False),)
    assert FIRST_ID + 1 not in mesh.alive()
    frame = mesh.compose(now + 3 * NS_PER_S)  # the link time-out later
    assert frame is not None and frame.fragments[0].beacon is not None
    assert frame.fragments[0].beacon.heard == ()


def test_each_counter_is_taken_once_even_out_of_order() -> None:
    air = Air(2)
    recorded: list[bytes] = []
    air.taps.append(lambda number, data, frame: recorded.append(data) if number == 1 else None)
    air.run(1.0)
    assert {air.inject(0, data).rejected for data in recorded} == {'replay'}


@given(st.lists(st.integers(0, 300), max_size=200))
def test_the_window_accepts_a_counter_at_most_once(counters: list[int]) -> None:
    window, accepted = ReplayWindow(), set()
    for counter in counters:
        highest = max(accepted, default=-1)
        fresh = counter not in accepted and counter > highest - WINDOW
        assert window.accept(counter) == fresh
        if fresh:
            accepted.add(counter)


def test_own_frames_are_dropped_and_a_copied_disk_is_noticed() -> None:
    air = Air(2)
    recorded: list[bytes] = []
    air.taps.append(lambda number, data, frame: recorded.append(data) if number == 0 else None)
    air.run(1.0)
    assert air.inject(0, recorded[-1]).rejected == 'own_echo'
    air.run(0.1)
    assert not air.stations[0].kinds('duplicate_storage')
    frame = Frame(FrameHeader(CLUSTER, CONFIG, identity(0), 10_000))
    for _ in range(3):
        air.inject(0, air.codec(CONFIG).encode(frame))
    air.run(0.1)
    assert len(air.stations[0].kinds('duplicate_storage')) == 1


def test_a_crowd_of_strangers_does_not_displace_who_is_alive() -> None:
    air = Air(5)
    air.run(1.0)
    for number in range(1000, 1200):
        frame = Frame(FrameHeader(CLUSTER, CONFIG, identity(number), 1))
        air.inject(0, air.codec(CONFIG).encode(frame))
    air.run(1.0)
    assert air.stations[0].mesh.alive() == tuple(FIRST_ID + number for number in range(5))
    assert not air.stations[0].kinds('suspected')


def test_frames_and_rejections_are_counted() -> None:
    air = Air(2)
    air.run(1.0)
    statistics = air.stations[0].mesh.statistics()
    assert statistics.frames_sent == len(air.stations[0].sent)
    assert statistics.bytes_sent >= sum(size for _, size in air.stations[0].sent)
    assert statistics.frames_received == len(air.stations[1].sent)
    assert statistics.frames_rejected == 0


def test_before_anybody_is_heard_the_table_is_empty() -> None:
    station = Air(1).stations[0]
    table = station.mesh.neighbors(station.clock(0), 3)
    assert table.neighbors == () and table.epoch == 3
    assert station.mesh.alive() == (FIRST_ID,) == station.mesh.island(station.clock(0))
    assert math.isfinite(station.mesh.next_deadline(station.clock(0)))
