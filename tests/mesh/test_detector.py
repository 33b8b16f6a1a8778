# SPDX-License-Identifier: Apache-2.0
"""The failure detector: quick about the dead, patient with the living, deaf to ghosts."""

from __future__ import annotations

import random

from mesh.radio import Air, CLUSTER, CONFIG, FIRST_ID, identity, line
import pytest
from swarm_coordination.mesh.detector import CONFIRMATIONS, FailureDetector
from swarm_coordination.mesh.events import MergeResult
from swarm_coordination.mesh.rows import Accusation, Fragment, Frame, FrameHeader
from swarm_coordination.mesh.settings import MeshSettings
from swarm_coordination.mesh.table import Life, Table
from swarm_coordination.units import NS_PER_S
from swarm_coordination.views import Liveness


def silences(air: Air, since_ns: int) -> dict[int, float]:
    """Seconds from ``since_ns`` until each live station declared somebody silent."""
    return {
        station.number: (event.time_ns - station.clock(since_ns)) / NS_PER_S
        for station in air.live()
        for event in station.kinds('silent')
    }


@pytest.mark.parametrize('seed', range(3))
def test_a_dead_robot_is_known_to_nine_others_within_one_and_a_half_seconds(seed: int) -> None:
    air = Air(10, loss=0.01, seed=seed)
    air.run(1.0)
    air.kill(4)
    killed = air.now
    air.run(2.0)
    delays = silences(air, killed)
    assert len(delays) == 9 and max(delays.values()) < 1.5
    assert all(FIRST_ID + 4 not in station.mesh.alive() for station in air.live())


def test_a_dead_robot_is_known_at_the_far_end_of_a_line() -> None:
    air = Air(7, line, loss=0.1)
    air.run(3.0)
    air.kill(6)
    killed = air.now
    air.run(4.0)
    delays = silences(air, killed)
    assert len(delays) == 6 and max(delays.values()) < 3.0


def test_nobody_is_wrongly_declared_dead_at_a_fifth_loss() -> None:
    # Twenty robots and hours take minutes of computing; this is the short form of that run.
    air = Air(8, loss=0.2, delay_ms=(1, 40))
    air.run(60.0)
    assert not any(station.kinds('silent') for station in air.live())


def test_nobody_is_wrongly_declared_dead_over_hops_at_a_fifth_loss() -> None:
    air = Air(5, line, loss=0.2)
    air.run(60.0)
    assert not any(station.kinds('silent') for station in air.live())


def test_a_silent_robot_stays_in_the_table_as_an_obstacle() -> None:
    air = Air(3)
    air.run(1.0)
    air.kill(2)
    air.run(30.0)
    station = air.stations[0]
    neighbor = station.mesh.neighbors(station.clock(air.now), 0).neighbors[1]
    assert neighbor.liveness is Liveness.SILENT and neighbor.position == (2.0, 0.0, 0.0)
    station.mesh.forget(FIRST_ID + 2, station.clock(air.now))
    assert len(station.mesh.neighbors(station.clock(air.now), 0).neighbors) == 1


def test_the_dead_do_not_come_back_by_what_another_island_still_holds() -> None:
    # 0-1-2 | 3-4: robot 2 dies after robot 3's island heard more of it than robot 0 had.
    parted = [False]
    air = Air(5, lambda a, b: line(a, b) and not (parted[0] and {a, b} == {1, 2}))
    air.run(2.0)
    parted[0] = True  # 2 stays in touch with 3 and 4 only
    air.run(2.0)
    assert FIRST_ID + 2 not in air.stations[0].mesh.alive()
    air.kill(2)
    air.hears = lambda a, b: line(a, b) or {a, b} == {1, 3}  # 1 and 3 meet at once
    air.run(8.0)
    for number in (0, 1):
        station = air.stations[number]
        assert FIRST_ID + 2 not in station.mesh.alive()
        assert all(event.storage_id != FIRST_ID + 2 for event in station.kinds('returned'))
        assert {FIRST_ID + 3, FIRST_ID + 4} <= set(station.mesh.alive())


def test_replayed_frames_of_a_dead_robot_change_nothing() -> None:
    air = Air(3)
    recorded: list[bytes] = []
    air.taps.append(lambda number, data, frame: recorded.append(data) if number == 2 else None)
    air.run(2.0)
    air.kill(2)
    air.run(2.0)
    station = air.stations[0]
    before = station.mesh.neighbors(station.clock(air.now), 0)
    for data in recorded:
        result = air.inject(0, data)
        assert result == MergeResult(rejected='replay')
    air.run(1.0)
    assert FIRST_ID + 2 not in station.mesh.alive()
    after = station.mesh.neighbors(before.stamp_ns, 0)
    assert after.neighbors[1] == before.neighbors[1]


