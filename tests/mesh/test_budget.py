# SPDX-License-Identifier: Apache-2.0
"""Neither the byte budget nor the MTU is ever exceeded, and what matters most goes first."""

from __future__ import annotations

import itertools
import random

from hypothesis import given
from hypothesis import strategies as st
from mesh.radio import Air, FIRST_ID, line
import pytest
from swarm_coordination.consensus.settings import RaftSettings
from swarm_coordination.errors import ConfigurationError
from swarm_coordination.mesh.budget import TokenBucket
from swarm_coordination.mesh.rows import (
    ConsensusSection,
    Frame,
    Intent,
    IntentSection,
    LogItem,
    Want,
)
from swarm_coordination.mesh.settings import check_mesh, MeshSettings
from swarm_coordination.settings import declared
from swarm_coordination.units import NS_PER_MS, NS_PER_S


def assert_within_budget(air: Air) -> None:
    limits = air.settings
    for station in air.live():
        assert max(size for _, size in station.sent) <= limits.mtu_bytes
        # A token bucket bounds every interval, so it is enough to follow its level.
        level, last = limits.burst_bytes * NS_PER_S, station.sent[0][0]
        for at, size in station.sent:
            gained = (at - last) * limits.byte_budget_per_s
            level = min(limits.burst_bytes * NS_PER_S, level + gained) - size * NS_PER_S
            last = at
            assert level >= 0


def load(air: Air, items: int) -> None:
    """Give everybody more to say than fits."""
    for station in air.live():
        intents = tuple(Intent(serial, bytes(200)) for serial in range(1, 12))
        station.mesh.set_intents(IntentSection(0, intents))
        station.mesh.offer_items(
            [LogItem(station.number + 1, i, 1, 1, bytes(600)) for i in range(1, items)],
            station.clock(air.now),
        )


@pytest.mark.parametrize('rate', [1_500, 8_000, 30_000])
def test_a_line_under_load_keeps_to_budget_and_mtu(rate: int) -> None:
    air = Air(6, line, loss=0.2, settings=MeshSettings(byte_budget_per_s=rate, burst_bytes=2_400))
    load(air, 40)
    air.run(4.0)
    assert_within_budget(air)


def test_fifty_robots_in_one_hop_keep_to_budget_and_mtu() -> None:
    air = Air(50)
    air.run(0.15)
    load(air, 3)
    air.run(0.25)
    assert_within_budget(air)
    for station in air.live():
        assert len(station.mesh.alive()) == 50


