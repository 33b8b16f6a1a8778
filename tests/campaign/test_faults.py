# SPDX-License-Identifier: Apache-2.0
"""What a fault does to a swarm, from when to when: each in its time, the longest until its end."""

from __future__ import annotations

from campaign.test_run import short
import pytest
from swarm_coordination.campaign.faults import Fault, LEADER
from swarm_coordination.campaign.run import Run

# Of a robot: what a fault changes, as plain values.
SEEN = {
    'rate': lambda node, run: node.clock.rate_ppm,
    'sync': lambda node, run: run.arena.sync_ns[node.number],
    'asleep': lambda node, run: node.paused,
    'dead': lambda node, run: node.core is None,
}


def over_time(what, at_ms, *faults, robot=1):
    """Return what one sees of r2 at these times of a run with faults; calm is from 8 s on."""
    run = Run(short(*faults))
    seen = []
    for ms in at_ms:
        run.advance_to(ms)
        seen.append(SEEN[what](run.arena.nodes[robot], run))
    return seen


@pytest.mark.parametrize('for_ms', [1_000, 60_000])
def test_a_clock_that_drifted_runs_at_its_own_rate_again(for_ms):
    own, drifting, after, calm = over_time(
        'rate', (1_999, 2_500, 3_001, 8_000), Fault(2_000, 'drift', (1,), for_ms, (200,)),
    )
    assert own != 0 and drifting == 200  # a rate that was drawn for this clock
    assert after == (own if for_ms == 1_000 else 200)
    assert calm == own


TIMES = (1_999, 2_500, 3_500, 4_500, 7_500)
MS = 1_000_000


@pytest.mark.parametrize(('what', 'kind', 'long', 'short_one', 'seen'), [
    ('asleep', 'pause', (0,), (1,), [False, True, True, True, False]),
    ('sync', 'slow_disk', (300, 500), (1, 20),
     [(0, 0), (300 * MS, 500 * MS), (MS, 20 * MS), (300 * MS, 500 * MS), (0, 0)]),
    ('rate', 'drift', (200,), (-150,), [None, 200, -150, 200, None]),
    ('dead', 'crash', (0,), (1,), [False, True, True, True, False]),
    ('dead', 'wipe', (), (), [False, True, True, True, False]),
])
def test_a_shorter_fault_within_a_longer_one_of_its_kind_does_not_end_it(
    what, kind, long, short_one, seen,
):
    faults = (Fault(2_000, kind, (1,), 5_000, long), Fault(3_000, kind, (1,), 1_000, short_one))
    own = over_time(what, TIMES[:1])[0]
    assert over_time(what, TIMES, *faults) == [own if it is None else it for it in seen]


def test_of_two_values_that_of_the_fault_begun_last_is_in_force_until_it_ends():
    times = (2_500, 3_500, 5_500, 7_000)
    faults = (Fault(2_000, 'drift', (1,), 3_000, (200,)), Fault(3_000, 'drift', (1,), 3_000, (9,)))
    own = over_time('rate', (2_500,))[0]
    assert over_time('rate', times, *faults) == [200, 9, 9, own]


@pytest.mark.parametrize('first', [
    Fault(2_000, 'crash', (1,), 4_000, (0,)),
    Fault(2_000, 'crash', (1,), 4_000, (1_000, 300)),  # dies at 2.3 s
    Fault(2_000, 'wipe', (1,), 4_000),
], ids=['crash', 'crash that waits', 'wipe'])
@pytest.mark.parametrize('second', [
    Fault(3_000, 'crash', (1,), 500, (0,)), Fault(3_000, 'wipe', (1,), 500),
    Fault(3_000, 'crash', (1,), 500, (1_000, 300)), Fault(3_000, 'pause', (1,), 500, (0,)),
], ids=['crash', 'wipe', 'crash that waits', 'pause'])
def test_who_is_dead_starts_again_once_no_fault_keeps_it_dead(first, second):
    times = (2_400, 3_400, 4_000, 5_900, 6_400)
    assert over_time('dead', times, first, second) == [True, True, True, True, False]


@pytest.mark.parametrize('waits_ms', [(1_000, 1_500), (1_500, 1_000)])
def test_of_two_crashes_that_wait_the_first_to_come_kills_and_the_longer_lasts(waits_ms):
    faults = [Fault(2_000, 'crash', (1,), for_ms, (1_000, ms))
              for for_ms, ms in zip((500, 3_000), waits_ms, strict=True)]
    times = (2_900, 3_100, 4_500, 5_900, 6_600)
    assert over_time('dead', times, *faults) == [False, True, True, True, False]


def test_a_process_that_died_asleep_starts_awake_and_sleeps_for_pauses_of_its_own_life_only():
    faults = (
        Fault(2_000, 'pause', (1,), 2_000, (0,)), Fault(2_000, 'pause', (1,), 5_500, (0,)),
        Fault(2_500, 'crash', (1,), 500, (0,)), Fault(3_500, 'pause', (1,), 1_500, (0,)),
    )
    times = (2_400, 2_600, 3_200, 3_600, 4_200, 5_100)
    assert over_time('asleep', times, *faults) == [True, False, False, True, True, False]
    assert over_time('dead', times, *faults) == [False, True, False, False, False, False]


def test_a_fault_hits_a_robot_once_that_it_names_twice():
    run = Run(short(Fault(2_000, 'crash', (0, 1, 2, LEADER), 1_000, (0,))))
    run.advance_to(2_500)
    assert not run.arena.running()
    run.advance_to(3_500)
    assert run.arena.running() == (0, 1, 2)


@pytest.mark.parametrize('what', SEEN)
def test_whatever_holds_a_robot_ends_with_the_calm(what):
    kinds = {'rate': ('drift', (150,)), 'sync': ('slow_disk', (50, 60)), 'asleep': ('pause', (0,)),
             'dead': ('crash', (0,))}
    kind, values = kinds[what]
    faults = [Fault(ms, kind, (1,), 60_000, values) for ms in (2_000, 3_000)]
    before, during, calm = over_time(what, (1_999, 7_999, 8_000), *faults)
    assert before == calm != during
