# SPDX-License-Identifier: Apache-2.0
"""The director waits for conditions, performs actions in order, and never blocks."""

from __future__ import annotations

import json

import pytest
from scenario.records import IDS, ROBOTS, status
from scenario.stage import Play
from swarm_coordination.consensus.messages import Role
from swarm_coordination.mission.commands import AssignSlots, encode_command, StartMission
from swarm_coordination.mission.formations import Formation
from swarm_coordination.robot.outputs import CommittedEntry
from swarm_coordination.scenario.backend import Proposal, ProposalStage
from swarm_coordination.views import Mode

LINE = StartMission('line', Formation('line', 3000), ((0, 0, 0), (9000, 0, 0)), 500, 5000)


def commit(play: Play, index: int, command: object, session: int = 0, serial: int = 0) -> None:
    """Have every robot apply a command."""
    text = encode_command(command).decode()
    for name in ROBOTS:
        entry = CommittedEntry(index, 1, session, serial, 0, text, True, '')
        play.recorder.committed(play.now_s, name, 1, entry)


def test_a_phase_lasts_until_its_condition_holds():
    play = Play([{'name': 'wait', 'until': ['leader']}])
    play.swarm.said['r2'] = status('r2', leader=0, leader_name='')
    play.run(5.0)
    assert not play.director.done

    play.swarm.said['r2'] = status('r2')
    play.run(0.2)
    assert play.director.done
    assert play.unmet == []


def test_a_condition_has_to_hold_for_its_whole_time_on_end():
    play = Play([{'name': 'wait', 'until': [{'is': 'leader', 'for_s': 1.0}]}])
    play.run(0.8)
    play.swarm.said['r2'] = status('r2', leader=0, leader_name='')
    play.run(0.1)
    play.swarm.said['r2'] = status('r2')
    play.run(0.9)
    assert not play.director.done

    play.run(0.3)
    assert play.director.done


def test_what_does_not_come_true_in_time_is_recorded_and_the_play_goes_on():
    play = Play([
        {'name': 'never', 'until': [{'is': 'holding', 'of': 'running'}], 'timeout_s': 2.0},
        {'name': 'next', 'actions': [{'do': 'note', 'text': 'still here'}]},
    ])
    play.run(3.0)

    assert play.director.done
    assert play.unmet == ['holding (running)']
    assert [action.text for action in play.recorder.record.actions] == ['still here']


def test_an_action_that_finds_no_robot_is_given_up_after_its_time():
    play = Play([{'name': 'back', 'actions': [
        {'do': 'restart', 'robot': 'killed', 'timeout_s': 1.0}]}])
    play.run(2.0)

    assert play.unmet == ['restart killed within 1 s']


def test_the_hard_end_of_the_scenario_counts_what_was_never_begun():
    play = Play([
        {'name': 'long', 'until': ['holding'], 'timeout_s': 100.0}, {'name': 'never'},
    ], duration_s=3.0)
    play.run(4.0)

    assert play.director.done
    assert play.unmet == ['run ended after 3.0 s', 'never begun']


def test_actions_come_one_after_the_other_with_their_delays():
    play = Play([{'name': 'both', 'actions': [
        {'do': 'kill', 'robot': 'leader', 'after_s': 1.0},
        {'do': 'restart', 'robot': 'killed', 'after_s': 2.0, 'keep_disk': False},
    ]}])
    play.run(1.05)
    assert play.swarm.done == []

    play.run(0.2)
    assert play.swarm.done == [('kill', 'r5')]
    play.run(2.2)
    assert play.swarm.done == [('kill', 'r5'), ('restart', 'r5', False)]


def test_a_split_puts_the_lowest_slots_into_the_minority():
    play = Play([{'name': 'cut', 'actions': [{'do': 'split'}, {'do': 'heal', 'after_s': 1.0}]}])
    for slot, name in enumerate(reversed(ROBOTS)):
        play.swarm.said[name] = status(name, slot=slot)
    play.run(3.0)

    assert play.swarm.done == [
        ('partition', (('r5', 'r4'), ('r3', 'r2', 'r1'))), ('partition', None),
    ]


