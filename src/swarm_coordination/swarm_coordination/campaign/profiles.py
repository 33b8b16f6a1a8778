# SPDX-License-Identifier: Apache-2.0
"""Profiles: which faults a schedule draws from, how many, how hard, on which swarms."""

from __future__ import annotations

from typing import NamedTuple

from swarm_coordination.errors import UsageError
from swarm_coordination.storage.provision import VOTERS_DEFAULT_MAX

NETWORK = {
    'loss': 3, 'duplicate': 1, 'delay': 3, 'clog': 2, 'swizzle': 1, 'one_way': 2, 'island': 3,
    'jam': 1, 'move': 2,
}
PROCESSES = {'crash': 4, 'pause': 3, 'slow_disk': 2, 'wipe': 1}
CLOCKS = {'drift': 1, 'leap': 1, 'leap_back': 1}


class Profile(NamedTuple):
    """
    What schedules are drawn from; two numbers are least and greatest.

    ``robots``: how many, each number as likely as it is often here.
    ``kinds``: weight of each kind of fault. ``commands_per_s``: of all clients together.
    ``snapshot_entries``, ``items_held``: settings of all robots. ``byte_budgets_per_s``: one of
    them is theirs too, by the seed; none: the shipped one.
    ``long_every``: one in so many commands fills a frame.
    ``leader_share``: of the faults that hit one robot, and of islands, those with the leader.
    ``fleeting_per_s``: keys written and deleted soon after, so many that deletions are forgotten.
    ``claims_per_s``: of tasks, by all robots together; ``tasks``: somebody else claims them.
    ``outsiders``: clients from outside with sessions of their own.
    ``leaps_ms``: what clocks leap ahead by.
    ``operators``: leadership is moved, batteries run low, robots leave the roster; ``joiners``: so
    many of the robots start late, on storage that the voters were not provisioned with.
    ``voters``: at most so many of them. ``calm_ms``: from when on there is no fault. ``flies``:
    controllers run, and missions cross each other's ways.
    """

    name: str
    text: str
    robots: tuple[int, ...] = (3, 4, 5, 6, 7, 8, 9)
    shapes: tuple[str, ...] = ('full', 'full', 'full', 'ring', 'line', 'grid')
    faults: tuple[int, int] = (6, 22)
    kinds: dict[str, int] = {**NETWORK, **PROCESSES, **CLOCKS}
    loss_max_percent: int = 30
    delay_max_ms: int = 500
    commands_per_s: float = 3.0
    long_every: int = 8
    leader_share: float = 0.4
    snapshot_entries: int = 24  # applied before a snapshot takes their place: a few in a run
    items_held: int = 512  # log items that a robot holds for others
    byte_budgets_per_s: tuple[int, ...] = ()
    stops: float = 0.3  # probability that an operator stops the swarm and lifts it again
    fleeting_per_s: float = 0.0
    claims_per_s: float = 0.0
    tasks: bool = False
    leaps_ms: tuple[int, ...] = (100, 1_000, 10_000)
    outsiders: int = 0
    operators: bool = False
    joiners: int = 0
    voters: int = VOTERS_DEFAULT_MAX
    calm_ms: int = 42_000
    flies: bool = False


def _course(name: str, text: str, calm_ms: int = 12_000, *, tasks: bool = False) -> Profile:
    """Return the profile of a course led by hand: no other load, no other fault."""
    return Profile(name, f'{text}; led by hand', (5,), ('full',), (0, 0), commands_per_s=0.0,
                   stops=0.0, tasks=tasks, calm_ms=calm_ms)


