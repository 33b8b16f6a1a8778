# SPDX-License-Identifier: Apache-2.0
"""
A schedule: everything that will be done to a swarm in one run, as a value.

The first seconds are calm, so that a leader is there; then faults begin, several at once; from
``calm_ms`` on there is none, and the swarm has to heal. Equal profile and seed, equal schedule.
"""

from __future__ import annotations

import random
from typing import Any, NamedTuple

from swarm_coordination.arena.topology import places, RANGE_M, SHAPES
from swarm_coordination.campaign.faults import Fault, fault_from_json, LEADER, TIME_MAX_MS
from swarm_coordination.campaign.profiles import Profile, profile_named
from swarm_coordination.errors import UsageError
from swarm_coordination.storage.provision import VOTERS_DEFAULT_MAX
from swarm_coordination.units import to_mm

# Long enough to elect a leader on every topology without a fault.
FIRST_MS = 2_000
# From the calm to the end: the bound on healing (healing.py), and as long as a voter that stays
# silent or a lease that runs out would take to show.
AFTER_CALM_MS = 18_000
# Shares of short, middling and long faults, and how long those last.
_LASTS = ((0.35, (50, 600)), (0.40, (600, 4_000)), (0.25, (4_000, 15_000)))
PAUSE_MAX_MS = 10_000
# Half of the crashes hit while more is unsynced than survives them, for which they wait so long.
CRASH_WAITS_MS = (0, 2_000)
# How far a steady clock goes back: to its boot, minutes ago.
LEAPS_BACK_MS = (100, 1_000, 10_000, 500_000)
ROBOTS_MAX = 64


class Schedule(NamedTuple):
    """Times in ms from the start; ``delay_ms`` and ``sync_ms`` are least and greatest."""

    profile: str
    seed: int
    robots: int
    shape: str
    delay_ms: tuple[int, int]
    sync_us: tuple[int, int]
    calm_ms: int
    end_ms: int
    faults: tuple[Fault, ...]

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {**self._asdict(), 'faults': [fault.to_json() for fault in self.faults]}

    def lines(self) -> list[str]:
        """Return the schedule for people."""
        head = (
            f'profile {self.profile}, seed {self.seed}: {self.robots} robots, {self.shape}, '
            f'delay {self.delay_ms[0]} to {self.delay_ms[1]} ms, sync {self.sync_us[0]} to '
            f'{self.sync_us[1]} us, calm from {self.calm_ms / 1000:g} s, '
            f'end {self.end_ms / 1000:g} s'
        )
        return [head, *map(str, self.faults)]


def schedule_from_json(data: Any) -> Schedule:
    """Return a schedule from plain values; raises UsageError naming what is wrong."""
    if not isinstance(data, dict) or set(data) != set(Schedule._fields):
        raise UsageError(f'a schedule has exactly the fields {", ".join(Schedule._fields)}')
    if not isinstance(data['profile'], str) or not isinstance(data['shape'], str):
        raise UsageError('schedule: profile and shape are names')
    profile_named(data['profile'])
    for name in ('seed', 'robots', 'calm_ms', 'end_ms'):
        if type(data[name]) is not int or data[name] < 0:
            raise UsageError(f'schedule: {name}: {data[name]!r} is not a whole number from 0')
    if not 1 <= data['robots'] <= ROBOTS_MAX or data['shape'] not in SHAPES:
        raise UsageError(f'schedule: 1 to {ROBOTS_MAX} robots, shape one of {", ".join(SHAPES)}')
    if not data['calm_ms'] <= data['end_ms'] <= TIME_MAX_MS:
        raise UsageError(f'schedule: calm_ms at most end_ms, which is at most {TIME_MAX_MS}')
    for name in ('delay_ms', 'sync_us'):
        value = data[name]
        if not isinstance(value, list | tuple) or len(value) != 2 or not all(
            type(n) is int for n in value
        ) or not 0 <= value[0] <= value[1] <= TIME_MAX_MS:
            raise UsageError(f'schedule: {name}: {value!r} is not [least, greatest]')
    if not isinstance(data['faults'], list | tuple):
        raise UsageError('schedule: faults is a list')
    faults = tuple(fault_from_json(fault, data['robots']) for fault in data['faults'])
    return Schedule(**{
        **data, 'delay_ms': tuple(data['delay_ms']), 'sync_us': tuple(data['sync_us']),
        'faults': faults,
    })


def make_schedule(profile: Profile, seed: int) -> Schedule:
    """Draw the schedule of a seed."""
    rng = random.Random(f'{profile.name}/{seed}/schedule')
    robots = rng.choice(profile.robots)
    shape = rng.choice(profile.shapes)
    low = rng.randint(1, 5)
    faults = _Drawing(profile, seed, robots, shape, rng).faults()
    return Schedule(
        profile.name, seed, robots, shape, (low, low + rng.randint(0, 10)),
        (0, rng.choice((0, 500, 5_000))), profile.calm_ms, profile.calm_ms + AFTER_CALM_MS, faults,
    )


