# SPDX-License-Identifier: Apache-2.0
"""What the tests of the DDS shell share: a domain of their own, on this host only."""

import os
from pathlib import Path

from live.processes import Processes
import pytest
from swarm_coordination.live.domain import claimed_domain, environment, local_environment

# What a ROS installation would bring, each replaced by a package that cannot be imported.
ROS_PACKAGES = ('rclpy', 'swarm_msgs', 'rosidl_generator_py', 'geometry_msgs', 'nav_msgs',
                'std_msgs', 'builtin_interfaces', 'rpyutils')
# What the README's "Run without ROS" does not install.
FURTHER_PACKAGES = ('scipy', 'numba', 'mcap', 'prometheus_client')


@pytest.fixture(scope='session')
def domain(tmp_path_factory):
    """Give a free DDS domain, and this process an environment confined to it."""
    with claimed_domain(os.getpid()) as number:
        logs = tmp_path_factory.mktemp('logs')
        with environment(local_environment(number, logs, os.environ)):
            yield number


@pytest.fixture
def processes(domain, tmp_path):
    """Give ``Processes`` that end with the test."""
    with Processes(Path(tmp_path)) as made:
        yield made


@pytest.fixture
def without_ros(processes, tmp_path):
    """Give ``Processes`` that can import nothing of ROS nor what is optional."""
    blocked = tmp_path / 'blocked'
    for name in (*ROS_PACKAGES, *FURTHER_PACKAGES):
        (blocked / name).mkdir(parents=True)
        (blocked / name / '__init__.py').write_text(f"raise ImportError('{name} is blocked')\n")
    source = Path(__file__).resolve().parents[2] / 'src/swarm_coordination'
    processes.environment = {**os.environ, 'PYTHONPATH': f'{blocked}{os.pathsep}{source}'}
    return processes
