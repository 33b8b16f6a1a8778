# SPDX-License-Identifier: Apache-2.0
"""One scenario for each fallacy, what it does to the network, and the figure that tells most."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from swarm_coordination.mesh.settings import MeshSettings
from swarm_coordination.scenario.expectations import Expectation
from swarm_coordination.scenario.report import Report

# Frame bytes a second: half of what each of five robots sends in this run where it may (3.1 kB/s).
SHORT_BUDGET = 1_500
# Of budget and burst a robot sends no more than all, but for the frame under way at the end.
SHARE_MAX = 1.02
# What ten robots in flight may cost each at 20 beacons a second: half of the byte budget as
# shipped (two thirds of that are measured), and a quarter of a core (a twelfth is).
COST_BYTES_MAX, COST_CPU_MAX = 15_000, 25.0


@dataclass(frozen=True, slots=True)
class Fallacy:
    """
    One row of the suite.

    ``overrides`` are merged into the swarm file; ``figure`` reads the measured value of a report;
    ``limits`` are what has to hold beyond what every report expects.
    """

    name: str
    done: str
    scenario: str
    figure: Callable[[Report], str]
    robots: int = 5
    backend: str = 'dds'  # of the real suite
    overrides: Mapping[str, Any] = field(default_factory=dict)
    limits: Callable[[Report], tuple[Expectation, ...]] = lambda _: ()


def _new_leader(report: Report) -> str:
    taken = [s for s in report.figures['election_s']['after_kills'] if s is not None]
    return f'new leader after {max(taken):.2f} s' if taken else 'no leader'


def _commands(report: Report) -> str:
    count = sum(report.figures['commits_per_phase'].values())
    return f'{count} entries, one order everywhere'


def _most_bytes(report: Report) -> float:
    return float(max(report.figures['bytes_per_robot_per_s'].values()))


def _bytes(report: Report) -> str:
    return f'{_most_bytes(report) / 1000:.1f} kB/s per robot at most'


def _part(report: Report) -> float:
    """Return what part a robot sent of budget and burst: near 1 where that binds."""
    allowed = SHORT_BUDGET + MeshSettings().burst_bytes / report.figures['duration_s']
    return _most_bytes(report) / allowed


def _share(report: Report) -> str:
    return f'{_bytes(report)}, {_part(report):.0%} of what it may'


def _budget_held(report: Report) -> tuple[Expectation, ...]:
    part = _part(report)
    return (Expectation('bytes sent, of what a robot may', part, SHARE_MAX, '',
                        part <= SHARE_MAX, _bytes(report)),)


def _refused(report: Report) -> str:
    return f'{min(report.figures["frames_rejected"].values())} frames refused by each at least'


def _heal(report: Report) -> str:
    slowest = max(heal['one_log'] for heal in report.figures['heals_s'])
    return f'one log {slowest:.2f} s after a heal'


def _most_cpu(report: Report) -> float | None:
    """Return the CPU of the robot that took most (% of a core); None in virtual time."""
    processes = report.figures.get('processes') or {}
    cpu = [p['cpu_percent'] for name, p in processes.items() if name.startswith('robot')]
    return max(cpu) if cpu else None


def _cost(report: Report) -> str:
    words, cpu = _bytes(report), _most_cpu(report)
    return words if cpu is None else f'{words}, {cpu:.0f} % of a core'


def _cost_held(report: Report) -> tuple[Expectation, ...]:
    most, cpu = _most_bytes(report), _most_cpu(report)
    limits = [Expectation('bytes per robot', most, COST_BYTES_MAX, 'B/s', most <= COST_BYTES_MAX)]
    if cpu is not None:
        limits.append(
            Expectation('CPU per robot', cpu, COST_CPU_MAX, '% of a core', cpu <= COST_CPU_MAX)
        )
    return tuple(limits)


FALLACIES = (
    Fallacy(
        'the network is reliable',
        '30 % of all frames lost; the leader killed and taken back',
        'loss30', _new_leader,
    ),
    Fallacy('latency is zero', 'frames 100 to 300 ms late, out of order', 'latency', _commands),
    Fallacy(
        'bandwidth is infinite',
        f'{SHORT_BUDGET / 1000:g} kB/s for each robot; the leader killed and taken back',
        'smoke', _share,
        overrides={'all': {'mesh': {'byte_budget_per_s': SHORT_BUDGET}}}, limits=_budget_held,
    ),
    Fallacy(
        'the network is secure',
        '1,000 forged, replayed, broken frames a second by a stranger',
        'hostile', _refused,
    ),
    Fallacy('topology does not change', 'two splits into islands, two heals', 'split', _heal),
    Fallacy(
        'there is one administrator',
        'two operators command at once, on the same keys', 'operators', _commands,
    ),
    Fallacy(
        'transport cost is zero',
        '10 robots; the leader killed and taken back', 'smoke', _cost, robots=10,
        limits=_cost_held,
    ),
    Fallacy(
        'the network is homogeneous',
        'robots of two kinds, with control and budgets of their own; split by kind', 'mixed',
        _heal, backend='mixed',
        overrides={
            'robots': {
                name: {'control': {'period_s': 0.025}, 'mesh': {'byte_budget_per_s': 12_000}}
                for name in ('robot2', 'robot4')
            },
        },
    ),
)
