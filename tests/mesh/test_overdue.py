# SPDX-License-Identifier: Apache-2.0
"""However many entries wait, what proves that robots out of hearing live is relayed in time."""

from __future__ import annotations

import itertools

from mesh.radio import Air, line
import pytest
from swarm_coordination.mesh.relays import OVERDUE
from swarm_coordination.mesh.rows import Frame, LogItem
from swarm_coordination.mesh.settings import MeshSettings
from swarm_coordination.units import NS_PER_S


def flooded(air: Air, number: int, seconds: float) -> list[tuple[int, Frame]]:
    """Return what a robot sends while more entries wait at it all the time than fit."""
    station = air.stations[number]
    frames: list[tuple[int, Frame]] = []
    air.taps.append(
        lambda sender, data, frame: sender == number and frames.append((air.now, frame))
    )
    index = itertools.count(1)
    end = air.now + round(seconds * NS_PER_S)
    while air.now < end:
        entries = [LogItem(1, next(index), 1, 1, bytes(380)) for _ in range(100)]
        station.mesh.offer_items(entries, station.clock(air.now))
        air.wake(station)
        air.run(0.25)
    return frames


def longest_s(times: list[int]) -> float:
    """Return the longest of the times between."""
    return max(after - before for before, after in itertools.pairwise(times)) / NS_PER_S


@pytest.mark.parametrize('rate', [1_000, 3_000, 10_000, 30_000])
def test_a_robot_with_more_entries_than_fit_relays_both_its_neighbours_in_time(rate: int) -> None:
    air = Air(3, line, settings=MeshSettings(byte_budget_per_s=rate, burst_bytes=2_400))
    air.run(6.0)
    frames = flooded(air, 1, 10.0)
    # Half of the budget is the beacon's, which takes 100 bytes, and a row and its lists 150.
    late_s = 2 * 250 / rate + air.settings.beacon_period_s
    for owner in (air.stations[0], air.stations[2]):
        told = [
            at
            for at, frame in frames
            for part in frame.fragments
            if part.owner == owner.identity and part.beacon is not None
        ]
        listed = [
            at
            for at, frame in frames
            for part in frame.fragments
            if part.owner == owner.identity and part.beacon is not None and part.beacon.echoes
        ]
        assert longest_s(told) <= (1 + OVERDUE) * air.settings.relay_period_s + 2 * late_s
        assert longest_s(listed) < air.settings.link_timeout_s
    assert sum(len(frame.items) for _, frame in frames) * 420 >= 0.4 * rate * 10.0
    assert not [event for station in air.live() for event in station.kinds('suspected')]


def test_where_everybody_hears_everybody_no_beacon_waits_for_relays() -> None:
    air = Air(3)
    air.run(2.0)
    frames = flooded(air, 1, 5.0)
    assert {len(frame.fragments) for _, frame in frames} <= {0, 1}
