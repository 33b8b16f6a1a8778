# SPDX-License-Identifier: Apache-2.0
"""What others hold of us from before is outrun; a copy of our disk is told apart from it."""

from __future__ import annotations

from mesh.radio import Air, CLUSTER, CONFIG, FIRST_ID, identity, line, Station
import pytest
from swarm_coordination.mesh.events import MeshEvent
from swarm_coordination.mesh.rows import (
    Accusation,
    Beacon,
    Digest,
    Fragment,
    Frame,
    FrameHeader,
    Heard,
    INCARNATION_MAX,
    MissionSection,
)
from swarm_coordination.mesh.selves import FRAMES_MAX, PASTS_MAX

US = FIRST_ID


def refute(station: Station, done: dict[int, int]) -> None:
    """Do what the coordinator does with an accusation, once for each."""
    events = station.kinds('accused')
    for event in events[done.get(id(station), 0):]:
        if event.incarnation >= station.mesh.identity.incarnation:
            station.mesh.raise_incarnation(event.incarnation + 1)
    done[id(station)] = len(events)


def beacon(heartbeat: int, **lists: object) -> Beacon:
    """Return a beacon of somebody."""
    return Beacon(heartbeat, True, 0, 0, 0, 0, 0, 0, 0, 0, ())._replace(**lists)  # type: ignore


@pytest.mark.parametrize('fallen_to', [1, 4])
@pytest.mark.parametrize('down_s', [0.2, 6.0])
def test_a_robot_whose_incarnation_fell_is_heard_again_soon(fallen_to: int, down_s: float) -> None:
    done: dict[int, int] = {}
    air = Air(3)
    air.checks.append(lambda station: refute(station, done))
    air.stations[0].mesh.raise_incarnation(4)
    air.run(2.0)
    air.kill(0)
    air.run(down_s)
    back = air.start(0, incarnation=fallen_to)
    air.run(2.0)
    assert back.mesh.identity.incarnation == 5
    everybody = tuple(FIRST_ID + number for number in range(3))
    assert all(station.mesh.alive() == everybody for station in air.live())
    assert not any(station.kinds('duplicate_storage') for station in air.live())


@pytest.mark.parametrize('hops', [2, 3, 5])
@pytest.mark.parametrize('apart', [False, True])
def test_a_robot_whose_incarnation_fell_learns_it_from_who_is_out_of_hearing(
    hops: int, apart: bool
) -> None:
    done: dict[int, int] = {}
    cut = [False]

    def hears(sender: int, receiver: int) -> bool:
        return line(sender, receiver) and not (cut[0] and hops in (sender, receiver))

    air = Air(hops + 1, hears)
    air.checks.append(lambda station: refute(station, done))
    air.stations[0].mesh.raise_incarnation(4)
    air.run(3.0)
    air.kill(0)
    air.run(4.0)
    # Who is between forgets it too: only the last one knows, and tells where the body lies. Apart,
    # it comes to hear the others only when these have known the returned one for long.
    cut[0] = apart
    for number in range(1, hops):
        air.kill(number)
        air.start(number, incarnation=9)
    air.run(8.0)
    air.start(0, incarnation=1)
    air.run(3.0)
    cut[0] = False
    air.run(5.0)
    everybody = tuple(FIRST_ID + number for number in range(hops + 1))
    assert [station.mesh.alive() for station in air.live()] == [everybody] * (hops + 1)
    assert not any(station.kinds('duplicate_storage') for station in air.live())


def test_the_past_of_a_robot_that_is_gone_again_is_seldom_told() -> None:
    told: list[int] = []
    cut = [False]

    def hears(sender: int, receiver: int) -> bool:
        return line(sender, receiver) and not (cut[0] and 3 in (sender, receiver))

    air = Air(4, hears)
    air.stations[0].mesh.raise_incarnation(4)
    air.run(3.0)
    air.kill(0)
    air.run(4.0)
    cut[0] = True
    for number in (1, 2):
        air.kill(number)
        air.start(number, incarnation=9)
    air.run(8.0)
    air.start(0, incarnation=1)
    air.run(3.0)
    air.kill(0)
    cut[0] = False

    def count(number: int, data: bytes, frame: Frame) -> None:
        del data
        if number in (1, 2):
            told.extend(number for d in frame.digests if d.storage_id == US and not d.heartbeat)

    air.taps.append(count)
    air.run(40.0)
    period_s = air.settings.digest_period_s
    assert 2 <= len(told) <= 2 * (1 + 40.0 / (10 * period_s))


