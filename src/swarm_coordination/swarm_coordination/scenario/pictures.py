# SPDX-License-Identifier: Apache-2.0
"""Pictures of a run: who led and what was committed over time, and where everybody flew."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from swarm_coordination.scenario.expectations import split_spans
from swarm_coordination.scenario.record import Record
from swarm_coordination.scenario.schema import Scenario

# Twelve hues that stay apart on white, also for most colour-blind readers (Okabe and Ito 2008,
# then Tol's muted scheme).
COLOURS = (
    '#0072B2', '#D55E00', '#009E73', '#CC79A7', '#E69F00', '#56B4E9',
    '#332288', '#88CCEE', '#44AA99', '#999933', '#882255', '#777777',
)
_SHADES = ('#f2f2f2', '#e2e8f0')
_DPI = 130
_BESIDE: dict[str, Any] = {
    'loc': 'upper left', 'bbox_to_anchor': (1.0, 1.0), 'frameon': False, 'fontsize': 8,
}


def colour_of(number: int) -> str:
    """Return the colour of robot ``number``."""
    return COLOURS[number % len(COLOURS)]


def draw_timeline(record: Record, scenario: Scenario, title: str, path: Path) -> None:
    """Draw leaders, commit indices, formation error and distances over time into a PNG."""
    plt = _pyplot()
    lanes = len(record.robots)
    figure, axes = plt.subplots(
        4, 1, figsize=(13.0, 8.6 + 0.16 * lanes), sharex=True,
        gridspec_kw={'height_ratios': [0.45 * lanes + 0.6, 2.0, 2.0, 1.8]},
        layout='constrained',
    )
    figure.suptitle(title, fontsize=12, x=0.01, ha='left')
    _draw_roles(axes[0], record)
    _draw_commits(axes[1], record)
    _draw_formation(axes[2], record, scenario)
    _draw_distance(axes[3], record)
    for number, axis in enumerate(axes):
        _shade(axis, record, labels=number == 0)
        axis.spines[['top', 'right']].set_visible(False)
    axes[-1].set_xlabel('time (s)')
    axes[-1].set_xlim(0.0, max(record.end_s, 1.0))
    figure.savefig(path, dpi=_DPI)
    plt.close(figure)


def draw_trajectories(record: Record, title: str, path: Path) -> None:
    """Draw the way of every robot, its start, its end and the links at the end into a PNG."""
    plt = _pyplot()
    figure, axis = plt.subplots(figsize=(11.0, 9.0))
    axis.set_title(title, fontsize=12, loc='left')
    for number, name in enumerate(record.robots):
        xs = [sample.truth[number].x for sample in record.samples]
        ys = [sample.truth[number].y for sample in record.samples]
        if not xs:
            continue
        colour = colour_of(number)
        axis.plot(xs, ys, color=colour, linewidth=1.4, alpha=0.85)
        axis.plot(xs[0], ys[0], marker='o', markersize=5, markerfacecolor='white', color=colour)
        axis.plot(xs[-1], ys[-1], marker='o', markersize=9, color=colour, label=name)
    _draw_links(axis, record)
    _draw_incidents(axis, record)
    axis.set_aspect('equal', adjustable='box')
    axis.set_xlabel('x (m)')
    axis.set_ylabel('y (m)')
    axis.grid(color='#e6e6e6', linewidth=0.6)
    axis.set_axisbelow(True)
    axis.spines[['top', 'right']].set_visible(False)
    grey = {'color': '#666666', 'linestyle': 'none', 'markerfacecolor': 'white'}
    axis.plot([], [], marker='o', markersize=5, label='start', **grey)
    axis.plot([], [], marker='s', markersize=6, label='at the split', **grey)
    axis.legend(loc='center left', bbox_to_anchor=(1.01, 0.5), frameon=False, fontsize=9)
    figure.savefig(path, dpi=_DPI, bbox_inches='tight')
    plt.close(figure)


def _pyplot() -> Any:
    import matplotlib

    matplotlib.use('Agg')
    import matplotlib.pyplot as plt

    return plt


def _shade(axis: Any, record: Record, labels: bool) -> None:
    for number, phase in enumerate(record.phases):
        if phase.end_s <= phase.start_s:
            continue
        axis.axvspan(phase.start_s, phase.end_s, color=_SHADES[number % 2], zorder=0, linewidth=0)
        if labels:
            axis.annotate(
                phase.name.replace('_', '\n'), ((phase.start_s + phase.end_s) / 2.0, 1.0),
                xycoords=('data', 'axes fraction'), xytext=(0, 3), textcoords='offset points',
                ha='center', va='bottom', fontsize=9, color='#333333',
            )
    for start_s, end_s, _ in split_spans(record):
        axis.axvspan(start_s, end_s, color='#fde2c8', zorder=0.1, linewidth=0)
    for action in record.actions:
        if action.do in ('kill', 'restart'):
            colour = '#b00020' if action.do == 'kill' else '#00703c'
            axis.axvline(action.time_s, color=colour, linewidth=1.0, linestyle='--', zorder=1)


def _draw_roles(axis: Any, record: Record) -> None:
    """One lane per robot: thin while it follows, thick while it leads, nothing while dead."""
    for lane, name in enumerate(record.robots):
        changes = [(c.time_s, c.status) for c in record.statuses if c.robot == name]
        spans = _running_spans(record, lane)
        for start_s, end_s in spans:
            axis.hlines(lane, start_s, end_s, color=colour_of(lane), linewidth=1.6)
        for at, (time_s, status) in enumerate(changes):
            if status.leader != status.storage_id:
                continue
            until = changes[at + 1][0] if at + 1 < len(changes) else record.end_s
            # What a process said ends with it.
            ends = [end_s for start_s, end_s in spans if start_s <= time_s <= end_s]
            if ends and min(until, ends[0]) > time_s:
                axis.hlines(lane, time_s, min(until, ends[0]), color=colour_of(lane),
                            linewidth=9, capstyle='butt')
    _annotate_terms(axis, record)
    for action in record.actions:
        if action.do in ('kill', 'restart') and action.robots[0] in record.robots:
            lane = record.robots.index(action.robots[0])
            colour = '#b00020' if action.do == 'kill' else '#00703c'
            axis.plot(action.time_s, lane, marker='X' if action.do == 'kill' else '^',
                      color=colour, markersize=9, zorder=5)
    axis.set_yticks(range(len(record.robots)), record.robots)
    axis.set_ylim(len(record.robots) - 0.4, -0.9)
    axis.set_ylabel('leader (thick)')


def _annotate_terms(axis: Any, record: Record) -> None:
    seen: set[int] = set()
    for change in record.statuses:
        status = change.status
        if status.leader == status.storage_id and status.term not in seen:
            seen.add(status.term)
            axis.annotate(
                f'term {status.term}', (change.time_s, record.robots.index(change.robot)),
                xytext=(2, 6), textcoords='offset points', fontsize=8, color='#333333',
            )


def _running_spans(record: Record, robot: int) -> list[tuple[float, float]]:
    spans: list[tuple[float, float]] = []
    start_s, last_s = None, 0.0
    for sample in record.samples:
        if sample.running[robot]:
            start_s = sample.time_s if start_s is None else start_s
            last_s = sample.time_s
        elif start_s is not None:
            spans.append((start_s, last_s))
            start_s = None
    if start_s is not None:
        spans.append((start_s, last_s))
    return spans


def _draw_commits(axis: Any, record: Record) -> None:
    """One line per life of a robot, a little apart so that equal logs lie side by side."""
    for number, name in enumerate(record.robots):
        lives = sorted({c.life for c in record.commits if c.robot == name})
        spans = _running_spans(record, number)
        for life in lives:
            points = [
                (c.time_s, c.entry.index + 0.12 * number)
                for c in record.commits
                if c.robot == name and c.life == life
            ]
            ended = [end_s for _, end_s in spans if end_s >= points[-1][0]]
            times, indices = zip(*points)
            axis.step([*times, ended[0] if ended else times[-1]], [*indices, indices[-1]],
                      where='post', color=colour_of(number), linewidth=1.4)
    axis.set_ylabel('applied entry')


def _draw_formation(axis: Any, record: Record, scenario: Scenario) -> None:
    found = [(s.time_s, s.formation) for s in record.samples if s.formation]
    if found:
        times = [time_s for time_s, _ in found]
        axis.plot(times, [e.rmse_m for _, e in found], '.', markersize=2.5, color='#0072B2',
                  label='shape, RMSE')
        axis.plot(times, [e.absolute_m for _, e in found], '.', markersize=2.5, color='#D55E00',
                  label='absolute, largest')
        axis.axhline(scenario.bounds.formation_rmse_m, color='#0072B2', linewidth=0.9,
                     linestyle=':')
        axis.axhline(scenario.bounds.formation_absolute_m, color='#D55E00', linewidth=0.9,
                     linestyle=':')
        axis.legend(**_BESIDE, markerscale=3)
    axis.set_yscale('symlog', linthresh=1.0, linscale=1.5)
    axis.set_ylim(bottom=0.0)
    ticks = [0.0, 0.3, 0.6, 1.0, 3.0, 10.0]
    axis.set_yticks(ticks, [f'{tick:g}' for tick in ticks])
    axis.set_ylabel('formation error (m)')


def _draw_distance(axis: Any, record: Record) -> None:
    times = [sample.time_s for sample in record.samples]
    least = [sample.min_distance_m for sample in record.samples]
    axis.plot(times, least, color='#444444', linewidth=1.3, label='least distance (m)')
    axis.axhline(record.safety_distance_m, color='#b00020', linewidth=0.9, linestyle=':',
                 label='safety distance (m)')
    axis.plot(times, [sample.lambda2 for sample in record.samples], color='#009E73',
              linewidth=1.1, label='lambda2 of\nthe radio graph')
    axis.set_ylim(bottom=0.0)
    axis.legend(**_BESIDE)
    axis.set_ylabel('distance, lambda2')


def _draw_links(axis: Any, record: Record) -> None:
    if not record.samples:
        return
    final = record.samples[-1]
    for a, b in final.links:
        if final.running[a] and final.running[b]:
            axis.plot(
                [final.truth[a].x, final.truth[b].x], [final.truth[a].y, final.truth[b].y],
                color='#bbbbbb', linewidth=0.8, zorder=0,
            )


def _draw_incidents(axis: Any, record: Record) -> None:
    """Mark where a robot was when it was killed and where everybody was at a split."""
    for action in record.actions:
        before = [s for s in record.samples if s.time_s <= action.time_s]
        if not before:
            continue
        if action.do == 'kill':
            state = before[-1].truth[record.robots.index(action.robots[0])]
            axis.plot(state.x, state.y, marker='X', markersize=12, color='#b00020', zorder=6)
            axis.annotate(f'{action.robots[0]} killed', (state.x, state.y), xytext=(8, 6),
                          textcoords='offset points', fontsize=9, color='#b00020')
        elif action.do == 'split':
            for number, state in enumerate(before[-1].truth):
                axis.plot(state.x, state.y, marker='s', markersize=6, markerfacecolor='none',
                          color=colour_of(number), zorder=4)
