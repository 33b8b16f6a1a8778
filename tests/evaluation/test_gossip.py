# SPDX-License-Identifier: Apache-2.0
"""Rows go from robot to robot as in the mesh: the far end of a chain is known, though late."""

from __future__ import annotations

import math

import numpy as np
import pytest
from swarm_coordination.evaluation import flight as flights
from swarm_coordination.evaluation.cases import Case, controller_settings
from swarm_coordination.evaluation.kernels.state import RELAYED_S
from swarm_coordination.evaluation.methods import fly
from swarm_coordination.evaluation.scenes import offsets

SETTINGS = controller_settings()


class Standing:
    """Robots that stand in a line, each heard by the next on either side alone."""

    def __init__(self, robots):
        self.flight = flights.Flight(Case(shape='line', robots=robots, settings=SETTINGS), 1)
        self.tables = self.flight.tables

    def stand(self, seconds):
        world = self.flight.world
        world.slots[:] = world.place[:] = offsets('line', len(world.place), 6.0)
        end = self.flight.now + seconds
        while self.flight.now < end:
            self.flight.step()


@pytest.fixture
def gathering(monkeypatch):
    """Robots gather for ever: nobody leads, nobody flies."""
    monkeypatch.setattr(flights, 'GATHER_S', math.inf)


@pytest.mark.usefixtures('gathering')
def test_who_is_known_to_live_is_known_at_the_other_end_of_a_chain_however_late():
    chain = Standing(45)
    chain.tables.proved[:] = ~np.eye(45, dtype=bool)  # as of robots that have met
    chain.stand(40.0)
    world, tables, now = chain.flight.world, chain.tables, chain.flight.now
    assert now - tables.after[0, 44] > RELAYED_S  # what bounds its age, not how long it rests
    known = np.stack([tables.x[0], tables.y[0]], axis=1)
    assert np.abs(known - world.place[:, :2])[1:].max() < 0.1


@pytest.mark.usefixtures('gathering')
def test_a_row_too_old_to_prove_life_is_passed_on_no_further():
    chain = Standing(30)
    chain.stand(40.0)
    assert chain.tables.proved[0, 8]
    assert chain.tables.beat[0, 29] < 0
    assert not chain.tables.proved[0, 29]


@pytest.mark.usefixtures('gathering')
@pytest.mark.parametrize(('dead_s', 'told'), [(0.7 * RELAYED_S, True), (1.1 * RELAYED_S, False)])
def test_a_row_that_nothing_newer_follows_is_told_for_ten_seconds_and_no_longer(dead_s, told):
    chain = Standing(3)
    chain.stand(5.0)
    world, tables = chain.flight.world, chain.tables
    world.alive[2], world.died[2] = False, chain.flight.now
    chain.stand(dead_s)
    assert tables.beat[0, 2] >= 0
    tables.beat[0, 2] = -1  # as with one that comes late
    chain.stand(0.5)
    assert bool(tables.beat[0, 2] >= 0) is told


def test_fifty_robots_open_a_grid_into_a_v_as_their_leader_knows_of_both_tips():
    case = Case(shape='v', robots=50, start='ordered', settings=SETTINGS, limit_s=480.0)
    result = fly(case, 1000)
    assert result.reached
    assert result.connected
    assert result.regrouped  # their leader has seen that they were stuck
