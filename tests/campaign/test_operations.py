# SPDX-License-Identifier: Apache-2.0
"""What operators do to a swarm under faults, and that the rules for it notice what breaks them."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from swarm_coordination.campaign.broken import InvariantBroken
from swarm_coordination.campaign.command_rules import CommandRules
from swarm_coordination.campaign.operator_rules import OperatorRules, WISH
from swarm_coordination.campaign.profiles import profile_named, PROFILES
from swarm_coordination.campaign.run import Run
from swarm_coordination.campaign.schedule import late, make_schedule
from swarm_coordination.mission.commands import (
    encode_command,
    Put,
    RosterRemove,
    TransferLeadership,
)
from swarm_coordination.persistence import IntentRecord, PersistRequest
from swarm_coordination.robot.outputs import CommittedEntry, NOTHING, RobotEvent

NODES = tuple(SimpleNamespace(number=n, name=f'r{n}', storage_id=100 + n) for n in range(4))


def test_operators_move_remove_and_add_robots_and_what_they_ask_for_holds():
    lines = []
    run = Run(make_schedule(profile_named('operations'), 2), lines.append)
    outcome = run.play()
    assert outcome.rule == '', outcome.text
    refused = 'the robot was taken off the roster'
    for what in (WISH, 'its battery is low', refused, 'joined as learners', 'promoted to voter'):
        assert any(what in line for line in lines), what


def test_only_this_profile_has_operators_and_robots_that_start_late():
    for profile in PROFILES.values():
        schedule = make_schedule(profile, 0)
        assert (len(late(schedule, profile)) > 0) is (profile.name == 'operations')
        assert profile.operators is (profile.name == 'operations')
        alone = late(schedule._replace(robots=1), profile)
        assert 0 not in alone  # somebody votes, however a schedule was cut


def entry(index, command, session=100, serial=1, term=1, applied=True):
    text = encode_command(command).decode()
    return CommittedEntry(index, term, session, serial, 0, text, applied, 'done')


def after(rules, robot, *entries, events=(), term=1):
    """Tell the rules of an event of a robot."""
    told = tuple(RobotEvent(0, *event) for event in events)
    output = NOTHING._replace(committed=entries, events=told)
    rules.after(NODES[robot], SimpleNamespace(term=term), output, 0)


def wished(term):
    """Return rules that saw an operator ask, in term 1, that robot 2 lead, and robot 0 obey."""
    rules = OperatorRules(NODES, set())
    after(rules, 1, entry(1, TransferLeadership(102)))
    after(rules, 0, entry(1, TransferLeadership(102)), events=obeyed(), term=term)
    return rules


def obeyed():
    return (('transfer', f'hands leadership to r2: {WISH}', 102),)


def test_a_wish_is_obeyed_once_and_in_its_own_term():
    rules = wished(1)
    with pytest.raises(InvariantBroken, match='obeyed before'):
        after(rules, 0, events=obeyed())
    with pytest.raises(InvariantBroken, match='not of that term'):
        wished(2)


def status(number, voters, may_vote=True):
    names = tuple(f'r{voter}' for voter in voters)
    return SimpleNamespace(name=f'r{number}', voters=names, learners=(), may_vote=may_vote)


def test_who_was_removed_has_no_vote_and_does_not_lead_once_all_has_healed():
    rules, gone = OperatorRules(NODES, set()), {101}
    three, two = (0, 1, 2), (0, 2)
    assert 'leads' in rules.unhealed([status(0, two)], NODES[1], gone)
    assert 'off the roster' in rules.unhealed([status(0, three), status(1, two)], NODES[0], gone)
    assert 'off the roster' in rules.unhealed([status(0, two), status(1, two)], NODES[0], gone)
    assert rules.unhealed([status(0, two), status(1, two, may_vote=False)], NODES[0], gone) == ''


def test_who_is_short_of_battery_leads_only_where_nobody_else_could():
    statuses = [status(0, (0, 1, 2)), status(1, (0, 1, 2)), status(2, (0, 1), may_vote=False)]
    assert OperatorRules(NODES, {0}).unhealed(statuses, NODES[0], ())
    assert OperatorRules(NODES, {0, 1}).unhealed(statuses, NODES[0], ()) == ''
    assert OperatorRules(NODES, {1}).unhealed(statuses, NODES[0], ()) == ''


def test_what_a_removed_robot_accepted_may_be_lost_and_never_takes_effect():
    rules = CommandRules()
    records = tuple(
        IntentRecord(serial, encode_command(Put('k', 'v'))) for serial in (1, 2)
    )
    rules.durable(NODES[1], PersistRequest(1, records), 0)
    after(rules, 1, events=(('accepted', '', 1), ('accepted', '', 2)))
    assert rules.lost() == ((101, 1), (101, 2))
    removal = RosterRemove(101)
    rules.durable(NODES[0], PersistRequest(1, (IntentRecord(1, encode_command(removal)),)), 0)
    after(rules, 0, entry(1, removal), entry(2, Put('k', 'v'), 101, applied=False))
    assert (rules.lost(), rules.removed) == ((), {101})
    with pytest.raises(InvariantBroken, match='has ended'):
        after(rules, 0, entry(3, Put('k', 'v'), 101, serial=2))
