# SPDX-License-Identifier: Apache-2.0
"""The report of a run for people: every expectation with its measured value, then the figures."""

from __future__ import annotations

from typing import Any, TextIO

from rich import box
from rich.console import Console
from rich.table import Table
from swarm_coordination.scenario.report import Report


def print_report(report: Report, stream: TextIO) -> None:
    """Print the report as tables: coloured in a terminal, plain text anywhere else."""
    console = Console(file=stream, width=None if stream.isatty() else 110, highlight=False)
    table = Table(box=box.SIMPLE_HEAD, title_justify='left', pad_edge=False)
    table.add_column('')
    table.add_column('expectation', overflow='fold')
    table.add_column('measured', justify='right')
    table.add_column('bound', justify='right')
    table.add_column('unit')
    for expectation in report.expectations:
        mark = '[green]ok[/]' if expectation.ok else '[bold red]FAILED[/]'
        table.add_row(
            mark, expectation.name, _number(expectation.measured), _number(expectation.bound),
            expectation.unit, style='' if expectation.ok else 'red',
        )
    console.print(table)
    for expectation in report.expectations:
        if not expectation.ok and expectation.detail:
            console.print(f'  {expectation.name}: {expectation.detail}', style='red', markup=False)
    for label, value in figure_lines(report.figures):
        console.print(f'  {label:24} {value}', markup=False)
    _print_verdict(console, report)


def _print_verdict(console: Console, report: Report) -> None:
    failed = [expectation for expectation in report.expectations if not expectation.ok]
    about = f'scenario {report.scenario}, {len(report.robots)} robots, seed {report.seed}'
    held = len(report.expectations) - len(failed)
    if failed:
        console.print(f'\n[bold red]{len(failed)} expectations failed[/], {held} held: {about}')
    else:
        console.print(f'\n[bold green]all {held} expectations held[/]: {about}')


def figure_lines(figures: Any) -> list[tuple[str, str]]:
    """Return the figures that people ask for first, as labels and texts."""
    lines = [('duration', f'{figures["duration_s"]:.1f} s')]
    election = figures['election_s']
    after = ', '.join(_seconds(value) for value in election['after_kills']) or '-'
    lines.append(('first leader', _seconds(election['first'])))
    lines.append(('new leader after a kill', after))
    for restart in figures['restarts_s']:
        text = (f'process up after {_seconds(restart["process_started"])}, then caught up after '
                f'{_seconds(restart["caught_up_after_start"])}')
        lines.append((f'{restart["robot"]} restarted', text))
    lines.append(('least distance', f'{figures["min_distance_m"]:.2f} m'))
    lines.append(('least lambda2', _number(figures['lambda2_min'])))
    commits = ', '.join(f'{name} {n}' for name, n in figures['commits_per_phase'].items())
    lines.append(('commits', commits))
    sent = figures['bytes_per_robot_per_s'].values()
    if sent:
        lines.append(('frame bytes', f'{min(sent):.0f} to {max(sent):.0f} per robot and second'))
    for name, process in figures['processes'].items():
        text = f'{process["cpu_percent"]:.0f} % of a core, {process["memory_mb"]:.0f} MB'
        lines.append((f'process {name}', text))
    speed = figures.get('speed')
    if speed and speed['times_real_time']:
        lines.append(('speed', f'{speed["times_real_time"]:.1f} times real time'))
    if 'trace_hash' in figures:
        lines.append(('trace hash', figures['trace_hash']))
    return lines


def _seconds(value: float | None) -> str:
    return '-' if value is None else f'{value:.2f} s'


def _number(value: float | int | None) -> str:
    if value is None:
        return 'never'
    return str(value) if isinstance(value, int) else f'{value:.3f}'
