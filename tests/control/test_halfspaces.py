# SPDX-License-Identifier: Apache-2.0
"""Two robots that want to collide, or lose each other, cannot: whatever ages, phases, errors."""

from __future__ import annotations

from dataclasses import replace
import math
import random

from hypothesis import given, settings
from hypothesis import strategies as st
import pytest
from swarm_coordination.control import halfspaces
from swarm_coordination.control.halfspaces import (
    collision_rows,
    Kind,
    link_rows,
    Relaxation,
    relaxed,
    sight,
    Sighting,
    silent_rows,
)
from swarm_coordination.control.projection import project
from swarm_coordination.control.settings import ControlSettings

SETTINGS = ControlSettings(localisation_error_m=0.001)
# A base that stops at once when a command is overdue: the shares of a gap alone limit the speed.
PROMPT = replace(SETTINGS, command_timeout_s=0.0, deceleration_mps2=100.0)
# Places known that badly: the direction between two robots is off by as much as they turn in T.
ASTRAY = replace(PROMPT, localisation_error_m=0.2)
# About as config/robots/turtlebot4.yaml has it: slow robots, whose way within T hides no error.
SLOW = replace(
    SETTINGS, speed_max_mps=0.3, safety_distance_m=0.8, localisation_error_m=0.05,
    recovery_speed_mps=0.1, deceleration_mps2=0.5,
)
LIMITS = pytest.mark.parametrize('limits', [PROMPT, ASTRAY, SLOW], ids=['exact', 'astray', 'slow'])
DISTANCES = st.floats(0.0, 15.0)
DRIFTS = st.floats(0.0, 3.0)


@given(DISTANCES, DRIFTS, st.floats(-math.pi, math.pi))
@settings(max_examples=300)
def test_standing_still_satisfies_every_row_that_is_no_recovery(distance, drift, angle):
    seen = sight(2, distance * math.cos(angle), distance * math.sin(angle), drift, True)
    rows = [*collision_rows(seen, SETTINGS), *link_rows(seen, SETTINGS)]
    rows += silent_rows(seen, SETTINGS)
    for row in rows:
        assert math.hypot(row.nx, row.ny) == pytest.approx(1.0, abs=1e-9)
        assert row.bound <= SETTINGS.speed_max_mps
    violated = distance < SETTINGS.collision_distance_m or distance > SETTINGS.link_distance_m
    assert all(row.bound >= 0.0 for row in rows) or violated
    assert all(row.bound >= 0.0 for row in relaxed(rows, Relaxation.COLLISION_RECOVERY))


@given(st.floats(0.7, 9.4), st.floats(0.0, 0.6), st.floats(-1, 1), st.integers(0, 2**32))
@settings(max_examples=300)
@pytest.mark.parametrize('limits', [PROMPT, ASTRAY], ids=['exact', 'astray'])
def test_an_admissible_velocity_closes_at_most_its_share_from_anywhere_in_the_ball(
    limits, distance, drift, side, seed
):
    rng = random.Random(seed)
    rows = collision_rows(sight(2, distance, 0.0, drift, True), limits)
    rows = relaxed(rows, Relaxation.COLLISION_RECOVERY)
    got = project(rng.uniform(-2, 0), rng.uniform(-1, 1), rows, SETTINGS.speed_max_mps)
    assert got.feasible
    angle, reach = rng.uniform(0, math.tau), (drift + limits.offset_error_m) * abs(side)
    x, y = distance - reach * math.cos(angle), -reach * math.sin(angle)
    true = math.hypot(x, y)
    closing = -(got.x * x + got.y * y) / true
    gap = max(0.0, true - SETTINGS.safety_distance_m)
    if true >= SETTINGS.safety_distance_m:
        assert closing <= SETTINGS.collision_gain * gap / (2.0 * SETTINGS.hold_s) + 1e-9


