# SPDX-License-Identifier: Apache-2.0
"""Tasks: one holder at a time by log time, and a fencing number that rises with each grant."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from mission.log import Log
import pytest
from swarm_coordination.epochs import forced_term
from swarm_coordination.mission.state import MissionState
from swarm_coordination.mission.task_commands import (
    TaskAdd,
    TaskClaim,
    TaskDone,
    TaskRelease,
    TaskRemove,
    TaskRenew,
)
from swarm_coordination.mission.tasks import TASKS_MAX

LEASE_MS = 2_000


@pytest.fixture
def log() -> Log:
    """Return a log with one task."""
    made = Log()
    made.submit(TaskAdd('scan', LEASE_MS, 'the north wall'))
    return made


def task(log: Log):
    """Return the task of the log."""
    return log.state.tasks.get('scan')


def test_a_free_task_is_granted_to_whoever_claims_it_first(log):
    assert log.submit(TaskClaim('scan'), session=7, stamp_ms=100).result == (
        'granted under fence 2 until 2100 ms')
    refused = log.submit(TaskClaim('scan'), session=8, stamp_ms=2_099)
    assert not refused.applied and 'robot 7 holds task scan for 1 ms more' in refused.result
    assert (task(log).holder, task(log).fence) == (7, 2)


def test_a_lease_that_log_time_has_passed_is_taken_over(log):
    log.submit(TaskClaim('scan'), session=7, stamp_ms=100)
    assert log.submit(TaskClaim('scan'), session=8, stamp_ms=2_100).applied
    assert (task(log).holder, task(log).fence) == (8, 3)
    late = log.submit(TaskDone('scan', 2), session=7, stamp_ms=2_100)
    assert 'held by 8' in late.result and not task(log).done


def test_a_stamp_from_the_past_ends_no_lease_and_extends_none(log):
    log.submit(TaskClaim('scan'), session=7, stamp_ms=5_000)
    assert not log.submit(TaskClaim('scan'), session=8, stamp_ms=0).applied
    log.submit(TaskRenew('scan', 2), session=7, stamp_ms=0)
    assert task(log).expires_ms == 7_000


def test_a_renewal_lasts_a_full_lease_from_its_own_stamp(log):
    log.submit(TaskClaim('scan'), session=7, stamp_ms=0)
    assert log.submit(TaskRenew('scan', 2), session=7, stamp_ms=1_500).applied
    assert not log.submit(TaskClaim('scan'), session=8, stamp_ms=3_499).applied
    assert task(log).fence == 2  # a renewal is no grant


@pytest.mark.parametrize('command', [TaskRenew, TaskRelease, TaskDone])
def test_a_lease_that_has_run_out_gives_no_rights_even_where_nobody_took_over(log, command):
    log.submit(TaskClaim('scan'), session=7, stamp_ms=0)
    late = log.submit(command('scan', 2), session=7, stamp_ms=LEASE_MS)
    assert 'the lease of task scan is over' in late.result


@pytest.mark.parametrize('command', [TaskRenew, TaskRelease, TaskDone])
def test_only_the_holder_under_its_own_fence_may_go_on(log, command):
    log.submit(TaskClaim('scan'), session=7)
    assert 'held by 7' in log.submit(command('scan', 2), session=8).result
    assert 'fence 1 is over' in log.submit(command('scan', 1), session=7).result
    assert log.submit(command('scan', 2), session=7).applied


def test_the_fence_rises_with_each_grant_whoever_gets_it(log):
    fences = []
    for robot, stamp in ((7, 0), (7, 10), (8, 5_000), (7, 10_000)):
        assert log.submit(TaskClaim('scan'), session=robot, stamp_ms=stamp).applied
        fences.append(task(log).fence)
    assert fences == sorted(set(fences))


def test_a_holder_that_forgot_claims_anew_and_its_former_fence_is_over(log):
    log.submit(TaskClaim('scan'), session=7)
    assert log.submit(TaskClaim('scan'), session=7).applied
    assert not log.submit(TaskDone('scan', 2), session=7).applied
    assert log.submit(TaskDone('scan', 3), session=7).applied


def test_the_fence_rises_even_where_a_task_is_taken_down_and_put_up_again(log):
    log.submit(TaskClaim('scan'), session=7)
    before = task(log).fence
    log.submit(TaskRemove('scan'))
    log.submit(TaskAdd('scan', LEASE_MS))
    assert not log.submit(TaskDone('scan', before), session=7).applied
    log.submit(TaskClaim('scan'), session=7)
    assert task(log).fence > before


def test_a_released_task_is_free_at_once(log):
    log.submit(TaskClaim('scan'), session=7)
    log.submit(TaskRelease('scan', 2), session=7)
    assert log.submit(TaskClaim('scan'), session=8).applied


def test_a_finished_task_keeps_its_result_and_is_nobodys_any_more(log):
    log.submit(TaskClaim('scan'), session=7)
    log.submit(TaskDone('scan', 2, 'three cracks'), session=7)
    assert (task(log).done, task(log).result) == (True, 'three cracks')
    assert 'is done' in log.submit(TaskClaim('scan'), session=8, stamp_ms=9_000).result
    assert 'is done' in log.submit(TaskRenew('scan', 2), session=7).result


def test_a_lease_and_its_fence_survive_a_snapshot(log):
    log.submit(TaskClaim('scan'), session=7)
    log.state = MissionState.restore(log.state.snapshot())
    assert not log.submit(TaskClaim('scan'), session=8, stamp_ms=LEASE_MS - 1).applied
    assert log.submit(TaskDone('scan', 2), session=7).applied


def test_tasks_are_bounded_and_named_once(log):
    assert 'already' in log.submit(TaskAdd('scan', LEASE_MS)).result
    for number in range(TASKS_MAX - 1):
        assert log.submit(TaskAdd(f'task{number}', LEASE_MS)).applied
    assert 'at most 64' in log.submit(TaskAdd('one_more', LEASE_MS)).result
    log.submit(TaskRemove('task0'))
    assert log.submit(TaskAdd('one_more', LEASE_MS)).applied
    assert 'there is no task gone' in log.submit(TaskClaim('gone')).result


@settings(max_examples=200)
@given(st.lists(st.tuples(
    st.integers(1, 3), st.sampled_from(['claim', 'renew', 'release', 'stale']),
    st.integers(0, 1_500)), max_size=40))
def test_two_robots_never_hold_one_task_by_log_time(steps):
    """Each grant begins, by log time, after every earlier one of another robot has ended."""
    log, now = Log(), 0
    log.submit(TaskAdd('scan', LEASE_MS))
    held_until: dict[int, int] = {}
    highest = 0
    for robot, what, passed in steps:
        now += passed
        fence = task(log).fence
        command = {
            'claim': TaskClaim('scan'), 'renew': TaskRenew('scan', fence or 1),
            'release': TaskRelease('scan', fence or 1), 'stale': TaskRenew('scan', 1),
        }[what]
        if not log.submit(command, session=robot, stamp_ms=now).applied:
            continue
        if what == 'release':
            held_until[robot] = now
            continue
        others = [until for other, until in held_until.items() if other != robot]
        assert all(until <= now for until in others)
        assert task(log).fence > highest or (what == 'renew' and task(log).fence == highest)
        highest = task(log).fence
        held_until[robot] = task(log).expires_ms


def test_a_grant_of_a_forced_cluster_fences_off_every_one_of_the_history_made_void(log):
    for _ in range(100):
        log.submit(TaskClaim('scan'), session=7)
    forced = Log()
    forced.submit(TaskAdd('scan', LEASE_MS))
    forced.term = forced_term(1, 1)
    forced.submit(TaskClaim('scan'), session=8)
    assert task(forced).fence > task(log).fence == 101
    assert forced.submit(TaskRenew('scan', task(forced).fence), session=8).applied
    assert MissionState.restore(forced.state.snapshot()).tasks.get('scan') == task(forced)
    first = task(forced).fence
    forced.term = forced_term(forced.term, 1)
    forced.submit(TaskClaim('scan'), session=8)
    assert task(forced).fence > first + 1
