# SPDX-License-Identifier: Apache-2.0
"""``swarm check``: seeds of faults against the coordination core, every invariant watched."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from contextlib import closing
import json
from pathlib import Path
import re
import sys
import time

from swarm_coordination.campaign.campaign import outcomes, replay_command, Summary
from swarm_coordination.campaign.courses.courses import COURSES
from swarm_coordination.campaign.profiles import profile_named, PROFILES
from swarm_coordination.campaign.run import Outcome, play
from swarm_coordination.campaign.schedule import make_schedule, Schedule, schedule_from_json
from swarm_coordination.campaign.shrink import Shrinking
from swarm_coordination.campaign.workers import check_jobs, WorkerLost
from swarm_coordination.cli.progress import progress
from swarm_coordination.errors import UsageError
from swarm_coordination.evaluation.report import check_writable
from swarm_coordination.history.json_lines import write_json_lines
from swarm_coordination.history.operations import Event

# Whoever asks for more has mistyped: 10 million seeds are 19 years of virtual time.
SEEDS_MAX = 10_000_000
SEED_MAX = 2**64 - 1
PROGRESS_EVERY_S = 1.0
_SHOWN_CHARS_MAX = 50
_SEEDS = re.compile(r'([0-9]+)(?:\.\.([0-9]+))?')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the verb."""
    profiles = '; '.join(f'{p.name}: {p.text}' for p in PROFILES.values())
    which = parser.add_mutually_exclusive_group()
    which.add_argument('--seeds', metavar='A..B', help='play these seeds, both ends included')
    which.add_argument('--seed', metavar='N', help='play one seed')
    which.add_argument('--schedule', metavar='FILE', type=Path,
                       help='play a schedule that --shrink has written')
    parser.add_argument('--profile', metavar='NAME', help=f'default: general. {profiles}')
    parser.add_argument('--jobs', type=int, default=1, metavar='N', help='processes (1)')
    parser.add_argument('-v', '--verbose', action='store_true',
                        help='with one seed: schedule and trace, a line for everything')
    parser.add_argument('--shrink', action='store_true',
                        help='with one seed that fails: fewer faults, then less time')
    parser.add_argument('--history', metavar='FILE', type=Path,
                        help='with one seed: write what clients asked of the blackboard and were '
                        'told, for swarm check-history')
    parser.add_argument('--json', action='store_true', help='print one JSON object')


def run(options: argparse.Namespace) -> int:
    """Play what was asked for; return 1 where an invariant broke."""
    check_jobs(options.jobs)
    if options.verbose and options.json:
        raise UsageError('--verbose: a trace for people, which --json does not print')
    if options.schedule is not None:
        if options.profile is not None:
            raise UsageError('--profile: not with --schedule, which has its own')
        return _one(_read(options.schedule), options, str(options.schedule))
    profile = profile_named('general' if options.profile is None else options.profile)
    if options.seed is not None:
        return _one(make_schedule(profile, _range(options.seed, '--seed')[0]), options)
    if options.verbose or options.shrink or options.history:
        raise UsageError('--verbose, --shrink and --history go with one seed: --seed N')
    seeds = '0..99' if options.seeds is None else options.seeds
    return _many(profile.name, _range(seeds, '--seeds'), options)


def _range(text: str, option: str) -> range:
    found = _SEEDS.fullmatch(text)
    shown = text if len(text) <= _SHOWN_CHARS_MAX else f'{text[:_SHOWN_CHARS_MAX]}...'
    if found is None or (option == '--seed' and found[2]):
        form = 'a whole number' if option == '--seed' else 'A..B, two whole numbers, or one'
        raise UsageError(f'{option} {shown!r}: not {form}')
    # Python refuses to read numbers of thousands of digits.
    long = max(len(number or '') for number in found.groups()) > len(str(SEED_MAX))
    first, last = (0, 0) if long else (int(found[1]), int(found[2] or found[1]))
    if long or max(first, last) > SEED_MAX:
        raise UsageError(f'{option} {shown}: a seed is at most {SEED_MAX}')
    if last < first or last - first >= SEEDS_MAX:
        raise UsageError(f'{option} {shown}: from a lower seed to a higher, at most {SEEDS_MAX}')
    return range(first, last + 1)


