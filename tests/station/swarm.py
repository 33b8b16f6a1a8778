# SPDX-License-Identifier: Apache-2.0
"""A watched swarm for the tests of the station."""

import math

from swarm_coordination.robot.outputs import RobotStatus
from swarm_coordination.station.watch import Health, SwarmWatch
from swarm_coordination.units import NS_PER_S
from swarm_coordination.views import Mode, Pose

NAMES = ('robot1', 'robot2', 'robot3', 'robot4')
NOW = 100 * NS_PER_S
KEPT_RANGE_M = 9.5
STATUS = RobotStatus(
    5, 'robot1', 1, 3, 0, 9, 1, 'robot1', True, 11, 10, 12, 7, Mode.FLY, 'patrol',
    8, 2, 5, 4.321, NAMES, 1, 100, 200, 3, 40_000, True,
)


def watched(links, now=NOW, names=NAMES):
    """Return a watch of robots in a row, 3 m apart, that hear each other as ``links`` says."""
    watch = SwarmWatch(NAMES, KEPT_RANGE_M)
    for k, name in enumerate(names):
        heard = [b for a, b in links if a == name] + [a for a, b in links if b == name]
        status = STATUS._replace(name=name, storage_id=k + 1, role=3 if k == 0 else 0,
                                 commit=11 - k)
        watch.status(name, status, heard, 0.1 * k if k else math.nan, now)
        watch.pose(name, Pose(3.0 * k, 0.0, 0.0, 0.0))
        watch.slot(name, (3.0 * k, 0.5, 0.0))
    return watch


def kept(*ids):
    """Return a controller's report that keeps links to these storage ids."""
    return Health(0, 'flying', {'kept': ' '.join(map(str, ids))})
