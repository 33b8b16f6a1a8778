# SPDX-License-Identifier: Apache-2.0
"""The tables of the suites, as markdown and as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_COLUMNS = (
    ('runs', 'runs'),
    ('within_assumptions_pct', 'within %'),
    ('connected_pct', 'connected %'),
    ('disconnected_s', 'apart s'),
    ('reached_pct', 'reached %'),
    ('makespan_s', 'makespan s'),
    ('rmse_m', 'RMSE m'),
    ('min_distance_over_d', 'min d / D'),
    ('min_obstacle_gap_m', 'obstacle gap m'),
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
    ('killed', 'killed'),
    ('reconnected_pct', 'again %'),
    ('reconnected_s', 'after s'),
)


def write(folder: Path, rows: list[dict[str, Any]]) -> None:
    """Write ``control.json`` and ``control.md`` with all rows into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / 'control.json').write_text(json.dumps(rows, indent=1) + '\n', encoding='utf-8')
    (folder / 'control.md').write_text(markdown(rows), encoding='utf-8')


def markdown(rows: list[dict[str, Any]]) -> str:
    """Return the rows as one table per suite."""
    lines: list[str] = []
    suite = None
    for row in rows:
        if row['suite'] != suite:
            suite = row['suite']
            lines += ['', f'### {suite}', '', _line(['case', *(title for _, title in _COLUMNS)])]
            lines.append('|---' * (len(_COLUMNS) + 1) + '|')
        lines.append(_line([row['case'], *(_text(row[name]) for name, _ in _COLUMNS)]))
    ours = [row for row in rows if row['ours']]
    lines += ['', f'Runs: {sum(row["runs"] for row in rows)}, of them ours '
              f'{sum(row["runs"] for row in ours)}. Seeds in which a proved claim failed: '
              f'{sum(len(row["failed_seeds"]) for row in ours)}.']
    return '\n'.join(lines).strip() + '\n'


def _line(cells: list[str]) -> str:
    return '| ' + ' | '.join(cells) + ' |'


def _text(value: Any) -> str:
    return '-' if value is None else f'{value:g}' if isinstance(value, float) else str(value)
