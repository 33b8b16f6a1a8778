# SPDX-License-Identifier: Apache-2.0
"""``swarm demo``: a scenario on real ROS 2 processes over DDS, confined to this host."""

from __future__ import annotations

import argparse
from importlib import util

from swarm_coordination.cli import playing
from swarm_coordination.errors import ConfigurationError
from swarm_coordination.scenario.report import Report
from swarm_coordination.scenario.run import RunOptions, View


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the verb."""
    playing.add_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Play the scenario; return the exit status."""
    return playing.play(options, 'ros', _play)


def _play(options: RunOptions, view: View | None) -> Report:
    for package in ('rclpy', 'swarm_msgs'):
        if util.find_spec(package) is None:
            raise ConfigurationError(
                'environment', package, None,
                'importable: run `make setup`, or source a ROS 2 installation and build',
            )
    if (options.out / 'robots').exists():
        raise ConfigurationError(
            'command line', '--out', str(options.out),
            'a new folder: the disks of an earlier run lie in this one',
        )
    from swarm_coordination.ros.demo import run_demo

    return run_demo(options, view)
