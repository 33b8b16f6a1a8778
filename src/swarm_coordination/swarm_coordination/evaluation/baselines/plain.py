# SPDX-License-Identifier: Apache-2.0
"""
A flight without radio, for methods that keep robots apart and know nothing of links.

They are given the truth of all robots at once, without delay or loss: more than any robot has.
"""

from __future__ import annotations

from collections.abc import Callable
import random
import time

import numpy as np
from swarm_coordination.evaluation.cases import Case
from swarm_coordination.evaluation.connectivity import algebraic_connectivity
from swarm_coordination.evaluation.flight import REACHED_M
from swarm_coordination.evaluation.kernels import state
from swarm_coordination.evaluation.kernels.measure import islands
from swarm_coordination.evaluation.kernels.state import Floats
from swarm_coordination.evaluation.kernels.step import move, nearest_approach
from swarm_coordination.evaluation.result import percentile, Result
from swarm_coordination.evaluation.scenes import slots_for, starts

# Wish (N, 2), places (N, 2) -> velocities (N, 2).
Steer = Callable[[Floats, Floats], Floats]


def fly_plain(case: Case, seed: int, steer_for: Callable[[Floats, Case], Steer]) -> Result:
    """Fly straight to the slots, changed by ``steer_for(places, case)`` in every period."""
    rng = random.Random(seed)
    places = starts(case, rng)
    slots = slots_for(case, places, rng)[:, :2]
    limits, world = case.settings, state.new_world(places, seed)
    steer, label = steer_for(places[:, :2], case), np.zeros(len(places), np.int64)
    result, least, costs, lambda2 = Result(seed), np.inf, [], np.inf
    period = limits.period_s
    for tick in range(round(case.limit_s / period)):
        wish = slots - world.place[:, :2]
        wish *= (limits.speed_max_mps / np.maximum(limits.speed_max_mps, _norms(wish)))[:, None]
        before = time.process_time()
        world.velocity[:, :2] = steer(wish, world.place[:, :2])
        costs.append(1e6 * (time.process_time() - before) / len(places))
        least = min(least, nearest_approach(world, period))
        move(world, period)
        if islands(world, limits.range_m, label) > 1:
            result.connected = False
            result.disconnected_s += period
        if tick % round(1.0 / period) == 0:
            lambda2 = min(lambda2, algebraic_connectivity(world.place, limits.range_m))
        errors = _norms(slots - world.place[:, :2])
        result.makespan_s = (tick + 1) * period
        if errors.max() <= REACHED_M:
            result.reached = True
            break
    far = _norms(world.place - places)
    moved = far > 1.0
    result.rmse_m = float(np.sqrt(np.mean(errors**2)))
    result.max_error_m = float(errors.max())
    result.min_distance_over_d = least / limits.safety_distance_m
    result.min_lambda2 = lambda2
    if moved.any():
        result.path_ratio = float(np.median(world.travelled[moved] / far[moved]))
    result.step_p50_us, result.step_p99_us = percentile(costs, 50), percentile(costs, 99)
    return result


def _norms(rows: Floats) -> Floats:
    return np.asarray(np.hypot(rows[:, 0], rows[:, 1]))
