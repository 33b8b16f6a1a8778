# SPDX-License-Identifier: Apache-2.0
"""``swarm bench consensus``: the figures of coordination, in virtual time."""

from __future__ import annotations

import argparse
import json
import sys

from swarm_coordination.errors import UsageError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options; those left out are the full measurement, hours of it."""
    parser.add_argument('--row', action='append', metavar='NAME', help='only this row; repeatable')
    parser.add_argument('--quick', action='store_true', help='minutes: 40 runs, 0.1 hours')
    parser.add_argument('--runs', type=int, metavar='N', help='runs of rows with times (1,000)')
    parser.add_argument('--hours', type=float, metavar='H', help='virtual hours for rates (20)')
    parser.add_argument('--seed', type=int, default=0, help='first seed (0)')
    parser.add_argument('--jobs', type=int, default=1, metavar='N', help='processes (1)')
    parser.add_argument('--json', action='store_true', help='print one JSON object')


def run(options: argparse.Namespace) -> int:
    """Measure; exit status 1 where a bound is missed."""
    from swarm_coordination.benchmarks.consensus import Effort, measure, QUICK, ROWS
    from swarm_coordination.benchmarks.figures import as_json, machine, table

    rows = options.row or list(ROWS)
    unknown = sorted(set(rows) - set(ROWS))
    if unknown:
        raise UsageError(f'no row {unknown[0]!r}: one of {", ".join(ROWS)}')
    base = QUICK if options.quick else Effort()
    runs = base.runs if options.runs is None else options.runs
    hours = base.hours if options.hours is None else options.hours
    if runs < 1 or hours <= 0.0 or options.jobs < 1:
        raise UsageError('runs and jobs must be at least 1, hours above 0')
    effort = Effort(runs, hours, options.seed, options.jobs)
    figures = measure(
        rows, effort, lambda figure: print(f'  {figure.row}: {figure.note}', file=sys.stderr)
    )
    seeds = f'seeds from {effort.seed}, {effort.runs} runs, {effort.hours:g} virtual hours'
    if options.json:
        print(json.dumps({'machine': machine(), 'seeds': seeds, 'figures': as_json(figures)}))
    else:
        print(f'{table(figures)}\n{seeds}; {machine()}')
    return 1 if any(figure.verdict == 'MISSED' for figure in figures) else 0