def test_a_robot_is_muted_for_some_or_for_all_others_until_a_heal():
    play = Play([{'name': 'deaf', 'actions': [
        {'do': 'mute', 'robot': 'r1', 'to': ['r2', 'r3']}, {'do': 'mute', 'robot': 'r2'},
        {'do': 'heal'},
    ]}])
    play.run(1.0)

    assert play.swarm.done == [
        ('mute', 'r1', ('r2', 'r3')), ('mute', 'r2', ('r1', 'r3', 'r4', 'r5')),
        ('partition', None),
    ]


def test_an_attack_is_asked_for_as_the_scenario_says():
    play = Play([{'name': 'flood', 'actions': [{'do': 'attack', 'rate_hz': 50, 'for_s': 2}]}])
    play.run(1.0)

    assert play.swarm.done == [('attack', 50.0, 2.0)]
    assert [action.frames for action in play.recorder.record.actions] == [100]


def test_a_phase_ends_no_sooner_than_its_attack_and_says_so_where_that_takes_too_long():
    attack = {'do': 'attack', 'rate_hz': 50, 'for_s': 2}
    for ends in (True, False):
        play = Play([{'name': 'flood', 'actions': [attack], 'timeout_s': 5.0}])
        play.swarm.under_attack = True
        play.run(3.0)
        assert not play.director.done
        play.swarm.under_attack = not ends
        play.run(3.0)
        assert play.director.done
        assert play.unmet == ([] if ends else ['the end of the attack'])


def test_a_dead_robot_stays_with_the_largest_group():
    play = Play([{'name': 'cut', 'actions': [
        {'do': 'kill', 'robot': 'r1'}, {'do': 'split', 'groups': [['r2'], ['r3', 'r4', 'r5']]},
    ]}])
    play.run(1.0)

    assert play.swarm.done[-1] == ('partition', (('r2',), ('r3', 'r4', 'r5', 'r1')))


def test_the_majority_is_the_group_of_most_voters_and_not_of_most_robots():
    play = Play([{'name': 'cut', 'actions': [
        {'do': 'split', 'groups': [['r1', 'r2'], ['r3', 'r4', 'r5']]},
        {'do': 'put', 'robot': 'minority', 'key': 'k', 'value': 'v'},
    ]}])
    for name in ROBOTS:
        play.swarm.said[name] = status(name, voters=('r1', 'r2', 'r3'))
    play.run(1.0)

    (_, groups), (_, robot, _) = play.swarm.done[-2:]
    assert groups == (('r3', 'r4', 'r5'), ('r1', 'r2'))
    assert robot == 'r5'


def test_the_minority_is_asked_where_the_scenario_says_so():
    play = Play([{'name': 'cut', 'actions': [
        {'do': 'split', 'groups': [['r1', 'r2'], ['r3', 'r4', 'r5']]},
        {'do': 'put', 'robot': 'minority', 'key': 'k', 'value': 'v'},
    ]}])
    play.run(1.0)

    _, robot, command = play.swarm.done[-1]
    assert robot == 'r2'
    assert json.loads(command) == {'kind': 'put', 'key': 'k', 'value': 'v'}
    assert play.recorder.record.accepted[0].during_split == 'minority'


def test_numbered_puts_come_at_their_period():
    play = Play([{'name': 'puts', 'actions': [
        {'do': 'put', 'key': 'k', 'value': 'v', 'times': 3, 'every_s': 1.0}]}])
    play.run(1.5)
    assert len(play.swarm.done) == 2

    play.run(2.0)
    assert [json.loads(done[2])['key'] for done in play.swarm.done] == ['k.1', 'k.2', 'k.3']
    assert play.director.done


def test_a_refused_proposal_is_recorded():
    play = Play([{'name': 'put', 'actions': [{'do': 'put', 'key': 'k'}]}])
    play.swarm.answer = Proposal(ProposalStage.REFUSED, text='queue full')
    play.run(1.0)

    assert play.recorder.record.refused == ['r5: refused: queue full']
    assert play.recorder.record.accepted == []


def test_a_phase_waits_for_the_answer_to_what_it_submitted():
    play = Play([{'name': 'put', 'actions': [{'do': 'put', 'key': 'k'}], 'timeout_s': 2.0}])
    play.swarm.answer = Proposal(ProposalStage.PENDING)
    play.run(1.0)
    assert not play.director.done

    play.run(2.0)
    assert play.unmet == ['an answer to what was submitted']


