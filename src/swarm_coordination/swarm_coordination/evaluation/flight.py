# SPDX-License-Identifier: Apache-2.0
"""One run of a case from a seed: fly, measure, kill, until the formation stands or time is up."""

from __future__ import annotations

from dataclasses import replace
import math
import random
import time

import numpy as np
from swarm_coordination.control import graph
from swarm_coordination.evaluation.cases import Case
from swarm_coordination.evaluation.connectivity import algebraic_connectivity
from swarm_coordination.evaluation.exchanging import propose
from swarm_coordination.evaluation.grounds import ground, Guide
from swarm_coordination.evaluation.kernels import state
from swarm_coordination.evaluation.kernels.measure import deaf_pairs, islands, live_links
from swarm_coordination.evaluation.kernels.obstacles import gap_m
from swarm_coordination.evaluation.kernels.step import advance
from swarm_coordination.evaluation.leader import COMMIT_S, Leader
from swarm_coordination.evaluation.radio import frame_bytes, reception
from swarm_coordination.evaluation.result import percentile, Result
from swarm_coordination.evaluation.scenes import slots_for, starts

# Robots stand so long before the mission starts: everybody is heard and every age bounded.
GATHER_S = 2.0
REACHED_M = 0.1
# A robot in transit is killed so long after the mission's start.
KILL_AFTER_S = 0.5
# Ways around obstacles are planned anew after so many periods (0.2 s).
GUIDE_PERIODS = 4
_KEEP = {'certified': state.CERTIFIED, 'one_hop': state.CERTIFIED, 'keep_all': state.KEEP_ALL,
         'no_links': state.KEEP_NONE}


