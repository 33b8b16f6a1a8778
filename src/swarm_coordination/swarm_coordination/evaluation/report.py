# SPDX-License-Identifier: Apache-2.0
"""
The tables of the suites, as markdown and as JSON, in one folder.

A suite that is flown replaces its own rows there and leaves the others, so that the whole table
can be made in parts: every row says by which command and from which commit it comes.
"""

from __future__ import annotations

from collections.abc import Sequence
import json
from pathlib import Path
from typing import Any

from swarm_coordination.errors import UsageError

Row = dict[str, Any]
JSON, MARKDOWN = 'evaluation-table.json', 'evaluation-table.md'

# Key of a row and title of its column, in the two tables of a suite.
_OUTCOME = (
    ('runs', 'runs'),
    ('within_assumptions_pct', 'within %'),
    ('connected_pct', 'connected %'),
    ('connected_within_pct', 'of those within'),
    ('disconnected_s', 'apart s'),
    ('reached_pct', 'reached %'),
    ('makespan_s', 'makespan s'),
    ('rmse_m', 'RMSE m'),
    ('max_error_m', 'max error m'),
    ('min_distance_over_d', 'min d / D'),
    ('min_obstacle_gap_m', 'obstacle gap m'),
    ('killed', 'killed'),
    ('reconnected_pct', 'again %'),
    ('reconnected_s', 'after s'),
)
_EFFORT = (
    ('min_lambda2', 'min lambda2'),
    ('kept_fraction', 'kept'),
    ('relaxed_link_per_10k', 'relaxed, link'),
    ('relaxed_obstacle_per_10k', 'obstacle'),
    ('relaxed_collision_per_10k', 'collision'),
    ('relaxed_braking_per_10k', 'braking'),
    ('path_ratio', 'path'),
    ('bytes_per_robot_s', 'B/s'),
    ('cpu_us_p50', 'CPU p50 us'),
    ('cpu_us_p99', 'p99'),
    ('commit', 'commit'),
    ('command', '`swarm` ...'),
)


def read(folder: Path) -> list[Row]:
    """Return the rows that stand in ``folder``; raises UsageError where they cannot be read."""
    path = folder / JSON
    try:
        rows = json.loads(path.read_text(encoding='utf-8'))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise UsageError(f'{path}: cannot be read: {error.strerror}') from error
    except ValueError as error:
        raise UsageError(f'{path}: not JSON: {error}') from error
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise UsageError(f'{path}: not a table of an evaluation')
    return rows


def prepare(folder: Path) -> None:
    """Make the folder of tables; raises UsageError where nothing can be written there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f'{folder}: cannot be made: {error.strerror}') from error
    check_writable(folder / f'{JSON}.part')


def check_writable(path: Path) -> None:
    """Raise UsageError where no file can be written at ``path``; leaves all as it was."""
    new = not path.exists()
    try:
        with path.open('ab'):
            pass
        if new:
            path.unlink()
    except OSError as error:
        raise UsageError(f'{path}: cannot be written: {error.strerror}') from error


def write(folder: Path, rows: Sequence[Row]) -> None:
    """Write all rows into ``folder``, as JSON and as markdown."""
    lines = ',\n'.join(json.dumps(row) for row in rows)
    for name, text in ((JSON, f'[\n{lines}\n]\n'), (MARKDOWN, markdown(rows))):
        aside = folder / f'{name}.part'  # who is ended while it writes leaves the earlier rows
        aside.write_text(text, encoding='utf-8')
        aside.replace(folder / name)


def markdown(rows: Sequence[Row]) -> str:
    """Return the rows as two tables per suite: what came of it, and what it took."""
    lines = ['# Evaluation: the whole table', '',
             'Made by `swarm evaluate --suite NAME --out docs`; columns and suites: '
             '[evaluation.md](evaluation.md).', '', *totals(rows)]
    for suite in dict.fromkeys(row['suite'] for row in rows):
        own = [row for row in rows if row['suite'] == suite]
        lines += ['', f'## {suite}']
        for columns in (_OUTCOME, _EFFORT):
            lines += ['', _line(['case', *(title for _, title in columns)])]
            lines.append('|---' * (len(columns) + 1) + '|')
            lines += [
                _line([row['case'], *(_text(row.get(key)) for key, _ in columns)]) for row in own
            ]
    return '\n'.join(lines).strip() + '\n'


def totals(rows: Sequence[Row]) -> list[str]:
    """Return what all runs of our controller show together, one line each."""
    ours = [row for row in rows if row['ours']]
    usual = [row for row in ours if row['usual']]
    whole = [row for row in ours if row['proved']]
    least = min((row['min_distance_over_d'] for row in ours), default=0.0)
    connected = sum(_share(row, 'connected_within_pct', _within(row)) for row in whole)
    return [
        f'- Runs: {_runs(rows)}, of them our controller {_runs(ours)}; seeds in which a proved '
        f'claim failed: {sum(len(row["failed_seeds"]) for row in ours)}.',
        f'- Runs within the assumptions: {_part(sum(map(_within, ours)), _runs(ours))} of our '
        f'controller; at 20 Hz on the disc radio with 20 % loss, velocity-controlled: '
        f'{_part(sum(map(_within, usual)), _runs(usual))}.',
        '- Connected throughout, of those within, where that is proved (disc radio, '
        'velocity-controlled, nobody killed): '
        f'{_part(connected, sum(map(_within, whole)))}.',
        f'- Least distance of any two robots in any run of our controller: {least:g} D.',
    ]


def _runs(rows: Sequence[Row]) -> int:
    return sum(row['runs'] for row in rows)


def _within(row: Row) -> int:
    return _share(row, 'within_assumptions_pct', row['runs'])


def _share(row: Row, key: str, whole: int) -> int:
    return round((row[key] or 0.0) * whole / 100.0)  # None: of no runs at all


def _part(part: int, whole: int) -> str:
    return f'{part} of {whole} ({100.0 * part / whole:.2f} %)' if whole else '0 of 0'


def _line(cells: list[str]) -> str:
    return '| ' + ' | '.join(cells) + ' |'


def _text(value: Any) -> str:
    return '-' if value is None else f'{value:g}' if isinstance(value, float) else str(value)
