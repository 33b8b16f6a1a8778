# SPDX-License-Identifier: Apache-2.0
"""The projection is the nearest admissible velocity, whatever the rows and their order."""

from __future__ import annotations

import itertools
import math
import random
import time

from hypothesis import given, settings
from hypothesis import strategies as st
import pytest
from swarm_coordination.control.projection import project, shuffled

NUMBERS = st.floats(allow_nan=True, allow_infinity=True, width=64)


def brute_force(x, y, rows, speed, slack=1e-9):
    """Nearest point among all candidates where constraints can meet: exact, cubic, independent."""
    norm = math.hypot(x, y)
    candidates = [(x, y)]
    if norm > 0.0:
        candidates.append((x * speed / norm, y * speed / norm))
    for nx, ny, bound in rows:
        off = nx * x + ny * y - bound
        candidates.append((x - off * nx, y - off * ny))
        if abs(bound) <= speed:
            half = math.sqrt(speed**2 - bound**2)
            candidates += [
                (bound * nx - s * ny, bound * ny + s * nx) for s in (-half, half)
            ]
    for first, second in itertools.combinations(rows, 2):
        det = first[0] * second[1] - first[1] * second[0]
        if abs(det) > 1e-9:
            candidates.append(
                (
                    (first[2] * second[1] - second[2] * first[1]) / det,
                    (first[0] * second[2] - second[0] * first[2]) / det,
                )
            )
    admissible = [
        (px, py)
        for px, py in candidates
        if math.hypot(px, py) <= speed + slack
        and all(nx * px + ny * py <= bound + slack for nx, ny, bound in rows)
    ]
    return min(admissible, key=lambda p: math.hypot(p[0] - x, p[1] - y), default=None)


def random_rows(rng, count, low):
    rows = []
    for _ in range(count):
        angle = rng.uniform(-math.pi, math.pi)
        rows.append((math.cos(angle), math.sin(angle), rng.uniform(low, 1.5)))
    return rows


@pytest.mark.parametrize('low', [0.0, -0.3, -1.0])
def test_the_projection_equals_brute_force_over_all_vertices(low):
    rng = random.Random(11)
    feasible = 0
    for _ in range(1500):
        rows = random_rows(rng, rng.randrange(13), low)
        x, y = rng.uniform(-3, 3), rng.uniform(-3, 3)
        best = brute_force(x, y, rows, 1.5)
        got = project(x, y, rows, 1.5)
        assert got.feasible == (best is not None)
        if best is not None:
            feasible += 1
            assert math.hypot(got.x - x, got.y - y) == pytest.approx(
                math.hypot(best[0] - x, best[1] - y), abs=1e-8
            )
            assert math.dist((got.x, got.y), best) < 1e-6
    assert feasible > 400


def test_the_projection_equals_a_general_solver():
    from scipy.optimize import minimize

    rng = random.Random(5)
    for _ in range(25):
        rows = random_rows(rng, 8, 0.05)
        x, y = rng.uniform(-2, 2), rng.uniform(-2, 2)
        constraints = [
            {'type': 'ineq', 'fun': lambda u, r=row: r[2] - r[0] * u[0] - r[1] * u[1]}
            for row in rows
        ]
        constraints.append({'type': 'ineq', 'fun': lambda u: 2.25 - u[0] ** 2 - u[1] ** 2})
        solved = minimize(
            lambda u, x=x, y=y: (u[0] - x) ** 2 + (u[1] - y) ** 2,
            (0.0, 0.0),
            constraints=constraints,
            method='SLSQP',
            options={'ftol': 1e-14, 'maxiter': 200},
        )
        got = project(x, y, rows, 1.5)
        assert math.hypot(got.x - x, got.y - y) == pytest.approx(math.sqrt(solved.fun), abs=1e-6)


@given(st.integers(0, 2**32), st.integers(1, 20))
@settings(max_examples=150)
def test_the_result_satisfies_every_row_and_does_not_depend_on_the_order(seed, count):
    rng = random.Random(seed)
    rows = random_rows(rng, count, 0.0)
    x, y = rng.uniform(-3, 3), rng.uniform(-3, 3)
    got = project(x, y, rows, 1.5)
    assert got.feasible  # standing still satisfies bounds >= 0
    assert math.hypot(got.x, got.y) <= 1.5 + 1e-9
    assert all(nx * got.x + ny * got.y <= bound + 1e-9 for nx, ny, bound in rows)
    order = list(range(count))
    rng.shuffle(order)
    other = project(x, y, rows, 1.5, order)
    assert math.dist(got[:2], other[:2]) < 1e-7


@given(
    NUMBERS, NUMBERS, st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS), max_size=6), NUMBERS
)
@settings(max_examples=300)
def test_no_input_raises_or_gives_anything_but_finite_numbers(x, y, rows, speed):
    got = project(x, y, rows, speed)
    assert math.isfinite(got.x) and math.isfinite(got.y)


def test_rows_that_leave_only_standing_still_give_exactly_that():
    rows = [(1.0, 0.0, 0.0), (-1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, -1.0, 0.0)]
    assert project(1.0, -2.0, rows, 1.5) == (0.0, 0.0, True)


def test_an_admissible_velocity_is_returned_as_it_is():
    assert project(0.3, -0.4, [(1.0, 0.0, 0.5)], 1.5) == (0.3, -0.4, True)


def test_opposite_rows_without_a_common_point_are_infeasible():
    assert not project(0.0, 0.0, [(1.0, 0.0, -0.1), (-1.0, 0.0, -0.1)], 1.5).feasible
    assert not project(0.0, 0.0, [(1.0, 0.0, -1.6)], 1.5).feasible


def test_the_order_is_a_permutation_and_always_the_same():
    assert sorted(shuffled(60)) == list(range(60))
    assert shuffled(10) == (5, 6, 1, 7, 8, 2, 0, 3, 4, 9)


def test_ten_rows_are_projected_well_within_a_control_period():
    rng = random.Random(2)
    problems = [(random_rows(rng, 10, 0.0), rng.uniform(-2, 2)) for _ in range(200)]
    before = time.process_time()
    for rows, x in problems:
        project(x, 1.0, rows, 1.5)
    mean_s = (time.process_time() - before) / len(problems)
    assert mean_s < 300e-6