@pytest.mark.parametrize('limits', [PROMPT, ASTRAY], ids=['exact', 'astray'])
def test_an_admissible_velocity_stretches_a_link_by_its_share_along_every_way_it_can_have(limits):
    rng = random.Random(3)
    for _ in range(300):
        far, drift = rng.uniform(7.5, 9.0), rng.uniform(0.0, 0.4)
        rows = link_rows(sight(2, far, 0.0, drift, True), limits)
        turning = drift + 2.0 * limits.speed_max_mps * limits.hold_s + limits.offset_error_m
        angle, reach = rng.uniform(0.0, math.tau), turning * rng.random() ** 0.1
        x, y = far + reach * math.cos(angle), reach * math.sin(angle)
        mx, my = x / math.hypot(x, y), y / math.hypot(x, y)
        got = project(2.0 * mx, 2.0 * my, rows, limits.speed_max_mps)
        gap = max(0.0, limits.link_distance_m - far - drift)
        share = limits.link_gain * gap / (2.0 * limits.hold_s)
        assert got.x * mx + got.y * my <= min(share, limits.speed_max_mps) + 1e-9


class Duel:
    """
    Two robots with ticks of their own, each seeing the other as it was some time ago.

    Wishes are by the truth, what is admitted by measured places.
    """

    def __init__(self, seed: int, limits: ControlSettings, age_max_s: float, wish: str) -> None:
        self.rng, self.limits, self.wish = random.Random(seed), limits, wish
        self.age_max_s = age_max_s
        start = {'meet': 2.5, 'part': 8.5}[wish]
        self.paths = [[(-1.0, 0.0, 0.0), (0.0, 0.0, 0.0)], [(-1.0, start, 0.3), (0.0, start, 0.3)]]
        self.velocity = [(0.0, 0.0), (0.0, 0.0)]
        self.nearest, self.farthest = math.inf, 0.0

    def place(self, robot: int, time: float) -> tuple[float, float]:
        path = self.paths[robot]
        for (t0, x0, y0), (t1, x1, y1) in zip(path[-2::-1], path[:0:-1]):
            if time >= t0:
                part = min(1.0, (time - t0) / (t1 - t0)) if t1 > t0 else 1.0
                return (x0 + part * (x1 - x0), y0 + part * (y1 - y0))
        return path[0][1:]

    def run(self, ticks: int) -> None:
        now, due = 0.0, [0.0, self.rng.uniform(0.0, self.limits.hold_s)]
        style = self.rng.choice(('always full hold', 'jitter'))
        for _ in range(ticks):
            robot = 0 if due[0] <= due[1] else 1
            self.advance(due[robot] - now)
            now = due[robot]
            self.decide(robot, now)
            part = 1.0 if style == 'always full hold' else self.rng.uniform(0.1, 1.0)
            due[robot] = now + part * self.limits.hold_s

    def advance(self, span: float) -> None:
        ends = [path[-1] for path in self.paths]
        for k in range(9):  # the extreme distances within the span, closely enough
            t = span * k / 8.0
            places = [
                (x + t * vx, y + t * vy) for (_, x, y), (vx, vy) in zip(ends, self.velocity)
            ]
            distance = math.dist(*places)
            self.nearest = min(self.nearest, distance)
            self.farthest = max(self.farthest, distance)
        for path, (x, y), (t, _, _) in zip(self.paths, places, ends):
            path.append((t + span, x, y))

    def decide(self, robot: int, now: float) -> None:
        age = self.rng.choice((0.0, self.age_max_s, self.rng.uniform(0.0, self.age_max_s)))
        x, y = self.paths[robot][-1][1:]
        qx, qy = self.place(1 - robot, now - age)
        true = sight(1 - robot, x - qx, y - qy, 0.0, robot == 0)
        ex, ey = self.error(true)
        drift = self.limits.speed_max_mps * age
        seen = sight(1 - robot, x - qx + ex, y - qy + ey, drift, robot == 0)
        rows = collision_rows(seen, self.limits) + link_rows(seen, self.limits)
        rows = relaxed(rows, Relaxation.COLLISION_RECOVERY)
        sign = -1.0 if self.wish == 'meet' else 1.0
        turn = self.rng.choice((0.0, 0.0, self.rng.uniform(-1.6, 1.6)))
        wx = sign * (true.nx * math.cos(turn) - true.ny * math.sin(turn)) * 2.0
        wy = sign * (true.ny * math.cos(turn) + true.nx * math.sin(turn)) * 2.0
        got = project(wx, wy, rows, self.limits.speed_max_mps)
        self.velocity[robot] = (got.x, got.y)

    def error(self, true: Sighting) -> tuple[float, float]:
        """Both places measured are off by e, against each other: mostly across the line."""
        turn = self.rng.choice((1.0, -1.0, self.rng.uniform(-2.0, 2.0))) * math.pi / 2.0
        way = 2.0 * self.limits.localisation_error_m
        return (
            way * (true.nx * math.cos(turn) - true.ny * math.sin(turn)),
            way * (true.ny * math.cos(turn) + true.nx * math.sin(turn)),
        )