PROFILES = {
    profile.name: profile
    for profile in (
        Profile('general', 'every kind of fault, several at once, 3 to 9 robots'),
        Profile('small', 'the same, mostly on 3 and 4 robots, where a run costs least: for CI',
                robots=(*(3,) * 22, *(4,) * 10, *(5,) * 4, 6, 7, 8, 9)),
        Profile('quiet', 'no faults at all', kinds={}, faults=(0, 0)),
        Profile('network', 'links only', kinds=NETWORK),
        Profile('islands', 'cuts and merges under load, with leaders that die',
                kinds={'island': 6, 'one_way': 2, 'crash': 3}, faults=(8, 20),
                robots=(3, 4, 5, 6, 7), commands_per_s=6.0),
        Profile('processes', 'crashes, pauses and disks', kinds={**PROCESSES, **CLOCKS},
                faults=(8, 24)),
        Profile('sparse', 'several hops, where robots and their links come and go',
                shapes=('line', 'ring', 'grid'), kinds={**NETWORK, 'crash': 2, 'pause': 1}),
        Profile('tasks', 'tasks claimed, lost and taken over while robots sleep and clocks leap',
                kinds={**NETWORK, **PROCESSES, 'drift': 2, 'leap': 3}, robots=(3, 4, 5, 6, 7),
                commands_per_s=0.5, claims_per_s=4.0, leaps_ms=(50, 90, 250, 1_000, 10_000)),
        Profile('snapshots', 'logs compacted all the time, robots that come back far behind',
                kinds={'crash': 5, 'wipe': 2, 'island': 3, 'pause': 1, 'slow_disk': 2, 'loss': 2},
                faults=(8, 20), robots=(3, 4, 5), commands_per_s=8.0, snapshot_entries=12,
                items_held=64),
        Profile('deletions', 'keys that come and go, so many that their deletions are forgotten',
                kinds={'crash': 4, 'wipe': 1, 'island': 3, 'pause': 1, 'slow_disk': 1, 'loss': 2},
                faults=(4, 12), robots=(3, 4, 5), commands_per_s=2.0, snapshot_entries=24,
                items_held=64, fleeting_per_s=5.0),
        Profile('learners', 'three voters among many: who only follows is no part of a majority',
                kinds={'island': 6, 'one_way': 2, 'crash': 4, 'wipe': 1, 'slow_disk': 2},
                faults=(8, 20), robots=(5, 6, 7), voters=3, commands_per_s=6.0),
        Profile('outsiders', 'clients from outside, that ask another robot where one is silent',
                kinds={'crash': 4, 'wipe': 1, 'island': 5, 'one_way': 1, 'pause': 2, 'loss': 2,
                       'slow_disk': 1, 'leap': 1},
                faults=(8, 20), robots=(3, 4, 5), commands_per_s=1.0, snapshot_entries=12,
                items_held=64, outsiders=3),
        Profile('operations', 'leadership moved, batteries low, robots taken off and new ones',
                kinds={'crash': 4, 'wipe': 1, 'island': 3, 'one_way': 1, 'pause': 2, 'loss': 2,
                       'slow_disk': 1},
                faults=(1, 6), robots=(5, 6, 7), commands_per_s=1.0, items_held=64, stops=0.1,
                operators=True, joiners=2),
        Profile('loaded', 'commands take all bytes over several hops: nobody is lost for that',
                kinds={'loss': 3, 'delay': 1, 'duplicate': 1, 'crash': 1}, faults=(0, 4),
                robots=(4, 5, 6), shapes=('line', 'line', 'ring', 'grid'), loss_max_percent=10,
                delay_max_ms=20, commands_per_s=20.0, long_every=2, calm_ms=20_000),
        Profile('narrow', 'budgets of a few kB/s, that beacons alone would fill',
                kinds={'crash': 5, 'island': 3, 'one_way': 1, 'pause': 2, 'loss': 2, 'delay': 1,
                       'move': 1},
                faults=(4, 12), robots=(3, 4, 5), shapes=('line', 'line', 'ring', 'grid', 'full'),
                commands_per_s=0.3, loss_max_percent=10,
                byte_budgets_per_s=(2_000, 2_500, 3_000, 5_000)),
        Profile('flying', 'controllers on: no two robots closer than the safety distance',
                kinds={'loss': 3, 'duplicate': 1, 'delay': 2, 'clog': 1, 'one_way': 2, 'island': 3,
                       'crash': 4, 'wipe': 1, 'pause': 3, 'slow_disk': 1, 'drift': 1, 'leap': 1,
                       'leap_back': 1},
                faults=(4, 12), robots=(3, 4, 5), shapes=('full',), commands_per_s=0.5,
                flies=True, calm_ms=20_000),
        Profile('jammed', 'the same where zones are deaf and links hold what they carry',
                kinds={'jam': 5, 'swizzle': 2, 'clog': 2, 'one_way': 1, 'delay': 1, 'loss': 1,
                       'crash': 2, 'pause': 1},
                faults=(4, 12), robots=(3, 4, 5), shapes=('full',), commands_per_s=0.5,
                flies=True, calm_ms=20_000),
        _course('figure_3_7', 'the course of figure 3.7 of the thesis on Raft', 30_000),
        _course('divergence', 'a tail of uncommitted entries meets the next term', 16_000),
        _course('deposed_reader', 'a leader in an island is asked to read, the others commit'),
        _course('elected_reader',
                'who has just won is asked to read, with a commit of the dead leader untold',
                16_000),
        _course('lifting', 'stops raised anew while a lifting is on its way, across an island'),
        _course('forgotten_stops',
                'a robot that lost its disk, and the count of its stops with it, raises one',
                16_000),
        _course('dead_leader', 'leaders die for good, one after the other', 20_000),
        _course('two_candidates', 'two candidates of one term ask the same voters', 18_000),
        _course('leaping_clocks', 'a holder sleeps past its lease; clocks of leaders leap',
                36_000, tasks=True),
        Profile('stops', 'safety stops raised again while they are lifted',
                robots=(3, 4, 5), commands_per_s=0.5, stops=1.0),
        Profile('storm', 'twice as many faults', faults=(20, 40)),
    )
}


def profile_named(name: str) -> Profile:
    """Return a profile; raises UsageError for an unknown name."""
    if name not in PROFILES:
        raise UsageError(f'no profile {name!r}: one of {", ".join(PROFILES)}')
    return PROFILES[name]