def test_way_points_move_to_the_centroid_of_the_group():
    mission = {
        'name': 'there', 'formation': {'shape': 'line', 'spacing_m': 3.0},
        'path': [[0.0, 1.0], [2.0, 1.0]], 'speed_mps': 0.5, 'lease_s': 5.0,
    }
    play = Play([{'name': 'fly', 'actions': [
        {'do': 'submit', 'mission': mission, 'around': 'running'}]}])
    play.run(1.0)

    command = json.loads(play.swarm.done[0][2])
    assert command['path'] == [[6000, 1000], [8000, 1000]]


def test_slots_are_awaited_of_exactly_the_group():
    play = Play([{'name': 'wait', 'until': ['slots']}])
    commit(play, 1, LINE)
    commit(play, 2, AssignSlots(1, 0, tuple(IDS.values())))
    for slot, name in enumerate(ROBOTS):
        play.swarm.said[name] = status(name, epoch=2, slot=slot)
    play.swarm.dead.add('r1')
    play.run(1.0)
    assert not play.director.done  # a dead robot still has one

    commit(play, 3, AssignSlots(1, 2, tuple(IDS.values())[1:]))
    for slot, name in enumerate(ROBOTS[1:]):
        play.swarm.said[name] = status(name, epoch=3, slot=slot)
    play.run(0.2)
    assert play.director.done


def test_committed_means_applied_by_every_robot():
    play = Play([
        {'name': 'put', 'actions': [{'do': 'put', 'key': 'k'}]},
        {'name': 'wait', 'until': ['committed']},
    ])
    play.run(1.0)
    assert not play.director.done

    entry = CommittedEntry(1, 1, IDS['r5'], 1, 0, '', True, '')
    for name in ROBOTS[:4]:
        play.recorder.committed(1.0, name, 1, entry)
    play.run(0.2)
    assert not play.director.done
    play.recorder.committed(1.2, 'r5', 1, entry)
    play.run(0.2)
    assert play.director.done


def test_nothing_is_committed_while_an_answer_is_due():
    play = Play([{'name': 'put', 'actions': [
        {'do': 'put', 'key': 'k'}, {'do': 'note', 'text': 'n', 'when': 'committed'}]}])
    play.swarm.answer = Proposal(ProposalStage.PENDING)
    play.run(1.0)
    assert [action.do for action in play.recorder.record.actions] == ['put']

    play.swarm.answers[0] = Proposal(ProposalStage.REFUSED)
    play.run(0.3)
    assert [action.do for action in play.recorder.record.actions] == ['put', 'note']


@pytest.mark.parametrize(('kind', 'before', 'after'), [
    ('holding', {'mode': Mode.FLY}, {'mode': Mode.LEASE_EXPIRED}),
    ('flying', {'mode': Mode.HOLD}, {'mode': Mode.FLY}),
    ('caught_up', {'commit': 4, 'applied': 3}, {'commit': 4, 'applied': 4}),
    ('together', {'alive': ROBOTS[1:]}, {'alive': ROBOTS}),
    ('voters', {'role': Role.LEARNER}, {'role': Role.FOLLOWER}),
    ('one_log', {'pending_intents': 1}, {'pending_intents': 0}),
])
def test_conditions_are_true_only_when_true_of_every_robot(kind, before, after):
    play = Play([{'name': 'wait', 'until': [kind]}])
    for name in ROBOTS:
        play.swarm.said[name] = status(name, **after)
    play.swarm.said['r3'] = status('r3', **before)
    play.run(1.0)
    assert not play.director.done

    play.swarm.said['r3'] = status('r3', **after)
    play.run(0.2)
    assert play.director.done


def test_stops_are_lifted_by_the_counters_raised():
    play = Play([{'name': 'stop', 'actions': [
        {'do': 'stop', 'robot': 'r2', 'level': 2}, {'do': 'lift', 'robot': 'r3'}]}])
    play.run(1.0)
    assert play.swarm.done == [('stop', 'r2', 2)]  # under which counter is still to be said

    play.swarm.answered.append(('r2', 1_048_577))
    play.run(1.0)
    assert json.loads(play.swarm.done[1][2]) == {
        'kind': 'lift_stop', 'counters': [[IDS['r2'], 1_048_577]],
    }
