# SPDX-License-Identifier: Apache-2.0
"""Clients from outside have their commands carried out exactly once, whomever they ask."""

from __future__ import annotations

import pytest
from swarm_coordination.campaign.broken import InvariantBroken
from swarm_coordination.campaign.campaign import play_seed
from swarm_coordination.campaign.profiles import profile_named
from swarm_coordination.campaign.run import Run
from swarm_coordination.campaign.schedule import FIRST_MS, make_schedule
from swarm_coordination.campaign.session_rules import SessionRules
from swarm_coordination.mission.blackboard import BoardValue
from swarm_coordination.mission.client_commands import ClientOpen
from swarm_coordination.mission.commands import ClientCommand, encode_command, Put
from swarm_coordination.robot.outputs import CommittedEntry

ROBOT, SESSION = 77, 1


def play(monkeypatch, seed):
    """Play a seed; return outcome, what clients were told, and what became of the entries."""
    told, init, seen, rules = SessionRules.told, SessionRules.__init__, [], []

    def note(self, session, serial, result):
        seen.append(result)
        return told(self, session, serial, result)

    def begin(self, raft_rules):
        rules.append(self)
        init(self, raft_rules)

    monkeypatch.setattr(SessionRules, 'told', note)
    monkeypatch.setattr(SessionRules, '__init__', begin)
    return play_seed('outsiders', seed), seen, rules[0].answers


def test_clients_that_ask_again_elsewhere_are_told_what_their_commands_did(monkeypatch):
    outcome, seen, answers = play(monkeypatch, 7)

    assert not outcome.rule
    assert 'a duplicate not applied' in outcome.states
    assert set(answers) == {'carried out', 'refused for what it asks', 'a duplicate', 'over'}
    for told in ('version ', 'refused: x', 'refused: duplicate: version ', 'refused: session '):
        assert any(result.startswith(told) for result in seen), told
    assert 'refused: duplicate: applied' in seen


def test_a_client_that_nobody_gave_a_session_was_not_answered():
    run = Run(make_schedule(profile_named('outsiders'), 0))
    run.advance_to(FIRST_MS // 2 + 1)

    with pytest.raises(InvariantBroken, match='no answer to what asked for a session'):
        run.check_answered()


def command(serial, expected=None):
    return ClientCommand(SESSION, serial, Put('x', f'v{serial}', expected))


def entry(index, serial, result, stamp_ms=0, *, applied=True, expected=None):
    asked = command(serial, expected) if serial else ClientOpen(10_000)
    return CommittedEntry(
        index, 1, ROBOT, index, stamp_ms, encode_command(asked).decode(), applied, result
    )


def refused(index, serial, result, stamp_ms=0, expected=None):
    return entry(index, serial, f'refused: {result}', stamp_ms, applied=False, expected=expected)


def rules_after(*entries):
    rules = SessionRules(None)
    for each in entries:
        rules.judge(each)
    return rules


OPENED = entry(1, 0, 'session 1')
FIRST, SECOND = entry(2, 1, 'version 1', 50), entry(3, 2, 'version 2', 100)
THIRD = refused(4, 3, 'x has version 2, not 1', 150, expected=1)


@pytest.mark.parametrize('result', [
    'version 1', 'refused: duplicate: version 1', 'refused: duplicate: applied',
    'duplicate: refused: duplicate: applied', 'duplicate: version 1',
])
def test_what_a_command_did_may_be_told_by_any_answer(result):
    assert rules_after(OPENED, FIRST, SECOND, THIRD).told(SESSION, 1, result) == 'version 1'


@pytest.mark.parametrize('result', [
    'refused: x has version 2, not 1', 'refused: duplicate: refused',
    'refused: duplicate: refused: x has version 2, not 1',
])
def test_so_may_what_it_was_refused_for(result):
    rules = rules_after(OPENED, FIRST, SECOND, THIRD)
    assert rules.told(SESSION, 3, result) == 'refused: x has version 2, not 1'


@pytest.mark.parametrize(('serial', 'result'), [
    (1, 'version 2'), (2, 'refused: duplicate: version 1'), (4, 'refused: duplicate: applied'),
    (1, 'refused: duplicate: refused'), (1, 'refused: duplicate: result no longer kept'),
    (1, 'refused: x has version 2, not 1'), (3, 'version 3'), (3, 'refused: duplicate: applied'),
])
def test_what_a_command_did_not_do_must_not_be_told(serial, result):
    with pytest.raises(InvariantBroken, match='Exactly once'):
        rules_after(OPENED, FIRST, SECOND, THIRD).told(SESSION, serial, result)


@pytest.mark.parametrize('result', [
    'refused: gap: serial 3 came', 'gap: serial 9 came, 8 is next', 'duplicate: refused',
    'refused: session 1 is over: outcome unknown, do not send again',
])
def test_a_gap_an_ended_session_and_a_robots_own_refusal_are_no_outcome(result):
    assert rules_after(OPENED, FIRST).told(SESSION, 3, result) == ''


@pytest.mark.parametrize(('wrong', 'due'), [
    (entry(4, 1, 'version 3'), 'a duplicate, 3 is next'),
    (refused(4, 2, 'duplicate: version 1'), "'refused: duplicate: version 2' was due"),
    (refused(4, 1, 'duplicate: refused'), "'refused: duplicate: applied' was due"),
    (entry(4, 4, 'version 3'), 'a gap, 3 is next'),
    (refused(4, 3, 'duplicate: version 2'), "'version 3' was due: carried out"),
    (entry(4, 3, 'version 4'), "'version 3' was due: carried out"),
    (refused(4, 3, 'x has version 2, not 2', expected=2), "'version 3' was due"),
    (entry(4, 3, 'version 3', expected=1), 'was due: refused for what it asks'),
    (entry(4, 3, 'version 3', stamp_ms=10_100), 'over, after 10000 ms without use'),
    (refused(4, 3, 'session 1 is over', stamp_ms=10_099), "'version 3' was due: carried out"),
])
def test_an_entry_that_does_not_answer_what_is_due_is_noticed(wrong, due):
    with pytest.raises(InvariantBroken, match=due):
        rules_after(OPENED, FIRST, SECOND, wrong)


def test_a_session_that_was_never_opened_takes_nothing():
    with pytest.raises(InvariantBroken, match='over, it was never opened'):
        rules_after(FIRST)


def test_every_kind_of_answer_is_counted():
    rules = rules_after(
        OPENED, FIRST, SECOND, THIRD, refused(5, 3, 'duplicate: refused: x has version 2, not 1'),
        refused(6, 5, 'gap: serial 5 came, 4 is next'),
        entry(7, 4, 'duplicate: applied', applied=False),  # a robot's own: nothing was tried
        refused(8, 4, 'session 1 is over: outcome unknown, do not send again', 10_150),
    )
    assert rules.answers == {'carried out': 2, 'refused for what it asks': 1, 'a duplicate': 1,
                             'a gap': 1, 'over': 1}


@pytest.mark.parametrize(('applied', 'held'), [
    (2, BoardValue('v1', 1)), (3, BoardValue('v2', 2)), (4, BoardValue('v2', 2)), (1, None),
])
def test_robots_hold_what_the_entries_they_applied_wrote(applied, held):
    rules = rules_after(OPENED, FIRST, SECOND, THIRD)
    rules.check_board('alpha', applied, {'x': held}.get)
    wrong = BoardValue('v3', held.version + 1 if held else 1)  # as if the refused one had written
    with pytest.raises(InvariantBroken, match='alpha holds'):
        rules.check_board('alpha', applied, {'x': wrong}.get)
