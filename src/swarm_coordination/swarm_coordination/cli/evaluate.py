# SPDX-License-Identifier: Apache-2.0
"""`swarm evaluate`: fly one case over many seeds, or the suites, and tell the columns."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from swarm_coordination.cli.progress import progress
from swarm_coordination.errors import UsageError

RUNS_MAX = 100_000
# A word of the kernels' generator (evaluation/kernels/chance.py), which only flights load.
SEED_MAX = 2**64 - 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb; a suite takes its cases from ``evaluation/suites.py``."""
    _add_case(parser.add_argument_group('one case'))
    _add_disturbances(parser.add_argument_group('what the case meets'))
    parser.add_argument('--runs', type=int, default=20, help='runs, seeds ascending')
    parser.add_argument('--seed', type=int, default=1000, help='seed of the first run')
    parser.add_argument('--json', action='store_true', help='print one JSON object')
    parser.add_argument(
        '--picture',
        type=Path,
        metavar='PNG',
        help='draw the first run beside no_links and keep_all instead',
    )
    suite = parser.add_argument_group('suites')
    suite.add_argument('--suite', metavar='NAME', help='fly a suite, or all of them')
    suite.add_argument('--only', default='', metavar='TEXT', help='its rows with TEXT in the name')
    suite.add_argument('--share', type=float, default=1.0, help='part of the runs of each case')
    suite.add_argument('--out', type=Path, default=Path('out/control'), help='where tables go')


def _add_case(case: Any) -> None:
    """Add who flies what, and how."""
    case.add_argument('--shape', default='circle', help='line, v, circle, grid or sphere')
    case.add_argument('--robots', type=int, default=20, help='how many (2 to 128)')
    case.add_argument('--slots', default='assigned', help='assigned (Hungarian) or random')
    case.add_argument('--start', default='random', help='random or ordered')
    case.add_argument(
        '--method',
        default='certified',
        help='certified, one_hop, keep_all, no_links, orca or barrier',
    )
    case.add_argument(
        '--kind', default='holonomic', help='holonomic, differential or quadrotor (in space)'
    )
    case.add_argument('--resilience', type=int, default=1, help='paths in a certificate, 1 or 2')
    case.add_argument('--no-swaps', action='store_true', help='slots stay where they were given')
    case.add_argument('--no-regroup', action='store_true', help='never shrink a stuck formation')
    case.add_argument(
        '--shipped', action='store_true', help='cohesion and weights of links as in swarm.yaml'
    )
    case.add_argument('--limit', type=float, default=240.0, metavar='S', help='longest flight')


def _add_disturbances(case: Any) -> None:
    """Add radio, losses of robots, obstacles."""
    case.add_argument('--loss', type=float, default=0.2, help='share of frames lost (disc radio)')
    case.add_argument('--delay', type=float, default=0.1, metavar='S', help='delay of a frame')
    case.add_argument('--beacons', type=int, default=20, metavar='HZ', help='20, 10 or 5')
    case.add_argument('--radio', default='disc', help='disc or log_distance (with shadowing)')
    case.add_argument(
        '--kill',
        default='none',
        help='none, random, articulation, leader, or in_2_connected (any robot while the kept '
        'links are 2-connected)',
    )
    case.add_argument('--kill-formed', action='store_true', help='once the formation stands')
    case.add_argument('--obstacles', default='none', help='none, sparse or corridor')


def run(options: argparse.Namespace) -> int:
    """Fly and print; returns the exit status."""
    if not 1 <= options.runs <= RUNS_MAX:
        raise UsageError(f'--runs {options.runs}: 1 to {RUNS_MAX}')
    if not 0 <= options.seed <= SEED_MAX + 1 - options.runs:
        raise UsageError(f'--seed {options.seed}: 0 to {SEED_MAX} for the last of all runs')
    if options.suite:
        _refuse_what_suites_say(options)
        from swarm_coordination.evaluation import suites

        return suites.fly(
            options.suite, options.share, options.out, progress, options.only
        )
    case = _case(options)
    if options.picture:
        from swarm_coordination.evaluation.pictures import draw
        from swarm_coordination.evaluation.report import check_writable

        check_writable(options.picture)
        draw(case, options.seed, options.picture)
        return 0
    from swarm_coordination.evaluation.methods import fly
    from swarm_coordination.evaluation.result import columns

    results = []
    for seed in range(options.seed, options.seed + options.runs):
        results.append(fly(case, seed))
        progress(f'seed {seed}: {"reached" if results[-1].reached else "not reached"}')
    progress('')
    _print(columns(results), options.json)
    return 0


def _refuse_what_suites_say(options: argparse.Namespace) -> None:
    """Raise UsageError where a suite is asked for and what its rows settle by themselves."""
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    ours = ('suite', 'only', 'share', 'out')
    for name, given in vars(parser.parse_args([])).items():
        if name not in ours and getattr(options, name) != given:
            raise UsageError(
                f'--{name.replace("_", "-")} is of one case; a row of --suite {options.suite} '
                'has its own'
            )


def _case(options: argparse.Namespace) -> Any:
    from swarm_coordination.evaluation.cases import Case, check_case, controller_settings, RATES

    if options.beacons not in RATES:
        raise UsageError(f'--beacons {options.beacons}: one of {", ".join(map(str, RATES))}')
    return check_case(
        Case(
            shape=options.shape,
            robots=options.robots,
            slots=options.slots,
            start=options.start,
            method=options.method,
            swaps=not options.no_swaps,
            regroup=not options.no_regroup,
            loss=options.loss,
            delay_s=options.delay,
            beacon_hz=options.beacons,
            radio=options.radio,
            kill=options.kill,
            kill_formed=options.kill_formed,
            obstacles=options.obstacles,
            kind=options.kind,
            limit_s=options.limit,
            settings=controller_settings(
                options.beacons, options.resilience, options.kind, options.shape, options.shipped
            ),
        )
    )


def _print(values: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print(json.dumps(values))
        return
    width = max(map(len, values))
    for name, value in values.items():
        print(f'{name:{width}}  {"-" if value is None else value}')
