# SPDX-License-Identifier: Apache-2.0
"""Stated ages are never below the true ones, whatever the radio does."""

from __future__ import annotations

import math
import random

from hypothesis import given, settings
from hypothesis import strategies as st
from mesh.radio import Air, FIRST_ID, line, Station
import pytest
from swarm_coordination.mesh.ages import (
    age_bound_ns,
    later,
    relayed_made_after,
    SENT_MAX,
    SentBeacons,
    stated_age_ms,
)
from swarm_coordination.mesh.relays import Relays
from swarm_coordination.mesh.rows import AGE_UNBOUNDED_MS, ConsensusSection, Fragment, Frame
from swarm_coordination.mesh.settings import MeshSettings
from swarm_coordination.units import NS_PER_MS, NS_PER_S


def watch_ages(air: Air) -> list[float]:
    """Check every station's table at every wake against the true making times."""
    slack: list[float] = []

    def check(station: Station) -> None:
        table = station.mesh.neighbors(station.clock(air.now), 0)
        for neighbor in table.neighbors:
            owner = air.stations[neighbor.robot - FIRST_ID]
            # The position is the making time in ms: see ``moving``.
            true_age_s = air.now / NS_PER_S - neighbor.position[1]
            assert neighbor.age_s >= true_age_s - 0.001, (owner.number, station.number)
            if math.isfinite(neighbor.age_s):
                slack.append(neighbor.age_s - true_age_s)

    air.checks.append(check)
    return slack


def moving(air: Air) -> None:
    """Let every beacon carry the time it was made (y in ms), read again when it is received."""

    def stamp(station: Station) -> None:
        y_mm = air.now // NS_PER_MS
        station.mesh.set_beacon((station.x_mm, y_mm, 0), 0, (0, 0, 0), 0, localised=True)

    # Called before each transmission: stations state the position as of now.
    transmit = air._transmit

    def stamped(station: Station) -> None:
        stamp(station)
        transmit(station)

    air._transmit = stamped  # type: ignore[method-assign]


@settings(max_examples=12)
@given(
    seed=st.integers(0, 10_000),
    count=st.integers(3, 7),
    loss=st.sampled_from([0.0, 0.2, 0.4]),
    delay=st.sampled_from([(0.1, 1.0), (5.0, 60.0), (1.0, 300.0)]),
    density=st.sampled_from([0.4, 0.7, 1.0]),
)
def test_age_bounds_hold_under_loss_delay_reordering_and_one_way_links(
    seed: int, count: int, loss: float, delay: tuple[float, float], density: float
) -> None:
    rng = random.Random(seed)
    heard = {(a, b): rng.random() < density for a in range(count) for b in range(count)}
    air = Air(
        count, lambda a, b: heard[a, b], seed=seed, loss=loss, duplication=0.2, delay_ms=delay
    )
    moving(air)
    watch_ages(air)
    air.run(3.0)


def test_ages_over_six_hops_are_bounded_and_tight() -> None:
    air = Air(7, line, delay_ms=(2.0, 2.0))
    moving(air)
    slack = watch_ages(air)
    air.run(5.0)
    # A bound exceeds the truth by at most one trip of an echo there: six hops at 20 Hz.
    assert len(slack) > 1000 and max(slack[len(slack) // 2:]) < 1.0


def test_without_an_echo_the_age_is_unbounded() -> None:
    air = Air(2, lambda sender, receiver: sender == 1)
    air.run(2.0)
    station = air.stations[0]
    (neighbor,) = station.mesh.neighbors(station.clock(air.now), 0).neighbors
    assert neighbor.age_s == math.inf
    assert station.mesh.alive() == (FIRST_ID,)  # it proves nothing


def test_age_grows_by_the_clock_once_a_robot_is_gone() -> None:
    air = Air(2)
    air.run(1.0)
    air.kill(1)
    air.run(4.0)
    station = air.stations[0]
    (neighbor,) = station.mesh.neighbors(station.clock(air.now), 0).neighbors
    assert 4.0 <= neighbor.age_s < 4.2


def test_an_old_consensus_section_does_not_age_the_beacon_relayed_with_it() -> None:
    air = Air(3, line)
    relayed: list[tuple[int, Fragment]] = []

    def note(number: int, _data: bytes, frame: Frame) -> None:
        relayed.extend((number, part) for part in frame.fragments
                       if number == 2 and part.owner.storage_id == FIRST_ID)

    follows_nobody = ConsensusSection(0, 3, 0, 0, 0, 1, 3, *([0] * 9))
    air.stations[0].mesh.set_consensus(follows_nobody)
    air.run(2.5)
    air.taps.append(note)
    air.start(3)  # asks station 2 for what it lacks, beacon and section of station 0
    air.run(1.0)
    sections = [part.age_ms for _, part in relayed if part.consensus is not None]
    beacons = [part.age_ms for _, part in relayed if part.beacon is not None]
    assert sections and min(sections) > 500
    assert beacons and max(beacons) < 400


@pytest.mark.parametrize(('beacon_ms', 'section_ms', 'stated'), [
    (300, 350, [350]), (350, 300, [350]), (300, 400, [400]),
    (300, 401, [300, 401]), (500, 300, [500, 300]),
])
def test_one_fragment_states_the_older_age_and_two_their_own(
    beacon_ms: int, section_ms: int, stated: list[int]
) -> None:
    air = Air(2)
    air.run(0.2)
    row, now = air.stations[0].mesh._parts.table.rows()[0], 10 * NS_PER_S
    row.consensus_after_ns = now - section_ms * NS_PER_MS
    relays = Relays(MeshSettings(clock_drift_ppm=0), air.stations[0].mesh._parts)
    section = ConsensusSection(*([0] * 16))
    whole = Fragment(row.identity, beacon_ms, row.beacon, section)
    parts = list(relays._by_age(row, whole, now))
    assert [part.age_ms for part in parts] == stated
    assert [part.beacon for part in parts if part.beacon] == [row.beacon]
    assert [part.consensus for part in parts if part.consensus] == [section]


@given(st.integers(0, 10**12), st.integers(0, 10**12), st.integers(0, 10_000))
def test_drift_only_ever_widens_a_bound(start: int, elapsed: int, drift: int) -> None:
    bound = age_bound_ns(start, start + elapsed, drift)
    assert elapsed <= bound <= elapsed + elapsed * drift // 1_000_000 + 1
    stated = stated_age_ms(start, start + elapsed, drift)
    assert stated == AGE_UNBOUNDED_MS or stated * NS_PER_MS >= bound


def test_a_relayed_bound_adds_up_and_unbounded_stays_unbounded() -> None:
    assert relayed_made_after(None, 5) is None
    assert relayed_made_after(10**9, AGE_UNBOUNDED_MS) is None
    assert relayed_made_after(10**9, 250) == 10**9 - 250 * NS_PER_MS
    assert later(None, 3) == later(3, None) == later(2, 3) == 3


def test_own_beacons_are_remembered_up_to_a_bound() -> None:
    sent = SentBeacons()
    for heartbeat in range(SENT_MAX + 10):
        sent.note(1, heartbeat, heartbeat)
    assert sent.sent_at(1, 9) is None
    assert sent.sent_at(1, 10) == 10
    assert sent.sent_at(2, 10) is None
