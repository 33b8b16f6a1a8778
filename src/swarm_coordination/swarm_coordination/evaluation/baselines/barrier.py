# SPDX-License-Identifier: Apache-2.0
"""
The safety barrier certificate of the Robotarium (Wang, Ames, Egerstedt, T-RO 2017).

    minimise sum |u_i - w_i|^2   subject to   -2 (x_i - x_j) . (u_i - u_j) <= gamma h_ij^3,
    h_ij = |x_i - x_j|^2 - D^2

for all pairs, solved for all robots at once, as ``robotarium-python-simulator`` 0.0.0 does with
gamma = 100. Its single-integrator certificate refuses more than 0.2 m/s, so the same programme
stands here, solved by Hildreth's dual coordinate ascent to 1e-9 (cvxopt stops there at 1e-2).
"""

from __future__ import annotations

import numba
import numpy as np
from swarm_coordination.errors import UsageError
from swarm_coordination.evaluation.baselines.plain import fly_plain, Steer
from swarm_coordination.evaluation.cases import Case
from swarm_coordination.evaluation.kernels.state import Floats
from swarm_coordination.evaluation.result import Result

_GAMMA = 100.0
ROBOTS_MAX = 20
_SWEEPS_MAX = 2000


def fly_barrier(case: Case, seed: int) -> Result:
    """Fly one run with the certificate; raises UsageError above 20 robots."""
    if case.robots > ROBOTS_MAX:
        raise UsageError(f"method 'barrier': robots {case.robots}: at most {ROBOTS_MAX}")
    return fly_plain(case, seed, _steer)


def _steer(places: Floats, case: Case) -> Steer:
    safety_m = case.settings.safety_distance_m

    def steer(wish: Floats, now: Floats) -> Floats:
        velocities = wish.copy()
        certify(velocities, now, safety_m, _GAMMA)
        return velocities

    return steer


@numba.njit(cache=True)
def certify(velocity: Floats, place: Floats, safety_m: float, gamma: float) -> int:
    """Change ``velocity`` (N, 2) to the nearest that the certificate admits; return the sweeps."""
    count = len(place)
    weight = np.zeros((count, count))
    for sweep in range(_SWEEPS_MAX):
        change = 0.0
        for i in range(count):
            for j in range(i + 1, count):
                dx, dy = place[i, 0] - place[j, 0], place[i, 1] - place[j, 1]
                square = dx * dx + dy * dy
                h = square - safety_m * safety_m
                # Row a = -2 (d, -d), |a|^2 = 8 |d|^2; its dual variable moves, never below 0.
                lhs = -2.0 * (
                    dx * (velocity[i, 0] - velocity[j, 0]) + dy * (velocity[i, 1] - velocity[j, 1])
                )
                step = (lhs - gamma * h * h * h) / (8.0 * square)
                step = max(step, -weight[i, j])
                weight[i, j] += step
                velocity[i, 0] += 2.0 * step * dx
                velocity[i, 1] += 2.0 * step * dy
                velocity[j, 0] -= 2.0 * step * dx
                velocity[j, 1] -= 2.0 * step * dy
                change = max(change, abs(step) * square)
        if change < 1e-9:
            return sweep + 1
    return _SWEEPS_MAX
