# SPDX-License-Identifier: Apache-2.0
"""In space: the projection is the nearest admissible velocity, the rows cover the whole cone."""

from __future__ import annotations

from dataclasses import replace
import math
import random

from hypothesis import given, settings
from hypothesis import strategies as st
import pytest
from swarm_coordination.control.halfspaces import (
    collision_rows,
    HalfSpace,
    Kind,
    link_rows,
    sight,
)
from swarm_coordination.control.settings import ControlSettings
from swarm_coordination.control.space import project_space

SPACE = ControlSettings(
    dimensions=3, localisation_error_m=0.001, command_timeout_s=0.0, deceleration_mps2=100.0
)
# The direction between two robots is off by as much as they turn in T.
ASTRAY = replace(SPACE, localisation_error_m=0.1)
NUMBERS = st.floats(allow_nan=True, allow_infinity=True, width=64)


def unit(rng):
    while True:
        v = [rng.gauss(0, 1) for _ in range(3)]
        norm = math.hypot(*v)
        if norm > 1e-3:
            return [c / norm for c in v]


def random_rows(rng, count, low):
    found = []
    for _ in range(count):
        nx, ny, nz = unit(rng)
        found.append(HalfSpace(nx, ny, rng.uniform(low, 1.5), Kind.LINK, 1, nz))
    return found


def test_the_projection_equals_a_general_solver():
    from scipy.optimize import minimize

    rng = random.Random(5)
    for _ in range(25):
        rows = random_rows(rng, 9, 0.05)
        wish = [rng.uniform(-2, 2) for _ in range(3)]
        constraints = [
            {'type': 'ineq',
             'fun': lambda u, r=row: r.bound - r.nx * u[0] - r.ny * u[1] - r.nz * u[2]}
            for row in rows
        ]
        constraints.append({'type': 'ineq', 'fun': lambda u: 2.25 - u @ u})
        solved = minimize(
            lambda u, w=wish: sum((a - b) ** 2 for a, b in zip(u, w)), (0.0, 0.0, 0.0),
            constraints=constraints, method='SLSQP', options={'ftol': 1e-14, 'maxiter': 300},
        )
        got = project_space(*wish, rows, 1.5)
        assert got.feasible
        assert math.dist(got[:3], wish) == pytest.approx(math.sqrt(solved.fun), abs=1e-6)


@pytest.mark.parametrize('low', [0.0, -0.4])
def test_the_result_satisfies_every_row_and_no_sampled_velocity_is_nearer(low):
    rng = random.Random(8)
    feasible = 0
    for _ in range(150):
        rows, wish = random_rows(rng, rng.randrange(1, 12), low), unit(rng)
        got = project_space(*(2.0 * w for w in wish), rows, 1.5)

        def good(u, rows=rows, slack=1e-9):
            return math.hypot(*u) <= 1.5 + slack and all(
                r.nx * u[0] + r.ny * u[1] + r.nz * u[2] <= r.bound + slack for r in rows)

        samples = [[1.5 * rng.random() ** (1 / 3) * c for c in unit(rng)] for _ in range(200)]
        if not got.feasible:
            assert low < 0.0
            assert not any(good(u, slack=-1e-6) for u in samples)
            continue
        feasible += 1
        assert good(got[:3])
        best = math.dist(got[:3], [2.0 * w for w in wish])
        assert all(math.dist(u, [2.0 * w for w in wish]) >= best - 1e-9
                   for u in samples if good(u, slack=0.0))
    assert feasible > 75


@given(NUMBERS, NUMBERS, NUMBERS,
       st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS, NUMBERS), max_size=5), NUMBERS)
@settings(max_examples=300)
def test_no_input_raises_or_gives_anything_but_finite_numbers(x, y, z, rows, speed):
    built = [HalfSpace(a, b, bound, Kind.LINK, 1, c) for a, b, c, bound in rows]
    got = project_space(x, y, z, built, speed)
    assert all(map(math.isfinite, got))


