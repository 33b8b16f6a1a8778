# SPDX-License-Identifier: Apache-2.0
"""
The figures of election, log, detection and traffic, in virtual time with the shipped settings.

Each row names its bounds, how it is measured and over how many seeds; ``quick`` takes fewer. A
seed is one run, so the runs of a row may share the processors and come out the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
import functools
import multiprocessing
from typing import NamedTuple, TypeVar

from swarm_coordination.benchmarks import (
    commits,
    detection,
    elections,
    snapshots,
    stops,
    traffic,
)
from swarm_coordination.benchmarks.figures import Bound, Figure, median_p99, percentile

_T = TypeVar('_T')


class Effort(NamedTuple):
    """How much to measure: a part of the full number of runs and hours, from ``seed`` on."""

    runs: int = 1_000
    hours: float = 20.0
    seed: int = 0
    jobs: int = 1

    def each(self, measure: Callable[[int], _T], runs: int) -> list[_T]:
        """Return ``measure`` of ``runs`` seeds, in order."""
        seeds = range(self.seed, self.seed + runs)
        if self.jobs == 1:
            return [measure(seed) for seed in seeds]
        # Fresh interpreters: a forked one would share what the parent has cached and opened.
        context = multiprocessing.get_context('spawn')
        with ProcessPoolExecutor(self.jobs, context) as pool:
            return list(pool.map(measure, seeds, chunksize=max(1, runs // (8 * self.jobs))))


SIZES = (5, 10, 20, 50)  # swarms whose cost is stated
ALL_SIZES = (*SIZES, 64)  # as many as a table of rows holds
QUICK = Effort(runs=40, hours=0.1)


def _leader(effort: Effort) -> tuple[tuple[float, ...], str]:
    times = effort.each(elections.leader_killed, effort.runs)
    return median_p99(times), f'{len(times)} runs, longest {max(times):.3f} s'


def _line(effort: Effort) -> tuple[tuple[float, ...], str]:
    times = effort.each(elections.line_killed, effort.runs)
    return median_p99(times), f'{len(times)} runs, longest {max(times):.3f} s'


def _false(effort: Effort) -> tuple[tuple[float, ...], str]:
    pieces = max(1, round(effort.hours))
    measure = functools.partial(elections.false_elections, hours=effort.hours / pieces)
    count = sum(effort.each(measure, pieces))
    return (count / effort.hours,), f'{count} in {effort.hours:g} virtual hours'


def _commit(effort: Effort) -> tuple[tuple[float, ...], str]:
    swarms = max(1, effort.runs // 50)
    measure = functools.partial(commits.one_hop, commands=50)
    times = [time for run in effort.each(measure, swarms) for time in run]
    return median_p99(times), f'{len(times)} commands to {swarms} swarms'


def _commit_line(effort: Effort) -> tuple[tuple[float, ...], str]:
    swarms = max(1, effort.runs // 50)
    measure = functools.partial(commits.line, commands=50)
    times = [time for run in effort.each(measure, swarms) for time in run]
    slow = percentile(times, 0.99)
    return (percentile(times, 0.5),), f'{len(times)} commands to {swarms} swarms, p99 {slow:.3g}'


def _dead(effort: Effort) -> tuple[tuple[float, ...], str]:
    # Fifty robots hear each other fifty times as often as ten do: fewer runs say as much.
    few, many = max(1, effort.runs // 10), max(1, effort.runs // 100)
    ten = effort.each(functools.partial(detection.death_known, robots=10), few)
    fifty = effort.each(functools.partial(detection.death_known, robots=50), many)
    values = (percentile(ten, 0.5), percentile(fifty, 0.5))
    return values, f'{few} / {many} runs, longest {max(ten):.3f} / {max(fifty):.3f} s'


def _wrong(effort: Effort) -> tuple[tuple[float, ...], str]:
    hours = effort.hours / 5.0
    pieces = max(1, round(hours))
    measure = functools.partial(detection.wrongly_dead, hours=hours / pieces)
    count = sum(effort.each(measure, pieces))
    return (float(count),), f'in {hours:g} virtual hours'


def _stop(effort: Effort) -> tuple[tuple[float, ...], str]:
    runs = effort.each(functools.partial(stops.stop_obeyed, loss=0.0), effort.runs)
    first, last = [run[1] for run in runs], [run[stops.HOPS] for run in runs]
    medians = f'medians {percentile(first, 0.5):.3f} / {percentile(last, 0.5):.3f} s'
    return (max(first), max(last)), f'{len(runs)} runs, {medians}'


def _stop_loss(effort: Effort) -> tuple[tuple[float, ...], str]:
    runs = effort.each(functools.partial(stops.stop_obeyed, loss=0.3), effort.runs)
    times = [max(run) for run in runs]
    median = percentile(times, 0.5)
    note = f'{len(runs)} runs, median {median:.3f} s, longest {max(times):.3f} s'
    return (percentile(times, 0.99),), note


def _rest(effort: Effort) -> tuple[tuple[float, ...], str]:
    ten, fifty = traffic.at_rest(effort.seed, 10), traffic.at_rest(effort.seed, 50, 10.0)
    values = (ten.mean_bytes / 1000.0, fifty.mean_bytes / 1000.0)
    leaders = f'{ten.leader_bytes / 1000.0:.2f} / {fifty.leader_bytes / 1000.0:.2f} kB/s'
    return values, f'the leader {leaders}, {ten.frames:.1f} / {fifty.frames:.1f} frames/s'


def _cost(effort: Effort) -> tuple[tuple[float, ...], str]:
    """Measure N against two shapes: everybody in one hop, and a grid of four neighbours each."""
    found = {
        shape: [
            traffic.at_rest(effort.seed, robots, 5.0, 0.1, shape).mean_bytes / 1000.0
            for robots in SIZES
        ]
        for shape in ('full', 'grid')
    }
    grid = ' / '.join(f'{value:.2f}' for value in found['grid'])
    return tuple(found['full']), f'kB/s; in a grid {grid}'


def _death(effort: Effort) -> tuple[tuple[float, ...], str]:
    """Measure N against what a death costs: few runs, for one robot's death is like another's."""
    found = [traffic.around_a_death(effort.seed, robots) for robots in ALL_SIZES]
    before = ' / '.join(f'{cost.before / 1000.0:.2f}' for cost in found)
    busiest = ' / '.join(f'{cost.busiest / 1000.0:.2f}' for cost in found)
    note = f'before {before} kB/s; busiest second of any robot {busiest} kB'
    return tuple(cost.after / 1000.0 for cost in found), note


def _snapshot(effort: Effort) -> tuple[tuple[float, ...], str]:
    runs = max(1, effort.runs // 50)
    found = effort.each(snapshots.three_hops, runs)
    seconds = [crossing.seconds for crossing in found]
    meanwhile = percentile([crossing.latency_s for crossing in found], 0.5)
    before = percentile([crossing.latency_before_s for crossing in found], 0.5)
    note = f'{runs} runs, longest {max(seconds):.3g} s; commits at the leader take '
    note += f'{meanwhile * 1e3:.3g} ms meanwhile, {before * 1e3:.3g} ms before'
    return (percentile(seconds, 0.5),), note


class Row(NamedTuple):
    """One row: title, bounds (none: only stated), how it is measured (values and a note)."""

    title: str
    bound: Bound | None
    measure: Callable[[Effort], tuple[tuple[float, ...], str]]


ROWS = {
    'leader': Row(
        'leader killed, 5 robots in one hop, until all know the next: median / p99',
        Bound((0.5, 1.5), (0.25, 0.6), 's'),
        _leader,
    ),
    'line': Row(
        'line of 7 voters, leader at an end killed, 10 % loss per hop: median / p99',
        Bound((2.0, 5.0), (1.0, 2.5), 's'),
        _line,
    ),
    'false': Row(
        'false elections per hour, 10 robots in one hop, 10 % loss',
        Bound((1.0,), (0.05,), '1/h'),
        _false,
    ),
    'commit': Row(
        'commit via the leader, 5 robots in one hop, in one-way delays: p50 / p99',
        Bound((4.0, 10.0), (2.5, 4.0), ''),
        _commit,
    ),
    'commit-line': Row(
        'commit via the leader at the end of 6 hops, 10 % loss, in end-to-end delays: p50',
        Bound((6.0,), (3.0,), ''),
        _commit_line,
    ),
    'dead': Row(
        'dead robot known to all others, one hop, 1 % loss, N = 10 / 50: median',
        Bound((2.0, 3.0), (1.0, 1.5), 's'),
        _dead,
    ),
    'wrong': Row(
        'wrongly declared dead, 20 robots in one hop, 20 % loss',
        Bound((0.0,), (0.0,), ''),
        _wrong,
    ),
    'stop': Row(
        'stop raised at the end of a line obeyed after 1 / 6 hops, no loss: longest',
        Bound((0.3, 0.8), (0.15, 0.4), 's'),
        _stop,
    ),
    'stop-loss': Row(
        'stop raised at the end of 6 hops obeyed by all, 30 % loss per hop: p99',
        Bound((3.0,), (1.0,), 's'),
        _stop_loss,
    ),
    'rest': Row(
        'frame bytes per robot at rest, one hop, N = 10 / 50: mean',
        Bound((3.0, 8.0), (2.0, 5.0), 'kB/s'),
        _rest,
    ),
    'cost': Row(
        f'frame bytes per robot, 10 % loss, N = {" / ".join(map(str, SIZES))}, one hop',
        None,
        _cost,
    ),
    'death': Row(
        f'frame bytes per robot, 10 s from a death on, N = {" / ".join(map(str, ALL_SIZES))}, '
        'one hop',
        Bound((30.0,) * len(ALL_SIZES), (8.0,) * len(ALL_SIZES), 'kB/s'),
        _death,
    ),
    'snapshot': Row(
        'snapshot of 64 kB over 3 hops, 10 % loss, 20 kB/s a robot, while commits go on: median',
        Bound((60.0,), (20.0,), 's'),
        _snapshot,
    ),
}


def measure(
    names: Sequence[str], effort: Effort, told: Callable[[Figure], None] = lambda _: None
) -> list[Figure]:
    """Measure the rows named; ``told`` hears of each as soon as it is there."""
    figures = []
    for name in names:
        row = ROWS[name]
        values, note = row.measure(effort)
        figures.append(Figure(name, row.title, values, row.bound, note))
        told(figures[-1])
    return figures
