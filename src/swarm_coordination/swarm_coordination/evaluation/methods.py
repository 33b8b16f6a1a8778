# SPDX-License-Identifier: Apache-2.0
"""The method of a case by name: our controller with its ways to keep links, or a peer's."""

from __future__ import annotations

from swarm_coordination.evaluation.cases import Case
from swarm_coordination.evaluation.flight import Flight
from swarm_coordination.evaluation.result import Result


def fly(case: Case, seed: int) -> Result:
    """Fly one run; raises UsageError where a peer is not installed."""
    if case.method == 'orca':
        from swarm_coordination.evaluation.baselines.orca import fly_orca

        return fly_orca(case, seed)
    if case.method == 'barrier':
        from swarm_coordination.evaluation.baselines.barrier import fly_barrier

        return fly_barrier(case, seed)
    return Flight(case, seed).run()
