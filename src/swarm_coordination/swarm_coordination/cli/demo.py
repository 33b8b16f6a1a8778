# SPDX-License-Identifier: Apache-2.0
"""``swarm demo``: a scenario on real processes over DDS, confined to this host."""

from __future__ import annotations

import argparse
from functools import partial

from swarm_coordination.cli import playing
from swarm_coordination.cli.needs import need
from swarm_coordination.errors import ConfigurationError
from swarm_coordination.live.demo import Connect, run_demo
from swarm_coordination.scenario.report import Report
from swarm_coordination.scenario.run import RunOptions, View

BACKENDS = ('ros', 'dds', 'mixed')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the verb."""
    playing.add_arguments(parser)
    add_backend(parser)


def add_backend(parser: argparse.ArgumentParser) -> None:
    """Add the choice of a backend."""
    parser.add_argument(
        '--backend', choices=BACKENDS, default=BACKENDS[0],
        help='what the robots are: ROS 2 nodes, plain Cyclone DDS processes, or both in turn '
        '(default: ros)',
    )


def run(options: argparse.Namespace) -> int:
    """Play the scenario; return the exit status."""
    return playing.play(options, options.backend, partial(_play, options.backend))


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
    from swarm_coordination.ros.middleware import RosMiddleware

    return RosMiddleware


def _play(backend: str, options: RunOptions, view: View | None) -> Report:
    join = connect(backend)
    check_new(options)
    return run_demo(options, join, view)


def check_new(options: RunOptions) -> None:
    """Raise ConfigurationError where the folder of the run holds an earlier one."""
    if (options.out / 'robots').exists():
        raise ConfigurationError(
            'command line', '--out', str(options.out),
            'a new folder: the disks of an earlier run lie in this one',
        )
