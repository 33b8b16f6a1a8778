# SPDX-License-Identifier: Apache-2.0
"""The compiled kernels compute what the controller of one robot computes, to 1e-9."""

from __future__ import annotations

import math
import random

from control.closed_loop import connected_start
import numpy as np
import pytest
from swarm_coordination.control.controller import FormationController
from swarm_coordination.control.settings import ControlSettings
from swarm_coordination.evaluation.kernels import state
from swarm_coordination.evaluation.kernels.gossip import PER_METRE
from swarm_coordination.evaluation.kernels.step import advance
from swarm_coordination.units import seconds_to_ns
from swarm_coordination.views import (
    FormationTarget,
    Liveness,
    Mode,
    NeighborState,
    NeighborTable,
    Pose,
)

RING = state.RING


class Swarm:
    """Robots in the kernels, and their states as one robot's controller takes them."""

    def __init__(self, seed: int, count: int, settings: ControlSettings, crowded: bool) -> None:
        rng = random.Random(seed)
        self.settings, self.count, self.tick = settings, count, 0
        apart = 1.2 if crowded else 3.0
        places = np.array(connected_start(rng, count, 2.5 if crowded else 9.4, apart))
        self.world = state.new_world(places, seed)
        self.tables, self.beacons = state.new_tables(count), state.new_beacons(count)
        self.air, self.scratch = state.new_air(count, 4), state.new_scratch(count)
        self.outcome = state.new_outcome(count)
        self.limits = state.limits_of(settings)
        self.reach = np.full(int(settings.range_m * PER_METRE), 0.7)
        for epoch in range(3):
            self.world.slots[epoch] = rng.sample(list(places * rng.uniform(0.8, 1.6)), count)

    def step(self) -> None:
        advance(
            self.tick, 2, 1, True, self.reach, self.world, self.tables, self.beacons, self.air,
            self.scratch, self.outcome, self.limits,
        )
        self.tick += 1

    def table(self, own: int, now: float) -> NeighborTable:
        tables, beacons, limits = self.tables, self.beacons, self.limits
        epoch = int(self.world.epoch[own])
        rows = []
        for j in range(self.count):
            beat = int(tables.beat[own, j])
            if j == own or beat < 0:
                continue
            quiet = now - tables.advanced[own, j]
            life = Liveness.ALIVE
            if quiet > limits.suspect_s:
                life = Liveness.SILENT if quiet > limits.silent_s else Liveness.SUSPECT
            row = beat % RING
            listed = beacons.listed[row, j, : beacons.listed_count[row, j]]
            x, y = self.world.slots[epoch, j]
            rows.append(
                NeighborState(
                    j + 1, f'robot{j + 1}',
                    (float(tables.x[own, j]), float(tables.y[own, j]), 0.0),
                    (0.0, 0.0, 0.0), 0.0,
                    int(beacons.epoch[row, j]),
                    float(now - tables.after[own, j]),
                    life,
                    bool(now - tables.heard_at[own, j] <= limits.link_timeout_s),
                    tuple(int(k) + 1 for k in listed),
                    0.0, 0, True, (float(x), float(y), 0.0), (float(x), float(y), 0.0),
                )
            )
        return NeighborTable(seconds_to_ns(now), own + 1, epoch, tuple(rows))

    def target(self, own: int, now: float) -> FormationTarget:
        epoch = int(self.world.epoch[own])
        x, y = self.world.slots[epoch, own]
        return FormationTarget(
            seconds_to_ns(now), Mode.FLY, epoch, own, self.count,
            (float(x), float(y), 0.0), (0.0, 0.0, 0.0), 0.0, (float(x), float(y), 0.0),
        )


def compare(swarm: Swarm) -> float:
    """Run one period; return the greatest difference between kernel and controller (m/s)."""
    # What the controllers will see: frames of this tick are delivered, nothing has moved.
    before = swarm.world.place.copy()
    swarm.step()
    now = (swarm.tick - 1) * swarm.settings.period_s
    worst = 0.0
    for own in range(swarm.count):
        if not swarm.world.alive[own]:
            continue
        controller = FormationController(own + 1, swarm.settings)
        x, y = before[own]
        controller.observe(Pose(float(x), float(y), 0.0, 0.0), (0.0,) * 3, seconds_to_ns(now))
        controller.table(swarm.table(own, now), seconds_to_ns(now))
        controller.target(swarm.target(own, now), seconds_to_ns(now))
        report = controller.update(seconds_to_ns(now))
        assert set(report.kept) == set((np.flatnonzero(swarm.outcome.kept[own]) + 1).tolist())
        gone = set((np.flatnonzero(swarm.outcome.released[own]) + 1).tolist())
        assert set(report.released) == gone
        assert int(report.relaxation) == swarm.outcome.level[own]
        vx, vy = swarm.world.velocity[own]
        worst = max(worst, math.hypot(report.command.vx - vx, report.command.vy - vy))
    return worst


@pytest.mark.parametrize('crowded', [False, True])
@pytest.mark.parametrize(
    'settings',
    [
        ControlSettings(),
        ControlSettings(cohesion_gain=4.0, look_ahead_s=2.0),
        ControlSettings(cohesion_gain=4.0, look_ahead_s=2.0, resilience=2),
    ],
    ids=['distance', 'predicted', 'resilience'],
)
def test_all_robots_at_once_decide_as_each_robot_alone_would(settings, crowded):
    swarm = Swarm(11 if crowded else 3, 14, settings, crowded)
    rng = random.Random(4)
    for period in range(160):
        if period == 60:
            swarm.world.epoch[0] = 1  # spreads with the frames: robots of two epochs at once
        if period == 70:
            swarm.world.alive[5], swarm.world.died[5] = False, swarm.tick * 0.05
        if period % 8 == 0 or 60 <= period < 68:
            assert compare(swarm) <= 1e-9
        else:
            swarm.step()
        if period % 40 == 39:  # somewhere else all of a sudden: violated distances, recovery
            swarm.world.place[rng.randrange(14)] += (rng.uniform(-2, 2), rng.uniform(-2, 2))
