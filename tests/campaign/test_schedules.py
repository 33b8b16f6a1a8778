# SPDX-License-Identifier: Apache-2.0
"""Schedules: values that a seed gives, that survive JSON, and that stay within the model."""

from __future__ import annotations

from collections import Counter
import json

import pytest
from swarm_coordination.campaign.faults import Fault, KINDS
from swarm_coordination.campaign.profiles import profile_named, PROFILES
from swarm_coordination.campaign.schedule import (
    FIRST_MS,
    make_schedule,
    PAUSE_MAX_MS,
    schedule_from_json,
)
from swarm_coordination.errors import UsageError

DRAWN = [make_schedule(PROFILES['general'], seed) for seed in range(300)]


def test_a_seed_gives_one_schedule_and_another_seed_another():
    assert make_schedule(PROFILES['general'], 7) == DRAWN[7]
    assert len(set(DRAWN)) == len(DRAWN)


@pytest.mark.parametrize('schedule', DRAWN[:20], ids=lambda s: str(s.seed))
def test_a_schedule_survives_json(schedule):
    assert schedule_from_json(json.loads(json.dumps(schedule.to_json()))) == schedule


def test_the_general_profile_draws_every_kind_of_fault_on_three_to_nine_robots():
    assert {fault.kind for schedule in DRAWN for fault in schedule.faults} == set(KINDS)
    assert {schedule.robots for schedule in DRAWN} == set(range(3, 10))
    assert {schedule.shape for schedule in DRAWN} == {'full', 'line', 'ring', 'grid'}


def test_what_every_test_run_plays_has_every_kind_of_fault_many_times():
    played = [make_schedule(PROFILES['small'], seed) for seed in range(200)]  # `make test`
    often = Counter(kind for schedule in played for kind in {f.kind for f in schedule.faults})
    assert set(often) == set(KINDS)
    assert min(often.values()) >= 20


def test_faults_overlap_and_all_begin_between_the_first_election_and_the_calm():
    overlaps = 0
    for schedule in DRAWN:
        assert all(fault.at_ms >= FIRST_MS for fault in schedule.faults)
        first = [fault for fault in schedule.faults if fault.kind != 'swizzle']
        assert all(fault.at_ms < schedule.calm_ms for fault in first)
        for first, second in zip(schedule.faults, schedule.faults[1:]):
            overlaps += second.at_ms < first.at_ms + first.for_ms
    assert overlaps > 2 * len(DRAWN)


def test_values_stay_within_what_the_contract_names():
    for schedule in DRAWN:
        for fault in schedule.faults:
            if fault.kind == 'loss':
                assert 1 <= fault.values[0] <= 30
            if fault.kind == 'delay':
                assert 1 <= fault.values[0] <= fault.values[1] <= 500
            if fault.kind == 'pause':
                assert fault.for_ms <= PAUSE_MAX_MS


def test_half_of_the_crashes_wait_for_writes_whatever_number_survives():
    crashes = [fault for schedule in DRAWN for fault in schedule.faults if fault.kind == 'crash']
    for survive in (0, 1, 3):
        waits = [fault.value(1) > 0 for fault in crashes if fault.value(0) == survive]
        assert 0.4 < sum(waits) / len(waits) < 0.6


def test_a_crash_of_a_schedule_that_names_no_wait_does_not_wait():
    data = {**json.loads(json.dumps(DRAWN[0].to_json())), 'faults': [[1, 'crash', [0], 1, [3]]]}
    fault, = schedule_from_json(data).faults
    assert (fault.value(0), fault.value(1)) == (3, 0)


def test_clocks_go_back_from_a_tenth_of_a_second_to_minutes():
    back = Counter(fault.value(0) for schedule in DRAWN for fault in schedule.faults
                   if fault.kind == 'leap_back')
    assert (min(back), max(back)) == (100, 500_000)
    assert min(back.values()) >= 10


def test_a_majority_of_the_voters_always_keeps_its_disk():
    for schedule in DRAWN:
        wiped = sum(fault.kind == 'wipe' for fault in schedule.faults)
        assert wiped <= (min(schedule.robots, 7) - 1) // 2


@pytest.mark.parametrize(('field', 'value', 'text'), [
    ('robots', 0, '1 to 64 robots'),
    ('shape', 'star', 'shape'),
    ('profile', 'none', 'no profile'),
    ('seed', -1, 'seed'),
    ('delay_ms', [5, 1], 'delay_ms'),
    ('calm_ms', 99_000, 'calm_ms'),
    ('faults', [[1, 'rain', [], 1, []]], 'rain'),
    ('faults', [[1, 'crash', [77], 1, [0]]], 'robots from'),
    ('faults', [[1, 'crash', [0], 1, []]], 'crash has 1 to 2 values'),
    ('faults', [[1, 'crash', [0], 1, [1, 2, 3]]], 'crash has 1 to 2 values'),
    ('faults', [[1, 'crash', [0], 1, [1, -1]]], '-1 is not from 0'),
    ('faults', [[1, 'pause', [0], 1, []]], 'pause has 1 values'),
    ('faults', [[1, 'crash', [], 1, [0]]], 'crash hit'),
    ('faults', ['crash'], 'is not'),
    ('faults', None, 'a list'),
])
def test_a_schedule_that_is_none_is_refused_with_the_reason(field, value, text):
    data = {**json.loads(json.dumps(DRAWN[0].to_json())), field: value}
    with pytest.raises(UsageError, match=text):
        schedule_from_json(data)


def test_a_missing_field_and_an_unknown_profile_are_refused():
    with pytest.raises(UsageError, match='exactly the fields'):
        schedule_from_json({})
    with pytest.raises(UsageError, match='general'):
        profile_named('tempest')


def test_a_fault_reads_as_a_line():
    assert str(Fault(1_500, 'crash', (-1,), 2_000, (0,))) == \
        '  1.500 s  crash leader 0 for 2.000 s'
