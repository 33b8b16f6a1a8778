# SPDX-License-Identifier: Apache-2.0
"""A mission that lowers ``resilience`` has links released by one path; others by two."""

from __future__ import annotations

from dataclasses import replace

import pytest
from swarm_coordination.control.controller import FormationController
from swarm_coordination.control.settings import ControlSettings
from swarm_coordination.views import (
    FormationTarget,
    Liveness,
    Mode,
    NeighborState,
    NeighborTable,
    Pose,
)

STILL = (0.0, 0.0, 0.0)
# Robot 1 at the origin, the longest link of the triangle is that with robot 3.
PLACES = {2: (3.0, 1.0, 0.0), 3: (6.0, 0.0, 0.0)}


def released(settings, wanted):
    """Return whom robot 1 lets go under a mission that asks for ``wanted`` paths; 0: unsaid."""
    rows = tuple(
        NeighborState(
            robot, f'robot{robot}', place, STILL, 0.0, 1, 0.05, Liveness.ALIVE, True,
            tuple({1, 2, 3} - {robot}), 0.0, 1, True,
        )
        for robot, place in PLACES.items()
    )
    controller = FormationController(1, settings)
    controller.observe(Pose(0.0, 0.0, 0.0, 0.0), STILL, 0)
    controller.table(NeighborTable(0, 1, 1, rows), 0)
    target = FormationTarget(0, Mode.FLY, 1, 0, 3, STILL, STILL, 0.0)
    controller.target(target._replace(resilience=wanted), 0)
    return controller.update(0).released


@pytest.mark.parametrize(
    ('swarm', 'mission', 'gone'),
    [(1, 0, (3,)), (2, 0, ()), (2, 1, (3,)), (2, 2, ())],
    ids=['one path', 'two paths', 'lowered to one', 'two, said again'],
)
def test_a_mission_may_lower_how_many_paths_a_certificate_needs(swarm, mission, gone):
    assert released(replace(ControlSettings(), resilience=swarm), mission) == gone
