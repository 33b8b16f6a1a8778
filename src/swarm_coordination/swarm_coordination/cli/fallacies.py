# SPDX-License-Identifier: Apache-2.0
"""``swarm fallacies``: the eight fallacies of distributed computing, one row each."""

from __future__ import annotations

import argparse
from dataclasses import asdict
import datetime
import json
from pathlib import Path
from typing import TYPE_CHECKING

from swarm_coordination.errors import ConfigurationError

if TYPE_CHECKING:
    from swarm_coordination.fallacies.run import Play, Row
    from swarm_coordination.scenario.report import Report
    from swarm_coordination.scenario.run import RunOptions


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the verb."""
    parser.add_argument(
        '--real', action='store_true',
        help='on processes in network namespaces (root) instead of in virtual time',
    )
    parser.add_argument(
        '--only', type=int, nargs='+', metavar='N', help='these of the eight (1 to 8)'
    )
    parser.add_argument('--seed', type=int, default=1, metavar='S', help='of every run')
    parser.add_argument('--out', type=Path, metavar='DIR', help='default: a new one under out/')
    parser.add_argument('--json', action='store_true', help='print the rows as JSON, nothing else')


def run(options: argparse.Namespace) -> int:
    """Play the suite; return the exit status."""
    from swarm_coordination.fallacies.catalogue import FALLACIES
    from swarm_coordination.fallacies.run import play_fallacy

    wanted = options.only or range(1, len(FALLACIES) + 1)
    for number in wanted:
        if not 1 <= number <= len(FALLACIES):
            raise ConfigurationError('command line', '--only', number, f'1 to {len(FALLACIES)}')
    at = datetime.datetime.now(tz=datetime.timezone.utc).strftime('%Y%m%d-%H%M%S')
    out = options.out or Path('out') / f'{at}-fallacies'
    play = _real() if options.real else _virtual
    rows = []
    for number in wanted:
        row = play_fallacy(FALLACIES[number - 1], number, out, play, options.seed)
        rows.append(row)
        if not options.json:
            _print(number, row)
    if options.json:
        print(json.dumps([asdict(row) | {'ok': row.ok} for row in rows], indent=2))
    return 0 if all(row.ok for row in rows) else 1


def _print(number: int, row: Row) -> None:
    verdict = 'holds' if row.ok else 'FAILS'
    print(f'{number} {row.fallacy} [{row.backend or "broke off"}]\n    {row.done}')
    print(f'    {verdict}: {row.held} of {row.expectations} expectations; {row.figure}')
    for text in row.broken:
        print(f'    broken: {text}')
    print(f'    report, pictures and logs: {row.folder}')


def _virtual(options: RunOptions, backend: str) -> Report:
    from swarm_coordination.simulation.run import simulate

    return simulate(options)


def _real() -> Play:
    from swarm_coordination.cli.netns import play_in_namespaces
    from swarm_coordination.netns.namespaces import check_means

    check_means()
    return lambda options, backend: play_in_namespaces(backend, options, None)
