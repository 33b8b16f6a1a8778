# SPDX-License-Identifier: Apache-2.0
"""A maker's adapter beside a robot: whether it can fly it, and its process."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from swarm_coordination.configuration import RobotConfiguration
from swarm_coordination.errors import ConfigurationError
from swarm_coordination.launching.actions import Given, process, ROBOT_NODES
from swarm_coordination.launching.params_file import refuse


def check_vehicle(
    vehicle: str,
    robots: Sequence[RobotConfiguration],
    files: Sequence[str],
    pose_source: str = '',
) -> None:
    """
    Raise ConfigurationError where an adapter cannot fly one of the robots, or has no pose.

    ``pose_source``: as given to the launch; where it is empty the parameters' ``files`` count.
    """
    if vehicle == 'none':
        return
    fits = f'pose or empty with vehicle:={vehicle}'
    if pose_source not in ('', 'pose'):
        raise ConfigurationError('launch', 'pose_source', pose_source, fits)
    for robot in robots:
        if robot.kind != 'quadrotor':
            raise ConfigurationError(
                'launch', 'vehicle', vehicle,
                f'none with {robot.name}, a {robot.kind}: adapters fly robots of kind quadrotor',
            )
        if not pose_source:
            nodes = [f'/{robot.name}/{node}' for node in ROBOT_NODES]
            refuse(files, nodes, 'pose_source', lambda value: value == 'pose', fits)


def adapter(vehicle: str, robot: str, given: Given, files: Sequence[str]) -> list[Any]:
    """Return the process of a robot's adapter; none where ``vehicle`` is none."""
    if vehicle == 'none':
        return []
    return [process(
        f'{vehicle}_adapter', f'{robot}_{vehicle}', [f'{vehicle}_adapter'], namespace=robot,
        log_level=given.text('log_level'), files=files,
        decided=given.decided(use_sim_time=given.flag, cmd_vel_stamped=given.flag),
    )]
