# SPDX-License-Identifier: Apache-2.0
"""The figures of election, log, detection and traffic, in virtual time, shipped settings."""

from __future__ import annotations

from collections.abc import Sequence
import functools

from swarm_coordination.benchmarks import (
    commits,
    detection,
    elections,
    snapshots,
    stops,
    traffic,
)
from swarm_coordination.benchmarks.figures import Bound, median_p99, percentile
from swarm_coordination.benchmarks.rows import Found, once, Part, pieces, Row, times

_Summary = tuple[tuple[float, ...], str]

SIZES = (5, 10, 20, 50)  # swarms whose cost is stated
ALL_SIZES = (*SIZES, 64)  # as many as a table of rows holds
# Commands to one swarm, each alone: swarms differ in clocks and in who leads.
_COMMANDS = 50
_DEATHS = 10
# Virtual hours of one sample: minutes of processor time, after which a measurement can stop.
_FALSE_HOURS, _WRONG_HOURS = 0.1, 0.02
_WRONG_SHARE = 0.2  # 4 hours where rates are measured over 20


def _all(found: Found, part: str) -> list[float]:
    return [value for sample in found[part] for value in sample]


def _column(samples: Sequence[Sequence[float]], at: int) -> list[float]:
    return [sample[at] for sample in samples]


def _times(found: Found) -> _Summary:
    taken = _all(found, 'runs')
    return median_p99(taken), f'{len(taken):,} runs, longest {max(taken):.3f} s'


def _false(found: Found) -> _Summary:
    counts = _all(found, 'hours')
    hours = len(counts) * _FALSE_HOURS
    return (sum(counts) / hours,), f'{sum(counts):.0f} in {hours:.3g} virtual hours'


def _wrong(found: Found) -> _Summary:
    counts = _all(found, 'hours')
    return (sum(counts),), f'in {len(counts) * _WRONG_HOURS:.3g} virtual hours'


def _commit(found: Found) -> _Summary:
    taken = _all(found, 'swarms')
    return median_p99(taken), f'{len(taken):,} commands to {len(found["swarms"])} swarms'


def _commit_line(found: Found) -> _Summary:
    (middle, slow), note = _commit(found)
    return (middle,), f'{note}, p99 {slow:.3g}'


def _dead(found: Found) -> _Summary:
    ten, fifty = _all(found, 'N=10'), _all(found, 'N=50')
    note = f'{len(ten):,} / {len(fifty):,} deaths, longest {max(ten):.3f} / {max(fifty):.3f} s'
    return (percentile(ten, 0.5), percentile(fifty, 0.5)), note


def _stop(found: Found) -> _Summary:
    first, last = _column(found['runs'], 1), _column(found['runs'], stops.HOPS)
    medians = f'medians {percentile(first, 0.5):.3f} / {percentile(last, 0.5):.3f} s'
    return (max(first), max(last)), f'{len(first):,} runs, {medians}'


def _stop_loss(found: Found) -> _Summary:
    last = [max(run) for run in found['runs']]
    note = f'{len(last):,} runs, median {percentile(last, 0.5):.3f} s, longest {max(last):.3f} s'
    return (percentile(last, 0.99),), note


def _rest(found: Found) -> _Summary:
    means, leaders, frames = zip(*(found[part][0] for part in found))
    told = ' / '.join(f'{value / 1000.0:.2f}' for value in leaders)
    rates = ' / '.join(f'{value:.1f}' for value in frames)
    return tuple(v / 1000.0 for v in means), f'the leader {told} kB/s, {rates} frames/s'


def _cost(found: Found) -> _Summary:
    grid = ' / '.join(f'{found[f"grid {n}"][0][0] / 1000.0:.2f}' for n in SIZES)
    return tuple(found[f'full {n}'][0][0] / 1000.0 for n in SIZES), f'kB/s; in a grid {grid}'


def _death(found: Found) -> _Summary:
    before, after, busiest = zip(*(found[part][0] for part in found))
    quiet = ' / '.join(f'{value / 1000.0:.2f}' for value in before)
    most = ' / '.join(f'{value / 1000.0:.2f}' for value in busiest)
    note = f'before {quiet} kB/s; busiest second of any robot {most} kB'
    return tuple(value / 1000.0 for value in after), note


def _snapshot(found: Found) -> _Summary:
    seconds, meanwhile, before = (_column(found['runs'], at) for at in range(3))
    note = f'{len(seconds):,} runs, longest {max(seconds):.3g} s; commits at the leader take '
    note += f'{percentile(meanwhile, 0.5) * 1e3:.3g} ms meanwhile, '
    note += f'{percentile(before, 0.5) * 1e3:.3g} ms before'
    return (percentile(seconds, 0.5),), note


def _deaths(robots: int) -> Part:
    call = functools.partial(detection.deaths_known, robots=robots, deaths=_DEATHS)
    return Part(f'N={robots}', call, times(_DEATHS, dear=robots > 20))