def shown(way: str, incarnation: int, heartbeat: int) -> dict[str, object]:
    """Return the parts of a frame of robot 1 that show something of us."""
    owner = identity(0, incarnation)
    heard = Heard(US, incarnation, heartbeat, True)
    accusation = Accusation(US, incarnation, heartbeat)
    by = Fragment(identity(1), 0, beacon(10**6))
    return {
        'row': {'fragments': (Fragment(owner, 65_535, beacon(heartbeat)),)},
        'silent': {'fragments': (Fragment(owner, 65_535, beacon(heartbeat), silent=True),)},
        'digest': {'digests': (Digest(US, incarnation, heartbeat, 0, 0, 0),)},
        'heard': {'fragments': (by._replace(beacon=beacon(10**6, heard=(heard,))),)},
        'accused': {'fragments': (by._replace(beacon=beacon(10**6, accused=(accusation,))),)},
    }[way]  # type: ignore[return-value]


def hear(air: Air, counter: int, parts: dict[str, object]) -> list[MeshEvent]:
    """Let robot 0 hear a frame of robot 1; return all that it was accused of."""
    frame = Frame(FrameHeader(CLUSTER, CONFIG, identity(1), counter))._replace(**parts)
    air.inject(0, air.codec(CONFIG).encode(frame))
    air.run(0.2)
    return air.stations[0].kinds('accused')


@pytest.mark.parametrize('way', ['row', 'silent', 'digest', 'heard', 'accused'])
def test_each_way_in_which_others_show_a_higher_incarnation_of_ours_is_noticed(way: str) -> None:
    air = Air(2)
    air.run(1.0)
    assert hear(air, 10**6, shown(way, 0, 10**6)) == []  # our past is no news
    events = hear(air, 10**6 + 1, shown(way, 7, 3))
    if way in ('heard', 'accused'):  # lists are read once for each heartbeat
        assert events == []
        air.stations[0].mesh.forget(FIRST_ID + 1, air.stations[0].clock(air.now))
        events = hear(air, 10**6 + 2, shown(way, 7, 3))
    assert [event.incarnation for event in events] == [7]
    assert not air.stations[0].kinds('duplicate_storage')


def test_a_higher_heartbeat_under_our_incarnation_is_our_past_too() -> None:
    air = Air(2)
    air.run(1.0)
    assert [event.incarnation for event in hear(air, 10**6, shown('digest', 1, 10**6))] == [1]


def test_an_incarnation_that_cannot_be_exceeded_is_not_followed() -> None:
    air = Air(2)
    air.run(1.0)
    assert hear(air, 10**6, shown('digest', INCARNATION_MAX, 1)) == []


def test_a_relayed_section_without_a_beacon_is_no_proof_of_a_copy() -> None:
    air = Air(2)
    air.run(2.0)
    section = MissionSection(9, 9, 1, 9, 9)
    hear(air, 10**6, {'fragments': (Fragment(identity(0, 7), 0, None, None, section),)})
    assert not air.stations[0].kinds('duplicate_storage')


def copied(air: Air, later_s: float, incarnation: int) -> tuple[Station, Station]:
    """Start a second process from robot 0's disk, as a station of another number."""
    air.run(later_s)
    copy = air.start(9, incarnation)
    copy.identity = identity(0, incarnation)
    copy.mesh._parts.own.identity = copy.identity
    return air.stations[0], copy


