# SPDX-License-Identifier: Apache-2.0
"""One clear line where a package is missing that a verb cannot do without."""

from __future__ import annotations

from importlib import util

from swarm_coordination.errors import ConfigurationError

_WAYS = {
    'rclpy': 'run `make setup`, or source a ROS 2 installation and build',
    'swarm_msgs': 'run `make setup`, or source a ROS 2 installation and build',
    'cyclonedds': 'run `make setup`, or `pip install cyclonedds`',
    'mcap': 'run `make setup`, or `pip install mcap`',
}


def need(*packages: str) -> None:
    """Raise ConfigurationError, which says what to do, where one of ``packages`` is missing."""
    for package in packages:
        if util.find_spec(package) is None:
            raise ConfigurationError(
                'environment', package, None, f'importable: {_WAYS[package]}'
            )
