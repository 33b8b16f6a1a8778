# SPDX-License-Identifier: Apache-2.0
"""One screen of the live view: a map of robots and links beside tables of state and events."""

from __future__ import annotations

from rich import box
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text
from swarm_coordination.consensus.messages import Role
from swarm_coordination.scenario.record import Sample
from swarm_coordination.scenario.recorder import Recorder
from swarm_coordination.views import Mode

# Bright enough on dark and on light terminals.
STYLES = (
    'cyan', 'red', 'green', 'magenta', 'yellow', 'blue',
    'bright_cyan', 'bright_red', 'bright_green', 'bright_magenta', 'bright_yellow', 'bright_blue',
)
# A character cell is about twice as high as wide.
CELL_RATIO = 2.0
EVENTS_SHOWN = 8
EVENTS_LOOKED_AT = 200
# Of little interest to an operator.
QUIET_EVENTS = frozenset({'accepted', 'applied', 'joined', 'role', 'suspected'})


def draw_screen(title: str, recorder: Recorder, width: int, height: int) -> RenderableType:
    """Return the whole screen for a terminal of this size."""
    sample = recorder.latest
    if sample is None:
        return Text('nobody has reported yet')
    rows = max(8, min(24, height - len(recorder.record.robots) - EVENTS_SHOWN - 10))
    columns = max(30, min(90, width - 4))
    chart = Panel(
        draw_map(recorder.record.robots, sample, columns, rows),
        title=f'{sample.time_s:.1f} s  {title}', title_align='left', box=box.ROUNDED,
        width=columns + 4,
    )
    return Group(chart, _summary(sample), _robots(recorder, sample), _events(recorder))


def draw_map(robots: tuple[str, ...], sample: Sample, columns: int, rows: int) -> Text:
    """Return robots (numbers; x: dead) and links (dots) drawn to scale on a character grid."""
    xs = [state.x for state in sample.truth]
    ys = [state.y for state in sample.truth]
    scale = max(
        (max(xs) - min(xs)) / max(1, columns - 4),
        (max(ys) - min(ys)) / max(1, rows - 2) / CELL_RATIO,
        0.02,
    )
    middle = ((max(xs) + min(xs)) / 2.0, (max(ys) + min(ys)) / 2.0)
    cells: dict[tuple[int, int], tuple[str, str]] = {}

    def cell(x: float, y: float) -> tuple[int, int]:
        column = round((x - middle[0]) / scale + columns / 2.0)
        row = round(rows / 2.0 - (y - middle[1]) / scale / CELL_RATIO)
        return min(rows - 1, max(0, row)), min(columns - 1, max(0, column))

    for a, b in sample.links:
        if not (sample.running[a] and sample.running[b]):
            continue
        steps = max(abs(p - q) for p, q in zip(cell(xs[a], ys[a]), cell(xs[b], ys[b])))
        for step in range(1, steps):
            share = step / steps
            x, y = xs[a] + share * (xs[b] - xs[a]), ys[a] + share * (ys[b] - ys[a])
            cells.setdefault(cell(x, y), ('·', 'dim'))
    for number, name in enumerate(robots):
        row, column = cell(xs[number], ys[number])
        style = STYLES[number % len(STYLES)]
        if not sample.running[number]:
            cells[row, column] = ('x', f'dim {style}')
            continue
        label = f'[{number + 1}]' if name == sample.leader else f'{number + 1}'
        for at, character in enumerate(label, start=-(len(label) // 2)):
            cells[row, min(columns - 1, max(0, column + at))] = (character, f'bold {style}')
    text = Text()
    for row in range(rows):
        for column in range(columns):
            text.append(*cells.get((row, column), (' ', '')))
        text.append('\n')
    text.rstrip()
    return text


def _summary(sample: Sample) -> Text:
    error = sample.formation
    text = Text()
    for label, value in (
        ('leader', sample.leader or '-'),
        ('term', str(sample.term)),
        ('commit', str(sample.commit)),
        ('formation error', f'{error.absolute_m:.2f} m' if error else '-'),
        ('lambda2', f'{sample.lambda2:.2f}'),
        ('nearest', f'{sample.min_distance_m:.2f} m'),
    ):
        text.append(f'  {label} ', style='dim')
        text.append(value, style='bold')
    return text


def _robots(recorder: Recorder, sample: Sample) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 2), header_style='dim')
    for heading in ('', 'robot', 'role', 'mode', 'slot', 'applied', 'waiting', 'hears'):
        table.add_column(heading, justify='right' if heading in ('applied', 'waiting') else 'left')
    for number, name in enumerate(recorder.record.robots):
        style = STYLES[number % len(STYLES)]
        status = recorder.newest.get(name)
        if not sample.running[number] or status is None:
            table.add_row(f'{number + 1}', name, 'dead', style=f'dim {style}')
            continue
        table.add_row(
            f'{number + 1}',
            name,
            Role(status.role).name.lower().replace('_', '-'),
            Mode(status.mode).name.lower().replace('_', ' '),
            f'{status.slot + 1}/{status.slots}' if status.slot >= 0 else '-',
            str(status.applied),
            str(status.pending_intents or ''),
            str(sum(number in link for link in sample.links)),
            style=style,
        )
    return table


def _events(recorder: Recorder) -> Text:
    text = Text()
    said: dict[str, tuple[float, list[str]]] = {}  # what several robots say takes one line
    for event in recorder.record.events[-EVENTS_LOOKED_AT:]:
        if event.event.kind not in QUIET_EVENTS:
            said.setdefault(event.event.text, (event.time_s, []))[1].append(event.robot)
    shown = [
        (time_s, f'{robots[0] if len(set(robots)) == 1 else f"{len(set(robots))} robots"}: {line}')
        for line, (time_s, robots) in said.items()
    ]
    shown += [(a.time_s, f'>> {a.text}') for a in recorder.record.actions[-EVENTS_SHOWN:]]
    shown.sort(key=lambda line: line[0])
    for time_s, line in shown[-EVENTS_SHOWN:]:
        text.append(f'  {time_s:7.2f} s  ', style='dim')
        text.append(line + '\n', style='bold' if line.startswith('>>') else '')
    return text