def _at_rest(robots: int, seconds: float) -> Part:
    call = functools.partial(traffic.rest_sample, robots=robots, seconds=seconds)
    return Part(f'N={robots}', call, once)


ROWS = {
    'leader': Row(
        'leader killed, 5 robots in one hop, until all know the next: median / p99',
        Bound((0.5, 1.5), (0.25, 0.6), 's'),
        (Part('runs', elections.leader_killed, times()),),
        _times,
    ),
    'line': Row(
        'line of 7 voters, leader at an end killed, 10 % loss per hop: median / p99',
        Bound((2.0, 5.0), (1.0, 2.5), 's'),
        (Part('runs', elections.line_killed, times()),),
        _times,
    ),
    'false': Row(
        'false elections per hour, 10 robots in one hop, 10 % loss',
        Bound((1.0,), (0.05,), '1/h', hours=(20.0, 20.0)),
        (Part('hours', functools.partial(elections.false_elections, hours=_FALSE_HOURS),
              pieces(_FALSE_HOURS)),),
        _false,
        piece_h=_FALSE_HOURS,
    ),
    'commit': Row(
        'commit via the leader, 5 robots in one hop, in one-way delays: p50 / p99',
        Bound((4.0, 10.0), (2.5, 4.0), ''),
        (Part('swarms', functools.partial(commits.one_hop, commands=_COMMANDS),
              times(_COMMANDS)),),
        _commit,
    ),
    'commit-line': Row(
        'commit via the leader at the end of 6 hops, 10 % loss, in end-to-end delays: p50',
        Bound((6.0,), (3.0,), ''),
        (Part('swarms', functools.partial(commits.line, commands=_COMMANDS),
              times(_COMMANDS)),),
        _commit_line,
    ),
    'dead': Row(
        'dead robot known to all others, one hop, 1 % loss, N = 10 / 50: median',
        Bound((2.0, 3.0), (1.0, 1.5), 's'),
        (_deaths(10), _deaths(50)),
        _dead,
    ),
    'wrong': Row(
        'wrongly declared dead, 20 robots in one hop, 20 % loss',
        Bound((0.0,), (0.0,), '', hours=(4.0, 20.0)),
        (Part('hours', functools.partial(detection.wrongly_dead, hours=_WRONG_HOURS),
              pieces(_WRONG_HOURS, _WRONG_SHARE)),),
        _wrong,
        piece_h=_WRONG_HOURS,
    ),
    'stop': Row(
        'stop raised at the end of a line obeyed after 1 / 6 hops, no loss: longest',
        Bound((0.3, 0.8), (0.15, 0.4), 's'),
        (Part('runs', functools.partial(stops.stop_obeyed, loss=0.0), times()),),
        _stop,
    ),
    'stop-loss': Row(
        'stop raised at the end of 6 hops obeyed by all, 30 % loss per hop: p99',
        Bound((3.0,), (1.0,), 's'),
        (Part('runs', functools.partial(stops.stop_obeyed, loss=0.3), times()),),
        _stop_loss,
    ),
    'rest': Row(
        'frame bytes per robot at rest, one hop, N = 10 / 50: mean',
        Bound((3.0, 8.0), (2.0, 5.0), 'kB/s'),
        (_at_rest(10, 20.0), _at_rest(50, 10.0)),
        _rest,
    ),
    'rest-64': Row(
        'frame bytes per robot at rest, one hop, N = 64 (a full table of rows), 30 s: mean',
        Bound((30.0,), (8.0,), 'kB/s'),
        (_at_rest(64, 30.0),),
        _rest,
        quick=False,
    ),
    'cost': Row(
        f'frame bytes per robot, 10 % loss, N = {" / ".join(map(str, SIZES))}, one hop',
        None,
        tuple(
            Part(f'{shape} {robots}',
                 functools.partial(traffic.rest_sample, robots=robots, seconds=5.0, loss=0.1,
                                   shape=shape), once)
            for shape in ('full', 'grid') for robots in SIZES
        ),
        _cost,
    ),
    'death': Row(
        f'frame bytes per robot, 10 s from a death on, N = {" / ".join(map(str, ALL_SIZES))}, '
        'one hop',
        Bound((30.0,) * len(ALL_SIZES), (8.0,) * len(ALL_SIZES), 'kB/s'),
        tuple(
            Part(f'N={robots}', functools.partial(traffic.death_sample, robots=robots), once)
            for robots in ALL_SIZES
        ),
        _death,
        quick=False,
    ),
    'snapshot': Row(
        'snapshot of 64 kB over 3 hops, 10 % loss, 20 kB/s a robot, while commits go on: median',
        Bound((60.0,), (20.0,), 's'),
        (Part('runs', snapshots.crossing_sample, times(dear=True)),),
        _snapshot,
    ),
}