def late(schedule: Schedule, profile: Profile) -> range:
    """Return the numbers of the robots that start late, on storage that nobody has heard of."""
    return range(max(1, schedule.robots - profile.joiners), schedule.robots)


class _Drawing:
    """Draws the faults of one schedule."""

    def __init__(
        self, profile: Profile, seed: int, robots: int, shape: str, rng: random.Random
    ) -> None:
        self._profile, self._robots, self._rng = profile, robots, rng
        self._places = places(shape, robots)
        # Apart from the others, whose draws are those of schedules on record.
        self._waits = random.Random(f'{profile.name}/{seed}/crashes')
        self._leaps_back = random.Random(f'{profile.name}/{seed}/leaps back')
        # A majority of the voters keeps its disk, or the log would be gone for good.
        self._wipes_left = (min(robots, VOTERS_DEFAULT_MAX) - 1) // 2

    def faults(self) -> tuple[Fault, ...]:
        """Draw how many, which, when and how."""
        profile, rng = self._profile, self._rng
        kinds, weights = list(profile.kinds), list(profile.kinds.values())
        found: list[Fault] = []
        for _ in range(rng.randint(*profile.faults)):
            kind = rng.choices(kinds, weights)[0]
            found += self._draw(kind, rng.randrange(FIRST_MS, profile.calm_ms - 1_000))
        return tuple(sorted(found))

    def _draw(self, kind: str, at: int) -> list[Fault]:
        rng, lasts = self._rng, self._lasts()
        if kind == 'loss':
            return [Fault(at, kind, (), lasts, (rng.randint(1, self._profile.loss_max_percent),))]
        if kind == 'duplicate':
            return [Fault(at, kind, (), lasts, (rng.randint(1, 50),))]
        if kind == 'delay':
            high = rng.choice((20, 100, 300, self._profile.delay_max_ms))
            return [Fault(at, kind, (), lasts, (rng.randint(1, high), high))]
        if kind == 'swizzle':
            return self._swizzle(at)
        if kind == 'one_way':
            pair = rng.sample(range(self._robots), rng.choice((1, 2)))
            return [Fault(at, kind, tuple(pair), lasts)]
        if kind == 'island':
            apart = rng.sample(range(self._robots), rng.randint(1, max(1, self._robots // 2)))
            if rng.random() < self._profile.leader_share:
                apart[0] = LEADER
            return [Fault(at, kind, tuple(sorted(apart)), lasts)]
        if kind == 'jam':
            x, y = rng.choice(self._places)
            return [Fault(at, kind, (), lasts, (to_mm(x), to_mm(y), rng.randint(1_000, 12_000)))]
        return self._draw_for_one(kind, at, lasts)

    def _draw_for_one(self, kind: str, at: int, lasts: int) -> list[Fault]:
        """Draw a fault that hits one robot."""
        rng = self._rng
        leader = rng.random() < self._profile.leader_share
        who = (LEADER if leader else rng.randrange(self._robots),)
        if kind == 'move':
            x, y = rng.choice(self._places)
            reach = to_mm(RANGE_M)
            to = (to_mm(x) + rng.randint(-reach, reach), to_mm(y) + rng.randint(-reach, reach))
            return [Fault(at, kind, (rng.randrange(self._robots),), lasts, to)]
        if kind == 'wipe':
            if not self._wipes_left:
                return []
            self._wipes_left -= 1
            return [Fault(at, kind, who, lasts)]
        if kind == 'crash':
            survive = rng.choice((0, 0, 1, 3))
            return [Fault(at, kind, who, lasts, (survive, self._waits.choice(CRASH_WAITS_MS)))]
        if kind == 'pause':
            return [Fault(at, kind, who, min(lasts, PAUSE_MAX_MS), (rng.randint(0, 1),))]
        if kind == 'slow_disk':
            high = rng.choice((20, 100, 500))
            return [Fault(at, kind, who, lasts, (rng.randint(1, high), high))]
        if kind == 'drift':
            return [Fault(at, kind, who, lasts, (rng.randint(-200, 200),))]
        if kind == 'leap':
            return [Fault(at, kind, who, 0, (rng.choice(self._profile.leaps_ms),))]
        if kind == 'leap_back':
            return [Fault(at, kind, who, 0, (self._leaps_back.choice(LEAPS_BACK_MS),))]
        return [Fault(at, kind, who, lasts)]

    def _swizzle(self, at: int) -> list[Fault]:
        """Clog robots one by one, then release them in another order."""
        rng = self._rng
        who = rng.sample(range(self._robots), rng.randint(2, self._robots))
        step = rng.randint(50, 800)
        release = rng.sample(range(len(who)), len(who))
        whole = step * len(who)
        return [
            Fault(at + step * number, 'swizzle', (robot,),
                  whole - step * number + step * release[number])
            for number, robot in enumerate(who)
        ]

    def _lasts(self) -> int:
        draw = self._rng.random()
        for share, bounds in _LASTS:
            if draw < share:
                return self._rng.randint(*bounds)
            draw -= share
        return _LASTS[-1][1][1]
