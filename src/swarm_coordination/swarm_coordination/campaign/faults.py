# SPDX-License-Identifier: Apache-2.0
"""
One fault as a value, and the kinds there are.

A fault begins at a time and lasts; whom it hits and how much stand in it as plain numbers. A robot
number of ``LEADER`` means whoever leads the highest term when the fault begins.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from swarm_coordination.bounds import COORDINATE_MAX_MM
from swarm_coordination.errors import UsageError

LEADER = -1

# Kind: what ``robots`` and ``values`` mean.
KINDS = {
    'loss': 'frames are lost on all links; values: percent',
    'duplicate': 'frames come twice on all links; values: percent',
    'delay': 'frames take a time drawn between two bounds, so order changes; values: ms, ms',
    'clog': 'links of one robot hold their frames and let them go together',
    'swizzle': 'the same, of one robot after the other, released in another order',
    'one_way': 'the second robot does not hear the first, or, alone, nobody hears it',
    'island': 'these robots and the others do not hear each other',
    'jam': 'nobody in a zone hears anything; values: x, y, radius (mm)',
    'move': 'one robot drives to a place and back home at the end; values: x, y (mm)',
    'crash': 'one process dies, then restarts; values: unsynced writes that survive, and ms '
             'that its disk is held at the most, until there are more of them',
    'wipe': 'one process dies and restarts with a disk that has lost its log',
    'pause': 'one process sleeps; values: 1 where it ticks before it reads what waited',
    'slow_disk': 'syncs of one robot take a time drawn between two bounds; values: ms, ms',
    'drift': 'the clock of one robot runs at another rate; values: parts per million',
    'leap': 'the clock of one robot leaps ahead; values: ms',
    'leap_back': 'the clock of one robot goes back and its process starts anew; values: ms',
}

# A day: whoever asks for more has mistyped.
TIME_MAX_MS = 86_400_000
_PERCENT, _MS, _MM = (0, 100), (0, TIME_MAX_MS), (-COORDINATE_MAX_MM, COORDINATE_MAX_MM)
# Kind: bounds of its values. A clock that is off by more than a tenth is broken, not slow.
_VALUES = {
    'loss': (_PERCENT,), 'duplicate': (_PERCENT,), 'delay': (_MS, _MS), 'slow_disk': (_MS, _MS),
    'jam': (_MM, _MM, (0, COORDINATE_MAX_MM)), 'move': (_MM, _MM), 'crash': ((0, 1_000), _MS),
    'pause': ((0, 1),), 'drift': ((-100_000, 100_000),), 'leap': (_MS,),
    'leap_back': (_MS,),
}
_NEEDED = {'crash': 1, 'leap_back': 0}  # values of a kind whose others may be left out: 0
_RISING = ('delay', 'slow_disk')  # least, then greatest


class Fault(NamedTuple):
    """``kind`` (one of KINDS) from ``at_ms`` on, for ``for_ms``."""

    at_ms: int
    kind: str
    robots: tuple[int, ...] = ()
    for_ms: int = 0
    values: tuple[int, ...] = ()

    def __str__(self) -> str:
        """Return one line for people."""
        return f'{self.at_ms / 1000:7.3f} s  {self.what()}'

    def what(self) -> str:
        """Say what happens, without when."""
        who = ','.join('leader' if r == LEADER else f'r{r + 1}' for r in self.robots)
        numbers = ' '.join(map(str, self.values))
        text = ' '.join(word for word in (self.kind, who, numbers) if word)
        return f'{text} for {self.for_ms / 1000:.3f} s' if self.for_ms else text

    def value(self, number: int) -> int:
        """Return one of ``values``; 0 where it is left out."""
        return self.values[number] if number < len(self.values) else 0

    def to_json(self) -> list[Any]:
        """Return plain values."""
        return [self.at_ms, self.kind, list(self.robots), self.for_ms, list(self.values)]


def fault_from_json(data: Any, robots: int) -> Fault:
    """Return a fault from plain values; raises UsageError where they are none."""
    match data:
        case [int() as at, str() as kind, list() as who, int() as lasts, list() as values]:
            fault = Fault(at, kind, tuple(who), lasts, tuple(values))
        case _:
            raise UsageError(f'fault {data!r} is not [at_ms, kind, robots, for_ms, values]')
    if kind not in KINDS:
        raise UsageError(f'fault {data!r}: no kind {kind!r}')
    if not all(type(n) is int for n in (*fault.robots, *fault.values)):
        raise UsageError(f'fault {data!r}: robots and values are whole numbers')
    times = 0 <= at <= TIME_MAX_MS and 0 <= lasts <= TIME_MAX_MS
    if not times or not all(LEADER <= r < robots for r in fault.robots):
        raise UsageError(
            f'fault {data!r}: times from 0 to {TIME_MAX_MS}, robots from {LEADER} to {robots - 1}'
        )
    _check_values(fault)
    alone = kind not in ('loss', 'duplicate', 'delay', 'jam')
    if (alone and not fault.robots) or (not alone and fault.robots):
        raise UsageError(f'fault {data!r}: {"whom" if alone else "nobody"} does {kind} hit')
    return fault


def _check_values(fault: Fault) -> None:
    """Raise UsageError where what a fault does is nothing that can be done."""
    bounds = _VALUES.get(fault.kind, ())
    needed = _NEEDED.get(fault.kind, len(bounds))
    if not needed <= len(fault.values) <= len(bounds):
        count = f'{needed} to {len(bounds)}' if needed < len(bounds) else f'{needed}'
        raise UsageError(f'fault {fault.to_json()!r}: {fault.kind} has {count} values')
    for value, (low, high) in zip(fault.values, bounds):
        if not low <= value <= high:
            raise UsageError(f'fault {fault.to_json()!r}: {value} is not from {low} to {high}')
    if fault.kind in _RISING and fault.values[0] > fault.values[1]:
        raise UsageError(f'fault {fault.to_json()!r}: the least time lies above the greatest')
