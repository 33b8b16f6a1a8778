# SPDX-License-Identifier: Apache-2.0
"""Clients from outside have their commands carried out exactly once, whomever they ask."""

from __future__ import annotations

import pytest
from swarm_coordination.campaign.broken import InvariantBroken
from swarm_coordination.campaign.campaign import play_seed
from swarm_coordination.campaign.session_rules import SessionRules
from swarm_coordination.mission.client_commands import ClientOpen
from swarm_coordination.mission.commands import ClientCommand, encode_command, Put
from swarm_coordination.robot.outputs import CommittedEntry, NOTHING

ROBOT, SESSION = 77, 1


def test_clients_that_ask_again_elsewhere_are_told_what_their_commands_did(monkeypatch):
    told, seen = SessionRules.told, []

    def note(self, session, serial, result):
        seen.append(result)
        return told(self, session, serial, result)

    monkeypatch.setattr(SessionRules, 'told', note)
    outcome = play_seed('outsiders', 0)

    assert not outcome.rule
    assert 'a duplicate not applied' in outcome.states
    assert any(result.startswith('version ') for result in seen)
    assert any(result.startswith('refused: duplicate: version ') for result in seen)
    assert any(result == 'refused: duplicate: applied' for result in seen)


def entry(index, serial, result, stamp_ms=0, *, applied=True):
    command = ClientCommand(SESSION, serial, Put('x', 'v'))
    if serial == 0:
        command = ClientOpen(10_000)
    return CommittedEntry(
        index, 1, ROBOT, index, stamp_ms, encode_command(command).decode(), applied, result
    )


def rules_after(*entries):
    rules = SessionRules()
    rules.after(None, None, NOTHING._replace(committed=entries), 0)
    return rules


OPENED = entry(1, 0, 'session 1')
FIRST, SECOND = entry(2, 1, 'version 1', 50), entry(3, 2, 'version 2', 100)


@pytest.mark.parametrize('result', ['version 1', 'refused: duplicate: version 1',
                                    'refused: duplicate: applied'])
def test_what_a_command_did_may_be_told_by_any_answer(result):
    assert rules_after(OPENED, FIRST, SECOND).told(SESSION, 1, result)


@pytest.mark.parametrize(('serial', 'result'), [
    (1, 'version 2'), (2, 'refused: duplicate: version 1'), (3, 'refused: duplicate: applied'),
    (1, 'refused: duplicate: refused'), (1, 'refused: duplicate: result no longer kept'),
])
def test_what_a_command_did_not_do_must_not_be_told(serial, result):
    with pytest.raises(InvariantBroken, match='Exactly once'):
        rules_after(OPENED, FIRST, SECOND).told(SESSION, serial, result)


def test_a_gap_is_no_outcome():
    assert not rules_after(OPENED, FIRST).told(SESSION, 3, 'refused: gap: serial 3 came')


@pytest.mark.parametrize('again', [entry(3, 1, 'version 2'), entry(3, 3, 'version 2')])
def test_a_second_effect_and_one_out_of_order_are_noticed(again):
    with pytest.raises(InvariantBroken, match='2 was next'):
        rules_after(OPENED, FIRST, again)


def test_a_session_is_over_only_after_its_time():
    def over(stamp_ms):
        return entry(4, 3, 'refused: session 1 is over: outcome unknown', stamp_ms, applied=False)

    rules_after(OPENED, FIRST, SECOND, over(10_100))
    with pytest.raises(InvariantBroken, match='over after 9999 ms'):
        rules_after(OPENED, FIRST, SECOND, over(10_099))