def test_replayed_frames_make_no_ghost_for_a_robot_that_has_just_started() -> None:
    air = Air(3)
    recorded: list[bytes] = []
    air.taps.append(lambda number, data, frame: recorded.append(data) if number == 2 else None)
    air.run(2.0)
    air.kill(2)
    air.run(2.0)
    fresh = air.start(1, incarnation=2)
    air.run(0.2)
    for data in recorded:
        air.inject(1, data)
        air.run(0.05)
    assert FIRST_ID + 2 not in fresh.mesh.alive()
    assert not [event for event in fresh.kinds('joined') if event.storage_id == FIRST_ID + 2]
    air.run(12.0)
    # What is left of it is the obstacle that robot 0 tells of.
    neighbors = fresh.mesh.neighbors(fresh.clock(air.now), 0).neighbors
    assert [(n.robot, n.liveness) for n in neighbors] == [
        (FIRST_ID, Liveness.ALIVE), (FIRST_ID + 2, Liveness.SILENT)
    ]


def test_a_restart_under_a_higher_incarnation_brings_a_robot_back() -> None:
    air = Air(3)
    air.run(1.0)
    air.kill(2)
    air.run(3.0)
    air.start(2, incarnation=2)
    air.run(0.5)
    for number in (0, 1):
        station = air.stations[number]
        assert [event.incarnation for event in station.kinds('returned')] == [2]
        assert FIRST_ID + 2 in station.mesh.alive()


def test_frames_of_an_older_incarnation_are_refused() -> None:
    air = Air(2)
    recorded: list[bytes] = []
    air.taps.append(lambda number, data, frame: recorded.append(data) if number == 1 else None)
    air.run(0.5)
    air.kill(1)
    air.start(1, incarnation=2)
    air.run(0.5)
    assert air.inject(0, recorded[0]).rejected == 'old_incarnation'


@pytest.mark.parametrize('mute_s', [0.8, 3.0])
def test_an_accused_robot_refutes_with_a_higher_incarnation(mute_s: float) -> None:
    mute = [False]
    air = Air(3, lambda sender, receiver: not (mute[0] and sender == 0))
    air.run(1.0)
    mute[0] = True  # robot 0 hears the others, nobody hears it
    air.run(mute_s)
    victim = air.stations[0]
    (event,) = victim.kinds('accused')
    assert event.incarnation == victim.identity.incarnation
    victim.mesh.raise_incarnation(event.incarnation + 1)
    mute[0] = False
    air.run(0.4)
    for number in (1, 2):
        station = air.stations[number]
        kind = 'refuted' if mute_s < 1.0 else 'returned'
        assert [(e.storage_id, e.incarnation) for e in station.kinds(kind)] == [(FIRST_ID, 2)]
        assert FIRST_ID in station.mesh.alive()
    ages = [n.age_s for n in victim.mesh.neighbors(victim.clock(air.now), 0).neighbors]
    assert max(ages) < 0.2


def test_a_robot_cut_off_returns_under_its_old_incarnation_by_two_fresh_advances() -> None:
    cut = [False]
    air = Air(3, lambda a, b: not (cut[0] and 2 in (a, b)))
    air.run(1.0)
    cut[0] = True
    air.run(4.0)
    cut[0] = False
    healed = air.now
    air.run(1.0)
    for number in (0, 1):
        (event,) = air.stations[number].kinds('returned')
        assert event.incarnation == 1
        assert (event.time_ns - air.stations[number].clock(healed)) / NS_PER_S < 0.4


def test_beacons_made_before_the_silence_do_not_end_it() -> None:
    table = Table(8, NS_PER_S)
    detector = FailureDetector(MeshSettings(), table)
    row = table.add(identity(1), 50_000_000, 0)
    assert row is not None
    row.life, row.silent_ns = Life.SILENT, 10 * NS_PER_S
    for step, made_after in enumerate([9, 9.5, 9.9, 10.1, 10.2]):
        assert row.life is Life.SILENT
        row.made_after_ns = round(made_after * NS_PER_S)
        detector.advance(row, step + 1, 11 * NS_PER_S)
        detector.prove(row, 11 * NS_PER_S)
    assert row.life is Life.ALIVE