@pytest.mark.parametrize('seed', range(60))
@pytest.mark.parametrize('settings', [SPACE, ASTRAY], ids=['exact', 'astray'])
def test_an_admissible_velocity_closes_at_most_its_share_from_anywhere_in_the_ball(
    settings, seed
):
    rng = random.Random(seed)
    drift, way = rng.uniform(0.0, 0.5), unit(rng)
    far = rng.uniform(0.8, 4.0)
    seen = sight(2, *(far * c for c in way[:2]), drift, True, far * way[2])
    rows = collision_rows(seen, settings)
    got = project_space(*(-2.0 * c for c in unit(rng)), rows, SPACE.speed_max_mps)
    assert got.feasible
    shift, reach = unit(rng), (drift + settings.offset_error_m) * rng.random()
    offset = [far * c - reach * s for c, s in zip(way, shift)]
    true = math.hypot(*offset)
    closing = -sum(u * c for u, c in zip(got[:3], offset)) / true
    gap = max(0.0, true - SPACE.safety_distance_m)
    if true >= SPACE.safety_distance_m:
        assert closing <= SPACE.collision_gain * gap / (2.0 * SPACE.hold_s) + 1e-9


@pytest.mark.parametrize('squeeze', [1.0, 2.5], ids=['sphere', 'downwash'])
def test_the_rows_of_a_pair_bound_the_closing_speed_along_every_direction_of_the_cone(squeeze):
    settings, rng = replace(ASTRAY, downwash_factor=squeeze), random.Random(7)
    rate = min(
        settings.collision_gain / (2.0 * settings.hold_s), 0.5 / settings.stopping_time_s
    )
    for _ in range(400):
        drift, way, far = rng.uniform(0.0, 0.15), unit(rng), rng.uniform(0.7, 1.1)
        # Squeezed: in heights divided by the factor, as a controller gives it.
        seen = sight(2, *(far * c for c in way[:2]), drift, True, far * way[2])
        rows = collision_rows(seen, settings)
        assert all(math.hypot(r.nx, r.ny, r.nz) == pytest.approx(1.0) for r in rows)
        share = rate * max(0.0, far - settings.collision_distance_m - drift)
        turning = drift + settings.speed_max_mps * settings.hold_s + settings.offset_error_m
        sine = min(1.0, turning / far)
        towards = at_angle([-c for c in way], math.asin(sine) * rng.random() ** 0.2, rng)
        wish = [a + 0.7 * b for a, b in zip(towards, unit(rng))]
        wish[2] *= rng.choice((1.0, -1.0))  # sinking while closing in, and the other way round
        got = project_space(*(1.5 * c for c in wish), rows, settings.speed_max_mps)
        squeezed = (got.x, got.y, got.z / squeeze)
        assert sum(a * b for a, b in zip(towards, squeezed)) <= share + 1e-9


def at_angle(axis, angle, rng):
    """Return a unit vector at an angle from ``axis``, in any direction around it."""
    while True:
        other = unit(rng)
        along = sum(a * b for a, b in zip(axis, other))
        side = [b - along * a for a, b in zip(axis, other)]
        norm = math.hypot(*side)
        if norm > 1e-3:
            return [
                math.cos(angle) * a + math.sin(angle) * b / norm for a, b in zip(axis, side)
            ]


def test_links_are_kept_in_space():
    seen = sight(2, 0.0, 5.0, 0.0, True, 7.9)
    rows = link_rows(seen, SPACE)
    got = project_space(0.0, 0.8, 1.2, rows, 1.5)
    assert rows
    assert got.y * seen.ny + got.z * seen.nz < 1.0


def test_above_each_other_robots_keep_the_downwash_away():
    washed = replace(SPACE, downwash_factor=3.0)
    # 1.2 m above: in heights divided by 3 that is 0.4 m, closer than 0.6 m.
    (*_, row) = collision_rows(sight(2, 0.0, 0.0, 0.0, True, 1.2 / 3.0), washed)
    assert (row.nx, row.ny, row.nz) == (0.0, 0.0, -1.0)
    assert row.bound < 0.0
    assert not [r for r in collision_rows(sight(2, 0.0, 0.0, 0.0, True, 1.2), SPACE)
                if r.bound < 0.0]
