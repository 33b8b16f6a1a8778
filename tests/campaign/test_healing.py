# SPDX-License-Identifier: Apache-2.0
"""Who has healed stays so: every look between then and the end says it."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from swarm_coordination.arena.air import Condition
from swarm_coordination.arena.arena import START_NS
from swarm_coordination.campaign.broken import InvariantBroken
from swarm_coordination.campaign.command_rules import CommandRules
from swarm_coordination.campaign.healing import (
    BOUND_MS,
    Healing,
    SETTLED_MS,
    UNDER_WAY_MS,
    unpromoted,
)
from swarm_coordination.campaign.raft_rules import RaftRules
from swarm_coordination.campaign.run import Run
from swarm_coordination.campaign.schedule import Schedule
from swarm_coordination.campaign.stop_rules import StopRules
from swarm_coordination.mission.commands import TransferLeadership
from swarm_coordination.robot.outputs import NOTHING, RobotEvent
from swarm_coordination.units import NS_PER_MS

CALM_MS = 4_000
CALM = Schedule('quiet', 1, 3, 'full', (1, 5), (0, 0), CALM_MS, CALM_MS + 18_000, ())


def played(*acts):
    """Return what became of a calm run in which these (ms after the calm, act) were done."""
    run = Run(CALM)
    for at_ms, act in acts:
        run.arena.queue.push(START_NS + (CALM_MS + at_ms) * NS_PER_MS,
                             lambda now, act=act: act(run))
    return run.play()


@pytest.mark.parametrize(('from_ms', 'to_ms'), [(5_000, 15_000), (13_000, 15_500)])
def test_links_that_die_between_the_healing_and_the_end_are_noticed(from_ms, to_ms):
    handles = []
    outcome = played(
        (from_ms, lambda run: handles.append(run.arena.air.lay(Condition(loss=1.0)))),
        (to_ms, lambda run: run.arena.air.lift(handles[0])),
    )
    assert outcome.rule == 'Stays healed'
    assert 'no leader that all know' in outcome.text


def test_a_leader_that_hands_over_as_it_was_asked_to_is_no_fault():
    terms = []

    def transfer(run):
        leader = run.arena.agreed_leader()
        other = run.arena.nodes[(leader.number + 1) % 3]
        run._clients.submit(leader.number, TransferLeadership(other.storage_id))
        terms.append(leader.core.term)

    outcome = played((8_000, transfer),
                     (10_000, lambda run: terms.append(run.arena.agreed_leader().core.term)))
    assert outcome.rule == '', outcome.text
    assert terms[1] > terms[0]


class Swarm:
    """Three robots as an arena shows them: whole, under r1 in term 2."""

    def __init__(self):
        self.queue = SimpleNamespace(now=START_NS)
        self.term, self.leads, self.alive = 2, True, ('r1', 'r2', 'r3')
        self.nodes = tuple(
            SimpleNamespace(number=n, name=f'r{n + 1}', storage_id=n + 1, core=None)
            for n in range(3)
        )
        self.entries = [9, 9, 9]
        self.voters, self.learners = ('r1', 'r2', 'r3'), ()

    def agreed_leader(self):
        core = SimpleNamespace(term=self.term)
        return SimpleNamespace(name='r1', number=0, core=core) if self.leads else None

    def status(self, number):
        return SimpleNamespace(
            name=f'r{number + 1}', last_index=self.entries[number], commit=9, applied=9,
            state_hash=1, alive=self.alive, pending_intents=0, leader_name='r1', term=self.term,
            voters=self.voters, learners=self.learners,
        )


@pytest.fixture
def swarm():
    return Swarm()


@pytest.fixture
def healing(swarm):
    """Return the watch of a swarm that was whole at the end of all faults."""
    watch = Healing(swarm, CommandRules(), StopRules(RaftRules(swarm.nodes, (1, 2, 3))), None)
    watch.look(0)
    return watch


BREAKS = pytest.mark.parametrize(('name', 'value', 'text'), [
    ('term', 3, 'r1 leads term 3; it had healed in term 2'),
    ('leads', False, 'no leader that all know: r1: r1 in 2'),
    ('alive', ('r1', 'r3'), 'r1 is wrong about who lives: r2'),
])


@BREAKS
def test_what_a_healed_swarm_loses_is_noticed(name, value, text, swarm, healing):
    setattr(swarm, name, value)
    with pytest.raises(InvariantBroken, match=f'^Stays healed: 3.25 s .*: {text}'):
        healing.look(SETTLED_MS + 250)


@BREAKS
def test_what_a_fault_began_may_end_after_the_calm(name, value, text, swarm, healing):
    before = getattr(swarm, name)
    setattr(swarm, name, value)
    healing.look(250)
    assert healing.healed_ms == (250 if name == 'term' else None)  # whole in a new term at once
    setattr(swarm, name, before)
    healing.look(500)
    assert healing.healed_ms == 500


def test_logs_that_differ_for_a_moment_are_no_fault(swarm, healing):
    swarm.entries[1] = 10
    healing.look(BOUND_MS + 250)
    assert healing.healed_ms == 0


def test_who_never_heals_is_noticed_at_the_bound_and_not_before(swarm):
    swarm.entries[1] = 10
    watch = Healing(swarm, CommandRules(), StopRules(RaftRules(swarm.nodes, (1, 2, 3))), None)
    watch.look(BOUND_MS - 250)
    with pytest.raises(InvariantBroken, match=r'^Heals: 12 s after the last fault: not the same'):
        watch.look(BOUND_MS)


def test_a_hand_over_gives_the_next_leader_a_second(swarm, healing):
    swarm.queue.now += 8_000 * NS_PER_MS
    told = RobotEvent(0, 'transfer', 'hands over', 2)
    healing.after(swarm.nodes[0], None, NOTHING._replace(events=(told,)), swarm.queue.now)
    swarm.leads = False
    healing.look(8_250)
    swarm.queue.now += UNDER_WAY_MS * NS_PER_MS
    healing.look(9_000)
    swarm.queue.now += 1
    with pytest.raises(InvariantBroken, match='no leader that all know'):
        healing.look(BOUND_MS)


def test_after_a_hand_over_the_next_leader_leads_on(swarm, healing):
    swarm.queue.now += 8_000 * NS_PER_MS
    told = RobotEvent(0, 'transfer', 'hands over', 2)
    healing.after(swarm.nodes[0], None, NOTHING._replace(events=(told,)), swarm.queue.now)
    swarm.term = 3
    healing.look(8_250)
    swarm.queue.now += (UNDER_WAY_MS + 1) * NS_PER_MS
    swarm.term = 4
    with pytest.raises(InvariantBroken, match='leads term 4; it had healed in term 3'):
        healing.look(9_500)


@pytest.mark.parametrize(('voters', 'learners', 'lost', 'most', 'text'), [
    (3, (), (), 7, ''),
    (2, ('r3',), (), 7, '2 vote, and r3 could'),
    (2, ('r3',), (2,), 7, ''),  # its disk is not to be trusted
    (2, ('r3',), (), 2, ''),
    (3, ('r3',), (), 7, ''),  # a fourth would not let one more be lost
    (1, ('r2', 'r3'), (), 7, '1 vote, and r2, r3 could'),
    (1, ('r2', 'r3'), (), 2, ''),
    (1, ('r2', 'r3'), (1,), 7, ''),
])
def test_learners_that_would_make_the_voters_odd_have_to_vote_by_the_end(
    voters, learners, lost, most, text, swarm,
):
    swarm.voters, swarm.learners = ('r1', 'r2', 'r4')[:voters], learners
    assert unpromoted(swarm, lost, most) == text
