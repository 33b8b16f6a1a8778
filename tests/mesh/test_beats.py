# SPDX-License-Identifier: Apache-2.0
"""A heartbeat alone is a beat of a few bytes; who misses what it belongs to asks for it."""

from __future__ import annotations

from mesh.radio import Air, identity, line
import pytest
from swarm_coordination.mesh.own import OwnRow, REPEATS
from swarm_coordination.mesh.rows import Beat, ConsensusSection, Fragment, Frame, MissionSection
from swarm_coordination.mesh.table import Life, Row
from swarm_coordination.units import NS_PER_S

LEADER = identity(0).storage_id


def section(heartbeat: int, *, term: int = 3, commit: int = 1, leader: int = LEADER):
    """Return a leader's section, or with ``leader`` 0 that of somebody who follows nobody."""
    role = 3 if leader else 0
    return ConsensusSection(
        0, term, role, 0, leader, 1, term, commit, heartbeat, 0, 0, 0, 0, 0, 0, 0)


def held(shown: ConsensusSection) -> Row:
    """Return a row that holds a section."""
    row = Row(identity(0), 0, 1, life=Life.ALIVE)
    row.take_sections(Fragment(identity(0), consensus=shown._replace(version=1)), None)
    return row


def beaten(row: Row, beat: Beat) -> int:
    """Let a row take a beat; return the heartbeat that it then shows."""
    row.take_sections(Fragment(identity(0), beat=beat), None)
    assert row.consensus is not None
    return row.consensus.heartbeat


def test_a_beat_moves_the_heartbeat_on_and_never_back():
    row = held(section(5))

    assert beaten(row, Beat(1, 3, 9)) == 9
    assert beaten(row, Beat(1, 3, 7)) == 9
    assert not row.behind


def test_a_beat_of_another_term_or_of_no_leader_moves_nothing():
    assert beaten(held(section(5)), Beat(1, 4, 9)) == 5
    assert beaten(held(section(0, leader=0)), Beat(2, 3, 9)) == 0


def test_a_beat_of_a_later_version_counts_and_tells_that_the_section_is_old():
    row = held(section(5))

    assert beaten(row, Beat(2, 3, 9)) == 9
    assert row.behind
    row.take_sections(Fragment(identity(0), consensus=section(8, commit=2)._replace(version=2)),
                      None)
    assert row.consensus.commit == 2 and not row.behind


def test_a_heartbeat_alone_is_sent_as_a_beat_and_a_change_as_a_section_that_repeats():
    own = OwnRow(identity(0))
    assert own.set_consensus(section(5))
    sent = []
    for number in range(REPEATS + 2):
        fragment = own.fragment(0, NS_PER_S, urgent=False)
        own.sent(fragment, 1)
        sent.append((fragment.consensus is not None, fragment.beat is not None))
        assert not own.set_consensus(section(6 + number))
    assert sent == [(True, False)] * REPEATS + [(False, True)] * 2

    assert own.set_consensus(section(20, commit=2))
    assert own.fragment(0, NS_PER_S, urgent=True).consensus.commit == 2


def test_a_heartbeat_that_falls_is_a_change():
    """A member that loses its vote shows no heartbeat any more, and nothing else changes."""
    own = OwnRow(identity(1))
    own.set_consensus(section(5))
    version = own.consensus.version

    own.set_consensus(section(0))
    assert own.consensus.version == version + 1


FOLLOWER, CANDIDATE, LEADS = 0, 2, 3


@pytest.mark.parametrize(('role', 'changes', 'urgent'), [
    (FOLLOWER, {'commit': 9}, False),
    (FOLLOWER, {'last_index': 9, 'last_term': 3}, False),
    (FOLLOWER, {'match_term': 3, 'match_index': 9}, True),
    (FOLLOWER, {'term': 4}, True),
    (CANDIDATE, {'last_index': 9}, True),
    (LEADS, {'commit': 9}, True),
    (LEADS, {'last_index': 9}, True),
    (LEADS, {'match_term': 3, 'match_index': 9}, False),
])
def test_what_nobody_waits_for_goes_with_the_next_beacon(role, changes, urgent):
    shown = section(5)._replace(role=role)
    own = OwnRow(identity(1))
    own.set_consensus(shown)
    own.sent(own.fragment(0, NS_PER_S, urgent=True), 0)

    assert own.set_consensus(shown._replace(**changes)) is urgent
    told = own.fragment(0, NS_PER_S, urgent=False).consensus
    assert told is not None and told._asdict().items() >= changes.items()


