# SPDX-License-Identifier: Apache-2.0
"""``swarm bench consensus``: the figures of coordination, in virtual time."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
import sys
from typing import TYPE_CHECKING

from swarm_coordination.errors import UsageError

if TYPE_CHECKING:
    from swarm_coordination.benchmarks.samples import Samples

# A thousand times the full measurement, which takes days.
RUNS_MAX = 1_000_000
HOURS_MAX = 20_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options; those left out are the full measurement, many hours of it."""
    parser.add_argument('--rows', nargs='+', action='extend', metavar='NAME',
                        help='only these rows, in this order')
    parser.add_argument('--quick', action='store_true',
                        help='minutes: 40 runs (2 of dear ones), 0.1 hours, no row with 64 robots')
    parser.add_argument('--runs', type=int, metavar='N', help='runs of rows with times (1,000)')
    parser.add_argument('--hours', type=float, metavar='H', help='virtual hours for rates (20)')
    parser.add_argument('--seed', type=int, default=0, help='first seed (0)')
    parser.add_argument('--jobs', type=int, default=1, metavar='N', help='processes (1)')
    parser.add_argument('--minutes', type=float, metavar='M',
                        help='begin nothing more after so much processor time; rows that are '
                        'not complete say so')
    parser.add_argument('--out', type=Path, metavar='FILE', help='keep every sample in this file')
    parser.add_argument('--resume', action='store_true',
                        help='go on from what --out FILE holds of the same code')
    parser.add_argument('--json', action='store_true', help='print one JSON object')


def run(options: argparse.Namespace) -> int:
    """Measure; exit status 1 where a bound is missed."""
    from swarm_coordination.benchmarks.consensus import ROWS
    from swarm_coordination.benchmarks.figures import as_json, machine, table
    from swarm_coordination.benchmarks.measuring import Measuring
    from swarm_coordination.benchmarks.rows import Effort, QUICK
    from swarm_coordination.campaign.workers import check_jobs

    chosen = [name for name, row in ROWS.items() if row.quick or not options.quick]
    names = list(dict.fromkeys(options.rows or chosen))
    unknown = sorted(set(names) - set(ROWS))
    if unknown:
        raise UsageError(f'no row {unknown[0]!r}: one of {", ".join(ROWS)}')
    base = QUICK if options.quick else Effort()
    runs = base.runs if options.runs is None else options.runs
    hours = base.hours if options.hours is None else options.hours
    check_jobs(options.jobs)
    if not 1 <= runs <= RUNS_MAX or not 0.0 < hours <= HOURS_MAX:  # NaN fails too
        raise UsageError(
            f'--runs, --hours: 1 to {RUNS_MAX} runs, above 0 and at most {HOURS_MAX} hours'
        )
    if options.seed < 0:
        raise UsageError(f'--seed {options.seed}: at least 0')
    if options.minutes is not None and not options.minutes > 0.0:
        raise UsageError(f'--minutes {options.minutes:g}: more than 0')
    effort = base._replace(runs=runs, hours=hours, seed=options.seed)
    measuring = Measuring(
        _samples(options), effort, options.jobs,
        None if options.minutes is None else options.minutes * 60.0,
    )
    figures = measuring.figures(
        {name: ROWS[name] for name in names},
        lambda figure: print(f'  {figure.row}: {figure.note}', file=sys.stderr),
    )
    seeds = f'seeds from {effort.seed}, {effort.runs} runs, {effort.hours:g} virtual hours'
    if options.json:
        print(json.dumps({'machine': machine(), 'seeds': seeds, 'figures': as_json(figures)}))
    else:
        print(f'{table(figures)}\n{seeds}; {machine()}')
        left = [name for name in names if name not in {figure.row for figure in figures}]
        if left:
            print(f'no sample yet: {", ".join(left)}')
    return 1 if any(figure.verdict == 'MISSED' for figure in figures) else 0


def _samples(options: argparse.Namespace) -> Samples:
    """Return what there is to begin with, and make sure that it can be kept."""
    from swarm_coordination.benchmarks.samples import Samples

    samples = Samples(options.out)
    if options.resume:
        if options.out is None:
            raise UsageError('--resume goes with --out FILE')
        samples.resume()
    elif options.out is not None and options.out.exists():
        raise UsageError(f'{options.out}: is there already: --resume, or another name')
    samples.write()
    return samples
