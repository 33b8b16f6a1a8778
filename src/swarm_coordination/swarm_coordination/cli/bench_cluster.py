# SPDX-License-Identifier: Apache-2.0
"""``swarm bench cluster``: real processes over DDS on the loopback, and other systems beside."""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
import sys

from swarm_coordination.cli.needs import need
from swarm_coordination.errors import UsageError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument('--quick', action='store_true', help='two minutes: 3 trials, 50 commands')
    parser.add_argument(
        '--folder', type=Path, metavar='DIR', help='put the disks below this folder (/tmp)'
    )
    parser.add_argument('--json', action='store_true', help='print one JSON object')


def run(options: argparse.Namespace) -> int:
    """Measure; exit status 1 where a bound is missed."""
    need('cyclonedds')
    if options.folder is not None and not (
        options.folder.is_dir() and os.access(options.folder, os.W_OK | os.X_OK)
    ):
        raise UsageError(f'--folder {options.folder}: a folder that can be written')
    from swarm_coordination.benchmarks.cluster.measure import Effort, measure, missed, QUICK
    from swarm_coordination.benchmarks.figures import as_json, machine, table

    effort = QUICK if options.quick else Effort()
    figures = measure(
        options.folder, effort,
        lambda figure: print(f'  {figure.row}: {figure.values}', file=sys.stderr),
    )
    if options.json:
        print(json.dumps({'machine': machine(), 'figures': as_json(figures)}))
    else:
        print(f'{table(figures)}\n{machine()}')
    return 1 if missed(figures) else 0
