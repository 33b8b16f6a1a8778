# SPDX-License-Identifier: Apache-2.0
"""What one run showed, and what many runs of a case show together: the columns of the tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
import statistics
from typing import Any

import numpy as np


@dataclass(slots=True)
class Result:
    """One run. Measures are of the truth, every control period."""

    seed: int
    within_assumptions: bool = True
    connected: bool = True  # in radio range, every period (after a loss: once reconnected)
    disconnected_s: float = 0.0
    reached: bool = False  # every living robot within 0.1 m of its slot
    makespan_s: float = 0.0  # from the start of the mission until reached; the limit otherwise
    rmse_m: float = 0.0  # slot errors at the end
    max_error_m: float = 0.0
    min_distance_over_d: float = 0.0
    min_obstacle_gap_m: float | None = None
    min_lambda2: float = 0.0  # of the graph at the radio range, every second
    kept_fraction: float = 0.0  # links kept by somebody, of links live
    relaxed_link: int = 0  # decisions in which link recovery was given up
    relaxed_obstacle: int = 0
    relaxed_collision: int = 0
    relaxed_braking: int = 0  # decisions in which the acceleration limit admitted nothing else
    decisions: int = 0
    path_ratio: float = 0.0  # way flown over straight way, median of robots
    bytes_per_s: float = 0.0  # sent by one robot
    step_p50_us: float = 0.0  # CPU time of one robot's control period: control, radio, plant
    step_p99_us: float = 0.0
    commits: int = 0
    regrouped: int = 0
    killed: int = -1
    reconnected_s: float | None = None  # from the loss until one component for good


def columns(results: Sequence[Result]) -> dict[str, Any]:
    """Return one value per column for the runs of one case."""
    runs = len(results)
    inside = [r for r in results if r.within_assumptions]
    reached = [r.makespan_s for r in results if r.reached]
    gaps = [r.min_obstacle_gap_m for r in results if r.min_obstacle_gap_m is not None]
    again = [r.reconnected_s for r in results if r.reconnected_s is not None]
    killed = [r for r in results if r.killed >= 0]
    decisions = max(1, sum(r.decisions for r in results))
    return {
        'runs': runs,
        'within_assumptions_pct': _percent(len(inside), runs),
        'connected_pct': _percent(sum(r.connected for r in results), runs),
        'connected_within_pct': (
            _percent(sum(r.connected for r in inside), len(inside)) if inside else None
        ),
        'disconnected_s': round(sum(r.disconnected_s for r in results) / runs, 3),
        'reached_pct': _percent(len(reached), runs),
        'makespan_s': round(statistics.median(reached), 2) if reached else None,
        'rmse_m': round(statistics.median(r.rmse_m for r in results), 4),
        'max_error_m': round(max(r.max_error_m for r in results), 3),
        'min_distance_over_d': round(min(r.min_distance_over_d for r in results), 4),
        'min_obstacle_gap_m': round(min(gaps), 4) if gaps else None,
        'min_lambda2': round(min(r.min_lambda2 for r in results), 4),
        'kept_fraction': round(statistics.mean(r.kept_fraction for r in results), 4),
        'relaxed_link_per_10k': round(1e4 * sum(r.relaxed_link for r in results) / decisions, 2),
        'relaxed_obstacle_per_10k': round(
            1e4 * sum(r.relaxed_obstacle for r in results) / decisions, 2
        ),
        'relaxed_collision_per_10k': round(
            1e4 * sum(r.relaxed_collision for r in results) / decisions, 2
        ),
        'relaxed_braking_per_10k': round(
            1e4 * sum(r.relaxed_braking for r in results) / decisions, 2
        ),
        'path_ratio': round(statistics.median(r.path_ratio for r in results), 3),
        'bytes_per_robot_s': round(statistics.mean(r.bytes_per_s for r in results)),
        'cpu_us_p50': round(statistics.median(r.step_p50_us for r in results), 1),
        'cpu_us_p99': round(statistics.median(r.step_p99_us for r in results), 1),
        'killed': len(killed),
        'reconnected_pct': _percent(len(again), len(killed)) if killed else None,
        'reconnected_s': round(statistics.median(again), 2) if again else None,
    }


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that ``share`` percent of ``values`` lie below; 0 of nothing."""
    return float(np.percentile(values, share)) if len(values) else 0.0


def _percent(part: int, whole: int) -> float:
    return round(100.0 * part / whole, 2) if whole else 0.0
