# SPDX-License-Identifier: Apache-2.0
"""The models of sim/: a robot's model with its name in every topic, its height and its frames."""

from __future__ import annotations

from pathlib import Path

from swarm_coordination.configuration import RobotConfiguration
from swarm_coordination.configuration.locations import shared_folder
from swarm_coordination.errors import ConfigurationError
from swarm_coordination.views import Pose

# Stands for the robot's name in a model.
PLACEHOLDER = '@ROBOT@'
# Up to this the quadrotor's model comes to rest within 0.25 s times its speed. At 2 m/s it tilts
# more: it lags by 0.29 s, and sinks by 0.5 m where its course is reversed (sim/README.md).
SPEED_MAX_MPS = {'quadrotor': 1.5}
# Above its start, where the controller is of the plane. All others stay on the ground.
FLIGHT_HEIGHT_M = {'quadrotor': 1.5}


def sim_folder() -> Path:
    """Return the folder ``sim``; raises ConfigurationError where there is none."""
    return shared_folder('sim', 'README.md')


def model_sdf(robot: str, kind: str) -> str:
    """Return the model of a robot of that kind as SDF text; raises ConfigurationError."""
    path = sim_folder() / 'models' / kind / 'model.sdf'
    if not path.is_file():
        raise ConfigurationError('swarm file', 'kind', kind, f'one with a model: {path}')
    return path.read_text(encoding='utf-8').replace(PLACEHOLDER, robot)


def flight_height(robot: RobotConfiguration) -> float | None:
    """Return the height (m, in map) that the robot's base keeps; None: the controller's."""
    if robot.settings.control.dimensions == 3:
        return None
    return robot.start.z + FLIGHT_HEIGHT_M.get(robot.kind, 0.0)


def map_to_odom(robot: RobotConfiguration) -> Pose:
    """
    Return where the robot's odometry frame stands in map.

    OdometryPublisher reports the model's pose in the world: the frame is map. DiffDrive counts
    from where the robot began, and drifts where wheels slip.
    """
    if robot.kind == 'differential':
        return robot.start
    return Pose(0.0, 0.0, 0.0, 0.0)


def drifts(robot: RobotConfiguration) -> bool:
    """Return whether the robot's odometry is counted from its wheels."""
    return robot.kind == 'differential'
