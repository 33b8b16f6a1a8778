# SPDX-License-Identifier: Apache-2.0
"""
Commands that five robots in one hop commit within eight virtual seconds, by byte budget.

    python bench/short_budget.py
"""

from __future__ import annotations

import dataclasses

from swarm_coordination.benchmarks.stage import shipped_settings, Stage
from swarm_coordination.mission.commands import encode_command, Put

WAITING, SECONDS = 400, 8.0


def committed(byte_budget_per_s: int) -> int:
    """Return how many of ``WAITING`` commands at the leader everybody has applied in time."""
    settings = shipped_settings()
    mesh = dataclasses.replace(settings.mesh, byte_budget_per_s=byte_budget_per_s)
    stage = Stage(5, 'rate', settings=dataclasses.replace(settings, mesh=mesh))
    leader = stage.settle()
    for number in range(WAITING):
        stage.arena.propose(leader, encode_command(Put('b', f'{number}' + 'x' * 60)).decode())
    stage.arena.run(SECONDS)
    return min(map(len, stage.applied))


def main() -> None:
    """Print one line a budget."""
    for byte_budget_per_s in (3_000, 5_000, 10_000, 30_000):
        print(f'{byte_budget_per_s:6d} B/s: {committed(byte_budget_per_s)} of {WAITING}')


if __name__ == '__main__':
    main()
