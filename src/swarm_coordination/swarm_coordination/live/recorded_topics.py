# SPDX-License-Identifier: Apache-2.0
"""Which topics of a swarm go into a bag: all that robots and world say, as they offer it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from swarm_coordination.live import topics, transforms
from swarm_coordination.recording.bag import Recorded
from swarm_coordination.transport import profiles

# A robot's base may want the one or the other (`cmd_vel_stamped`).
OTHER_KIND = {'geometry_msgs/msg/Twist': 'geometry_msgs/msg/TwistStamped'}
_OF_ROBOT = (
    ('status', 'swarm_msgs/msg/RobotStatus', profiles.STATUS),
    ('log', 'swarm_msgs/msg/LogEntry', profiles.LOG),
    ('events', 'swarm_msgs/msg/MissionEvent', profiles.EVENTS),
    ('pose', 'geometry_msgs/msg/PoseStamped', profiles.STATE),
    ('odom', 'nav_msgs/msg/Odometry', profiles.STATE),
    ('cmd_vel', 'geometry_msgs/msg/Twist', profiles.COMMAND),
    ('neighbors', 'swarm_msgs/msg/NeighborTable', profiles.TABLE),
    ('target', 'swarm_msgs/msg/FormationTarget', profiles.TABLE),
)
_OF_SWARM = (
    (topics.MESH, 'swarm_msgs/msg/MeshFrame', profiles.MESH),
    (topics.RADIO, 'swarm_msgs/msg/RadioState', profiles.RADIO),
    (topics.WORLD, 'swarm_msgs/msg/WorldState', profiles.WORLD),
    ('/diagnostics', 'diagnostic_msgs/msg/DiagnosticArray', profiles.DIAGNOSTICS),
    (transforms.TF, 'tf2_msgs/msg/TFMessage', profiles.TF),
    (transforms.TF_STATIC, 'tf2_msgs/msg/TFMessage', profiles.TF_STATIC),
)


def recorded_topics(robots: Sequence[str], known: Callable[[str], bool]) -> list[Recorded]:
    """
    Return what is recorded of a swarm of these robots.

    ``known``: whether there is a type here for ``package/msg/Name``; the others are left out.
    """
    of_robots = [
        (f'/{robot}/{name}', kind, profile)
        for robot in robots for name, kind, profile in _OF_ROBOT
    ]
    return [Recorded(*one) for one in (*_OF_SWARM, *of_robots) if known(one[1])]


def of_one_kind(wanted: Sequence[Recorded]) -> tuple[list[Recorded], list[Recorded]]:
    """Return the topics of one type, and those that have the one or the other."""
    several = [one for one in wanted if one.kind in OTHER_KIND]
    return [one for one in wanted if one not in several], several
