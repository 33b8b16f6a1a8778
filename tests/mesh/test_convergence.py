# SPDX-License-Identifier: Apache-2.0
"""Rows reach everybody, over hops, loss, reordering and after a merge of islands."""

from __future__ import annotations

from mesh.radio import Air, FIRST_ID, identity, line
import pytest
from swarm_coordination.mesh.rows import Frame, FrameHeader, Intent, IntentSection, MissionSection


def everybody(count: int) -> tuple[int, ...]:
    return tuple(FIRST_ID + number for number in range(count))


@pytest.mark.parametrize('loss', [0.0, 0.3])
def test_a_line_of_six_hops_knows_everybody_within_seconds(loss: float) -> None:
    air = Air(7, line, loss=loss, delay_ms=(1, 20), duplication=0.1)
    air.run(5.0)
    for station in air.live():
        assert station.mesh.alive() == everybody(7)
        assert station.mesh.island(station.clock(air.now)) == everybody(7)


def test_intents_that_fill_a_frame_get_through_a_relay_in_a_crowd_at_once() -> None:
    # Everybody hears everybody but robot 24, which robot 23 alone hears: beside a beacon that
    # lists 24 robots there is no room for its intents.
    def hears(sender: int, receiver: int) -> bool:
        return 24 not in (sender, receiver) or 23 in (sender, receiver)

    air = Air(25, hears)
    air.run(2.0)
    intents = IntentSection(0, (Intent(1, bytes(700)),))
    air.stations[24].mesh.set_intents(intents)
    air.wake(air.stations[24])
    air.run(0.03)  # less than a beacon period
    for number in range(24):
        shown = dict(air.stations[number].mesh.intents()).get(FIRST_ID + 24)
        assert shown is not None and shown.intents == intents.intents


def test_mission_and_intents_cross_six_hops() -> None:
    air = Air(7, line, loss=0.2)
    air.run(1.0)
    intents = IntentSection(0, (Intent(4, b'hold'), Intent(5, b'fly')))
    air.stations[6].mesh.set_intents(intents)
    air.stations[6].mesh.set_mission(MissionSection(0, 12, 3, 9, 4500))
    air.run(4.0)
    first = air.stations[0].mesh
    assert dict(first.intents())[FIRST_ID + 6].intents == intents.intents
    assert first.mission(FIRST_ID + 6).applied == 12
    neighbor = first.neighbors(0, 0).neighbors[-1]
    assert (neighbor.robot, neighbor.progress_m, neighbor.mission_epoch) == (FIRST_ID + 6, 4.5, 9)


def test_positions_and_links_in_the_neighbor_table_are_the_true_ones() -> None:
    air = Air(4, line)
    air.run(2.0)
    station = air.stations[1]
    table = station.mesh.neighbors(station.clock(air.now), 17)
    assert (table.robot, table.epoch) == (FIRST_ID + 1, 17)
    assert [n.name for n in table.neighbors] == ['robot0', 'robot2', 'robot3']
    assert [n.position[0] for n in table.neighbors] == [0.0, 2.0, 3.0]
    assert [n.heard for n in table.neighbors] == [True, True, False]
    assert table.neighbors[1].links == (FIRST_ID + 1, FIRST_ID + 3)


def test_islands_see_only_themselves_and_merge_when_the_radio_is_back() -> None:
    split = [True]
    air = Air(6, lambda a, b: not split[0] or (a < 3) == (b < 3))
    split[0] = False
    air.run(1.0)
    split[0] = True
    air.run(4.0)
    for station in air.live():
        side = range(3) if station.number < 3 else range(3, 6)
        expected = tuple(FIRST_ID + number for number in side)
        assert station.mesh.alive() == expected
        assert station.mesh.island(station.clock(air.now)) == expected
    split[0] = False
    air.run(1.5)
    for station in air.live():
        assert station.mesh.alive() == everybody(6)
        assert len(station.kinds('returned')) == 3


def test_a_one_way_link_gives_a_bounded_age_by_way_of_third_parties() -> None:
    # 0 hears 1, 1 does not hear 0; 2 stands between them.
    air = Air(3, lambda sender, receiver: (sender, receiver) != (0, 1))
    air.run(2.0)
    station = air.stations[0]
    neighbor = station.mesh.neighbors(station.clock(air.now), 0).neighbors[0]
    assert neighbor.heard and neighbor.age_s < 0.5
    assert FIRST_ID not in neighbor.links
    # The link counts only with both ends, the island does not break.
    assert len(station.mesh.island(station.clock(air.now))) == 3


def test_the_island_counts_no_link_that_one_end_does_not_list() -> None:
    air = Air(2, lambda sender, receiver: sender == 1)
    air.run(2.0)
    station = air.stations[0]
    assert station.mesh.island(station.clock(air.now)) == (FIRST_ID,)


def test_another_configuration_is_heard_for_avoidance_only() -> None:
    air = Air(2)
    other = air.start(2, config_hash=999)
    other.mesh.set_mission(MissionSection(0, 50, 1, 50, 100))
    news = []
    air.arrivals.append(lambda station, result: news.extend((station.number, *result.news)))
    given: list[int] = []
    air.arrivals.append(
        lambda station, result: given.extend(owner.storage_id for owner, _, _ in result.news)
        if station.number < 2
        else None
    )
    air.run(2.0)
    station = air.stations[0]
    stranger = station.mesh.neighbors(station.clock(air.now), 0).neighbors[1]
    assert stranger.name == 'robot2' and not stranger.same_configuration
    assert stranger.position == (2.0, 0.0, 0.0) and stranger.age_s < 0.2
    assert stranger.links == () and stranger.mission_epoch == 0
    assert station.mesh.mission(FIRST_ID + 2).applied == 0
    assert FIRST_ID + 2 not in given
    assert station.mesh.alive() == everybody(2)
    assert len(station.kinds('configuration_mismatch')) == 1


def test_of_two_robots_with_one_name_the_one_in_the_roster_counts() -> None:
    air = Air(2)
    for station in air.live():
        station.mesh.set_roster([FIRST_ID, FIRST_ID + 1, FIRST_ID + 9])
    impostor = identity(1)._replace(storage_id=FIRST_ID - 5)  # the lower id alone would win
    frame = Frame(FrameHeader(77, 4242, impostor, 1))
    data = air.codec(4242).encode(frame)
    air.run(1.0)
    air.inject(0, data)
    air.run(0.2)
    station = air.stations[0]
    assert [event.storage_id for event in station.kinds('duplicate_name')] == [FIRST_ID - 5]
    assert station.mesh.alive() == everybody(2)
    air.run(15.0)  # never proved alive, it is dropped
    assert all(n.robot != FIRST_ID - 5 for n in station.mesh.neighbors(0, 0).neighbors)


def test_two_runs_with_one_seed_send_the_same_bytes() -> None:
    def run() -> list[bytes]:
        air = Air(5, line, loss=0.2, delay_ms=(1, 30), duplication=0.1, seed=7)
        frames: list[bytes] = []
        air.taps.append(lambda number, data, frame: frames.append(data))
        air.run(2.0)
        return frames

    assert run() == run()
