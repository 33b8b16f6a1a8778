# SPDX-License-Identifier: Apache-2.0
"""Row <-> message: idempotent, complete, and never ahead of the disk."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from swarm_coordination.consensus.configuration import Configuration, configuration_payload
from swarm_coordination.consensus.messages import (
    Append,
    AppendResponse,
    Heartbeat,
    HeartbeatResponse,
    Message,
    OneShotKind,
    ReadAnswer,
    ReadRequest,
    Role,
    TermNotice,
    TimeoutNow,
    VoteRequest,
    VoteResponse,
)
from swarm_coordination.consensus.raft import Raft
from swarm_coordination.consensus.settings import RaftSettings
from swarm_coordination.mesh.consensus_rows import (
    append_from_item,
    ConsensusRows,
    items_after,
)
from swarm_coordination.mesh.rows import ConsensusSection, Identity, LogItem, RowAnswer, RowOneShot
from swarm_coordination.persistence import Entry, EntryKind, HardState
from swarm_coordination.units import NS_PER_S

OWNER = Identity('robot2', 2, 5)
THREE = Configuration.provisioned((1, 2, 3))


def row(version: int = 1, **fields: Any) -> ConsensusSection:
    """Return a follower's row with nothing in it but ``fields``."""
    return ConsensusSection._make((version, *[0] * 16, False, None, ()))._replace(**fields)


def only(section: ConsensusSection) -> Message:
    """Return the one message in ``section``, beyond the notice of its term."""
    messages = ConsensusRows().messages(OWNER, section)
    (message,) = (m for m in messages if not isinstance(m, TermNotice))
    return message


def test_a_leaders_row_is_a_heartbeat() -> None:
    section = row(
        term=4, role=Role.LEADER, leader=2, heartbeat=9, commit=5, last_index=7, last_term=4
    )
    assert only(section) == Heartbeat(4, 2, 9, 5, 7, 4)


def test_a_candidates_row_is_a_request_and_a_vote_for_itself() -> None:
    section = row(term=4, role=Role.CANDIDATE, vote=2, last_index=7, last_term=3)
    assert ConsensusRows().messages(OWNER, section) == (
        VoteRequest(2, 4, 7, 3, False, 0),
        VoteResponse(2, 4, 2, False, 0),
    )


def test_a_pre_candidates_row_is_a_request_for_each_attempt() -> None:
    rows = ConsensusRows()
    section = row(
        term=4, role=Role.PRE_CANDIDATE, pre_term=5, pre_attempt=8, last_index=7, last_term=3
    )
    assert rows.messages(OWNER, section) == (
        TermNotice(2, 4),
        VoteRequest(2, 5, 7, 3, True, 8),
    )
    again = section._replace(version=2, pre_attempt=9)
    assert rows.messages(OWNER, again) == (VoteRequest(2, 5, 7, 3, True, 9),)
    assert rows.messages(OWNER, again._replace(version=3, commit=1)) == ()


def test_votes_grants_echoes_and_acknowledgements_are_read_from_levels() -> None:
    assert only(row(term=4, vote=3)) == VoteResponse(2, 4, 3, False, 0)
    granted = row(term=4, grant_candidate=3, grant_term=5, grant_attempt=7)
    assert only(granted) == VoteResponse(2, 5, 3, True, 7)
    assert only(row(term=4, leader=3, heartbeat=9)) == HeartbeatResponse(2, 4, 3, 9)
    assert only(row(term=4, match_term=3, match_index=6)) == AppendResponse(2, 3, 6)


def test_a_row_fed_twice_or_old_after_new_gives_no_message() -> None:
    rows = ConsensusRows()
    new = row(3, term=4, leader=3, heartbeat=9, vote=3)
    assert rows.messages(OWNER, new)
    assert rows.messages(OWNER, new) == ()
    assert rows.messages(OWNER, row(2, term=4, leader=3, heartbeat=8, vote=3)) == ()
    assert rows.messages(OWNER._replace(incarnation=4), row(99, term=9)) == ()


