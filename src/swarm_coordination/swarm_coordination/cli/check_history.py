# SPDX-License-Identifier: Apache-2.0
"""
``swarm check-history``: tell whether recorded histories are linearizable.

Exit status: 0 where every history is, 1 where one is not, 2 for what is no history, 3 where the
time was not enough to tell.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
import json
from pathlib import Path
import time

from swarm_coordination.errors import ConfigurationError
from swarm_coordination.history.checking import check, Report, Verdict
from swarm_coordination.history.jepsen import is_jepsen, read_jepsen
from swarm_coordination.history.json_lines import read_json_lines
from swarm_coordination.history.operations import Event

STATUS = {Verdict.LINEARIZABLE: 0, Verdict.NOT_LINEARIZABLE: 1, Verdict.UNKNOWN: 3}
# The worst of several files decides: a violation is certain, whatever else is not.
_WORST = (Verdict.NOT_LINEARIZABLE, Verdict.UNKNOWN, Verdict.LINEARIZABLE)
# The searches hold each operation a few times; larger files belong cut by key.
FILE_BYTES_MAX = 2**28


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the verb."""
    parser.add_argument(
        'files', nargs='+', type=Path, metavar='FILE',
        help="a history: JSON lines (docs/history.md), or Jepsen's log of etcd",
    )
    parser.add_argument(
        '--time-limit', type=float, default=60.0, metavar='S',
        help='give a history up as unknown after this many seconds (default: 60)',
    )
    parser.add_argument('--json', action='store_true', help='print one JSON object a history')


def run(options: argparse.Namespace) -> int:
    """Check the histories, print their verdicts; return the exit status."""
    if not options.time_limit > 0.0:
        raise ConfigurationError(
            'command line', '--time-limit', options.time_limit, 'more than 0 s'
        )
    verdicts = []
    for path in options.files:
        started = time.monotonic()
        report = _check(path, started + options.time_limit)
        verdicts.append(report.verdict)
        seconds = time.monotonic() - started
        print(_as_json(path, report) if options.json else _as_text(path, report, seconds))
    return STATUS[next(verdict for verdict in _WORST if verdict in verdicts)]


def _check(path: Path, deadline: float) -> Report:
    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            raise ConfigurationError(
                'command line', 'FILE', str(path), f'at most {FILE_BYTES_MAX} bytes'
            )
        lines = path.read_text(encoding='utf-8').splitlines()
    except OSError as error:
        raise ConfigurationError(
            'command line', 'FILE', str(path), f'a file that can be read ({error.strerror})'
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigurationError('command line', 'FILE', str(path), 'text in UTF-8') from error
    events = list(_reader(lines, str(path))(lines, str(path)))
    if not events:
        raise ConfigurationError(
            'command line', 'FILE', str(path), 'a history: it has no operations'
        )
    return check(
        events,
        versioned=any(_speaks_of_versions(event) for event in events),
        expired=lambda steps: time.monotonic() > deadline,
        source=str(path),
    )


def _reader(lines: list[str], source: str) -> Callable[[list[str], str], Iterator[Event]]:
    if any(map(is_jepsen, lines)):
        return read_jepsen
    for number, line in enumerate(map(str.strip, lines), 1):
        if line and not line.startswith(('{', '#')):
            raise ConfigurationError(
                source, f'line {number}', line[:80],
                "neither JSON, nor is this a log of Jepsen's with operations",
            )
        if line.startswith('{'):
            break
    return read_json_lines


def _speaks_of_versions(event: Event) -> bool:
    answered = event.answer is not None and event.answer.version is not None
    return answered or event.request.expected is not None


def _as_json(path: Path, report: Report) -> str:
    return json.dumps({
        'file': str(path),
        'verdict': report.verdict.value,
        'operations': report.operations,
        'keys': report.keys,
        'steps': report.steps,
        'violations': [str(violation) for violation in report.violations],
        'reasons': list(report.reasons),
    })


def _as_text(path: Path, report: Report, seconds: float) -> str:
    head = (
        f'{path}: {report.verdict.value} ({report.operations} operations, {report.keys} keys, '
        f'{report.steps} steps, {seconds:.2f} s)'
    )
    told = [*map(str, report.violations), *(f'undecided: {reason}' for reason in report.reasons)]
    return '\n  '.join((head, *told))
