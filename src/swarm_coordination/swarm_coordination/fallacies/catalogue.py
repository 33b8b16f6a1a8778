# SPDX-License-Identifier: Apache-2.0
"""One scenario for each fallacy, what it does to the network, and the figure that tells most."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from swarm_coordination.mesh.settings import MeshSettings
from swarm_coordination.scenario.report import Report

# Frame bytes a second: half of what each of five robots sends in this run where it may (3.1 kB/s).
SHORT_BUDGET = 1_500


@dataclass(frozen=True, slots=True)
class Fallacy:
    """
    One row of the suite.

    ``overrides`` are merged into the swarm file; ``figure`` reads the measured value of a report.
    """

    name: str
    done: str
    scenario: str
    figure: Callable[[Report], str]
    robots: int = 5
    backend: str = 'dds'  # of the real suite
    overrides: Mapping[str, Any] = field(default_factory=dict)


def _new_leader(report: Report) -> str:
    taken = [s for s in report.figures['election_s']['after_kills'] if s is not None]
    return f'new leader after {max(taken):.2f} s' if taken else 'no leader'


def _commands(report: Report) -> str:
    count = sum(report.figures['commits_per_phase'].values())
    return f'{count} entries, one order everywhere'


def _bytes(report: Report) -> str:
    most = max(report.figures['bytes_per_robot_per_s'].values())
    return f'{most / 1000:.1f} kB/s per robot at most'


def _share(report: Report) -> str:
    """Tell the bytes and what part they are of budget and burst: near 100 % where that binds."""
    most = max(report.figures['bytes_per_robot_per_s'].values())
    allowed = SHORT_BUDGET + MeshSettings().burst_bytes / report.figures['duration_s']
    return f'{_bytes(report)}, {most / allowed:.0%} of what it may'


def _refused(report: Report) -> str:
    return f'{min(report.figures["frames_rejected"].values())} frames refused by each at least'


def _heal(report: Report) -> str:
    slowest = max(heal['one_log'] for heal in report.figures['heals_s'])
    return f'one log {slowest:.2f} s after a heal'


def _cost(report: Report) -> str:
    processes = report.figures.get('processes') or {}
    cpu = [p['cpu_percent'] for name, p in processes.items() if name.startswith('robot')]
    words = _bytes(report)
    return f'{words}, {max(cpu):.0f} % of a core' if cpu else words


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
        overrides={'all': {'mesh': {'byte_budget_per_s': SHORT_BUDGET}}},
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
    ),
    Fallacy(
        'the network is homogeneous',
        'robots of two kinds, with control and budgets of their own; split by kind', 'mixed',
        _heal, backend='mixed',
        overrides={
            'robots': {
                name: {'control': {'period_s': 0.1}, 'mesh': {'byte_budget_per_s': 12_000}}
                for name in ('robot2', 'robot4')
            },
        },
    ),
)
