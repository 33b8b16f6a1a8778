# SPDX-License-Identifier: Apache-2.0
"""
What a row of ``swarm bench consensus`` is made of.

A row has parts (two sizes of a swarm, say), a part is measured by samples, and a sample is what
one seed gives: a few numbers. So samples can be taken in any order, in several processes and in
several invocations, and the row is computed from all of them at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
import functools
import math
from typing import NamedTuple

from swarm_coordination.benchmarks.figures import Bound, Figure

Sample = list[float]
# By name of the part: its samples, in the order of their seeds.
Found = Mapping[str, Sequence[Sample]]


class Effort(NamedTuple):
    """How much to measure: times, virtual hours of rates, the share of dear ones; from a seed."""

    runs: int = 1_000
    hours: float = 20.0
    dear: float = 1.0
    seed: int = 0


QUICK = Effort(runs=40, hours=0.1, dear=0.05)


class Part(NamedTuple):
    """``measure(seed)`` gives one sample; ``seeds(effort)`` says how many are wanted."""

    name: str
    measure: Callable[[int], Sample]
    seeds: Callable[[Effort], int]

    @property
    def call(self) -> str:
        """Return what is called with the seed, as text: equal texts and code, equal samples."""
        call = self.measure
        if not isinstance(call, functools.partial):
            return f'{call.__module__}.{call.__qualname__}'
        given = ', '.join(f'{name}={value!r}' for name, value in sorted(call.keywords.items()))
        return f'{call.func.__module__}.{call.func.__qualname__}({given})'


class Row(NamedTuple):
    """
    Title, bounds (none: only stated), what is sampled, and values and note from it.

    ``quick``: whether it is among the rows of a quick measurement that names none. ``piece_h``:
    virtual hours of one sample, of a rate.
    """

    title: str
    bound: Bound | None
    parts: tuple[Part, ...]
    summary: Callable[[Found], tuple[tuple[float, ...], str]]
    quick: bool = True
    piece_h: float = math.inf

    def figure(self, name: str, found: Found, wanted: Mapping[str, int], cpu_s: float) -> Figure:
        """Return the figure; it says where fewer samples are there than are wanted."""
        values, note = self.summary(found)
        short = [
            f'{part}: {len(found[part]):,} of {count:,} seeds'
            for part, count in wanted.items() if len(found[part]) < count
        ]
        note = '; '.join((note, *short, f'{cpu_s:.0f} s CPU'))
        hours = sum(map(len, found.values())) * self.piece_h
        # Pieces add up to whole hours but for what floating point leaves.
        return Figure(name, self.title, values, self.bound, note, round(hours, 6))


def times(each: int = 1, *, dear: bool = False) -> Callable[[Effort], int]:
    """Return how many seeds give all the runs, where one gives ``each``."""

    def seeds(effort: Effort) -> int:
        return max(1, math.ceil(effort.runs * (effort.dear if dear else 1.0) / each))

    return seeds


def pieces(hours: float, share: float = 1.0) -> Callable[[Effort], int]:
    """Return how many seeds of ``hours`` each give ``share`` of all the virtual hours."""

    def seeds(effort: Effort) -> int:
        return max(1, round(effort.hours * share / hours))

    return seeds


def once(effort: Effort) -> int:
    """One seed is enough: what is measured hardly depends on it."""
    return 1
