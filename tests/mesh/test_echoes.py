# SPDX-License-Identifier: Apache-2.0
"""A packed list says what the sender put in, or nothing; it is packed while all can read it."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from mesh.radio import Air, identity, line
from swarm_coordination.mesh.echoes import EchoBook, TAG_BYTES
from swarm_coordination.mesh.rows import Beacon, Frame, Heard
from swarm_coordination.mesh.table import Life, Row

COUNT = 12
# The same examples every run; no deadline, the machine may be busy.
many = settings(max_examples=150)


def rows(heartbeats: list[int], incarnation: int = 1) -> dict[int, Row]:
    """Return rows of robots alive, by storage id."""
    made = [Row(identity(number, incarnation), 0, 1, life=Life.ALIVE, heartbeat=heartbeat)
            for number, heartbeat in enumerate(heartbeats)]
    return {row.identity.storage_id: row for row in made}


def book(own: int, known: dict[int, Row]) -> EchoBook:
    """Return the book of one robot that knows of these."""
    made = EchoBook()
    others = {who: row for who, row in known.items() if who != identity(own).storage_id}
    made.refresh(identity(own), others.values())
    return made


def listing(sender: int, heartbeats: list[int], direct: list[bool]) -> tuple[Heard, ...]:
    """Return what ``sender`` hears."""
    return tuple(
        Heard(identity(number).storage_id, 1, heartbeat, direct[number])
        for number, heartbeat in enumerate(heartbeats)
        if number != sender and number % 5
    )


NUMBERS = st.lists(st.integers(0, 2**40), min_size=COUNT, max_size=COUNT)
FLAGS = st.lists(st.booleans(), min_size=COUNT, max_size=COUNT)


@many
@given(NUMBERS, FLAGS, st.lists(st.integers(-32_000, 32_000), min_size=COUNT, max_size=COUNT))
def test_a_list_comes_back_where_the_numbers_are_roughly_known(numbers, direct, offsets):
    heard = listing(0, numbers, direct)
    known = [max(0, number + offset) for number, offset in zip(numbers, offsets)]
    packed = book(0, rows(numbers)).pack(heard, 0)

    unpacked = book(3, rows(known)).unpack(packed, rows(known), known[3])
    assert sorted(unpacked.heard) == sorted(heard)
    own = identity(3).storage_id
    assert [unpacked.own] == [entry for entry in heard if entry.storage_id == own]
    before = {identity(number).storage_id: known[number] for number in range(COUNT)}
    fresher = [entry for entry in heard if entry.heartbeat > before[entry.storage_id]]
    assert sorted(unpacked.fresher) == sorted(fresher)
    links = tuple(sorted(entry.storage_id for entry in heard))
    assert unpacked.links == (links if all(entry.direct for entry in heard) else None)
    assert len(packed) <= TAG_BYTES + 6 + 2 * 2 + 2 * len(heard)


@many
@given(NUMBERS, st.integers(1, COUNT - 1), st.integers(33_000, 10**7))
def test_a_number_that_has_wrapped_since_drops_the_list_and_never_passes_for_a_newer(
    numbers, number, ahead
):
    """The sender slept for hours: what it lists is far behind what the receiver knows."""
    heard = listing(0, numbers, [True] * COUNT)
    packed = book(0, rows(numbers)).pack(heard, 0)
    known = list(numbers)
    known[number] += ahead

    unpacked = book(3, rows(known)).unpack(packed, rows(known), known[3])
    assert unpacked is None or sorted(unpacked.heard) == sorted(heard)


def test_a_list_of_another_directory_is_dropped_even_under_the_same_tag():
    numbers = [100 + number for number in range(COUNT)]
    packed = book(0, rows(numbers)).pack(listing(0, numbers, [True] * COUNT), 0)
    for others in (rows(numbers[:-1]), rows(numbers, incarnation=2)):
        reader = book(3, others)
        assert reader.unpack(packed, others, numbers[3]) is None
        assert reader.unpack(reader.tag + packed[TAG_BYTES:], others, numbers[3]) is None


@many
@given(st.binary(max_size=80))
def test_any_bytes_are_read_or_dropped(data):
    known = rows([5] * COUNT)
    reader = book(3, known)

    assert reader.unpack(reader.tag + data, known, 5) is None


def test_who_is_in_no_directory_is_written_out():
    known = rows([5] * COUNT)
    stranger = Heard(identity(40).storage_id, 1, 5, True)
    risen = Heard(identity(1).storage_id, 2, 5, True)

    for heard in (stranger, risen):
        assert book(0, known).pack([heard], 0) is None


@many
@given(NUMBERS, FLAGS)
def test_a_list_just_unpacked_is_passed_on_as_it_came_where_packing_gives_the_same(
    numbers, direct
):
    known = rows(numbers)
    heard, reader = listing(0, numbers, direct), book(3, known)
    packed = book(0, known).pack(heard, 0)
    unpacked = reader.unpack(packed, known, numbers[3]).heard

    live = all(entry.direct for entry in heard)
    assert reader.as_it_came(unpacked, 0) == (packed if live else None)
    assert reader.pack(unpacked, 0) == packed
    # Nor of an equal list that came otherwise.
    assert reader.as_it_came((*unpacked,), 0) is None


def test_a_list_is_not_passed_on_as_it_came_where_it_could_not_be_read():
    numbers = [5] * COUNT
    known = rows(numbers)
    reader = book(3, known)
    packed = book(0, known).pack(listing(0, numbers, [True] * COUNT), 0)

    def came():
        return reader.unpack(packed, known, 5).heard

    assert reader.as_it_came(came(), 0) == packed
    heard = came()
    reader.compare(Beacon(1, False, 0, 0, 0, 0, 0, 0, 0, 0, (), echoes=b'??'), 7)
    assert reader.as_it_came(heard, 8) is reader.pack(heard, 8) is None
    reader = book(3, known)
    heard = came()
    reader.refresh(identity(3), list(known.values())[:4])
    assert reader.as_it_came(heard, 0) is None


def own_lists(air: Air) -> list[tuple[int, Beacon]]:
    """Collect (sender, beacon) of what robots say of themselves from now on."""
    seen: list[tuple[int, Beacon]] = []

    def tap(number: int, _data: bytes, frame: Frame) -> None:
        seen.extend((number, part.beacon) for part in frame.fragments
                    if part.beacon is not None and part.owner == frame.header.sender)

    air.taps.append(tap)
    return seen


def test_lists_are_packed_once_all_know_of_the_same_robots_over_many_hops_too():
    for hears in (lambda sender, receiver: True, line):
        air = Air(5, hears)
        air.run(3.0)
        seen = own_lists(air)
        air.run(0.5)

        assert seen and all(not beacon.heard and len(beacon.echoes) > TAG_BYTES
                            for _, beacon in seen)
        assert all(len(station.mesh.island(station.clock(air.now))) == 5
                   for station in air.live())


def test_lists_are_written_out_while_a_newcomer_or_somebody_with_a_past_cannot_read_them():
    air = Air(4)
    air.run(3.0)
    seen = own_lists(air)
    air.start(4)
    air.run(0.1)
    assert any(beacon.heard for number, beacon in seen if number != 4)
    air.run(1.5)
    seen.clear()
    air.run(0.5)
    assert not any(beacon.heard for _, beacon in seen)

    air.kill(0)
    air.start(0, incarnation=0)  # its disk forgot
    air.run(0.5)

    assert any(beacon.heard for number, beacon in seen if number != 0)
