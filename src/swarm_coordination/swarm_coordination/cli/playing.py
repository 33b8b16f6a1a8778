# SPDX-License-Identifier: Apache-2.0
"""What ``swarm simulate`` and ``swarm demo`` share: options, live view, report, exit status."""

from __future__ import annotations

import argparse
from collections.abc import Callable
import datetime
from pathlib import Path
import sys

from swarm_coordination.configuration import find_swarm_file, load_swarm
from swarm_coordination.errors import ConfigurationError
from swarm_coordination.scenario.loading import list_scenarios, load_scenario
from swarm_coordination.scenario.report import Report
from swarm_coordination.scenario.run import make_options, RunOptions, View

# Plays a scenario with a view (None: nothing is shown) and returns the report.
Play = Callable[[RunOptions, View | None], Report]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that both verbs have."""
    parser.add_argument(
        'scenario', nargs='?', metavar='SCENARIO',
        help='name of a scenario (see --list-scenarios) or path of a file (default: default)',
    )
    parser.add_argument(
        '--scenario', dest='scenario_option', metavar='NAME|FILE', help='the same, as an option'
    )
    parser.add_argument('--seed', type=int, metavar='S', help="default: the scenario's own")
    parser.add_argument(
        '--robots', type=int, metavar='N', help="how many fly (default: the scenario's own)"
    )
    parser.add_argument(
        '--swarm-file', metavar='FILE', help='which robots there are (default: config/swarm.yaml)'
    )
    parser.add_argument(
        '--out', type=Path, metavar='DIR',
        help='folder for report, pictures and logs (default: a new one under out/)',
    )
    parser.add_argument(
        '--json', action='store_true', help='print report.json on standard output, nothing else'
    )
    parser.add_argument(
        '--list-scenarios', action='store_true', help='list the scenarios that come along'
    )


def play(options: argparse.Namespace, backend: str, play_it: Play) -> int:
    """Check the options, play, print the report; return the exit status."""
    if options.list_scenarios:
        for scenario in list_scenarios():
            count = scenario.robots
            print(f'{scenario.name:12} {count.low} to {count.high} robots  {scenario.description}')
        return 0
    run = _run_options(options, backend)
    title = f'{run.scenario.name}, {len(run.swarm.robots)} robots, seed {run.seed}, {backend}'
    if options.json:
        report = play_it(run, None)
        print(report.to_json(), end='')
    else:
        report = _play_visibly(title, run, play_it)
    return 0 if report.ok else 1


def _run_options(options: argparse.Namespace, backend: str) -> RunOptions:
    both = options.scenario is not None and options.scenario_option is not None
    if both and options.scenario != options.scenario_option:
        raise ConfigurationError(
            'command line', '--scenario', options.scenario_option, 'given once'
        )
    scenario = load_scenario(options.scenario_option or options.scenario or 'default')
    swarm = load_swarm(find_swarm_file(options.swarm_file))
    out = options.out
    run = make_options(
        scenario, swarm, Path('out'), seed=options.seed, robots=options.robots
    )
    if out is None:
        at = datetime.datetime.now(tz=datetime.timezone.utc).strftime('%Y%m%d-%H%M%S')
        out = Path('out') / f'{at}-{scenario.name}-{backend}-seed{run.seed}'
    return RunOptions(run.scenario, run.swarm, run.seed, out)


def _play_visibly(title: str, run: RunOptions, play_it: Play) -> Report:
    from swarm_coordination.station.summary import print_report
    from swarm_coordination.station.terminal import live_view

    with live_view(title, sys.stdout) as view:
        report = play_it(run, view)
    print_report(report, sys.stdout)
    print(f'report, pictures and logs: {run.out}')
    return report
