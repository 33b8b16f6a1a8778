# SPDX-License-Identifier: Apache-2.0
"""
``swarm demo``: a scenario on real processes over DDS, confined to this host.

``demo.launch.py`` runs it in the launch's own domain, beside rviz, and in Gazebo.
"""

from __future__ import annotations

import argparse
from functools import partial

from swarm_coordination.cli import playing
from swarm_coordination.cli.needs import need
from swarm_coordination.errors import ConfigurationError
from swarm_coordination.live.demo import Connect, run_demo
from swarm_coordination.live.network import Joined, Network
from swarm_coordination.scenario.report import Report
from swarm_coordination.scenario.run import RunOptions, View

BACKENDS = ('ros', 'dds', 'mixed')
WORLDS = ('embedded', 'gazebo')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the verb."""
    playing.add_arguments(parser)
    add_backend(parser)
    parser.add_argument(
        '--world', choices=WORLDS, default=WORLDS[0],
        help='embedded: our own plants and radio; gazebo: one that gazebo.launch.py starts with '
        'as many robots, in the same domain (default: embedded)',
    )
    parser.add_argument(
        '--join', action='store_true',
        help="meet in this shell's own DDS domain (ROS_DOMAIN_ID), where rviz and others are; in "
        'Gazebo always (default: a free domain, on this host alone)',
    )


def add_backend(parser: argparse.ArgumentParser) -> None:
    """Add the choice of a backend."""
    parser.add_argument(
        '--backend', choices=BACKENDS, default=BACKENDS[0],
        help='what the robots are: ROS 2 nodes, plain Cyclone DDS processes, or both in turn '
        '(default: ros)',
    )


def run(options: argparse.Namespace) -> int:
    """Play the scenario; return the exit status."""
    network: Network | None = None
    backend = options.backend
    if options.world == 'gazebo':
        if backend != 'ros':
            raise ConfigurationError('command line', '--backend', backend, 'ros in Gazebo')
        backend = 'gazebo'
    if options.join or backend == 'gazebo':
        network = Joined()
    return playing.play(options, backend, partial(_play, backend, network))


def connect(backend: str) -> Connect:
    """Return what joins a DDS domain for a backend; raises ConfigurationError."""
    if backend == 'dds':
        need('cyclonedds')
        from swarm_coordination.dds.middleware import DdsMiddleware

        return DdsMiddleware
    need('rclpy', 'swarm_msgs')
    if backend == 'mixed':
        need('cyclonedds')
        from swarm_coordination.mixed.middleware import MixedMiddleware

        return MixedMiddleware
    from swarm_coordination.ros.middleware import GazeboMiddleware, RosMiddleware

    return GazeboMiddleware if backend == 'gazebo' else RosMiddleware


def _play(
    backend: str, network: Network | None, options: RunOptions, view: View | None
) -> Report:
    join = connect(backend)
    check_new(options)
    return run_demo(options, join, view, network)


def check_new(options: RunOptions) -> None:
    """Raise ConfigurationError where the folder of the run holds an earlier one."""
    if (options.out / 'robots').exists():
        raise ConfigurationError(
            'command line', '--out', str(options.out),
            'a new folder: the disks of an earlier run lie in this one',
        )
