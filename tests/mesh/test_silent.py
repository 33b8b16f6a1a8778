# SPDX-License-Identifier: Apache-2.0
"""Who came after a robot had died knows its body, and takes it for nothing more."""

from __future__ import annotations

import math

from mesh.radio import Air, CLUSTER, CONFIG, FIRST_ID, identity, line, Station
from swarm_coordination.mesh.rows import Beacon, Fragment, Frame, FrameHeader
from swarm_coordination.mesh.table import Life, Table
from swarm_coordination.units import NS_PER_S
from swarm_coordination.views import Liveness, NeighborState

DEAD = FIRST_ID + 2


def seen(station: Station, robot: int) -> NeighborState | None:
    """Return what a station knows of another."""
    table = station.mesh.neighbors(station.clock(station.air.now), 0)
    return next((n for n in table.neighbors if n.robot == robot), None)


def told(heartbeat: int, x_mm: int, incarnation: int = 1) -> Fragment:
    """Return what a relay says of robot 2 where it holds it silent."""
    pose = Beacon(heartbeat, True, x_mm, 0, 0, 0, 0, 0, 0, 0, ())
    return Fragment(identity(2, incarnation), 65_535, pose, silent=True)


def tell(air: Air, number: int, fragment: Fragment) -> None:
    """Let a robot hear a fragment from robot 1, of which it heard before."""
    counter = 10_000 + air.now // 1_000
    frame = Frame(FrameHeader(CLUSTER, CONFIG, identity(1), counter), (fragment,))
    assert air.inject(number, air.codec(CONFIG).encode(frame)).rejected == ''


def after_a_death(restarted: int, hears: object = None) -> tuple[Air, Station]:
    """Robot 2 of three dies; later another starts anew."""
    air = Air(3) if hears is None else Air(3, hears)  # type: ignore[arg-type]
    air.run(1.0)
    air.kill(2)
    air.run(5.0)
    air.kill(restarted)
    air.run(0.5)
    return air, air.start(restarted, incarnation=2)


def test_a_robot_that_restarts_learns_where_the_dead_one_lies_and_keeps_it() -> None:
    air, fresh = after_a_death(1)
    air.run(1.0)
    known = seen(fresh, DEAD)
    assert known is not None and known.position == (2.0, 0.0, 0.0)
    assert known.liveness is Liveness.SILENT and known.age_s == math.inf
    assert not known.heard and known.links == ()
    air.run(20.0)  # far beyond the time after which mere hearsay expires
    assert seen(fresh, DEAD) == known
    assert fresh.mesh.alive() == (FIRST_ID, FIRST_ID + 1)
    assert fresh.mesh.island(fresh.clock(air.now)) == (FIRST_ID, FIRST_ID + 1)
    assert not [event for event in fresh.events if event.storage_id == DEAD]


def test_the_dead_are_known_many_hops_away_and_after_all_have_restarted_in_turn() -> None:
    air = Air(5, line, loss=0.2)
    air.run(2.0)
    air.kill(4)
    air.run(5.0)
    for number in (0, 1, 2, 3):
        air.kill(number)
        air.run(0.5)
        air.start(number, incarnation=2)
        air.run(4.0)
    for station in air.live():
        known = seen(station, FIRST_ID + 4)
        assert known is not None and known.liveness is Liveness.SILENT
        assert FIRST_ID + 4 not in station.mesh.alive()


def test_who_was_told_silent_returns_by_fresh_proofs_or_a_higher_incarnation() -> None:
    for incarnation in (1, 2):
        cut = [False]
        air = Air(3, lambda a, b, cut=cut: not (cut[0] and 2 in (a, b)))
        air.run(1.0)
        cut[0] = True
        air.run(5.0)
        air.kill(1)
        fresh = air.start(1, incarnation=2)
        air.run(2.0)
        assert DEAD not in fresh.mesh.alive()
        if incarnation == 2:
            air.kill(2)
            air.start(2, incarnation=2)
        cut[0] = False
        air.run(0.5)
        assert DEAD in fresh.mesh.alive()
        assert [event.storage_id for event in fresh.kinds('returned')] == [DEAD]


def test_frames_of_the_dead_from_before_do_not_raise_what_was_told_silent() -> None:
    air = Air(3)
    recorded: list[bytes] = []
    air.taps.append(lambda number, data, frame: recorded.append(data) if number == 2 else None)
    air.run(2.0)
    air.kill(2)
    air.run(4.0)
    air.kill(1)
    fresh = air.start(1, incarnation=2)
    air.run(1.0)
    for data in recorded[-40:]:
        air.inject(1, data)
        air.run(0.05)
    assert DEAD not in fresh.mesh.alive()
    known = seen(fresh, DEAD)
    assert known is not None and known.liveness is Liveness.SILENT


def test_what_a_relay_holds_silent_says_nothing_against_who_is_alive_here() -> None:
    air = Air(3)
    air.run(1.0)
    tell(air, 0, told(heartbeat=10**6, x_mm=77_000, incarnation=9))
    station = air.stations[0]
    known = seen(station, DEAD)
    assert known is not None and known.position == (2.0, 0.0, 0.0)
    assert known.liveness is Liveness.ALIVE
    air.run(2.0)
    assert DEAD in station.mesh.alive() and not station.kinds('suspected')


def test_of_two_last_poses_the_newer_one_is_kept() -> None:
    air, fresh = after_a_death(1)
    air.run(2.0)
    for fragment, x_m in (
        (told(heartbeat=0, x_mm=77_000), 2.0),
        (told(heartbeat=10**6, x_mm=5_000), 5.0),
        (told(heartbeat=1, x_mm=6_000, incarnation=2), 6.0),
    ):
        air.run(0.01)
        counter = 10_000 + air.now // 1_000
        frame = Frame(FrameHeader(CLUSTER, CONFIG, identity(0), counter), (fragment,))
        air.inject(1, air.codec(CONFIG).encode(frame))
        known = seen(fresh, DEAD)
        assert known is not None and known.position[0] == x_m


def test_a_frame_of_a_silent_robot_costs_little() -> None:
    air = Air(6)
    air.run(1.0)
    air.kill(2)
    air.run(5.0)
    count: list[int] = []
    air.taps.append(
        lambda number, data, frame: count.extend(
            number for fragment in frame.fragments if fragment.silent
        )
    )
    air.run(10.0)
    # One neighbour tells all: who hears it told does not tell it again.
    assert 9 <= len(count) <= 25


def test_who_was_removed_here_does_not_come_back_from_those_who_still_hold_it() -> None:
    air = Air(3)
    air.run(1.0)
    air.kill(2)
    air.run(5.0)
    station = air.stations[0]
    station.mesh.forget(DEAD, station.clock(air.now))
    air.run(5.0)
    assert seen(station, DEAD) is None and seen(air.stations[1], DEAD) is not None


def test_nobody_gives_way_in_a_full_table_to_the_dead() -> None:
    table = Table(2, NS_PER_S)
    for number in range(2):
        assert table.add(identity(number), 1, 0) is not None
    assert table.add_silent(identity(7), 1, 0) is None
    table.remove(FIRST_ID, 0)
    row = table.add_silent(identity(7), 1, 0)
    assert row is not None and row.life is Life.SILENT
