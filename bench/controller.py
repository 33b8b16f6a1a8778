# SPDX-License-Identifier: Apache-2.0
# Copyright Swarm Coordination contributors
"""
Thread CPU time of one update of one robot's controller, 20 neighbours and 20 obstacles near.

Places are drawn within 5 m of the robot, every neighbour lists every other, obstacles are boxes
and cylinders 3 m high: a crowd denser than any formation. In the plane and in space, with one
path in a certificate and with two, links weighed where robots are and where they will be in 2 s;
then seeking, every other neighbour silent, so that maps of the silent are made (in slices).
"""

from dataclasses import replace
import math
import random
import time

from swarm_coordination.area.shapes import Area, box, cylinder
from swarm_coordination.control.controller import FormationController
from swarm_coordination.control.settings import ControlSettings
from swarm_coordination.units import seconds_to_ns
from swarm_coordination.views import (
    FormationTarget,
    Liveness,
    Mode,
    NeighborState,
    NeighborTable,
    Pose,
)

SCENES, UPDATES, COUNT = 20, 100, 20


def main() -> None:
    """Print one line per number of dimensions."""
    cases = [(dimensions, paths, ahead_s, False)
             for dimensions in (2, 3) for paths in (1, 2) for ahead_s in (0.0, 2.0)]
    for dimensions, paths, ahead_s, seeking in (*cases, (2, 1, 0.0, True), (3, 1, 0.0, True)):
        settings = replace(ControlSettings(), dimensions=dimensions, resilience=paths,
                           look_ahead_s=ahead_s)
        times = sorted(t for seed in range(SCENES) for t in scene(settings, seed, seeking))
        what = f'{dimensions} dimensions, resilience {paths}, {ahead_s:g} s ahead'
        what += ', seeking' if seeking else ''
        print(f'{what}: median {1e3 * times[len(times) // 2]:.2f} ms, '
              f'p99 {1e3 * times[len(times) * 99 // 100]:.2f} ms of {len(times)} updates')


def scene(settings: ControlSettings, seed: int, seeking: bool) -> list[float]:
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
                      Liveness.SILENT if seeking and k % 2 else Liveness.ALIVE,
                      not (seeking and k % 2), ids, 0.0, 0, True, spot, spot)
        for k, spot in enumerate(spots[:COUNT])
    )
    controller = FormationController(1, settings, 0, area)
    x, y, goal = 0.0, 0.0, (rng.uniform(-5, 5), rng.uniform(-5, 5), 1.0)
    mode, found = Mode.SEEK if seeking else Mode.FLY, []
    for update in range(UPDATES + 1):
        now = update * seconds_to_ns(settings.period_s)
        controller.observe(Pose(x, y, 1.0, 0.0), (0.0, 0.0, 0.0), now)
        controller.table(NeighborTable(now, 1, 0, rows), now)
        target = FormationTarget(now, mode, 0, 0, COUNT + 1, goal, (0.0, 0.0, 0.0), 0.0, goal=goal)
        controller.target(target, now)
        before = time.thread_time()
        command = controller.update(now).command
        if update:  # in the first the map of the area is made, once
            found.append(time.thread_time() - before)
        x, y = x + settings.period_s * command.vx, y + settings.period_s * command.vy
    return found


if __name__ == '__main__':
    main()