def test_versions_start_over_with_an_incarnation_and_everything_is_said_again() -> None:
    rows = ConsensusRows()
    section = row(40, term=4, vote=3, match_term=4, match_index=6)
    said = rows.messages(OWNER, section)
    restarted = OWNER._replace(incarnation=6)
    assert rows.messages(restarted, section._replace(version=1)) == said
    assert rows.messages(OWNER, section._replace(version=41, commit=1)) == ()


def test_a_row_that_was_given_up_is_new() -> None:
    rows = ConsensusRows()
    said = rows.messages(OWNER, row(term=4))
    rows.keep_only((2, 3))
    assert rows.messages(OWNER, row(term=4)) == ()
    rows.keep_only(())
    assert rows.messages(OWNER, row(term=4)) == said == (TermNotice(2, 4),)


FIELDS = st.fixed_dictionaries(
    {
        name: st.integers(0, 3)
        for name in ConsensusSection._fields
        if name not in ('version', 'role', 'fitness', 'forced', 'one_shot', 'answers')
    }
    | {
        'role': st.sampled_from([int(role) for role in Role]),
        'forced': st.booleans(),
        'one_shot': st.none() | st.builds(RowOneShot, *[st.integers(1, 2)] * 3),
        'answers': st.tuples() | st.tuples(st.builds(RowAnswer, *[st.integers(1, 2)] * 3)),
    }
)


@settings(max_examples=150)
@given(st.lists(FIELDS, min_size=2, max_size=6), st.data())
def test_skipping_versions_loses_nothing_that_the_last_one_shows(
    history: list[dict[str, Any]], data: st.DataObject
) -> None:
    """Whoever saw every version and whoever saw only some were both told the last one's say."""
    sections = [row(version, **fields) for version, fields in enumerate(history, 1)]
    kept = data.draw(st.sets(st.integers(0, len(sections) - 2)))
    told: list[set[Message]] = []
    for seen in (range(len(sections)), [*sorted(kept), len(sections) - 1]):
        rows = ConsensusRows()
        told.append({m for i in seen for m in rows.messages(OWNER, sections[i])})
    for message in ConsensusRows().messages(OWNER, sections[-1]):
        # A request once made for a (term, attempt) is not made again with another log end.
        if not isinstance(message, VoteRequest):
            assert message in told[0] and message in told[1]


def raft(**arguments: object) -> Raft:
    return Raft(1, THREE, RaftSettings(), random.Random(1), 0, **arguments)  # type: ignore


def test_the_version_rises_only_when_the_content_changes() -> None:
    rows, member = ConsensusRows(), raft()
    first = rows.section(member)
    assert first.version == 1
    member.tick(1)
    assert rows.section(member) is first
    member.tick(NS_PER_S)
    assert rows.section(member).version == 2


def test_the_section_holds_back_what_is_not_on_disk() -> None:
    rows, member = ConsensusRows(), raft(hard_state=HardState(3, 0))
    member.step(VoteRequest(2, 4, 0, 0, False, 0), 0)
    assert rows.section(member)[1:4] == (3, Role.FOLLOWER, 0)
    member.persisted(member.ready().mark, 0)
    assert rows.section(member)[1:4] == (4, Role.FOLLOWER, 2)


def test_a_sections_numbers_are_plain_integers() -> None:
    section = ConsensusRows().section(raft())
    *numbers, forced, one_shot, answers = section
    assert all(type(value) is int for value in numbers)
    assert (forced, one_shot, answers) == (False, None, ())