def _read(path: Path) -> Schedule:
    try:
        return _playable(schedule_from_json(json.loads(path.read_text(encoding='utf-8'))))
    except OSError as error:
        raise UsageError(f'{path}: cannot be read: {error.strerror}') from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f'{path}: not JSON: {error}') from error
    except UsageError as error:
        raise UsageError(f'{path}: {error}') from error


def _playable(schedule: Schedule) -> Schedule:
    """Return the schedule; raises UsageError where it is of a course for other robots."""
    robots = profile_named(schedule.profile).robots
    if schedule.profile in COURSES and schedule.robots not in robots:
        raise UsageError(
            f'schedule: robots: {schedule.robots}: the course {schedule.profile} is for '
            + ' or '.join(map(str, robots))
        )
    return schedule


def _many(profile: str, seeds: range, options: argparse.Namespace) -> int:
    summary = Summary(asked=len(seeds))
    try:
        with closing(outcomes(profile, seeds, options.jobs)) as played:
            _sum_up(played, summary, options)
    except (KeyboardInterrupt, WorkerLost):
        _report(summary, options)
        raise
    return _report(summary, options)


def _sum_up(played: Iterable[Outcome], summary: Summary, options: argparse.Namespace) -> None:
    """Take the outcomes into the summary as they come, and tell of failures and progress."""
    began = shown = time.monotonic()
    try:
        for outcome in played:
            summary.add(outcome)
            if outcome.rule and not options.json:
                progress('')
                print(_failure(outcome), flush=True)
            now = time.monotonic()
            if now - shown >= PROGRESS_EVERY_S:
                shown = now
                progress(_so_far(summary, now - began))
    finally:
        progress('')


def _so_far(summary: Summary, seconds: float) -> str:
    return (
        f'{summary.seeds} of {summary.asked} seeds, failures: {len(summary.failures)}, '
        f'{60.0 * summary.seeds / seconds:.1f} seeds/min'
    )


def _one(schedule: Schedule, options: argparse.Namespace, source: str = '') -> int:
    """Play one schedule; ``source``: the file that it is from, where no seed draws it."""
    shrunk = Path(f'check-{schedule.profile}-{schedule.seed}.json')
    for path in (options.history, shrunk if options.shrink else None):
        if path is not None:
            check_writable(path)
    if options.verbose:
        print('\n'.join(schedule.lines()))
    history: list[Event] = []
    outcome = play(schedule, print if options.verbose else None, history)
    if options.history is not None:
        _write(options.history, ''.join(f'{line}\n' for line in write_json_lines(history)))
    told = sys.stderr if options.json else sys.stdout
    if options.shrink and not outcome.rule:
        print('nothing to shrink: no invariant broke', file=told)
    elif options.shrink:
        outcome = Shrinking(outcome, lambda text: print(f'  shrunk: {text}', file=told)).shrink()
        _write(shrunk, json.dumps(outcome.schedule.to_json(), indent=1) + '\n')
        source = str(shrunk)
        print('\n'.join(outcome.schedule.lines()), file=told)
        print(f'replay it: {replay_command(outcome, source)}', file=told)
    if outcome.rule and not options.json:
        print(_failure(outcome, source))
    summary = Summary(source=source)
    summary.add(outcome)
    return _report(summary, options)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding='utf-8')
    except OSError as error:
        raise UsageError(f'{path}: cannot be written: {error.strerror}') from error


def _report(summary: Summary, options: argparse.Namespace) -> int:
    if options.json:
        print(json.dumps(summary.to_json()))
    else:
        print('\n'.join(summary.lines()))
    return 1 if summary.failures else 0


def _failure(outcome: Outcome, source: str = '') -> str:
    return (
        f'seed {outcome.schedule.seed} at {outcome.at_ms / 1000:.3f} s: {outcome.rule}: '
        f'{outcome.text}; replay: {replay_command(outcome, source)}'
    )
