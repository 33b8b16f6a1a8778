# SPDX-License-Identifier: Apache-2.0
"""The peers' methods on our starts and goals."""

from __future__ import annotations

from dataclasses import replace
import random

import numpy as np
import pytest
from scipy.optimize import minimize
from swarm_coordination.evaluation.baselines import orca
from swarm_coordination.evaluation.baselines.barrier import certify
from swarm_coordination.evaluation.cases import Case, controller_settings
from swarm_coordination.evaluation.methods import fly

CIRCLE = Case(slots='random', settings=controller_settings(), limit_s=60.0)


def test_the_barrier_certificate_is_the_optimum_of_its_programme():
    rng = random.Random(2)
    for _ in range(5):
        place = np.array([[rng.uniform(0, 2.5), rng.uniform(0, 2.5)] for _ in range(4)])
        wish = np.array([[rng.uniform(-1.5, 1.5), rng.uniform(-1.5, 1.5)] for _ in range(4)])
        found = wish.copy()
        certify(found, place, 0.6, 2.0)
        rows = []
        for i in range(4):
            for j in range(i):
                away = place[i] - place[j]
                bound = 2.0 * (away @ away - 0.36) ** 3
                rows.append((i, j, away, bound))
        best = minimize(
            lambda u, wish=wish: np.sum((u.reshape(4, 2) - wish) ** 2),
            wish.ravel(),
            constraints=[
                {
                    'type': 'ineq',
                    'fun': lambda u, r=r: r[3]
                    + 2.0 * r[2] @ (u.reshape(4, 2)[r[0]] - u.reshape(4, 2)[r[1]]),
                }
                for r in rows
            ],
            tol=1e-12,
        )
        if best.success:
            assert np.sum((found - wish) ** 2) == pytest.approx(best.fun, abs=1e-4)


def test_the_barrier_certificate_keeps_robots_apart_and_knows_nothing_of_links():
    results = [fly(replace(CIRCLE, method='barrier'), seed) for seed in (1, 2)]
    assert all(result.min_distance_over_d >= 0.95 for result in results)
    assert any(not result.connected for result in results)


@pytest.mark.skipif(not orca.available(), reason='needs pyrvo: make compare')
def test_orca_keeps_robots_apart_and_knows_nothing_of_links():
    results = [fly(replace(CIRCLE, method='orca'), seed) for seed in (1, 2)]
    assert all(result.min_distance_over_d >= 0.9 for result in results)
    assert any(not result.connected for result in results)