@pytest.mark.parametrize('incarnation', [1, 2])
@pytest.mark.parametrize('later_s', [0.0, 0.7, 30.0])
def test_both_copies_of_a_disk_notice_each_other(later_s: float, incarnation: int) -> None:
    first, copy = copied(Air(2), later_s, incarnation)
    first.air.run(12.0)  # the one behind might be our own past for ten seconds
    assert len(first.kinds('duplicate_storage')) == 1
    assert len(copy.kinds('duplicate_storage')) == 1


@pytest.mark.parametrize('through', [{1}, {1, 2}])
def test_copies_that_hear_only_the_same_neighbour_do_not_drive_each_other_up(
    through: set[int],
) -> None:
    def hears(sender: int, receiver: int) -> bool:
        if len(through) == 1:
            return 1 in (sender, receiver)
        place = {0: 0, 1: 1, 2: 2, 9: 3}
        return line(place[sender], place[receiver])

    done: dict[int, int] = {}
    air = Air(1 + len(through), hears)
    air.checks.append(lambda station: refute(station, done))
    first, copy = copied(air, 1.0, 2)
    air.run(30.0)
    assert first.kinds('duplicate_storage') or copy.kinds('duplicate_storage')
    top = max(station.mesh.identity.incarnation for station in (first, copy))
    assert top <= 3 + 2 * PASTS_MAX
    air.run(30.0)
    assert top == max(station.mesh.identity.incarnation for station in (first, copy))


def test_our_own_frames_come_back_late_and_are_not_taken_for_a_copy() -> None:
    air = Air(2)
    recorded: list[bytes] = []
    air.taps.append(lambda number, data, frame: recorded.append(data) if number == 0 else None)
    air.run(40.0)
    air.pause(0, 20.0)
    for data in recorded[-FRAMES_MAX // 2:]:
        assert air.inject(0, data).rejected == 'own_echo'
    air.run(21.0)
    for data in recorded[-FRAMES_MAX // 2:]:
        air.inject(0, data)
    air.run(1.0)
    assert not air.stations[0].kinds('duplicate_storage')


@pytest.mark.parametrize('late_s', [30.0, 70.0])
def test_old_frames_of_ours_sent_again_by_somebody_cost_us_nothing(late_s: float) -> None:
    """Who has recorded the radio but has no key must not be able to take a vote away."""
    air = Air(3)
    recorded: list[bytes] = []
    air.taps.append(lambda number, data, frame: recorded.append(data) if number == 0 else None)
    air.run(5.0)
    first = list(recorded)
    air.run(late_s)
    for data in first:
        assert air.inject(0, data).rejected == 'own_echo'
    air.run(1.0)
    assert not air.stations[0].kinds('duplicate_storage')


@pytest.mark.parametrize('incarnation', [0, 2])  # 0: its disk has forgotten
def test_frames_of_our_life_before_are_not_taken_for_a_copy(incarnation: int) -> None:
    air = Air(2)
    recorded: list[bytes] = []
    air.taps.append(lambda number, data, frame: recorded.append(data) if number == 0 else None)
    air.run(3.0)
    air.kill(0)
    back = air.start(0, incarnation)
    for data in recorded:
        air.inject(0, data)
    air.run(0.5)
    assert not back.kinds('duplicate_storage')


def test_a_row_of_ours_that_was_made_since_we_started_is_a_copy_at_once() -> None:
    air = Air(2)
    air.run(1.0)
    echo = Heard(US, 1, max(air.stations[0].made_ns), True)
    by = Fragment(identity(1), 0, beacon(10**6, heard=(echo,)))
    row = Fragment(identity(0, 7), 10, beacon(3))
    assert hear(air, 10**6, {'fragments': (by, row)}) == []
    assert len(air.stations[0].kinds('duplicate_storage')) == 1


def test_a_copy_that_runs_another_configuration_is_noticed_and_does_no_harm() -> None:
    air = Air(2)
    air.run(1.0)
    frame = Frame(FrameHeader(CLUSTER, CONFIG + 1, identity(0), 3))  # a number that we used too
    assert air.inject(0, air.codec(CONFIG + 1).encode(frame)).rejected == 'own_echo'
    air.run(0.1)
    assert len(air.stations[0].kinds('duplicate_storage')) == 1
