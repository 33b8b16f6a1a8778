# SPDX-License-Identifier: Apache-2.0
"""What the table says of others' links, and which rows it holds."""

from __future__ import annotations

from mesh.radio import Air, FIRST_ID
from swarm_coordination.mesh.rows import HEARD_MAX
from swarm_coordination.mesh.settings import MeshSettings


def test_a_row_shows_as_many_links_as_a_beacon_lists_ours_and_the_nearest_first() -> None:
    count = 30  # on a line, in one hop
    air = Air(count)
    air.run(3.0)
    station = air.stations[0]
    now = station.clock(air.now)
    neighbors = station.mesh.neighbors(now, 0).neighbors
    assert len(neighbors) == count - 1
    for place, neighbor in enumerate(neighbors, start=1):
        assert len(neighbor.links) <= HEARD_MAX and list(neighbor.links) == sorted(neighbor.links)
        near = {FIRST_ID} | {
            FIRST_ID + number for number in (place - 2, place - 1, place + 1, place + 2)
            if 0 <= number < count
        }
        assert near <= set(neighbor.links)
    assert max(len(neighbor.links) for neighbor in neighbors) == HEARD_MAX
    # What is reachable is told from all that is listed.
    assert len(station.mesh.island(now)) == count


def test_the_rows_held_are_told_silent_ones_too_until_they_are_given_up() -> None:
    air = Air(3)
    air.run(1.0)
    station = air.stations[0]
    assert station.mesh.rows_held() == (FIRST_ID + 1, FIRST_ID + 2)
    air.kill(2)
    air.run(3.0)
    assert station.mesh.rows_held() == (FIRST_ID + 1, FIRST_ID + 2)
    station.mesh.forget(FIRST_ID + 2, station.clock(air.now))
    assert station.mesh.rows_held() == (FIRST_ID + 1,)


def test_lists_that_come_round_slower_than_a_link_times_out_have_nobody_relay() -> None:
    settings = MeshSettings(heard_max=4, beacon_period_s=0.1, link_timeout_s=0.4)
    air = Air(16, settings=settings)  # seven beacons until all have been listed
    relayed: list[int] = []
    air.run(2.0)
    air.taps.append(lambda sender, data, frame: relayed.extend(
        sender for part in frame.fragments if part.owner.storage_id != FIRST_ID + sender))
    air.run(2.0)
    assert relayed == []
    near = air.stations[0].mesh.neighbors(air.stations[0].clock(air.now), 0).neighbors[0]
    assert len(near.links) < 15  # what counts as a link times out as before
