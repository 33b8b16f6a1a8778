# SPDX-License-Identifier: Apache-2.0
"""rclpy as what carries a demo: see ``live.backend.Middleware``."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import metadata
import json
import os
from pathlib import Path

import rclpy
from rclpy.node import Node
from rclpy.parameter import Parameter
from swarm_coordination.live.backend import Run
from swarm_coordination.live.bus import Bus
from swarm_coordination.live.starting import python
from swarm_coordination.ros.bus import RosBus
from swarm_coordination.ros.clock import CoreClock
from swarm_coordination.ros.executor import Runner
from swarm_coordination.scenario.run import RunOptions


class RosMiddleware:
    """Robots as ROS 2 nodes, watched by a node of this process."""

    name = 'ros'
    simulated_time = False
    more_parameters: Mapping[str, object] = {}  # of a robot

    def __init__(self, domain: int, options: RunOptions) -> None:
        """Join the domain; signals ask for the end from now on."""
        self._runner = Runner(domain_id=domain)
        self._runner.stop_on_signals()
        node = Node(
            'observer',
            context=self._runner.context,
            enable_rosout=False,
            start_parameter_services=False,
            parameter_overrides=[Parameter('use_sim_time', value=self.simulated_time)],
        )
        self._runner.add(node)
        self._bus = RosBus(node, self._runner, CoreClock(node))

    @property
    def stopping(self) -> bool:
        """Whether a signal has asked for the end."""
        return self._runner.stopping

    def robot_bus(self, robot: str) -> Bus:
        """Return the bus on which a robot is watched and asked."""
        return self._bus

    def world_bus(self) -> Bus:
        """Return the bus on which the world is watched and asked."""
        return self._bus

    def world_command(self, run: Run) -> list[str] | None:
        """Return the command of the world's process."""
        return python(
            'swarm_coordination.ros.world_main', '--light',
            *_parameters(
                swarm_file=run.swarm_file,
                scenario=run.scenario,
                robots=len(run.robots),
                seed=run.seed,
            ),
        )

    def robot_command(self, run: Run, robot: str, disk: Path) -> list[str]:
        """Return the command of a robot's process."""
        return python(
            'swarm_coordination.ros.robot_main', '--light',
            *_parameters(
                '-r', f'__ns:=/{robot}',
                swarm_file=run.swarm_file,
                robot_name=robot,
                storage_dir=disk,
                radio_filter=run.radio_filter,
                radio_seed=run.seed,
                radio_latency_ms=run.latency_ms,
                radio_jitter_ms=run.jitter_ms,
                **self.more_parameters,
            ),
        )

    def spin_until(self, deadline_s: float) -> None:
        """Serve the bus until ``time.monotonic()`` reaches ``deadline_s``."""
        self._runner.spin_until(deadline_s)

    def versions(self) -> dict[str, str]:
        """Return what of ROS this run used."""
        found = {
            'ros_distro': os.environ.get('ROS_DISTRO', 'wheels'),
            'rmw': rclpy.get_rmw_implementation_identifier(),
        }
        for package in ('ros-rclpy', 'ros-fastdds'):
            try:
                found[package] = metadata.version(package)
            except metadata.PackageNotFoundError:
                continue
        return found

    def close(self) -> None:
        """Leave the domain."""
        self._runner.close()
        self._runner.restore_signals()


class GazeboMiddleware(RosMiddleware):
    """
    The same robots where Gazebo moves them, by its clock.

    Others start Gazebo, the bridge and what stands for the radio there (``gazebo.launch.py``).
    """

    name = 'gazebo'
    simulated_time = True
    more_parameters: Mapping[str, object] = {'use_sim_time': True, 'pose_source': 'tf'}

    def world_command(self, run: Run) -> None:
        """Return None: the world is there, or will be."""


def _parameters(*words_before: str, **values: object) -> list[str]:
    """Return parameters in the form of ROS's command line, after ``words_before``."""
    words = ['--ros-args', *words_before]
    for name, value in values.items():
        # A number or a flag as it is; text quoted, as YAML reads the value.
        shown = json.dumps(value if isinstance(value, bool | int | float) else str(value))
        words += ['-p', f'{name}:={shown}']
    return words
