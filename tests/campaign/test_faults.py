# SPDX-License-Identifier: Apache-2.0
"""What a fault does to a swarm, from when to when: each in its time, the longest until its end."""

from __future__ import annotations

from campaign.test_run import short
import pytest
from swarm_coordination.arena.observer import Observer
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


LINKS = [(a, b) for a in range(3) for b in range(3) if a != b]
# Kind: whom it hits, its values, what a link of r1, r2 and r3 shows then, and on which it does.
ON_LINKS = {
    'loss': ((), (30,), {'loss': 0.3}, LINKS),
    'duplicate': ((), (50,), {'duplicate': 0.5}, LINKS),
    'delay': ((), (40, 500), {'low_ns': 40_000_000, 'spread_ns': 460_000_000}, LINKS),
    'clog': ((0,), (), {'clog': True}, [(0, 1), (0, 2), (1, 0), (2, 0)]),
    'swizzle': ((1,), (), {'clog': True}, [(1, 0), (1, 2), (0, 1), (2, 1)]),
    'one_way': ((0, 1), (), None, [(0, 1)]),
    'island': ((0,), (), None, [(0, 1), (0, 2), (1, 0), (2, 0)]),
}


def links(run):
    """Return what lies on each directed link now: its fields, None where nothing passes."""
    air = run.arena.air
    good = {(a, link.receiver): link._asdict() for a in range(3) for link in air.links(a)}
    return {link: good.get(link) for link in LINKS}


@pytest.mark.parametrize('for_ms', [1_000, 60_000])
@pytest.mark.parametrize(('kind', 'hit', 'values', 'shown', 'where'), [
    (kind, *row) for kind, row in ON_LINKS.items()
] + [('one_way', (1,), (), None, [(1, 0), (1, 2)])])
def test_a_fault_of_links_lies_on_its_links_from_its_begin_to_its_end(
    kind, hit, values, shown, where, for_ms,
):
    run = Run(short(Fault(2_000, kind, hit, for_ms, values)))
    seen = []
    for ms in (1_999, 2_000, 2_999, 3_001, 8_000):
        run.advance_to(ms)
        seen.append(links(run))
    good, *during, after, calm = seen
    hurt = {link: shown and {**good[link], **shown} for link in where}
    assert None not in good.values()
    assert during == [{**good, **hurt}] * 2
    assert after == (good if for_ms == 1_000 else {**good, **hurt})
    assert calm == good


@pytest.mark.parametrize('for_ms', [1_000, 60_000])
@pytest.mark.parametrize(('what', 'kind', 'values', 'during'), [
    ('rate', 'drift', (200,), 200),
    ('sync', 'slow_disk', (300, 500), (300_000_000, 500_000_000)),
    ('asleep', 'pause', (0,), True),
    ('dead', 'crash', (0,), True),
    ('dead', 'wipe', (), True),
])
def test_a_fault_of_a_robot_hits_it_alone_from_its_begin_to_its_end(
    what, kind, values, during, for_ms,
):
    times = (1_999, 2_000, 2_999, 3_001, 8_000)
    fault = Fault(2_000, kind, (1,), for_ms, values)
    own, *seen = over_time(what, times, fault)
    assert own != during
    assert seen == [during, during, own if for_ms == 1_000 else during, own]
    other = over_time(what, times, fault, robot=0)
    assert other == [other[0]] * len(times) and other[0] != during


def test_a_clock_leaps_once_and_stays_ahead():
    shown = {}
    for ahead_ms in (0, 700):
        run = Run(short(Fault(2_000, 'leap', (1,), 0, (ahead_ms,))))
        for ms in (1_999, 2_000, 5_000, 8_000):
            run.advance_to(ms)
            shown[ahead_ms, ms] = run.arena.nodes[1].clock.local(run.arena.queue.now)
    ahead = [shown[700, ms] - shown[0, ms] for ms in (1_999, 2_000, 5_000, 8_000)]
    assert ahead == [0, 700_000_000, 700_000_000, 700_000_000]


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


def test_a_disk_that_a_majority_needs_is_kept_and_the_fault_told_and_counted_as_a_crash():
    told, wiped = [], []

    class Wipes(Observer):

        def wiped(self, node, now):
            wiped.append(node.number)

    run = Run(short(  # of three voters one may lose its disk, be it lost yet or not
        Fault(2_000, 'wipe', (1,), 4_000), Fault(3_000, 'wipe', (2,), 500),
    ), told.append)
    run.arena.watch(Wipes())
    outcome = run.play()
    assert outcome.rule == '', outcome.text
    assert outcome.faults == {'wipe': 1, 'crash': 1}
    assert wiped == [1]
    first, second = (line for line in told if 'fault: wipe' in line)
    assert 'kept' not in first
    assert second.endswith('(hits r3): disks are kept, or no majority would; it is a crash')
