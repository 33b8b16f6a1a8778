# SPDX-License-Identifier: Apache-2.0
"""The link that a robot surely keeps is none that its controller's table would let go."""

from __future__ import annotations

from dataclasses import replace
import random

import pytest
from swarm_coordination.control.picture import Picture
from swarm_coordination.control.settings import ControlSettings
from swarm_coordination.robot.keeping import Kept
from swarm_coordination.views import Liveness, NeighborState, NeighborTable, Pose

NOW = ControlSettings()


def row(robot, x, y, z=0.0, age_s=0.1, links=(), goal=None, same=True):
    return NeighborState(robot, f'robot{robot}', (x, y, z), (0.0,) * 3, 0.0, 0, age_s,
                         Liveness.ALIVE, True, links, 0.0, 0, same, goal, goal)


def spot(rng, reach):
    return rng.uniform(-reach, reach), rng.uniform(-reach, reach), rng.uniform(0.0, 3.0)


@pytest.mark.parametrize('settings', [
    NOW,
    replace(NOW, look_ahead_s=2.0),
    replace(NOW, look_ahead_s=2.0, dimensions=3),
], ids=['distance', 'predicted', 'space'])
def test_no_table_certifies_it_as_superfluous(settings):
    rng, released, other = random.Random(7), 0, 0
    everybody = tuple(range(1, 9))
    for _ in range(400):
        goals = {robot: spot(rng, 9.0) for robot in everybody}
        rows = tuple(
            row(robot, *spot(rng, 4.5), rng.uniform(0.05, 0.3), everybody, goals[robot])
            for robot in everybody[1:]
        )
        table = NeighborTable(0, 1, 0, rows)
        gone = Picture(settings, Pose(0.0, 0.0, 0.0, 0.0), 0.0, table, 0.0, goals[1]).released()
        found = Kept(settings)(1, (0.0, 0.0, 0.0), rows, goals)
        assert found is not None
        assert found.robot not in gone
        released += bool(gone)
        nearest = min(rows, key=lambda r: sum(part * part for part in r.position))
        other += nearest.robot in gone
    assert released > 100
    # The nearest is no substitute where links are weighed by what is predicted.
    assert (other > 0) is (settings.look_ahead_s > 0.0)


def test_rows_too_old_or_of_another_configuration_count_for_nothing():
    rows = [row(2, 1.0, 0.0, age_s=1.1), row(3, 2.0, 0.0, same=False), row(4, 3.0, 0.0)]
    assert Kept(NOW)(1, (0.0, 0.0, 0.0), rows, {}).robot == 4
    assert Kept(NOW)(1, (0.0, 0.0, 0.0), rows[:2], {}) is None