def test_fifty_robots_in_a_grid_of_hops_keep_to_budget_and_mtu() -> None:
    def near(a: int, b: int) -> bool:
        return abs(a // 10 - b // 10) <= 1 and abs(a % 10 - b % 10) <= 1

    air = Air(50, near)
    air.run(2.0)
    assert_within_budget(air)
    assert all(len(station.mesh.alive()) > 40 for station in air.live())


def test_beacons_do_not_starve_while_a_log_is_pulled() -> None:
    air = Air(2, settings=MeshSettings(byte_budget_per_s=10_000, burst_bytes=2_400))
    air.run(1.0)
    load(air, 200)
    before = dict(air.stations[0].made_ns)
    air.run(5.0)
    assert len(air.stations[0].made_ns) - len(before) >= 40  # at least 8 Hz of 20
    assert not air.stations[1].kinds('suspected')


def test_a_stop_goes_out_at_once_although_the_budget_is_spent() -> None:
    air = Air(2, settings=MeshSettings(byte_budget_per_s=10_000, burst_bytes=2_400))
    air.run(1.0)
    load(air, 200)
    air.run(1.0)
    station = air.stations[0]
    station.mesh.raise_stop(1)
    air.wake(station)
    air.run(0.1)
    assert air.stations[1].mesh.active_stops()


def leads(commit: int, last_index: int) -> ConsensusSection:
    """Return a leader's section."""
    numbers = (3, 3, 0, 1, last_index, 3, commit, 1)
    return ConsensusSection(0, *numbers, 3, last_index, 0, 0, 0, 0, 0)


def test_a_leader_short_of_bytes_spends_none_on_levels_without_the_entry_they_tell_of() -> None:
    air = Air(2, settings=MeshSettings(byte_budget_per_s=10_000, burst_bytes=2_400))
    air.run(1.0)
    leader = air.stations[0]
    frames: list[Frame] = []
    air.taps.append(lambda number, data, frame: number == 0 and frames.append(frame))
    for index in range(1, 60):
        entry = LogItem(3, index, 3, 3, bytes(120))
        leader.mesh.set_consensus(leads(index - 1, index))
        leader.mesh.offer_items([entry], leader.clock(air.now))
        air.wake(leader)
        air.run(0.02)
    urgent = [frame for frame in frames if frame.fragments and not frame.fragments[0].beacon]
    assert len(urgent) > 10
    assert all(frame.items for frame in urgent)


def test_a_stop_told_before_is_not_repeated_for_what_waits_for_bytes() -> None:
    # With the bucket empty frames of the stop alone took every byte as it came, and no chunk fit.
    air = Air(2)
    provider, follower = (air.stations[number].mesh for number in range(2))
    provider.raise_stop(2)
    air.run(2.0)
    data = random.Random(1).randbytes(3_000)
    provider.snapshots.hold(50, 1, data, 50)
    follower.set_want(Want(1, 10))
    follower.snapshots.need(10)
    while not provider.snapshots.is_asked:
        air.run(0.05)
    bucket = provider._composer.bucket
    bucket.spend(bucket.available(air.stations[0].clock(air.now)))
    before, sent = air.now, len(air.stations[0].sent)
    while follower.snapshots.take_whole() is None:
        air.run(0.05)
        assert air.now - before < NS_PER_S
    assert len(air.stations[0].sent) - sent < 2 * 20  # twice as many as beacons


@pytest.mark.parametrize('issuers', [1, 12])
def test_stops_in_force_leave_bytes_to_the_entries_that_may_lift_them(issuers: int) -> None:
    air = Air(12, settings=MeshSettings(byte_budget_per_s=10_000, burst_bytes=2_400))
    air.run(1.0)
    for station in list(air.live())[:issuers]:
        station.mesh.raise_stop(1)
    leader = air.stations[0]
    sent: set[int] = set()
    air.taps.append(lambda number, data, frame: sent.update(item.index for item in frame.items))
    entries = [LogItem(1, index, 1, 1, bytes(600)) for index in range(1, 31)]
    leader.mesh.offer_items(entries, leader.clock(air.now))
    air.run(4.0)
    assert sent == set(range(1, 31))


@pytest.mark.parametrize('rate', [1_000, 2_000, 10_000, 30_000])
@pytest.mark.parametrize('issuers', [0, 1])
def test_no_beacon_is_late_for_bytes_that_only_waiting_entries_want(
    rate: int, issuers: int
) -> None:
    air = Air(2, settings=MeshSettings(byte_budget_per_s=rate, burst_bytes=2_400))
    air.run(4.0)
    leader = air.stations[0]
    for _ in range(issuers):
        leader.mesh.raise_stop(1)
    beacons: list[int] = []
    sent: set[int] = set()

    def tap(number: int, data: bytes, frame: Frame) -> None:
        if number == 0:
            beacons.extend(air.now for part in frame.fragments if part.beacon)
            sent.update(item.index for item in frame.items)

    air.taps.append(tap)
    entries = [LogItem(1, index, 1, 1, bytes(600)) for index in range(1, 9)]
    leader.mesh.offer_items(entries, leader.clock(air.now))
    air.wake(leader)
    air.run(4.0 + 24_000 / rate)
    assert sent == set(range(1, 9))  # half of the budget is theirs
    # The other half is the beacon's, of 150 bytes at most: it is late by what they take there.
    longest_s = max(after - before for before, after in itertools.pairwise(beacons)) / NS_PER_S
    assert longest_s <= air.settings.beacon_period_s + 2 * 150 / rate


def test_where_everybody_hears_everybody_nothing_is_relayed_and_bytes_are_few() -> None:
    air = Air(10)
    air.run(1.5)
    frames: list[Frame] = []
    air.taps.append(lambda number, data, frame: frames.append(frame))
    before = sum(size for _, size in air.stations[0].sent)
    air.run(2.0)
    assert {len(frame.fragments) for frame in frames} == {1}
    assert (sum(size for _, size in air.stations[0].sent) - before) / 2.0 < 5_500


def test_an_idle_robot_wakes_for_its_beacons_only() -> None:
    air = Air(3)
    air.run(1.0)
    wakes = [0]
    air.checks.append(lambda station: wakes.__setitem__(0, wakes[0] + 1))
    air.run(1.0)
    assert wakes[0] <= 3 * 21


@given(
    st.integers(1, 10**6),
    st.integers(1, 10**5),
    st.lists(st.tuples(st.integers(0, 10**10), st.integers(1, 2000)), max_size=50),
)
def test_the_bucket_never_gives_more_than_rate_and_burst(
    rate: int, burst: int, steps: list[tuple[int, int]]
) -> None:
    bucket, now, spent = TokenBucket(rate, burst, 0), 0, 0
    for elapsed, size in steps:
        now += elapsed
        if bucket.available(now) >= size:
            bucket.spend(size)
            spent += size
        elif size <= burst:
            ready = bucket.ready_ns(size, now)
            assert ready > now and bucket.available(ready) >= size
            now = ready
    assert spent * NS_PER_S <= burst * NS_PER_S + rate * now


def test_the_bucket_says_exactly_when_enough_is_there() -> None:
    bucket = TokenBucket(1000, 100, 0)
    bucket.spend(100)
    assert bucket.ready_ns(10, 0) == 10_000_000
    assert bucket.available(9_999_999) == 9
    assert bucket.available(10_000_000) == 10


@pytest.mark.parametrize(
    ('field', 'values'),
    [
        ('suspicion_max_s', {'suspicion_max_s': 0.2}),
        ('link_timeout_s', {'link_timeout_s': 0.5, 'beacon_period_s': 0.5}),
        ('proof_age_max_s', {'proof_age_max_s': 0.4}),
        ('row_relay_max_age_s', {'row_relay_max_age_s': 8.0}),
        ('burst_bytes', {'burst_bytes': 2_300}),
        ('digest_bytes', {'digest_bytes': 0}),
        ('heard_max', {'heard_max': 1}),
        ('mtu_bytes', {'mtu_bytes': 500}),
    ],
)
def test_settings_that_contradict_each_other_are_refused(field: str, values: dict) -> None:
    with pytest.raises(ConfigurationError, match=field):
        check_mesh(MeshSettings(**values), 'swarm.yaml', 'mesh.')


def test_a_value_at_its_bound_is_taken_though_the_bound_is_reckoned() -> None:
    assert 3 * 0.05 > 0.15  # as numbers of a computer go
    check_mesh(MeshSettings(link_timeout_s=0.15), 'swarm.yaml', 'mesh.')
    RaftSettings(heartbeat_period_s=0.05, election_timeout_min_s=0.15)


def test_the_defaults_are_valid_and_every_field_is_declared() -> None:
    check_mesh(MeshSettings(), 'defaults')
    assert len(declared(MeshSettings)) == len(MeshSettings.__dataclass_fields__)


def test_a_position_no_frame_can_carry_is_not_sent() -> None:
    air = Air(2)
    air.stations[1].mesh.set_beacon((10**10, 0, 0), 0, (0, 0, 0), 0, localised=True)
    air.run(1.0)
    assert air.stations[0].mesh.neighbors(0, 0).neighbors == ()
    assert air.stations[0].mesh.alive() == (FIRST_ID, FIRST_ID + 1)


def test_beacons_that_would_use_the_budget_up_leave_room_for_whom_others_cannot_hear() -> None:
    air = Air(3, line, settings=MeshSettings(byte_budget_per_s=1_500, burst_bytes=2_400))
    leader, middle = air.stations[0], air.stations[1]
    air.run(5.0)  # the burst is spent
    frames: list[Frame] = []
    air.taps.append(lambda number, data, frame: number == 1 and frames.append(frame))
    for beat in range(1, 101):
        section = leads(0, 1)._replace(heartbeat=beat, leader=leader.identity.storage_id)
        leader.mesh.set_consensus(section)
        air.wake(leader)
        air.run(0.1)
    assert_within_budget(air)
    relayed = [part for frame in frames for part in frame.fragments
               if part.owner.storage_id != middle.identity.storage_id]
    assert sum(bool(part.beat or part.consensus) for part in relayed) >= 50
    assert sum(part.beacon is not None for part in relayed) >= 40
    assert sum(bool(frame.digests) for frame in frames) >= 4  # one every 2.5 s
    assert sum(part.beacon is not None for frame in frames for part in frame.fragments[:1]) >= 90


def test_relays_leave_a_frame_s_worth_to_what_may_not_wait_where_there_is_that_much() -> None:
    def near(a: int, b: int) -> bool:
        return abs(a // 5 - b // 5) + abs(a % 5 - b % 5) == 1

    settings = MeshSettings(byte_budget_per_s=4_000)
    air = Air(15, near, settings=settings)
    air.run(7.0)
    for station in air.live():
        level = settings.burst_bytes * NS_PER_S
        last = station.sent[0][0]
        levels = []
        for at, size in station.sent:
            gained = (at - last) * settings.byte_budget_per_s
            level = min(settings.burst_bytes * NS_PER_S, level + gained) - size * NS_PER_S
            last = at
            levels.append(level // NS_PER_S)
        assert min(levels[-40:]) >= settings.mtu_bytes


@pytest.mark.parametrize('seed', [0, 1, 17])  # where it would wait most
def test_a_stop_does_not_wait_for_room_that_only_relays_need(seed: int) -> None:
    settings = MeshSettings(byte_budget_per_s=1_000, burst_bytes=2_400)
    air = Air(7, line, seed=seed, settings=settings)
    air.run(6.0 + random.Random(seed).random())
    told: list[int] = []
    air.taps.append(
        lambda number, data, frame: number == 0 and frame.stops and told.append(air.now)
    )
    raised = air.now
    air.stations[0].mesh.raise_stop(1)
    air.wake(air.stations[0])
    air.run(1.0)
    # What a beacon and the flag need, had nothing been left of the bucket.
    assert told[0] - raised <= 152 * NS_PER_MS
