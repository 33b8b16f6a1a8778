# SPDX-License-Identifier: Apache-2.0
"""Stated ages are never below the true ones, whatever the radio does."""

from __future__ import annotations

import math
import random

from hypothesis import given, settings
from hypothesis import strategies as st
from mesh.radio import Air, FIRST_ID, line, Station
from swarm_coordination.mesh.ages import (
    age_bound_ns,
    later,
    relayed_made_after,
    SENT_MAX,
    SentBeacons,
    stated_age_ms,
)
from swarm_coordination.mesh.rows import AGE_UNBOUNDED_MS
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
