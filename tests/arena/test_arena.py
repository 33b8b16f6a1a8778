# SPDX-License-Identifier: Apache-2.0
"""Coordinators in virtual time: what a fault does to them, and that runs repeat."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
import random
import subprocess
import sys

import pytest
from swarm_coordination.arena.air import Air, CLOGGED_MAX, Condition, one_hop
from swarm_coordination.arena.arena import Arena
from swarm_coordination.arena.clock import Clock
from swarm_coordination.arena.observer import Observer
from swarm_coordination.arena.topology import places, RANGE_M
from swarm_coordination.errors import UsageError
from swarm_coordination.mission.commands import encode_command, Put
from swarm_coordination.simulation.event_queue import EventQueue
from swarm_coordination.units import NS_PER_MS

NOTHING = Condition()
ROOT = Path(__file__).resolve().parent.parent.parent


class Sky:
    """An air of robots at `places` whose deliveries are noted."""

    def __init__(self, at, base=NOTHING, seed=1):
        self.queue = EventQueue(0)
        self.heard = []
        self.air = Air(at, RANGE_M, base, self.queue, random.Random(seed),
                       lambda receiver, frame, now: self.heard.append((receiver, frame, now)))


def put(key: str) -> str:
    return encode_command(Put(key, 'x')).decode()


def applied(arena: Arena) -> list[int]:
    return [status.applied for n in arena.running() if (status := arena.status(n))]


def test_five_robots_elect_and_all_apply_what_one_was_asked_to_commit():
    arena = Arena(5, 1)
    assert arena.run_until(arena.agreed_leader, 5.0)
    assert arena.propose(3, put('a')) == 1
    arena.run(1.0)

    assert len(set(applied(arena))) == 1
    assert applied(arena)[0] >= 2


def test_in_a_line_each_hears_only_the_next_and_yet_all_agree():
    arena = Arena(5, 2, shape='line')
    assert arena.air.hears(0) == (1,)
    assert arena.air.hears(2) == (1, 3)
    assert arena.run_until(arena.agreed_leader, 10.0)


@pytest.mark.parametrize('count', [2, 3, 4, 7, 9])
def test_every_topology_is_connected_and_only_the_full_one_is_full(count):
    for shape in ('full', 'line', 'ring', 'grid'):
        sky = Sky(places(shape, count))
        reached, frontier = {0}, [0]
        while frontier:
            for other in sky.air.hears(frontier.pop()):
                if other not in reached:
                    reached.add(other)
                    frontier.append(other)
        assert len(reached) == count
        if count > 4:
            degrees = [len(sky.air.hears(n)) for n in range(count)]
            assert (min(degrees) == count - 1) == (shape == 'full')


def test_an_unknown_topology_is_refused():
    with pytest.raises(UsageError, match='star'):
        places('star', 3)


def test_a_dead_leader_is_replaced_and_its_restart_catches_up():
    arena = Arena(5, 3)
    old = arena.run_until(arena.agreed_leader, 5.0)
    arena.kill(old.number)
    new = arena.run_until(arena.agreed_leader, 5.0)
    assert new.number != old.number
    arena.propose(new.number, put('a'))
    arena.run(1.0)
    arena.restart(old.number)
    arena.run(2.0)

    assert len(set(applied(arena))) == 1


def test_a_crash_loses_what_the_disk_had_not_synced_unless_it_had_been_written():
    for survives, known in ((0, 0), (9, 1)):
        arena = Arena(3, 4, sync_ms=(400.0, 400.0))
        arena.run_until(arena.agreed_leader, 20.0)
        arena.propose(0, put('a'))
        arena.kill(0, survives)
        assert arena.nodes[0].disk.recovered().last_serial == known


def test_a_disk_that_lost_its_log_brings_back_a_robot_without_a_vote():
    arena = Arena(3, 5)
    arena.run_until(arena.agreed_leader, 5.0)
    arena.kill(1)
    arena.restart(1, keep_disk=False)
    arena.run(2.0)
    assert arena.status(1).may_vote is False


def test_a_paused_process_says_nothing_and_holds_a_bounded_queue():
    heard = []

    class Listener(Observer):

        def after(self, node, core, output, now):
            if output.frames:
                heard.append(node.number)

    arena = Arena(3, 6)
    arena.watch(Listener())
    arena.run(1.0)
    arena.pause(2)
    heard.clear()
    arena.run(8.0)
    assert heard and 2 not in heard
    assert arena.running() == (0, 1)
    arena.resume(2, tick_first=False)
    arena.run(3.0)
    assert 2 in heard
    assert arena.agreed_leader()


def test_a_cut_is_one_way_where_it_is_laid_one_way():
    sky = Sky(places('full', 2))
    handle = sky.air.lay(Condition(links=frozenset({(0, 1)}), cut=True))
    assert sky.air.hears(0) == ()
    assert sky.air.hears(1) == (0,)
    sky.air.lift(handle)
    assert sky.air.hears(0) == (1,)


def test_the_worst_of_several_conditions_on_a_link_counts():
    sky = Sky(places('full', 2), Condition(loss=0.2))
    first = sky.air.lay(Condition(loss=1.0))
    second = sky.air.lay(Condition(cut=True))
    sky.air.lift(second)
    for _ in range(50):
        sky.air.send(0, b'x', 0)
    assert sky.air.lost == 50
    sky.air.lift(first)
    for _ in range(50):
        sky.air.send(0, b'x', 0)
    assert 25 < sky.air.delivered < 50


def test_a_clogged_link_holds_a_bounded_number_of_frames_and_lets_them_go_together():
    sky = Sky(places('full', 2))
    handle = sky.air.lay(Condition(clog=True))
    for number in range(CLOGGED_MAX + 5):
        sky.air.send(0, b'%d' % number, 0)
    sky.queue.run_until(1_000)
    assert sky.heard == []
    sky.air.lift(handle)
    sky.queue.run_until(2_000)
    assert len(sky.heard) == CLOGGED_MAX
    assert {now for _, _, now in sky.heard} == {1_000}


def test_delays_are_drawn_between_their_bounds_and_reorder_frames():
    sky = Sky(places('full', 2), one_hop((1.0, 500.0)))
    for number in range(200):
        sky.air.send(0, bytes([number]), 0)
    sky.queue.run_until(10**9)
    times = [now for _, _, now in sky.heard]
    assert min(times) >= NS_PER_MS and max(times) <= 500 * NS_PER_MS
    assert [frame for _, frame, _ in sky.heard] != [bytes([n]) for n in range(200)]


def test_a_duplicating_link_delivers_some_frames_twice():
    sky = Sky(places('full', 2), Condition(duplicate=0.5))
    for number in range(100):
        sky.air.send(0, bytes([number]), 0)
    assert 130 <= sky.air.delivered <= 170


@pytest.mark.parametrize('rate_ppm', [-200, 0, 200, 50_000])
def test_a_clock_converts_both_ways_and_never_runs_back(rate_ppm):
    clock = Clock(7_000, rate_ppm, 100)
    last = clock.local(100)
    for now in range(100, 3_000_000, 99_991):
        local = clock.local(now)
        assert local >= last
        last = local
        assert clock.local(clock.world(local)) >= local
        assert clock.world(local) <= now
    clock.leap(5_000, 3_000_000)
    assert clock.local(3_000_000) >= last + 5_000
    clock.leap(-5_000, 3_000_001)
    assert clock.local(3_000_001) >= last + 5_000


def test_a_clock_is_set_back_to_its_boot_at_the_most_and_runs_on_at_its_rate():
    clock = Clock(7_000, 100_000, 0)
    clock.set_back(2_000, 10_000)
    assert [clock.local(now) for now in (10_000, 20_000)] == [16_000, 27_000]
    assert clock.world(27_000) == 20_000
    clock.set_back(10**12, 20_000)
    assert [clock.local(now) for now in (20_000, 30_000)] == [0, 11_000]
    assert clock.changes == 2


def trace(seed: int) -> str:
    """Return a hash over all frames of a short run with faults."""
    told = hashlib.blake2b(digest_size=16)

    class Listener(Observer):

        def after(self, node, core, output, now):
            told.update(repr((node.number, now, output)).encode())

    arena = Arena(4, seed, shape='ring', base=one_hop((1.0, 30.0), 0.2), sync_ms=(0.1, 2.0),
                  drift_ppm=200)
    arena.watch(Listener())
    arena.run(1.0)
    arena.kill(0, survives=1)
    arena.run(1.0)
    arena.restart(0, keep_disk=False)
    arena.run(1.0)
    return told.hexdigest()


def test_equal_seeds_give_equal_runs_in_every_process_and_others_do_not():
    outputs = set()
    for hash_seed in ('0', '4711'):
        env = {**os.environ, 'PYTHONHASHSEED': hash_seed, 'PYTHONPATH': os.pathsep.join(
            [str(ROOT / 'src' / 'swarm_coordination'), str(ROOT / 'tests')])}
        outputs.add(subprocess.run(
            [sys.executable, '-c', 'from arena.test_arena import trace; print(trace(7))'],
            env=env, capture_output=True, text=True, check=True).stdout.strip())
    assert outputs == {trace(7)}
    assert trace(8) not in outputs
