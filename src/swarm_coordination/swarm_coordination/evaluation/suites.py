# SPDX-License-Identifier: Apache-2.0
"""The suites: cases, how many runs of each, and what flying all of them writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from swarm_coordination.errors import UsageError
from swarm_coordination.evaluation.baselines import orca
from swarm_coordination.evaluation.cases import Case, controller_settings
from swarm_coordination.evaluation.command import command, commit
from swarm_coordination.evaluation.methods import fly as fly_one
from swarm_coordination.evaluation.report import prepare, read, Row, write
from swarm_coordination.evaluation.result import columns, Result

SEED = 1000


class Entry(NamedTuple):
    """One row of a table."""

    name: str
    case: Case
    runs: int
    seed: int = SEED


def _case(**changes: Any) -> Case:
    settings = controller_settings(
        changes.get('beacon_hz', 20),
        changes.pop('resilience', 1),
        changes.get('kind', 'holonomic'),
        changes.get('shape', 'circle'),
        changes.pop('shipped', False),
    )
    return Case(settings=settings, **changes)


def _headline() -> list[Entry]:
    return [
        Entry('N 20 circle, random slots', _case(slots='random'), 200),
        Entry('N 50 circle, assigned', _case(robots=50, limit_s=480.0), 100),
        Entry('N 50 circle, random slots', _case(robots=50, slots='random', limit_s=480.0), 100),
        Entry('N 100 grid, assigned', _case(robots=100, shape='grid'), 40),
    ]


# Robots of the suite `shapes`: runs of each of its cells, and the limit (s). A run of 100 takes
# as long as fifty of 20, and a ring of 50 or more opens slowly (headline).
_SIZES = {5: (20, 240.0), 10: (20, 240.0), 20: (20, 240.0), 50: (3, 480.0), 100: (1, 480.0)}


def _shapes() -> list[Entry]:
    return [
        Entry(
            f'N {count} {shape}, {slots}, {start} start',
            _case(robots=count, shape=shape, slots=slots, start=start, limit_s=limit_s),
            runs,
        )
        for count, (runs, limit_s) in _SIZES.items()
        for shape in ('line', 'v', 'circle', 'grid', 'sphere')
        for slots in ('assigned', 'random')
        for start in ('random', 'ordered')
    ]


def _radio() -> list[Entry]:
    rows = [
        Entry(
            f'N 20 circle, random slots, {hertz} Hz, loss {loss:.0%}',
            _case(slots='random', beacon_hz=hertz, loss=loss, limit_s=240 if hertz > 5 else 480),
            30,
        )
        for hertz in (20, 10, 5)
        for loss in (0.0, 0.2, 0.4)
    ]
    shadowed = _case(slots='random', radio='log_distance', loss=0.0)
    return [*rows, Entry('N 20 circle, random slots, log-distance with shadowing', shadowed, 60)]


def _losses() -> list[Entry]:
    cut = {'kill': 'articulation'}
    two = {'kill': 'in_2_connected', 'resilience': 2, 'swaps': False}
    return [
        Entry('articulation robot killed, N 20 line, formed',
              _case(shape='line', kill_formed=True, **cut), 100),
        Entry('articulation robot killed, N 20 line, in transit', _case(shape='line', **cut), 100),
        Entry('articulation robot killed, N 20 grid, in transit', _case(shape='grid', **cut), 800),
        Entry('random robot killed, N 20 circle', _case(kill='random'), 40),
        Entry('leader killed, N 20 circle', _case(kill='leader'), 40),
        Entry('resilience 2: any robot killed in a 2-connected graph, N 20 grid',
              _case(shape='grid', **two), 1000),
        Entry('resilience 2: any robot killed in a 2-connected graph, N 20 circle',
              _case(**two), 150),
    ]


def _shipped() -> list[Entry]:
    return [
        Entry(
            f'N {count} {shape}, {slots}, as shipped',
            _case(robots=count, shape=shape, slots=slots, shipped=True),
            20,
        )
        for count, slots in ((7, 'assigned'), (12, 'assigned'), (12, 'random'), (20, 'assigned'))
        for shape in ('line', 'v', 'circle', 'grid')
    ]


def _obstacles() -> list[Entry]:
    return [
        Entry(
            f'N {count} {shape}, {where}',
            _case(robots=count, shape=shape, obstacles=where),
            100,
        )
        for count, shape, where in (
            (10, 'grid', 'corridor'),
            (10, 'circle', 'corridor'),
            (10, 'circle', 'sparse'),
            (20, 'grid', 'sparse'),
        )
    ]


def _kinds() -> list[Entry]:
    return [
        Entry('N 20 circle, differential', _case(kind='differential', limit_s=480.0), 40),
        Entry('N 10 grid, differential, corridor',
              _case(kind='differential', robots=10, shape='grid', obstacles='corridor',
                    limit_s=480.0), 40),
        Entry('N 20 circle, quadrotor', _case(kind='quadrotor'), 40),
        Entry('N 20 sphere, quadrotor', _case(kind='quadrotor', shape='sphere'), 40),
    ]


def _baselines() -> list[Entry]:
    rows = []
    for name, base, runs in (
        ('N 20 circle, random slots', _case(slots='random', limit_s=120.0), 20),
        ('N 20 line, random slots', _case(shape='line', slots='random', limit_s=120.0), 20),
        ('N 50 circle, assigned', _case(robots=50, limit_s=120.0), 10),
    ):
        for method in ('no_links', 'keep_all', 'one_hop', 'certified', 'orca', 'barrier'):
            if method == 'barrier' and base.robots > 20:
                continue
            ours = method == 'certified'
            case = replace(base, method=method, swaps=ours, regroup=ours)
            rows.append(Entry(f'{name}: {method}', case, runs))
    return rows


SUITES: dict[str, Callable[[], list[Entry]]] = {
    'headline': _headline,
    'shapes': _shapes,
    'radio': _radio,
    'losses': _losses,
    'shipped': _shipped,
    'obstacles': _obstacles,
    'kinds': _kinds,
    'baselines': _baselines,
}


def entries(name: str) -> Iterator[tuple[str, Entry]]:
    """Yield suite and entry; raises UsageError for a name that is none."""
    if name != 'all' and name not in SUITES:
        raise UsageError(f'suite {name!r}: one of all, {", ".join(SUITES)}')
    for suite, make in SUITES.items():
        if name in ('all', suite):
            for entry in make():
                yield suite, entry


def can_fly(case: Case) -> bool:
    """Return whether what a case is flown with is installed."""
    return case.method != 'orca' or orca.available()


def fly(
    name: str, share: float, folder: Path, progress: Callable[[str], None], only: str = ''
) -> int:
    """
    Fly a suite and write the tables after every row; return 0 where the claims hold, else 1.

    ``share``: part of the runs of each row, at least one. ``only``: rows with this in their name.
    Other rows that stand in ``folder`` are left there, those of ORCA where it is not installed.
    """
    if not 0.0 < share <= 1.0:
        raise UsageError(f'--share {share}: above 0, at most 1')
    known = {(row.get('suite'), row.get('case')): row for row in read(folder)}
    order = [(suite, entry.name) for suite, entry in entries('all')]
    source, good = commit(), True
    named = [(suite, entry) for suite, entry in entries(name) if only in entry.name]
    chosen = [(suite, entry) for suite, entry in named if can_fly(entry.case)]
    if not named:
        raise UsageError(f'--only {only!r}: no row of suite {name!r} is named so')
    if not chosen:
        raise UsageError(f'--only {only!r}: flown with pyrvo, which is not installed')
    prepare(folder)
    for suite, entry in chosen:
        runs = max(1, round(share * entry.runs))
        results = []
        for seed in range(entry.seed, entry.seed + runs):
            progress(f'{entry.name}: {seed - entry.seed + 1} of {runs}')
            results.append(fly_one(entry.case, seed))
        row = _row(suite, entry, results, source)
        known[suite, entry.name] = row
        write(folder, [known[key] for key in order if key in known])
        good = good and not row['failed_seeds']
    progress('')
    return 0 if good else 1


def _row(suite: str, entry: Entry, results: list[Result], source: str) -> Row:
    """Return the row of an entry that has been flown."""
    case = entry.case
    usual = case.beacon_hz == 20 and case.loss == 0.2 and case.delay_s == 0.1
    plain = case.radio == 'disc' and case.kind == 'holonomic'
    return {
        'suite': suite,
        'case': entry.name,
        'seed': entry.seed,
        **columns(results),
        'ours': case.method == 'certified',
        'usual': usual and plain,
        'proved': proved(case),
        'failed_seeds': failed(case, results),
        'commit': source,
        'command': command(case, len(results), entry.seed),
    }


def proved(case: Case) -> bool:
    """Return whether it is proved that such a swarm stays connected throughout."""
    return case.kill == 'none' and case.radio == 'disc' and case.kind == 'holonomic'


def failed(case: Case, results: list[Result]) -> list[int]:
    """
    Return the seeds in which what is proved did not hold: apart, and connected.

    Connected where the run lies within the assumptions and nobody is killed; for robots killed in
    a 2-connected graph, after it.
    """
    if case.method != 'certified':
        return []
    return [
        result.seed
        for result in results
        if result.min_distance_over_d < 1.0
        or (result.min_obstacle_gap_m or 0.0) < (0.0 if case.obstacles == 'none' else case.clear_m)
        or (proved(case) and result.within_assumptions and not result.connected)
        or (case.kill == 'in_2_connected' and result.disconnected_s > 0.0)
    ]