def worst(wish: str, limits: ControlSettings, age_max_s: float, duels: int) -> float:
    """Worst distance over many duels: the nearest when meeting, the farthest when parting."""
    measures = []
    for seed in range(duels):
        duel = Duel(seed, limits, age_max_s, wish)
        duel.run(250)
        measures.append(duel.nearest if wish == 'meet' else -duel.farthest)
    return abs(min(measures))


@LIMITS
@pytest.mark.parametrize('age_max_s', [0.0, 0.15, 0.4])
def test_two_robots_that_fly_at_each_other_never_come_closer_than_the_safety_distance(
    age_max_s, limits
):
    assert worst('meet', limits, age_max_s, 25) >= limits.safety_distance_m


@LIMITS
@pytest.mark.parametrize('age_max_s', [0.0, 0.15, 0.4])
def test_two_robots_that_flee_each_other_never_stretch_a_kept_link(age_max_s, limits):
    assert worst('part', limits, age_max_s, 25) <= limits.kept_range_m


def test_without_the_wedge_or_the_drift_or_with_a_larger_share_robots_do_come_closer(monkeypatch):
    distance = SETTINGS.safety_distance_m
    assert worst('meet', replace(PROMPT, collision_gain=1.5), 0.0, 25) < distance
    sine = halfspaces._sine
    for limits in (ASTRAY, SLOW):  # an error of places that turns no direction
        error_m = limits.offset_error_m
        monkeypatch.setattr(
            halfspaces, '_sine', lambda radius, far, off=error_m: sine(radius - off, far)
        )
        assert worst('meet', limits, 0.0, 25) < limits.safety_distance_m
    monkeypatch.setattr(halfspaces, '_sine', lambda radius, distance: 0.0)
    assert worst('meet', PROMPT, 0.4, 25) < distance
    assert worst('part', PROMPT, 0.4, 25) > SETTINGS.kept_range_m


def test_a_robot_far_inside_every_bound_is_not_restricted():
    assert collision_rows(sight(2, 5.0, 0.0, 0.2, True), SETTINGS) == []
    assert link_rows(sight(2, 5.0, 0.0, 0.2, True), SETTINGS) == []


def test_two_robots_at_the_same_place_are_sent_apart():
    rows = [collision_rows(sight(3 - k, 0.0, 0.0, 0.0, k == 1), SETTINGS)[-1] for k in (1, 2)]
    assert (rows[0].nx, rows[1].nx) == (-1.0, 1.0)
    assert rows[0].bound < 0.0


def test_a_silent_robot_is_a_disc_of_its_greatest_stopping_distance_up_to_the_cap():
    inflated = SETTINGS.collision_distance_m + SETTINGS.stopping_distance_m
    (row,) = silent_rows(sight(2, inflated, 0.0, 0.0, True), SETTINGS)
    assert row.bound == pytest.approx(0.0)
    capped = replace(SETTINGS, silent_inflation_max_m=0.2)
    edge = capped.collision_distance_m + 0.2
    (row,) = silent_rows(sight(2, edge + 0.05, 0.0, 0.0, True), capped)
    assert row.bound * capped.stopping_time_s == pytest.approx(0.05)


def test_links_are_relaxed_before_collisions():
    near = collision_rows(sight(2, 0.3, 0.0, 0.0, True), SETTINGS)
    far = link_rows(sight(3, 9.8, 0.0, 0.0, True), SETTINGS)
    once = relaxed(near + far, Relaxation.LINK_RECOVERY)
    assert min(row.bound for row in once if row.kind is Kind.LINK) == 0.0
    assert min(row.bound for row in once if row.kind is Kind.COLLISION) < 0.0
