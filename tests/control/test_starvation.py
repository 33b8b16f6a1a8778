# SPDX-License-Identifier: Apache-2.0
"""A command that is followed by none, held until the base's time-out and braked, does no harm."""

from __future__ import annotations

import math
from types import SimpleNamespace

from swarm_coordination.control import halfspaces
from swarm_coordination.control.controller import FormationController
from swarm_coordination.control.nominal import brake, STANDSTILL
from swarm_coordination.control.settings import ControlSettings
from swarm_coordination.units import NS_PER_MS
from swarm_coordination.views import (
    FormationTarget,
    Liveness,
    Mode,
    NeighborState,
    NeighborTable,
    Pose,
)

SETTINGS = ControlSettings()
STEP_MS = 10
STARVED_MS = 1000
TIMEOUT_MS = round(SETTINGS.command_timeout_s * 1000.0)


def flight(start, slot, stall_ms):
    """
    Fly by a neighbour that stands at the origin; return its least and greatest distance.

    From ``stall_ms`` on the controller gets no processor for ``STARVED_MS``.
    """
    controller = FormationController(1, SETTINGS)
    x, y = start
    command, commanded = STANDSTILL, 0
    distances = []
    neighbor = NeighborState(
        2, 'robot2', (0.0, 0.0, 0.0), (0.0, 0.0, 0.0), 0.0, 1, 0.1, Liveness.ALIVE, True, (1,),
        0.0, 1, True,
    )
    for now_ms in range(0, 8000, STEP_MS):
        starved = stall_ms <= now_ms < stall_ms + STARVED_MS
        if now_ms % 50 == 0 and not starved:
            now = now_ms * NS_PER_MS
            controller.observe(Pose(x, y, 0.0, 0.0), (command.vx, command.vy, 0.0), now)
            controller.table(NeighborTable(now, 1, 1, (neighbor,)), now)
            goal = FormationTarget(
                now, Mode.FLY, 1, 0, 2, (*slot, 0.0), (0.0, 0.0, 0.0), 0.0
            )
            controller.target(goal, now)
            command, commanded = controller.update(now).command, now_ms
        if now_ms - commanded > TIMEOUT_MS:
            command = brake(command, STEP_MS / 1000.0, SETTINGS)
        x, y = x + command.vx * STEP_MS / 1000.0, y + command.vy * STEP_MS / 1000.0
        distances.append(math.hypot(x, y))
    return SimpleNamespace(nearest=min(distances), farthest=max(distances))


def test_a_starved_controller_keeps_the_distance_to_a_robot_that_stands():
    for stall_ms in range(1500, 6500, 50):
        flown = flight((-6.0, -0.05), (6.0, 0.0), stall_ms)
        assert flown.nearest >= SETTINGS.safety_distance_m, stall_ms


def test_a_starved_controller_stays_within_the_kept_range_of_a_robot_that_stands():
    for stall_ms in range(500, 4000, 50):
        flown = flight((-6.0, 0.5), (-14.0, 4.0), stall_ms)
        assert flown.farthest <= SETTINGS.kept_range_m, stall_ms


def test_one_command_closes_at_most_half_of_a_gap_before_the_base_stands():
    for distance in (0.7, 1.0, 1.5, 2.5):
        seen = halfspaces.sight(2, distance, 0.0, 0.0, True)
        rows = halfspaces.collision_rows(seen, SETTINGS)
        closing = max(row.bound for row in rows)
        way = closing * SETTINGS.command_timeout_s
        way += closing * SETTINGS.speed_max_mps / (2.0 * SETTINGS.deceleration_mps2)
        assert way <= (distance - SETTINGS.safety_distance_m) / 2.0


def test_nor_does_it_reach_the_disc_of_a_silent_robot():
    edge = SETTINGS.collision_distance_m + SETTINGS.stopping_distance_m
    seen = halfspaces.sight(2, edge + 0.5, 0.0, 0.0, True)
    (row,) = halfspaces.silent_rows(seen, SETTINGS)
    assert row.bound * SETTINGS.stopping_time_s <= 0.5 + 1e-9