def test_urgent_frames_repeat_a_change_only_where_the_budget_is_ample():
    own = OwnRow(identity(1))
    own.set_consensus(section(5))
    own.set_mission(MissionSection(0, 1, 0, 0, 0))
    first = own.fragment(0, NS_PER_S, urgent=True, ample=False)
    own.sent(first, 0)

    assert first.consensus is not None and first.mission is None
    assert own.fragment(0, NS_PER_S, urgent=True, ample=False).consensus is None
    assert own.fragment(0, NS_PER_S, urgent=True).consensus is not None
    assert own.fragment(0, NS_PER_S, urgent=False).consensus is not None


def test_a_leaders_commit_waits_while_the_budget_is_scarce_and_goes_with_its_next_entry():
    own = OwnRow(identity(1))
    own.set_consensus(section(5))
    own.sent(own.fragment(0, NS_PER_S, urgent=True), 0)
    own.set_consensus(section(5, commit=2))

    assert own.fragment(0, NS_PER_S, urgent=True, ample=False).consensus is None
    assert own.fragment(0, NS_PER_S, urgent=True).consensus is not None
    own.set_consensus(section(5, commit=2)._replace(last_index=7))
    assert own.fragment(0, NS_PER_S, urgent=True, ample=False).consensus.commit == 2


@pytest.mark.parametrize('hears', [lambda sender, receiver: True, line])
def test_who_missed_a_change_asks_at_the_next_beat_and_not_at_the_refresh(hears):
    air = Air(3, hears)
    leader = air.stations[0].mesh
    leader.set_consensus(section(1))
    air.run(2.05)
    shown: list[ConsensusSection] = []
    air.arrivals.append(lambda station, result: shown.extend(
        fragment.consensus for owner, fragment, _ in result.news
        if station.number == 2 and owner.storage_id == LEADER and fragment.consensus))
    deaf: list[Frame] = []
    passes = air.hears

    def hears_no_change(sender: int, receiver: int) -> bool:
        return (receiver != 2 or not deaf) and passes(sender, receiver)

    air.hears = hears_no_change
    deaf.append(None)
    leader.set_consensus(section(2, commit=7))
    air.wake(air.stations[0])
    air.run(0.19)
    deaf.clear()
    assert not any(seen.commit == 7 for seen in shown)
    leader.set_consensus(section(3, commit=7))
    air.run(0.35)

    assert any(seen.commit == 7 for seen in shown)


def bounded(row: Row, after: int | None, *, young_since: int, **parts) -> bool | None:
    """Let a row take a section or beat; return whether it is handed on proved, None for not."""
    part = row.take_sections(Fragment(identity(0), **parts), None, after, young_since)
    return None if part is None or part.consensus is None else row.proved


def test_a_section_is_proved_by_its_own_bound_a_copy_or_a_beat_of_its_version() -> None:
    shown = section(5)._replace(version=4)
    row = Row(identity(0), 0, 1, life=Life.ALIVE)
    assert bounded(row, None, young_since=10, consensus=shown) is False
    assert bounded(row, 9, young_since=10, consensus=shown) is None  # a copy, and too old
    assert bounded(row, 10, young_since=10, consensus=shown) is True  # handed on once more
    assert bounded(row, 11, young_since=10, consensus=shown) is None
    assert bounded(row, None, young_since=11, beat=Beat(4, 3, 6)) is True  # made after the copy
    assert bounded(row, None, young_since=12, beat=Beat(4, 3, 7)) is False  # or long after it

    row = Row(identity(0), 0, 1, life=Life.ALIVE)
    assert bounded(row, None, young_since=10, consensus=shown) is False
    # A beat of a later version proves itself only: what is held may be from long before.
    assert bounded(row, 20, young_since=10, beat=Beat(5, 3, 6)) is False
    assert bounded(row, 20, young_since=10, beat=Beat(4, 3, 6)) is True


def test_a_relay_states_the_bound_of_the_heartbeat_that_it_passes_on() -> None:
    """Else a tape played to a relay would come out of it as news of this moment."""
    air = Air(3, line)
    leader, end = air.stations[0], air.stations[2]
    proved: list[bool] = []
    air.arrivals.append(lambda station, result: proved.extend(
        sure for owner, part, sure in result.news
        if station is end and owner.storage_id == LEADER and part.consensus is not None
    ))

    def beats(numbers: range) -> list[bool]:
        proved.clear()
        for number in numbers:
            leader.mesh.set_consensus(section(number))
            air.wake(leader)
            air.run(0.05)
        return proved

    beats(range(1, 20))
    assert all(beats(range(20, 60))) and proved
    # From now on the leader echoes nothing new, as in a tape.
    air.hears = lambda sender, receiver: line(sender, receiver) and receiver != 0
    beats(range(60, 120))
    young_s = air.settings.proof_age_max_s
    assert young_s < 0.05 * 65
    beats(range(120, 126))
    assert not any(beats(range(126, 160))) and proved
