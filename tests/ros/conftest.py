# SPDX-License-Identifier: Apache-2.0
"""What the tests of the ROS shell share: a domain of their own, on this host only."""

import os
from pathlib import Path
import warnings

import pytest

try:
    with warnings.catch_warnings():
        # The generator of the messages loads lark, which warns on Python 3.11 and later.
        warnings.simplefilter('ignore', DeprecationWarning)
        import rclpy  # noqa: F401
        import rosidl_generator_py  # noqa: F401
        import swarm_msgs.msg  # noqa: F401
except ImportError as error:
    collect_ignore_glob = ['test_*.py']
    MISSING = str(error)
else:
    MISSING = ''


def pytest_report_header():
    """Name what is missing where the tests of the ROS shell cannot run."""
    return f'tests/ros skipped: {MISSING}' if MISSING else None


@pytest.fixture(scope='session')
def domain(tmp_path_factory):
    """Give a free DDS domain, and this process an environment confined to it."""
    from swarm_coordination.live.domain import claimed_domain, environment, local_environment

    with claimed_domain(os.getpid()) as number:
        logs = tmp_path_factory.mktemp('ros-logs')
        with environment(local_environment(number, logs, os.environ)):
            yield number


@pytest.fixture
def run(domain, tmp_path):
    """Give a ``support.Run`` that ends everything it started."""
    from ros.support import Run

    with Run(domain, Path(tmp_path)) as made:
        yield made
