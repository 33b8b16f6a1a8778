# SPDX-License-Identifier: Apache-2.0
"""The compiled kernels compute what the controller of one robot computes, to 1e-9."""

from __future__ import annotations

import math
import random

from control.closed_loop import connected_start
import numba
import numpy as np
import pytest
from swarm_coordination.area.shapes import Area, box, cylinder, NOWHERE_CLOSED, polygon
from swarm_coordination.control.controller import FormationController
from swarm_coordination.control.settings import ControlSettings
from swarm_coordination.evaluation.grounds import Guide
from swarm_coordination.evaluation.kernels import closing, state
from swarm_coordination.evaluation.kernels.compiled import counting
from swarm_coordination.evaluation.kernels.gossip import PER_METRE
from swarm_coordination.evaluation.kernels.step import advance, nearest_approach
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

    def __init__(
        self,
        seed: int,
        count: int,
        settings: ControlSettings,
        crowded: bool,
        area: Area = NOWHERE_CLOSED,
    ) -> None:
        rng = random.Random(seed)
        self.settings, self.count, self.tick = settings, count, 0
        apart = 1.2 if crowded else 3.0
        plane = connected_start(rng, count, 2.5 if crowded else 9.4, apart)
        space = settings.dimensions == 3
        places = np.array([(*spot, rng.uniform(1.0, 4.0) if space else 0.0) for spot in plane])
        self.area, self.ground = area, state.ground_of(area)
        self.guide = Guide(area, settings.obstacle_clear_m)
        self.world = state.new_world(places, seed)
        self.tables, self.beacons = state.new_tables(count), state.new_beacons(count)
        self.air, self.scratch = state.new_air(count, 4), state.new_scratch(count)
        self.outcome = state.new_outcome(count)
        self.limits = state.limits_of(settings)
        self.reach = np.full(int(settings.range_m * PER_METRE), 0.7)
        for epoch in range(3):
            self.world.slots[epoch] = rng.sample(list(places * rng.uniform(0.8, 1.6)), count)

    def step(self) -> None:
        now = self.tick * self.settings.period_s
        self.guide.write(now, self.world, self.tables, self.limits)
        advance(
            self.tick, 2, 1, True, self.reach, self.world, self.tables, self.beacons, self.air,
            self.scratch, self.outcome, self.limits, self.ground,
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
            slot = tuple(map(float, self.world.slots[epoch, j]))
            rows.append(
                NeighborState(
                    j + 1, f'robot{j + 1}',
                    (float(tables.x[own, j]), float(tables.y[own, j]), float(tables.z[own, j])),
                    (0.0, 0.0, 0.0), 0.0,
                    int(beacons.epoch[row, j]),
                    float(now - tables.after[own, j]),
                    life,
                    bool(now - tables.heard_at[own, j] <= limits.link_timeout_s),
                    tuple(int(k) + 1 for k in listed),
                    0.0, 0, True, slot, slot,
                )
            )
        return NeighborTable(seconds_to_ns(now), own + 1, epoch, tuple(rows))

    def target(self, own: int, now: float) -> FormationTarget:
        epoch = int(self.world.epoch[own])
        slot = tuple(map(float, self.world.slots[epoch, own]))
        return FormationTarget(
            seconds_to_ns(now), Mode.FLY, epoch, own, self.count,
            slot, (0.0, 0.0, 0.0), 0.0, slot,
        )


def compare(swarm: Swarm) -> float:
    """Run one period; return the greatest difference between kernel and controller (m/s)."""
    # What the controllers will see: frames of this tick are delivered, nothing has moved.
    before, moved = swarm.world.place.copy(), swarm.world.velocity.copy()
    epochs = swarm.world.epoch.copy()
    swarm.step()
    now = (swarm.tick - 1) * swarm.settings.period_s
    worst = 0.0
    for own in range(swarm.count):
        if not swarm.world.alive[own]:
            continue
        if not swarm.area.empty and epochs[own] != swarm.world.epoch[own]:
            continue  # its way was planned to its slot of before
        # Made one period ago with the velocity in force: what acceleration is counted from.
        controller = FormationController(
            own + 1, swarm.settings, seconds_to_ns(now - swarm.settings.period_s), swarm.area
        )
        pose = Pose(*map(float, before[own]), 0.0)
        controller.observe(pose, tuple(map(float, moved[own])), seconds_to_ns(now))
        controller.table(swarm.table(own, now), seconds_to_ns(now))
        controller.target(swarm.target(own, now), seconds_to_ns(now))
        report = controller.update(seconds_to_ns(now))
        assert set(report.kept) == set((np.flatnonzero(swarm.outcome.kept[own]) + 1).tolist())
        gone = set((np.flatnonzero(swarm.outcome.released[own]) + 1).tolist())
        assert set(report.released) == gone
        assert int(report.relaxation) == swarm.outcome.level[own]
        worst = max(worst, math.dist(report.command[:3], swarm.world.velocity[own]))
    return worst


TOWN = Area(
    obstacles=(
        box((1.0, 2.0), (2.0, 1.5), 0.5, 0.0, 2.0),
        cylinder((-3.0, 0.0), 0.8, 0.0, 6.0),
        box((6.0, -4.0), (1.0, 5.0), -0.2),
        *polygon([(-9, 4), (-4, 4), (-4, 9), (-6, 5)], 0.0, 3.0),
    ),
    zone=((-30.0, -30.0), (25.0, -28.0), (18.0, 0.0), (28.0, 30.0), (-30.0, 26.0)),
    low_m=0.0,
    high_m=5.0,
)
SETTINGS = {
    'distance': ControlSettings(),
    'predicted': ControlSettings(cohesion_gain=4.0, look_ahead_s=2.0),
    'resilience': ControlSettings(cohesion_gain=4.0, look_ahead_s=2.0, resilience=2),
    'space': ControlSettings(cohesion_gain=4.0, look_ahead_s=2.0, dimensions=3),
    'downwash': ControlSettings(dimensions=3, downwash_factor=2.5, acceleration_max_mps2=3.0),
    'acceleration': ControlSettings(
        cohesion_gain=4.0, acceleration_max_mps2=2.0, deceleration_mps2=2.0
    ),
}


@pytest.mark.parametrize('crowded', [False, True], ids=['apart', 'crowded'])
@pytest.mark.parametrize(('name', 'area'), [
    *((name, NOWHERE_CLOSED) for name in SETTINGS),
    ('distance', TOWN),
    ('space', TOWN),
    ('downwash', TOWN),
    ('acceleration', TOWN),
])
def test_all_robots_at_once_decide_as_each_robot_alone_would(name, area, crowded):
    swarm = Swarm(11 if crowded else 3, 14, SETTINGS[name], crowded, area)
    rng = random.Random(4)
    for period in range(160):
        if period == 60:
            swarm.world.epoch[0] = 1  # spreads with the frames: robots of two epochs at once
        if period == 70:  # two at once: both sides of a split, so slots are drawn together
            swarm.world.alive[5:7], swarm.world.died[5:7] = False, swarm.tick * 0.05
        if period % 8 == 0 or 60 <= period < 68:
            assert compare(swarm) <= 1e-9
        else:
            swarm.step()
        if period % 40 == 39:  # somewhere else all of a sudden: violated distances, recovery
            step = (rng.uniform(-2, 2), rng.uniform(-2, 2), 0.0)
            swarm.world.place[rng.randrange(14)] += step

    drawn = np.zeros_like(swarm.world.place)
    closing.drawn(swarm.tick * 0.05, swarm.world, swarm.tables, swarm.limits, drawn)
    slots = swarm.world.slots[swarm.world.epoch, np.arange(14)]
    # Those of a crowd stand too close to each other to be drawn together.
    assert bool(np.abs(drawn - slots)[swarm.world.alive].max() > 0.1) is not crowded


def test_a_robot_with_a_row_in_its_own_table_is_refused_at_the_entrance():
    swarm = Swarm(3, 3, SETTINGS['distance'], crowded=False)
    swarm.step()
    swarm.tables.beat[1, 1] = 0
    with pytest.raises(ValueError, match='own table'):
        swarm.step()


def test_kernels_compile_without_the_option_of_not_counting_and_compute_the_same():
    assert counting(object(), False) == {}
    assert counting(None, True) == {}
    again = numba.njit(error_model='numpy', **counting(object(), False))(nearest_approach.py_func)
    swarm = Swarm(3, 8, SETTINGS['distance'], crowded=True)
    for _ in range(60):
        swarm.step()
    assert again(swarm.world, 0.05) == nearest_approach(swarm.world, 0.05)


def test_this_numba_has_that_option_and_kernels_use_it():
    assert counting(numba.core.cpu.CPUTargetOptions, False) == {'_nrt': False}
    assert nearest_approach.targetoptions['_nrt'] is False
