# SPDX-License-Identifier: Apache-2.0
"""Which frames are believed: replays, own echoes, a paused process, a copied disk."""

from __future__ import annotations

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from mesh.radio import Air, CLUSTER, CONFIG, FIRST_ID, identity
from swarm_coordination.mesh.replay import ReplayWindow, WINDOW
from swarm_coordination.mesh.rows import Frame, FrameHeader


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
    assert not station.kinds('silent')  # our own sleep is held against nobody
    air.run(0.6)
    table = station.mesh.neighbors(station.clock(air.now), 0)
    ages = {n.robot: n.age_s for n in table.neighbors}
    assert ages[FIRST_ID + 1] < 0.3 and ages[FIRST_ID + 2] > 4.9
    air.run(2.5)
    assert station.mesh.alive() == (FIRST_ID, FIRST_ID + 1)
    assert [event.storage_id for event in station.kinds('silent')] == [FIRST_ID + 2]


def test_all_pause_and_all_come_back() -> None:
    air = Air(4)
    air.run(1.0)
    for number in range(4):
        air.pause(number, 3.0 + 0.01 * number)
    air.run(6.0)
    for station in air.live():
        assert len(station.mesh.alive()) == 4
        assert len(station.kinds('gap')) == 1


def test_each_counter_is_taken_once_even_out_of_order() -> None:
    air = Air(2)
    recorded: list[bytes] = []
    air.taps.append(lambda number, data, frame: recorded.append(data) if number == 1 else None)
    air.run(1.0)
    assert {air.inject(0, data).rejected for data in recorded} == {'replay'}


@settings(deadline=None, derandomize=True)
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