def test_an_advance_that_only_hearsay_reports_does_not_raise_the_dead() -> None:
    table = Table(8, NS_PER_S)
    detector = FailureDetector(MeshSettings(), table)
    row = table.add(identity(1), 50_000_000, 0)
    assert row is not None
    row.life, row.silent_ns = Life.SILENT, 0
    for step in range(1, 50):
        detector.advance(row, step, step * 50_000_000)
        detector.prove(row, step * 50_000_000)  # no bound on any age
    assert row.life is Life.SILENT


@pytest.mark.parametrize(
    ('wanted', 'accusers', 'timeout_s'),
    [(0, 0, 0.4), (3, 0, 1.5), (3, 1, 0.95), (3, 3, 0.4), (3, 9, 0.4), (1, 1, 0.4)],
)
def test_suspicion_shortens_with_confirmations_as_lifeguard_says(
    wanted: int, accusers: int, timeout_s: float
) -> None:
    table = Table(8, NS_PER_S)
    detector = FailureDetector(MeshSettings(), table)
    row = table.add(identity(1), 50_000_000, 0)
    assert row is not None
    row.confirmations_wanted = wanted
    for accuser in range(accusers):
        detector.accuse(row, accuser, Accusation(*row.identity[1:], row.heartbeat))
    assert detector.timeout_ns(row) / NS_PER_S == pytest.approx(timeout_s)
    assert len(row.accusers) <= CONFIRMATIONS


def test_an_accusation_behind_what_we_know_confirms_nothing() -> None:
    table = Table(8, NS_PER_S)
    detector = FailureDetector(MeshSettings(), table)
    row = table.add(identity(1), 50_000_000, 0)
    assert row is not None
    detector.advance(row, 10, 0)
    detector.accuse(row, 5, Accusation(*row.identity[1:], 9))
    detector.accuse(row, 6, Accusation(row.identity.storage_id, 0, 11))
    assert not row.accusers


def test_arriving_frames_without_a_newer_heartbeat_do_not_keep_a_robot_alive() -> None:
    air = Air(2)
    air.run(1.0)
    air.kill(1)
    codec, sender = air.codec(CONFIG), identity(1)
    for counter in range(1000, 1100):
        frame = Frame(FrameHeader(CLUSTER, CONFIG, sender, counter), (Fragment(sender),))
        air.inject(0, codec.encode(frame))
        air.run(0.02)
    assert len(air.stations[0].kinds('silent')) == 1


def test_a_slow_robot_is_measured_by_its_own_rate() -> None:
    settings = MeshSettings(byte_budget_per_s=1000, burst_bytes=2400)
    air = Air(4, settings=settings)  # the budget stretches the beacons to some 5 Hz
    air.run(60.0)
    assert not any(station.kinds('silent') for station in air.live())


def test_a_full_table_prefers_proved_robots_and_stays_bounded() -> None:
    table = Table(4, NS_PER_S)
    rng = random.Random(1)
    for number in range(4):
        row = table.add(identity(number), 1, 0)
        assert row is not None
        row.life = Life.ALIVE
    assert table.add(identity(9), 1, 0) is None
    silent = table.rows()[rng.randrange(4)]
    silent.life, silent.silent_ns, silent.heartbeat = Life.SILENT, 5, 7
    assert table.add(identity(9), 1, 10) is not None
    assert len(table.rows()) == 4 and silent not in table.rows()
    # The one that gave way is remembered: hearsay under its old incarnation is no return.
    table.remove(FIRST_ID + 9, 10)
    again = table.add(silent.identity, 1, 20)
    assert again is not None and again.life is Life.SILENT and again.heartbeat == 7


def test_numbers_that_only_rise_hold_nobody_alive_for_ever() -> None:
    """A tape, or a robot that hears nobody: every heartbeat newer, every echo the same."""
    air = Air(2)
    air.run(1.0)
    cut_ns = air.now
    air.hears = lambda sender, receiver: receiver == 0
    station = air.stations[0]
    air.run(9.0)
    assert len(station.mesh.alive()) == 2 and not station.kinds('suspected')
    air.run(4.0)
    assert station.mesh.alive() == (FIRST_ID,)
    (silent,) = station.kinds('silent')
    # The bound for relaying, and the time of a suspicion that nobody confirms.
    assert silent.time_ns - station.clock(cut_ns) < 12.5 * NS_PER_S
    air.hears = lambda sender, receiver: True
    air.run(0.5)
    assert len(station.mesh.alive()) == 2


def test_a_pause_longer_than_any_proof_lasts_is_held_against_nobody() -> None:
    air = Air(2)
    air.run(1.0)
    air.pause(0, 15.0)
    air.run(16.5)
    station = air.stations[0]
    assert station.kinds('gap') and not station.kinds('suspected')
    assert len(station.mesh.alive()) == 2
