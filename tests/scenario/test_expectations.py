# SPDX-License-Identifier: Apache-2.0
"""Every expectation can fail: a good record passes, and each broken one fails where it should."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from scenario.records import (
    at,
    END_S,
    entry,
    good_record,
    HEAL_S,
    IDS,
    LOG,
    sample,
    SPLIT_S,
)
from swarm_coordination.consensus.messages import Role
from swarm_coordination.scenario.expectations import judge
from swarm_coordination.scenario.record import (
    Accepted,
    ActionTaken,
    Commit,
    FormationError,
    Jump,
    Record,
    StatusChange,
)
from swarm_coordination.scenario.schema import Bounds


def failed(record: Record) -> list[str]:
    """Return the names of the expectations that did not hold."""
    return [e.name for e in judge(record, Bounds()) if not e.ok]


def test_a_good_record_holds_every_expectation():
    assert failed(good_record()) == []


def two_leaders(record: Record) -> None:
    wrong = at('r4', 2, role=Role.LEADER, leader=IDS['r4'], leader_name='r4')
    record.statuses.append(StatusChange(39.0, 'r4', wrong))


def another_entry(record: Record) -> None:
    wrong = LOG[4]._replace(command='other')
    record.commits = [c._replace(entry=wrong) if c.robot == 'r4' and c.entry.index == 4 else c
                      for c in record.commits]


def another_term(record: Record) -> None:
    record.commits = [c._replace(entry=c.entry._replace(term=9))
                      if c.robot == 'r2' and c.entry.index == 2 else c for c in record.commits]


def behind(record: Record) -> None:
    record.final['r2'] = at('r2', 5)


def all_behind_what_one_had_applied(record: Record) -> None:
    record.commits.append(Commit(39.0, 'r5', 1, entry(7)))


def another_state(record: Record) -> None:
    record.final['r4'] = record.final['r4']._replace(state_hash=1)


def lost_command(record: Record) -> None:
    record.accepted.append(Accepted(35.0, 'r5', IDS['r5'], 9, 'put', ''))


def lost_at_one_robot(record: Record) -> None:
    record.commits = [c for c in record.commits
                      if not (c.robot == 'r4' and c.entry.index == 5)]


def forgotten_by_the_restarted(record: Record) -> None:
    record.commits = [c for c in record.commits
                      if not (c.robot == 'r3' and c.life == 2 and c.entry.index == 1)]


def applied_twice(record: Record) -> None:
    for name in IDS:
        life = 2 if name == 'r3' else 1
        again = LOG[2]._replace(index=7)
        record.commits.append(Commit(39.0, name, life, again))
        record.final[name] = at(name, 7)


def too_close(record: Record) -> None:
    record.min_distance_m = 0.59


def apart_outside_the_split(record: Record) -> None:
    record.samples[35] = record.samples[35]._replace(connected=False)


def out_of_range_during_the_split(record: Record) -> None:
    record.samples[24] = record.samples[24]._replace(reachable=False)


def slow_election(record: Record) -> None:
    record.statuses = [c._replace(time_s=11.6) if c.robot == 'r2' and c.time_s == 10.5 else c
                       for c in record.statuses]
    record.statuses.sort(key=lambda change: change.time_s)


def no_new_leader(record: Record) -> None:
    record.statuses = [c for c in record.statuses if c.robot != 'r4' or c.time_s < 10.0]


def restarted_without_a_slot(record: Record) -> None:
    record.statuses = [c._replace(status=c.status._replace(slot=-1))
                       if c.robot == 'r3' and c.time_s > 15.0 else c for c in record.statuses]


def restarted_and_slow(record: Record) -> None:
    empty = at('r3', 0, incarnation=2)
    record.statuses = [c._replace(status=empty) if c.robot == 'r3' and 15.0 < c.time_s < 23.0
                       else c for c in record.statuses]


def minority_commits(record: Record) -> None:
    record.commits.append(Commit(SPLIT_S + 1.0, 'r1', 1, LOG[3]))


def majority_stalls(record: Record) -> None:
    record.commits = [c._replace(time_s=HEAL_S + 0.5)
                      if SPLIT_S < c.time_s < HEAL_S and c.entry.index > 3 else c
                      for c in record.commits]


def queued_twice(record: Record) -> None:
    record.commits.append(Commit(33.0, 'r4', 1, LOG[6]._replace(index=6)))


def queued_before_the_heal(record: Record) -> None:
    record.commits = [c._replace(time_s=HEAL_S - 1.0)
                      if c.robot == 'r5' and c.entry.index == 6 else c for c in record.commits]


def never_one_log(record: Record) -> None:
    record.statuses = [c._replace(status=c.status._replace(state_hash=3))
                       if c.robot == 'r2' and c.time_s > HEAL_S else c for c in record.statuses]


def still_queued(record: Record) -> None:
    record.statuses = [c._replace(status=c.status._replace(pending_intents=1))
                       if c.robot == 'r1' and c.time_s > HEAL_S else c for c in record.statuses]


def out_of_shape(record: Record) -> None:
    record.samples[-1] = sample(40.0, formation=FormationError(5, 0.4, 0.45, 0.5))


def one_out_of_shape(record: Record) -> None:
    record.samples[-1] = sample(40.0, formation=FormationError(5, 0.29, 0.6, 0.5))


def off_the_path(record: Record) -> None:
    record.samples[-1] = sample(40.0, formation=FormationError(5, 0.1, 0.1, 0.7))


def no_formation(record: Record) -> None:
    record.samples[-1] = sample(40.0, formation=None)


def two_known_leaders(record: Record) -> None:
    record.samples[-1] = sample(40.0, leaders=2)


def nobody_leads(record: Record) -> None:
    record.samples[-1] = sample(40.0, leader='')


def apart_at_the_end(record: Record) -> None:
    record.samples[-1] = sample(40.0, connected=False)


def unmet(record: Record) -> None:
    record.phases[0] = record.phases[0]._replace(unmet=('leader (running)',))


BROKEN: list[tuple[Callable[[Record], None], str]] = [
    (two_leaders, 'terms with two leaders'),
    (another_entry, 'entries that differ between logs'),
    (another_term, 'entries that differ between logs'),
    (behind, 'robots with another log at the end'),
    (all_behind_what_one_had_applied, 'robots with another log at the end'),
    (another_state, 'states that differ at one log index'),
    (lost_command, 'acknowledged commands lost'),
    (lost_at_one_robot, 'acknowledged commands lost'),
    (forgotten_by_the_restarted, 'acknowledged commands lost'),
    (applied_twice, 'commands applied twice'),
    (too_close, 'least distance of any two robots'),
    (apart_outside_the_split, 'radio graph not connected (outside splits)'),
    (out_of_range_during_the_split, 'robots out of radio range'),
    (slow_election, 'new leader known to all survivors of r3'),
    (no_new_leader, 'new leader known to all survivors of r3'),
    (restarted_without_a_slot, 'r3 back in log and formation'),
    (restarted_and_slow, 'r3 back in log and formation'),
    (minority_commits, 'split 1: entries committed by the minority'),
    (majority_stalls, 'split 1: commands committed by the majority'),
    (queued_twice, 'split 1: commands queued and not committed exactly once after the heal'),
    (queued_before_the_heal,
     'split 1: commands queued and not committed exactly once after the heal'),
    (never_one_log, 'split 1: one log everywhere after the heal'),
    (still_queued, 'split 1: one log everywhere after the heal'),
    (out_of_shape, 'heal: formation error, RMSE'),
    (one_out_of_shape, 'heal: formation error, largest'),
    (off_the_path, 'heal: formation error, absolute'),
    (no_formation, 'heal: formation error, RMSE'),
    (two_known_leaders, 'heal: leaders known'),
    (nobody_leads, 'heal: leaders known'),
    (apart_at_the_end, 'heal: radio graph in parts'),
    (unmet, 'phases that did not complete'),
    (lambda record: record.refused.append('full'), 'proposals not acknowledged'),
    (lambda record: record.violations.append('broken'), 'invariants broken'),
    (lambda record: setattr(record, 'dropped', 1), 'records dropped'),
]


@pytest.mark.parametrize(
    ('damage', 'name'), BROKEN, ids=[f'{number}-{name}' for number, (_, name) in enumerate(BROKEN)]
)
def test_a_broken_record_fails_where_it_should(damage: Callable[[Record], None], name: str):
    record = good_record()
    damage(record)

    assert name in failed(record)


def test_every_expectation_of_a_run_is_broken_by_some_record():
    named = {e.name for e in judge(good_record(), Bounds())}
    both = {name.replace('all:', 'heal:') for name in named}

    assert both == {name for _, name in BROKEN}


@pytest.mark.parametrize(('index', 'lost'), [(5, False), (3, True)])
def test_what_a_snapshot_holds_is_not_lost(index, lost):
    record = good_record()  # r4 restarts and goes on from a snapshot: it never sees 1 to index
    record.commits = [c for c in record.commits if c.robot != 'r4']
    record.commits.append(Commit(31.5, 'r4', 2, LOG[6]))
    record.jumps.append(Jump(30.5, 'r4', 2, index))

    assert ('acknowledged commands lost' in failed(record)) is lost
    assert 'split 1: queued' not in failed(record)


def test_an_intent_that_came_by_a_snapshot_after_the_heal_came_once():
    record = good_record()
    record.commits = [c for c in record.commits if (c.robot, c.entry.index) != ('r4', 6)]
    before = failed(record)
    record.jumps.append(Jump(31.5, 'r4', 1, 6))
    after = failed(record)

    assert 'split 1: commands queued and not committed exactly once after the heal' in before
    assert 'split 1: commands queued and not committed exactly once after the heal' not in after


def test_a_command_that_waits_on_the_disk_of_a_dead_robot_is_not_lost():
    record = good_record()
    record.accepted.append(Accepted(35.0, 'r4', IDS['r4'], 9, 'put', ''))
    del record.final['r4']

    assert 'acknowledged commands lost' not in failed(record)


def test_an_entry_on_its_way_at_the_split_is_no_commit_of_the_minority():
    record = good_record()
    record.commits.append(Commit(SPLIT_S + 0.1, 'r1', 1, LOG[3]))

    assert 'split 1: entries committed by the minority' not in failed(record)


def test_the_time_a_process_takes_to_start_is_not_held_against_the_swarm():
    record = good_record()
    record.statuses = [c for c in record.statuses
                       if not (c.robot == 'r3' and 15.0 < c.time_s < 24.0)]

    assert 'r3 back in log and formation' not in failed(record)


def test_an_election_is_judged_only_where_the_killed_robot_led():
    record = good_record()
    record.actions[0] = record.actions[0]._replace(robots=('r2',))

    names = [e.name for e in judge(record, Bounds())]
    assert not any(name.startswith('new leader') for name in names)


def test_an_expectation_without_data_fails():
    record = good_record()
    record.samples = []

    assert 'radio graph not connected (outside splits)' in failed(record)
    assert 'heal: leaders known' in failed(record)


def at_the_end(record: Record, *leaders: int, leader: str = 'r5') -> Record:
    """Replace the samples of the last seconds by some at 10 Hz that know so many leaders."""
    first_s = END_S - (len(leaders) - 1) / 10
    record.samples = [s for s in record.samples if s.time_s < first_s - 0.05] + [
        sample(first_s + n / 10, leaders=known, leader=leader)
        for n, known in enumerate(leaders)
    ]
    return record


def test_one_who_is_late_in_one_sample_is_not_held_against_a_swarm_that_agrees():
    record = at_the_end(good_record(), *(1,) * 15, 2)

    assert 'heal: leaders known' not in failed(record)


def test_a_swarm_that_agrees_only_now_and_then_has_no_leader():
    record = at_the_end(good_record(), *(2, 1, 1, 1, 1) * 4, 2)

    assert 'heal: leaders known' in failed(record)


def test_what_was_agreed_longer_ago_than_a_phase_looks_back_does_not_count():
    record = at_the_end(good_record(), *(1,) * 9, *(2,) * 21)

    assert 'heal: leaders known' in failed(record)


def test_what_was_agreed_before_the_last_action_does_not_count():
    record = at_the_end(good_record(), *(1,) * 15, *(2,) * 4)
    assert 'heal: leaders known' not in failed(record)
    record.actions.append(ActionTaken(END_S - 0.32, 'heal', 'kill', ('r5',), ''))

    assert 'heal: leaders known' in failed(record)


def test_a_leader_of_whom_most_know_another_at_the_end_does_not_count():
    record = at_the_end(good_record(), *(1,) * 15, *(2,) * 4)
    record.samples[-1] = record.samples[-1]._replace(leader='r4')

    assert 'heal: leaders known' in failed(record)


def test_a_leader_that_does_not_run_is_none():
    record = good_record()
    record.samples = [s._replace(running=(True,) * 4 + (False,)) for s in record.samples]

    assert 'heal: leaders known' in failed(record)


def test_an_entry_that_is_committed_while_the_run_ends_need_not_be_everywhere():
    record = good_record()
    record.commits.append(Commit(END_S - 0.2, 'r5', 1, entry(7)))
    record.final['r5'] = at('r5', 7)

    assert failed(record) == []


def attacked(sent: int, refused: int) -> Record:
    """Return a run in which 1,000 hostile frames were asked for."""
    record = good_record()
    record.actions.append(ActionTaken(5.0, 'form', 'attack', (), '', (), 1_000))
    record.figures['attacks'] = [{'frames': sent}]
    record.final = {
        name: said._replace(frames_rejected=refused) for name, said in record.final.items()
    }
    return record


def test_hostile_frames_must_have_been_sent_and_refused_in_proportion_to_what_was_asked():
    assert not [name for name in failed(attacked(950, 200)) if 'hostile' in name]
    assert 'hostile frames sent, at least' in failed(attacked(949, 900))
    assert 'hostile frames refused by each robot, at least' in failed(attacked(1_000, 199))
