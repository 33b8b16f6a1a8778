# SPDX-License-Identifier: Apache-2.0
"""Who leaves the range of its leader hears of it from others, long before the link times out."""

from __future__ import annotations

from mesh.radio import Air, identity
from mesh.test_beats import section
import pytest
from swarm_coordination.mesh.settings import MeshSettings
from swarm_coordination.units import ns_to_seconds

LEADER = identity(0).storage_id
APART = frozenset((0, 3))
BEACON_S = 0.05


class Beating:
    """Four robots in one hop, of which the first shows a heartbeat in every beacon."""

    def __init__(self, seed: int, loss: float = 0.0) -> None:
        self.air = Air(4, seed=seed, loss=loss)
        self.beats = 0
        self.heard: list[int] = []  # when robot 3 took a newer heartbeat of the leader
        self.air.arrivals.append(self._note)
        self.run(1.0)

    def run(self, seconds: float) -> None:
        for _ in range(round(seconds / BEACON_S)):
            self.beats += 1
            self.air.stations[0].mesh.set_consensus(section(self.beats))
            self.air.run(BEACON_S)

    def _note(self, station, result) -> None:
        if station.number == 3 and any(owner.storage_id == LEADER and part.consensus
                                       for owner, part, _ in result.news):
            self.heard.append(self.air.now)

    def gaps_s(self) -> list[float]:
        return [ns_to_seconds(after - at) for at, after in zip(self.heard, self.heard[1:])]


@pytest.mark.parametrize('seed', (1, 2, 3))
def test_heartbeats_of_a_leader_out_of_range_come_by_relay_within_six_beacons(seed):
    flown = Beating(seed)
    flown.air.hears = lambda sender, receiver: {sender, receiver} != APART
    flown.run(2.5)
    assert max(flown.gaps_s()) < 6 * BEACON_S
    assert MeshSettings().link_timeout_s > 20 * BEACON_S


def test_a_link_that_carries_all_is_relayed_by_nobody():
    flown = Beating(1)
    relayed = []
    flown.air.taps.append(lambda sender, data, frame: relayed.extend(
        part for part in frame.fragments if part.owner.storage_id != identity(sender).storage_id))
    flown.run(3.0)
    assert relayed == []


def test_the_link_itself_counts_as_live_until_it_times_out():
    flown = Beating(1)
    flown.air.hears = lambda sender, receiver: {sender, receiver} != APART
    flown.run(1.0)
    station = flown.air.stations[1]
    table = station.mesh.neighbors(station.clock(flown.air.now), 0)
    far = next(row for row in table.neighbors if row.robot == identity(3).storage_id)
    assert LEADER in far.links