class Flight:
    """A swarm in flight; ``run`` flies it to its end, ``step`` one control period."""

    def __init__(self, case: Case, seed: int) -> None:
        rng = random.Random(seed)
        self.case, self.seed, self.rng = case, seed, rng
        places = starts(case, rng)
        self.starts = places.copy()
        count = len(places)
        relays = 0 if case.method == 'one_hop' else case.relays
        settings = case.settings
        if case.method == 'no_links':  # leaning towards neighbours is half of holding on to them
            settings = replace(settings, cohesion_gain=0.0)
        self.limits = state.limits_of(
            settings,
            keep=_KEEP[case.method],
            link_timeout_s=case.link_timeout_s,
            silent_s=case.silent_s,
            ahead_m=case.ahead_m,
        )
        self.world = state.new_world(places, seed)
        slots = slots_for(case, places, rng)
        self.world.slots[:] = slots
        area = ground(case.obstacles, places, slots, seed)
        self.ground = state.ground_of(area)
        self._guide = Guide(area, settings.obstacle_clear_m)
        turns = random.Random(f'{seed}/yaw')
        self.world.yaw[:] = [turns.uniform(-math.pi, math.pi) for _ in places]
        self.tables, self.beacons = state.new_tables(count), state.new_beacons(count)
        self.air, self.scratch = state.new_air(count, relays), state.new_scratch(count)
        self.outcome = state.new_outcome(count)
        self.reach, self.range_m = reception(case)
        self.leader = Leader(case, self.limits)
        self.label = np.zeros(count, np.int64)
        self.result = Result(seed)
        self.tick = 0
        self._near_since = np.full((count, count), math.inf)
        self._least = self._gap = math.inf
        self._lambda2 = math.inf
        self._kept: list[float] = []
        self._costs: list[float] = []
        self._split_at: float | None = None
        self._killed_s: float | None = None

    @property
    def now(self) -> float:
        """Time since the start (s)."""
        return self.tick * self.limits.period_s

    def run(self) -> Result:
        """Fly until the formation is reached or the limit is over; return what was seen."""
        while self.now < GATHER_S + self.case.limit_s and not self.result.reached:
            self.step()
        return self.finish()

    def step(self) -> None:
        """Fly one control period and measure it."""
        if self.tick % GUIDE_PERIODS == 0:
            self._guide.write(self.now, self.world, self.tables, self.limits)
        before = time.process_time()
        nearest = advance(
            self.tick,
            self.case.delay_periods,
            self.case.stride,
            self.now >= GATHER_S,
            self.reach,
            self.world,
            self.tables,
            self.beacons,
            self.air,
            self.scratch,
            self.outcome,
            self.limits,
            self.ground,
        )
        self._costs.append(time.process_time() - before)
        self.tick += 1
        if self.case.ahead_m:
            nearest = self._nearest_bodies()
        self._least = min(self._least, nearest)
        if self.ground.bounded:
            places = self.bodies()[self.world.alive]
            self._gap = min(self._gap, *(gap_m(*place, self.ground) for place in places))
        self._measure()
        if self.now < GATHER_S:
            return
        if self.case.swaps and self.tick % self.case.stride == 0:
            propose(self.now, self.world, self.tables, self.beacons, self.limits)
        if self.tick % round(COMMIT_S / self.limits.period_s) == 0:
            self.leader.lead(self.now, self.label, self.world, self.tables, self.beacons)
        errors = self.errors()
        if self._due() and self._kill():
            return
        self.result.reached = bool(self._complete() and errors.max() <= REACHED_M)

    def bodies(self) -> state.Floats:
        """Return where the robots are (N, 3): their axles where a point ahead is steered."""
        yaw, ahead = self.world.yaw, self.case.ahead_m
        offset = np.stack([np.cos(yaw), np.sin(yaw), 0.0 * yaw], axis=1)
        return np.asarray(self.world.place - ahead * offset)

    def _nearest_bodies(self) -> float:
        places = self.bodies()
        apart = np.linalg.norm(places[:, None] - places[None], axis=2)
        return float(apart[np.triu_indices(len(places), 1)].min())

    def errors(self) -> state.Floats:
        """Distance of each living robot to its slot, as it knows it (m)."""
        world, alive = self.world, self.world.alive
        slots = world.slots[world.epoch, np.arange(len(alive))]
        apart = np.linalg.norm((slots - world.place)[alive], axis=1)
        return np.asarray(np.where(np.isnan(apart), math.inf, apart))

    def finish(self) -> Result:
        """Write the figures of the whole run."""
        result, world, case = self.result, self.world, self.case
        errors = self.errors()
        far = np.linalg.norm(world.place - self.starts, axis=1)
        moved = world.alive & (far > 1.0)
        result.makespan_s = self.now - GATHER_S
        result.rmse_m = float(np.sqrt(np.mean(np.minimum(errors, 1e3) ** 2)))
        result.max_error_m = float(min(errors.max(), 1e3))
        result.min_distance_over_d = self._least / case.apart_m
        if self.ground.bounded:
            result.min_obstacle_gap_m = self._gap
        result.min_lambda2 = self._lambda2
        result.kept_fraction = float(np.mean(self._kept)) if self._kept else 0.0
        relaxed = self.outcome.relaxed
        result.relaxed_link, result.relaxed_obstacle = int(relaxed[0]), int(relaxed[1])
        result.relaxed_collision, result.relaxed_braking = int(relaxed[2]), int(relaxed[3])
        result.decisions = self.tick * len(far)
        result.path_ratio = float(np.median((world.travelled / np.maximum(far, 1.0))[moved])) \
            if moved.any() else 1.0
        frame = frame_bytes(self.beacons, self.air, case.settings.age_max_s)
        result.bytes_per_s = frame * case.beacon_hz
        each = [1e6 * cost / len(far) for cost in self._costs]
        result.step_p50_us, result.step_p99_us = percentile(each, 50), percentile(each, 99)
        result.commits, result.regrouped = self.leader.epoch, self.leader.regrouped
        if self._killed_s is not None and self._split_at is None:
            result.reconnected_s = result.reconnected_s or 0.0
        result.connected = result.connected and self._split_at is None
        return result

    def _measure(self) -> None:
        result, world = self.result, self.world
        parts = islands(world, self.range_m, self.label)
        if parts > 1:
            result.disconnected_s += self.limits.period_s
            if self._killed_s is None:
                result.connected = False
            if self._split_at is None:
                self._split_at = self.now
        elif self._split_at is not None:
            self._split_at = None
            if self._killed_s is not None:
                result.reconnected_s = self.now - self._killed_s
        deaf = deaf_pairs(self.now, world, self.tables, self._near_since, self.limits)
        if deaf and self.now >= GATHER_S:
            result.within_assumptions = False
        if self.tick % round(1.0 / self.limits.period_s) == 0:
            places = world.place[world.alive]
            lambda2 = algebraic_connectivity(places, self.range_m)
            self._lambda2 = min(self._lambda2, lambda2)
            kept, live = live_links(world, self.tables, self.outcome, self.limits, self.now)
            if live:
                self._kept.append(kept / live)

    def adjacency(self) -> state.Floats:
        """Return 1 for every pair of living robots within radio range."""
        places = self.world.place[self.world.alive]
        apart = np.linalg.norm(places[:, None, :] - places[None, :, :], axis=2)
        return np.asarray(((apart <= self.range_m) & (apart > 0.0)).astype(np.float64))

    def _complete(self) -> bool:
        """Whether everybody alive flies the newest assignment, and the lost are given up."""
        alive, world = self.world.alive, self.world
        # A robot that is to be killed in transit but is never due flies on to its slot.
        done = self._killed_s is not None or not self.case.kill_formed
        return bool(
            done
            and self.leader.settled
            and (world.epoch[alive] == self.leader.epoch).all()
            and (alive.all() or self.leader.repacked)
        )

    def _due(self) -> bool:
        """Whether the robot to be killed is due."""
        case = self.case
        if case.kill == 'none' or self._killed_s is not None:
            return False
        if case.kill_formed:
            return bool(self.errors().max() <= REACHED_M)
        return self.now >= GATHER_S + KILL_AFTER_S

    def _kill(self) -> bool:
        """Kill the robot that the case names; False where there is none such now."""
        alive = np.flatnonzero(self.world.alive)
        if self.case.kill == 'leader':
            victims = alive[:1].tolist()
        elif self.case.kill == 'articulation':
            victims = self._articulation()
        elif self.case.kill == 'in_2_connected':
            victims = alive.tolist() if self._kept_twice() else []
        else:
            victims = alive.tolist()
        if not victims:
            return False
        victim = self.rng.choice(victims)
        self.world.alive[victim], self.world.died[victim] = False, self.now
        self._killed_s, self.result.killed = self.now, victim
        return True

    def _articulation(self) -> list[int]:
        """Robots whose loss splits the swarm and leaves a part with a quorum."""
        near = [np.flatnonzero(row).tolist() for row in self.adjacency()]
        found = []
        for robot in graph.articulation_points(near):
            rest = [[j for j in row if j != robot] for row in near]
            rest[robot] = []
            if 2 * max(map(len, graph.components(rest))) > len(near):
                found.append(robot)
        return found

    def _kept_twice(self) -> bool:
        """Whether the links that nobody released form a 2-connected graph."""
        near = self.adjacency() > 0
        gone = self.outcome.released | self.outcome.released.T
        kept = [np.flatnonzero(row).tolist() for row in near & ~gone]
        return graph.connected(kept) and not graph.articulation_points(kept)
