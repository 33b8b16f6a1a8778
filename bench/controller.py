# SPDX-License-Identifier: Apache-2.0
# Copyright Swarm Coordination contributors
"""
Thread CPU time of one update of one robot's controller, 20 neighbours and 20 obstacles near.

Places are drawn within 5 m of the robot, every neighbour lists every other, obstacles are boxes
and cylinders 3 m high: a crowd denser than any formation. In the plane and in space.
"""

from dataclasses import replace
import math
import random
import time

from swarm_coordination.area.shapes import Area, box, cylinder
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

SCENES, UPDATES, COUNT = 20, 50, 20


def main() -> None:
    """Print one line per number of dimensions."""
    for dimensions in (2, 3):
        settings = replace(ControlSettings(), dimensions=dimensions)
        times = sorted(t for seed in range(SCENES) for t in scene(settings, seed))
        print(f'{dimensions} dimensions: median {1e3 * times[len(times) // 2]:.2f} ms, '
              f'p99 {1e3 * times[len(times) * 99 // 100]:.2f} ms of {len(times)} updates')


def scene(settings: ControlSettings, seed: int) -> list[float]:
    """Return the thread CPU times (s) of updates in one crowd."""
    rng = random.Random(seed)
    spots: list[tuple[float, float, float]] = []
    while len(spots) < 2 * COUNT:
        spot = (rng.uniform(-5, 5), rng.uniform(-5, 5), rng.uniform(0.5, 2.5))
        if math.hypot(*spot[:2]) > 1.0:
            spots.append(spot)
    area = Area(tuple(
        box((x, y), (0.5, 0.5), rng.uniform(0, 3), 0.0, 3.0) if k % 2
        else cylinder((x, y), 0.3, 0.0, 3.0)
        for k, (x, y, _) in enumerate(spots[COUNT:])
    ))
    ids = tuple(range(1, COUNT + 2))
    rows = tuple(
        NeighborState(k + 2, f'robot{k + 2}', spot, (0.0, 0.0, 0.0), 0.0, 0, 0.1,
                      Liveness.ALIVE, True, ids, 0.0, 0, True, spot)
        for k, spot in enumerate(spots[:COUNT])
    )
    controller = FormationController(1, settings, 0, area)
    controller.observe(Pose(0.0, 0.0, 1.0, 0.0), (0.0, 0.0, 0.0), 0)
    controller.table(NeighborTable(0, 1, 0, rows), 0)
    goal = (rng.uniform(-5, 5), rng.uniform(-5, 5), 1.0)
    controller.target(
        FormationTarget(0, Mode.FLY, 0, 0, COUNT + 1, goal, (0.0, 0.0, 0.0), 0.0), 0
    )
    controller.update(0)  # the map of ways is made
    found = []
    for _ in range(UPDATES):
        before = time.thread_time()
        controller.update(0)
        found.append(time.thread_time() - before)
    return found


if __name__ == '__main__':
    main()
