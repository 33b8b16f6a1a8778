# SPDX-License-Identifier: Apache-2.0
"""Log items: pushed when new, relayed over hops, pulled by whoever missed them, bounded."""

from __future__ import annotations

from mesh.radio import Air, CLUSTER, CONFIG, identity, line, Station
from swarm_coordination.mesh.events import MergeResult
from swarm_coordination.mesh.items import ItemCache
from swarm_coordination.mesh.rows import Frame, FrameHeader, LogItem, StopFlag, Want
from swarm_coordination.mesh.settings import MeshSettings
from swarm_coordination.units import NS_PER_S


def item(index: int, size: int = 40) -> LogItem:
    return LogItem(3, index, 3, 3, index.to_bytes(4, 'big') * (size // 4))


class Follower:
    """Takes items in order and says what it wants, as a log would."""

    def __init__(self, air: Air) -> None:
        self.verified: dict[int, int] = {station.number: 0 for station in air.live()}
        self.done_ns: dict[tuple[int, int], int] = {}
        self.air = air
        air.arrivals.append(self.take)
        for station in air.live():
            if station.number:
                station.mesh.set_want(Want(3, 0))

    def take(self, station: Station, result: MergeResult) -> None:
        number = station.number
        if number == 0 or not result.items:
            return
        while station.mesh.item(3, self.verified[number] + 1) is not None:
            self.verified[number] += 1
            self.done_ns[number, self.verified[number]] = self.air.now
        station.mesh.set_want(Want(3, self.verified[number]))


def test_new_items_cross_six_hops_in_a_fraction_of_a_second() -> None:
    air = Air(7, line)
    air.run(1.0)
    followers = Follower(air)
    leader, start = air.stations[0], air.now
    leader.mesh.offer_items([item(1)], leader.clock(air.now))
    air.wake(leader)
    air.run(0.5)
    assert followers.verified[6] == 1
    assert (followers.done_ns[6, 1] - start) / NS_PER_S < 0.1


def test_everybody_gets_every_item_over_hops_with_loss() -> None:
    air = Air(5, line, loss=0.3, delay_ms=(1, 40), duplication=0.1)
    air.run(1.0)
    followers = Follower(air)
    leader = air.stations[0]
    for first in range(1, 41, 4):
        items = [item(index) for index in range(first, first + 4)]
        leader.mesh.offer_items(items, leader.clock(air.now))
        air.run(0.2)
    air.run(4.0)
    assert {followers.verified[number] for number in range(1, 5)} == {40}


def test_more_items_than_fit_a_frame_follow_without_waiting_for_the_next_beacon() -> None:
    air = Air(2, settings=MeshSettings(byte_budget_per_s=1_000_000, burst_bytes=100_000))
    air.run(1.0)
    followers = Follower(air)
    leader = air.stations[0]
    leader.mesh.offer_items([item(i, 600) for i in range(1, 21)], leader.clock(air.now))
    air.wake(leader)
    air.run(0.15)
    assert followers.verified[1] == 20


def test_a_late_robot_is_served_by_a_relay_after_the_leader_is_gone() -> None:
    air = Air(4)
    air.run(1.0)
    followers = Follower(air)
    leader = air.stations[0]
    leader.mesh.offer_items([item(index) for index in range(1, 30)], leader.clock(air.now))
    air.run(2.0)
    air.kill(0)
    late = air.start(3, incarnation=2)
    late.mesh.set_want(Want(3, 0))
    followers.verified[3] = 0
    air.run(3.0)
    assert followers.verified[3] == 29


def test_items_are_not_sent_over_and_over_in_one_hop() -> None:
    air = Air(5)
    air.run(1.0)
    Follower(air)
    copies = [0]
    air.taps.append(lambda n, data, frame: copies.__setitem__(0, copies[0] + len(frame.items)))
    leader = air.stations[0]
    for index in range(1, 21):
        leader.mesh.offer_items([item(index)], leader.clock(air.now))
        air.run(0.1)
    assert copies[0] <= 24  # twenty pushed, next to none repeated


def test_what_the_cache_has_lost_is_asked_of_the_caller() -> None:
    air = Air(2)
    air.run(0.5)
    air.stations[1].mesh.set_want(Want(3, 7))
    air.run(0.2)
    leader = air.stations[0]
    now = leader.clock(air.now)
    assert leader.mesh.items_wanted(now) == (Want(3, 7),)
    leader.mesh.offer_items([item(8)], now, push=False)
    assert leader.mesh.items_wanted(now) == ()
    air.run(0.3)
    assert air.stations[1].mesh.item(3, 8) == item(8)
    assert leader.mesh.items_wanted(now + 5 * NS_PER_S) == ()  # wants do not live for ever


def test_the_longest_item_fits_a_frame_beside_everything_urgent() -> None:
    air = Air(2)
    air.run(0.5)
    leader = air.stations[0]
    for issuer in range(60):
        flags = (StopFlag((1 << 60) + issuer, 1, 1),)
        frame = Frame(FrameHeader(CLUSTER, CONFIG, identity(9), issuer), (), flags)
        air.inject(0, air.codec(CONFIG).encode(frame))
    leader.mesh.offer_items([item(1, 700)], leader.clock(air.now))
    air.run(0.2)
    assert air.stations[1].mesh.item(3, 1) == item(1, 700)


def test_the_cache_is_bounded_and_drops_the_oldest() -> None:
    cache = ItemCache(16, NS_PER_S)
    for index in range(1, 100):
        cache.offer(item(index), 0, push=True)
    assert cache.get(3, 83) is None and cache.get(3, 84) is not None
    assert [chosen.index for chosen in cache.select(0)] == list(range(84, 100))


def test_an_item_is_repeated_only_after_a_while_and_only_if_wanted() -> None:
    cache = ItemCache(16, NS_PER_S)
    cache.offer(item(1), 0, push=True)
    cache.sent(item(1), 0)
    assert list(cache.select(5 * NS_PER_S)) == []
    cache.want(7, Want(3, 0), 0, willing=False)
    assert list(cache.select(NS_PER_S // 2)) == []
    assert list(cache.select(NS_PER_S)) == [item(1)]  # own items whether willing or not
    cache.hear(item(2), 0, relay=False)
    cache.want(7, Want(3, 1), NS_PER_S, willing=False)
    assert list(cache.select(NS_PER_S)) == []
    cache.want(7, Want(3, 1), NS_PER_S, willing=True)
    assert list(cache.select(NS_PER_S)) == [item(2)]