def test_a_one_shot_is_told_once_for_each_serial_and_term() -> None:
    rows, shot = ConsensusRows(), RowOneShot(OneShotKind.TIMEOUT_NOW, 3, 8)
    told = TimeoutNow(4, 2, 3, 8)
    assert told in rows.messages(OWNER, row(1, term=4, one_shot=shot))
    assert rows.messages(OWNER, row(2, term=4, one_shot=shot)) == ()
    again = row(3, term=4, one_shot=shot._replace(serial=9))
    assert rows.messages(OWNER, again) == (told._replace(serial=9),)
    assert rows.messages(OWNER, row(4, term=4)) == ()
    asked = row(5, term=4, one_shot=RowOneShot(OneShotKind.READ, 3, 9))
    assert rows.messages(OWNER, asked) == (ReadRequest(4, 2, 3, 9),)


def test_answers_to_reads_are_told_once_each() -> None:
    rows = ConsensusRows()
    first, second = RowAnswer(7, 1, 5), RowAnswer(8, 2, 5)
    assert ReadAnswer(4, 2, 7, 1, 5) in rows.messages(OWNER, row(1, term=4, answers=(first,)))
    both = row(2, term=4, answers=(first, second))
    assert rows.messages(OWNER, both) == (ReadAnswer(4, 2, 8, 2, 5),)


def test_a_candidate_that_was_told_to_stand_says_so() -> None:
    section = row(term=4, role=Role.CANDIDATE, forced=True)
    assert VoteRequest(2, 4, 0, 0, False, 0, True) in ConsensusRows().messages(OWNER, section)


def test_an_item_is_an_append_and_back() -> None:
    for kind in EntryKind:
        item = LogItem(leader_term=5, index=3, term=4, prev_term=2, payload=b'x', kind=kind)
        assert append_from_item(item) == Append(5, 2, 2, (Entry(3, 4, b'x', kind),))


def test_items_carry_the_term_before_and_the_leaders_term() -> None:
    voters = configuration_payload(THREE.membership)
    log = (Entry(1, 1, b'a'), Entry(2, 3, b'b'), Entry(3, 3, voters, EntryKind.CONFIGURATION))
    member = raft(hard_state=HardState(4, 0), entries=log)
    member.step(Heartbeat(4, 2, 1, 0, 3, 3), 0)
    assert items_after(member, 0, 1000) == (
        LogItem(4, 1, 1, 0, b'a'),
        LogItem(4, 2, 3, 1, b'b'),
        LogItem(4, 3, 3, 3, voters, 1),
    )
    assert items_after(member, 3, 1000) == ()


def test_what_nothing_proves_to_be_of_late_asks_for_nothing_and_certifies_no_leader() -> None:
    """A stranger without the key may play a section again; only what names its question holds."""
    rows = ConsensusRows()
    shot = RowOneShot(OneShotKind.TIMEOUT_NOW, 3, 8)
    leads = row(1, term=4, role=Role.LEADER, leader=2, heartbeat=9, commit=5, last_index=7,
                last_term=4, vote=2, match_term=4, match_index=7, one_shot=shot)
    beat = Heartbeat(4, 2, 9, 5, 7, 4)
    assert rows.messages(OWNER, leads, proved=False) == (
        beat._replace(proved=False), VoteResponse(2, 4, 2, False, 0), AppendResponse(2, 4, 7),
    )
    assert rows.messages(OWNER, leads, proved=False) == ()
    # The same once more, proved: nothing was lost by its coming before.
    told = rows.messages(OWNER, leads)
    assert beat in told and TimeoutNow(4, 2, 3, 8) in told
    assert rows.messages(OWNER, leads) == ()

    rows = ConsensusRows()
    stands = row(1, term=5, role=Role.CANDIDATE, vote=2, last_index=7, last_term=4)
    assert rows.messages(OWNER, stands, proved=False) == (VoteResponse(2, 5, 2, False, 0),)
    assert VoteRequest(2, 5, 7, 4, False, 0) in rows.messages(OWNER, stands)
    follows = row(2, term=6)
    assert rows.messages(OWNER, follows, proved=False) == ()
    assert rows.messages(OWNER, follows._replace(version=3, commit=1)) == (TermNotice(2, 6),)
